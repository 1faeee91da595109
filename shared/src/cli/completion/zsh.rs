//! Completions for zsh, by its `_arguments`.

use super::{Offer, function, names, offer, operand, shown};
use crate::cli::flag::Flag;
use crate::cli::tool::Tool;

/// The script: a file `_NAME` in a folder of `$fpath`, or to be sourced.
pub fn script(tool: &Tool) -> String {
    let mut specs: Vec<String> = Vec::new();
    for flag in shown(tool) {
        specs.extend(names(&flag).iter().map(|name| spec(tool, &flag, name)));
    }
    if let Some((metavar, _)) = tool.operands {
        let action = action(&operand(tool));
        specs.push(quote(&format!("*:{}:{action}", plain(metavar))));
    }
    TEMPLATE
        .replace("@FUNCTION@", &function(tool))
        .replace("@NAME@", tool.name)
        .replace("@SPECS@", &specs.join(" \\\n        "))
}

const TEMPLATE: &str = r#"#compdef @NAME@

@FUNCTION@() {
    _arguments -s -S \
        @SPECS@
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    @FUNCTION@ "$@"
else
    compdef @FUNCTION@ @NAME@
fi
"#;

/// One name of a flag: what excludes it, how its value is attached, what it does.
fn spec(tool: &Tool, flag: &Flag, name: &str) -> String {
    let before = match flag.repeats {
        true => "*".to_string(),
        false => format!("({})", names(flag).join(" ")),
    };
    let help = flag
        .help
        .replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]");
    let Some(metavar) = flag.value else {
        return quote(&format!("{before}{name}[{help}]"));
    };
    let attached = if name.starts_with("--") { '=' } else { '+' };
    let action = action(&offer(tool, flag));
    quote(&format!(
        "{before}{name}{attached}[{help}]:{}:{action}",
        plain(metavar)
    ))
}

fn action(offer: &Offer) -> String {
    match offer {
        Offer::Words(words) => format!("({})", words.join(" ")),
        Offer::Folders => "_files -/".to_string(),
        Offer::Files => "_files".to_string(),
        Offer::Nothing => " ".to_string(),
    }
}

fn plain(message: &str) -> String {
    message.replace('\\', "\\\\").replace(':', "\\:")
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
