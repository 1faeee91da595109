//! Completions for the shells: one file per shell over what is said here once.

mod bash;
mod fish;
mod zsh;

pub use bash::script as bash;
pub use fish::script as fish;
pub use zsh::script as zsh;

use super::flag::Flag;
use super::tool::Tool;

/// What a shell can offer as a flag's value or as an operand.
#[derive(Debug, PartialEq, Eq)]
enum Offer {
    /// One of these words.
    Words(Vec<&'static str>),
    /// A folder's name.
    Folders,
    /// A file's name.
    Files,
    /// Nothing: only the user knows it.
    Nothing,
}

/// What can be offered as the value of a flag.
fn offer(tool: &Tool, flag: &Flag) -> Offer {
    let choices = tool.choices(flag);
    match choices.is_empty() {
        true => named(flag.value.unwrap_or_default()),
        false => Offer::Words(choices),
    }
}

/// What can be offered as an operand.
fn operand(tool: &Tool) -> Offer {
    named(tool.operands.map_or("", |(metavar, _)| metavar))
}

/// A value's name in the help says what it is.
fn named(metavar: &str) -> Offer {
    let has = |part: &str| metavar.contains(part);
    if has("DIR") || has("FOLDER") {
        Offer::Folders
    } else if has("FILE") || has("PATH") || has("BACKUP") {
        Offer::Files
    } else {
        Offer::Nothing
    }
}

/// The flags that are offered.
fn shown(tool: &Tool) -> Vec<Flag> {
    let flags = tool.all_flags().into_iter();
    flags.filter(|flag| !flag.hidden).collect()
}

/// `-o` and `--output`.
fn names(flag: &Flag) -> Vec<String> {
    let short = flag.short.map(|letter| format!("-{letter}"));
    short
        .into_iter()
        .chain([format!("--{}", flag.long)])
        .collect()
}

/// The name of the shell function that completes the tool.
fn function(tool: &Tool) -> String {
    format!("_{}", tool.name.replace('-', "_"))
}
