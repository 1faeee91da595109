//! Completions for fish: one line per flag.

use super::{Offer, offer, operand, shown};
use crate::cli::flag::Flag;
use crate::cli::tool::Tool;

/// The script: a file `NAME.fish` in a folder of `$fish_complete_path`.
pub fn script(tool: &Tool) -> String {
    let mut script = format!("# fish completion for {}\n\n", tool.name);
    match operand(tool) {
        Offer::Files => {}
        Offer::Folders => script.push_str(&format!(
            "complete -c {} -f -a '(__fish_complete_directories)'\n",
            tool.name
        )),
        _ => script.push_str(&format!("complete -c {} -f\n", tool.name)),
    }
    for flag in shown(tool) {
        script.push_str(&line(tool, &flag));
    }
    script
}

fn line(tool: &Tool, flag: &Flag) -> String {
    let short = flag
        .short
        .map(|letter| format!(" -s {}", quote(&letter.to_string())));
    let value = match flag.value {
        None => String::new(),
        Some(_) => match offer(tool, flag) {
            Offer::Words(words) => format!(" -x -a {}", quote(&words.join(" "))),
            Offer::Folders => " -x -a '(__fish_complete_directories)'".to_string(),
            Offer::Files => " -r -F".to_string(),
            Offer::Nothing => " -x".to_string(),
        },
    };
    format!(
        "complete -c {}{} -l {}{value} -d {}\n",
        tool.name,
        short.unwrap_or_default(),
        flag.long,
        quote(flag.help)
    )
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
