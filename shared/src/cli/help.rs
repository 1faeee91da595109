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
    if !tool.fields.is_empty() {
        let manual = format!("{} --generate man | man -l -", tool.name);
        text.push_str(&format!(
            "\nThe manual, with what each field of a record is:\n  {manual}\n"
        ));
    }
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
        for line in command_lines(command) {
            text.push_str(&format!("  {line}\n"));
        }
    }
}

/// A command line that a shell can take as it stands, on as many lines as it
/// needs: broken between words, with a backslash.
pub(super) fn command_lines(command: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in shell_words(command) {
        let indent = if lines.len() == 1 { "" } else { "    " };
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + word.chars().count() + 5 > HELP_WIDTH {
            line.push_str(" \\");
            lines.push(format!("    {word}"));
        } else {
            let gap = if line.len() > indent.len() { " " } else { "" };
            line.push_str(&format!("{gap}{word}"));
        }
    }
    lines
}

/// The words of a command line, in their quotes.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (c, quote) {
            (' ', None) => words.push(String::new()),
            (_, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            _ => {}
        }
        if let (Some(word), false) = (words.last_mut(), c == ' ' && quote.is_none()) {
            word.push(c);
        }
    }
    words
}

/// The flags to show beneath their headings, in the order of the table, and last what all tools have.
pub(super) fn groups(tool: &Tool) -> Vec<(&'static str, Vec<Flag>)> {
    let mut groups: Vec<(&str, Vec<Flag>)> = Vec::new();
    for flag in tool.all_flags().into_iter().filter(|flag| !flag.hidden) {
        match groups.iter_mut().find(|(group, _)| *group == flag.group) {
            Some((_, flags)) => flags.push(flag),
            None => groups.push((flag.group, vec![flag])),
        }
    }
    groups.sort_by_key(|(group, _)| super::common::place(group));
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

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: Tool = Tool::new("pg-try", "1", "try the help")
        .synopsis(&["--dir DIR", "--list"])
        .description("First  paragraph\nhere.\n\n\n  Second one.")
        .operands("FILE", "what to look at")
        .passes("-- ARGS", "for the other program")
        .formats(&["sarif"])
        .found("something was found")
        .flags(&[
            Flag::switch("terse", "less of everything").group("Output"),
            Flag::switch("all", "everything there is")
                .short('a')
                .group("B"),
            Flag::value("dir", "DIR", "where it is")
                .group("A")
                .default("."),
            Flag::value("a-flag-with-a-long-name", "AND-VALUE", "on the next line")
                .group("B")
                .choices(&["x", "y"])
                .repeats(),
            Flag::switch("secret", "not shown").group("A").hidden(),
        ])
        .examples(&[("Try", "pg-try --all")]);

    #[test]
    fn all_of_it() {
        let expected = "\
pg-try - try the help

Usage: pg-try --dir DIR
       pg-try --list

First paragraph here.

Second one.

Operands:
  FILE                      what to look at
  -- ARGS                   for the other program

B:
  -a, --all                 everything there is
      --a-flag-with-a-long-name AND-VALUE
                            on the next line: x, y (repeatable)

A:
      --dir DIR             where it is (default: .)

Output:
      --terse               less of everything
  -o, --output FORMAT       format of the records (table on a terminal, else
                            jsonl): jsonl, json, csv, table, sarif
  -q, --quiet               say nothing on stderr but errors
  -v, --verbose             say on stderr what is being done

Help:
  -?, --help                show this help and exit
  -V, --version             show the version and exit

Examples:
  # Try
  pg-try --all

Exit status:
  0  all is well
  1  something was found
  2  the job could not be done; stderr says why
";
        assert_eq!(text(&TOOL), expected);
    }

    #[test]
    fn a_long_command_is_broken_where_the_shell_allows() {
        let command = format!(
            "pg-try {} 'a b  c' | jq -c \"it's\" {}",
            "--flag ".repeat(10).trim(),
            "--more ".repeat(6).trim()
        );
        assert_eq!(
            command_lines(&command),
            [
                format!("pg-try {} \\", "--flag ".repeat(9).trim()),
                format!(
                    "    --flag 'a b  c' | jq -c \"it's\" {} \\",
                    "--more ".repeat(5).trim()
                ),
                "    --more".to_string(),
            ]
        );
        let quoted = format!("pg-try '{}'", "x ".repeat(60));
        assert_eq!(
            command_lines(&quoted),
            [
                "pg-try \\".to_string(),
                format!("    '{}'", "x ".repeat(60))
            ]
        );
    }
}
