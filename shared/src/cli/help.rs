//! What `--help` prints.

use super::HELP_WIDTH;
use super::flag::Flag;
use super::tool::Tool;

/// Where the words about a flag begin.
const COLUMN: usize = 28;

/// The whole help, every line of it within [`HELP_WIDTH`] columns.
pub fn text(tool: &Tool) -> String {
    let mut text = format!("{} - {}\n\n", tool.name, tool.about);
    usage(&mut text, tool);
    for paragraph in paragraphs(tool.description) {
        text.push('\n');
        lines(&mut text, "", 0, &paragraph);
    }
    operands(&mut text, tool);
    for (group, flags) in groups(tool) {
        text.push_str(&format!("\n{group}:\n"));
        for flag in flags {
            lines(&mut text, &label(&flag), COLUMN, &words(tool, &flag));
        }
    }
    examples(&mut text, tool);
    text.push_str("\nExit status:\n");
    for (status, meaning) in tool.exit_statuses() {
        lines(&mut text, &format!("  {status}"), 5, meaning);
    }
    text
}

fn usage(text: &mut String, tool: &Tool) {
    for (index, synopsis) in tool.synopsis.iter().enumerate() {
        let start = if index == 0 { "Usage:" } else { "      " };
        let label = format!("{start} {}", tool.name);
        let column = label.chars().count() + 1;
        lines(text, &label, column, synopsis);
    }
}

fn operands(text: &mut String, tool: &Tool) {
    let known: Vec<_> = tool.operands.into_iter().chain(tool.passes).collect();
    if known.is_empty() {
        return;
    }
    text.push_str("\nOperands:\n");
    for (metavar, help) in known {
        lines(text, &format!("  {metavar}"), COLUMN, help);
    }
}

fn examples(text: &mut String, tool: &Tool) {
    if tool.examples.is_empty() {
        return;
    }
    text.push_str("\nExamples:\n");
    for (what, command) in tool.examples {
        lines(text, "  #", 4, what);
        text.push_str(&format!("  {command}\n"));
    }
}

/// The flags to show beneath their headings, in the order of the table.
pub(super) fn groups(tool: &Tool) -> Vec<(&'static str, Vec<Flag>)> {
    let mut groups: Vec<(&str, Vec<Flag>)> = Vec::new();
    for flag in tool.all_flags().into_iter().filter(|flag| !flag.hidden) {
        match groups.iter_mut().find(|(group, _)| *group == flag.group) {
            Some((_, flags)) => flags.push(flag),
            None => groups.push((flag.group, vec![flag])),
        }
    }
    groups
}

/// `  -d, --dbname CONNINFO`.
fn label(flag: &Flag) -> String {
    let short = match flag.short {
        Some(letter) => format!("-{letter},"),
        None => "   ".to_string(),
    };
    let value = flag.value.map(|metavar| format!(" {metavar}"));
    format!("  {short} --{}{}", flag.long, value.unwrap_or_default())
}

/// What the help says of a flag, with its choices, its default and whether it repeats.
pub(super) fn words(tool: &Tool, flag: &Flag) -> String {
    let mut words = flag.help.to_string();
    let choices = tool.choices(flag);
    if !choices.is_empty() {
        words.push_str(&format!(": {}", choices.join(", ")));
    }
    let default = flag.default.map(|default| format!("default: {default}"));
    let repeats = flag.repeats.then(|| "repeatable".to_string());
    let notes: Vec<String> = default.into_iter().chain(repeats).collect();
    if !notes.is_empty() {
        words.push_str(&format!(" ({})", notes.join("; ")));
    }
    words
}

/// The paragraphs of a text, each on one line.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let joined = text.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        words.join(" ")
    });
    joined.filter(|paragraph| !paragraph.is_empty()).collect()
}

/// A label and beside it, from `column` on, wrapped text.
fn lines(text: &mut String, label: &str, column: usize, words: &str) {
    let mut line = label.to_string();
    if !line.is_empty() && line.chars().count() + 1 > column {
        text.push_str(&line);
        text.push('\n');
        line.clear();
    }
    for word in words.split_whitespace() {
        let width = line.chars().count();
        if width > column && width + 1 + word.chars().count() > HELP_WIDTH {
            text.push_str(&line);
            text.push('\n');
            line.clear();
        }
        let width = line.chars().count();
        let gap = if width > column { 1 } else { column - width };
        line.push_str(&" ".repeat(gap));
        line.push_str(word);
    }
    text.push_str(line.trim_end());
    text.push('\n');
}
