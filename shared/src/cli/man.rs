//! The man page, in roff with the man macros.

use super::common::{FILES, VARIABLES};
use super::flag::Flag;
use super::help::{command_lines, groups, paragraphs, words};
use super::tool::{Terms, Tool};

/// How long a line of the source becomes, before its dashes are escaped.
const LINE: usize = 66;

/// The whole page.
pub fn page(tool: &Tool) -> String {
    let mut page = heading(tool);
    synopsis(&mut page, tool);
    page.push_str(".SH DESCRIPTION\n");
    let description = match tool.description {
        "" => tool.about,
        text => text,
    };
    for (index, paragraph) in paragraphs(description).iter().enumerate() {
        if index > 0 {
            page.push_str(".PP\n");
        }
        prose(&mut page, paragraph);
    }
    operands(&mut page, tool);
    page.push_str(".SH OPTIONS\n");
    for (group, flags) in groups(tool) {
        line(&mut page, &format!(".SS {}", escape(group)));
        for flag in flags {
            item(&mut page, &label(&flag), &words(tool, &flag));
        }
    }
    terms(&mut page, "RECORDS", tool.fields);
    for (name, about, fields) in tool.kinds {
        line(&mut page, &format!(".SS {}", escape(name)));
        prose(&mut page, about);
        items(&mut page, fields);
    }
    for (heading, list) in tool.lists {
        terms(&mut page, heading, list);
    }
    page.push_str(".SH EXIT STATUS\n");
    for (status, meaning) in tool.exit_statuses() {
        item(&mut page, &format!("\\fB{status}\\fR"), meaning);
    }
    let with_connection = |of_connection: Terms, own: Terms| {
        let of_connection = of_connection.iter().filter(|_| tool.connects);
        of_connection.chain(own).copied().collect::<Vec<_>>()
    };
    let variables = with_connection(VARIABLES, tool.variables);
    terms(&mut page, "ENVIRONMENT", &variables);
    terms(&mut page, "FILES", &with_connection(FILES, tool.files));
    examples(&mut page, tool);
    see_also(&mut page, tool);
    page
}

/// The page carries the version and no date, so that the same source always
/// gives the same page. No word of it is broken, for what is copied from it has
/// to be what was meant.
fn heading(tool: &Tool) -> String {
    let name = escape(tool.name);
    let upper = escape(&tool.name.to_uppercase());
    let about = escape(tool.about);
    let version = escape(tool.version);
    format!(".TH {upper} 1 \"\" \"{name} {version}\"\n.nh\n.ad l\n.SH NAME\n{name} \\- {about}\n")
}

fn synopsis(page: &mut String, tool: &Tool) {
    page.push_str(".SH SYNOPSIS\n");
    for (index, synopsis) in tool.synopsis.iter().enumerate() {
        if index > 0 {
            page.push_str(".br\n");
        }
        let text = format!("\\fB{}\\fR {}", escape(tool.name), placeholders(synopsis));
        line(page, &text);
    }
}

/// A synopsis whose words in capital letters, which stand for the user's own, are set apart.
fn placeholders(synopsis: &str) -> String {
    let mut text = String::new();
    let in_name = |c: char| c.is_ascii_uppercase() || c == '_';
    let mut rest = synopsis;
    while let Some(start) = rest.find(in_name) {
        let (before, name) = rest.split_at(start);
        let end = name.find(|c| !in_name(c)).unwrap_or(name.len());
        text.push_str(&escape(before));
        let is_letter_of_flag = end == 1 && before.ends_with('-');
        match is_letter_of_flag {
            true => text.push_str(&name[..end]),
            false => text.push_str(&format!("\\fI{}\\fR", escape(&name[..end]))),
        }
        rest = &name[end..];
    }
    text.push_str(&escape(rest));
    text
}

fn operands(page: &mut String, tool: &Tool) {
    let known: Vec<_> = tool.operands.into_iter().chain(tool.passes).collect();
    if known.is_empty() {
        return;
    }
    page.push_str(".SH OPERANDS\n");
    for (metavar, help) in known {
        item(page, &format!("\\fI{}\\fR", escape(metavar)), help);
    }
}

fn terms(page: &mut String, heading: &str, terms: &[(&str, &str)]) {
    if terms.is_empty() {
        return;
    }
    line(page, &format!(".SH {}", escape(heading)));
    items(page, terms);
}

fn items(page: &mut String, terms: &[(&str, &str)]) {
    for (term, meaning) in terms {
        item(page, &format!("\\fB{}\\fR", escape(term)), meaning);
    }
}

fn examples(page: &mut String, tool: &Tool) {
    if tool.examples.is_empty() {
        return;
    }
    page.push_str(".SH EXAMPLES\n");
    for (index, (what, command)) in tool.examples.iter().enumerate() {
        if index > 0 {
            page.push_str(".PP\n");
        }
        let colon = if what.ends_with(['?', '.', '!']) {
            ""
        } else {
            ":"
        };
        line(page, &format!("{}{colon}", escape(what)));
        page.push_str(".PP\n.RS 4\n.nf\n");
        for part in command_lines(command) {
            line(page, &escape(&part));
        }
        page.push_str(".fi\n.RE\n");
    }
}

fn see_also(page: &mut String, tool: &Tool) {
    if tool.see_also.is_empty() {
        return;
    }
    page.push_str(".SH SEE ALSO\n");
    for (index, name) in tool.see_also.iter().enumerate() {
        let (name, section) = name.split_once('(').unwrap_or((name, "1)"));
        let comma = if index + 1 < tool.see_also.len() {
            ","
        } else {
            ""
        };
        line(page, &format!(".BR {} ({section}{comma}", escape(name)));
    }
}

/// `\fB\-d\fR, \fB\-\-dbname\fR \fICONNINFO\fR`
fn label(flag: &Flag) -> String {
    let mut label = String::new();
    if let Some(letter) = flag.short {
        label.push_str(&format!("\\fB\\-{}\\fR, ", escape(&letter.to_string())));
    }
    label.push_str(&format!("\\fB\\-\\-{}\\fR", escape(flag.long)));
    if let Some(metavar) = flag.value {
        label.push_str(&format!(" \\fI{}\\fR", escape(metavar)));
    }
    label
}

fn item(page: &mut String, label: &str, text: &str) {
    page.push_str(".TP\n");
    line(page, label);
    prose(page, text);
}

/// Words, on lines as short as the tools that read roff like them.
fn prose(page: &mut String, text: &str) {
    let mut wrapped = String::new();
    for word in text.split_whitespace() {
        if wrapped.len() + 1 + word.len() > LINE {
            line(page, &escape(&wrapped));
            wrapped.clear();
        }
        if !wrapped.is_empty() {
            wrapped.push(' ');
        }
        wrapped.push_str(word);
    }
    line(page, &escape(&wrapped));
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// Text that roff prints as it is: no dash that a shell would not take, no
/// backslash or line that it would obey, no letter beyond ASCII, whatever the
/// locale of the reader.
fn escape(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('`', "\\(ga")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti");
    let escaped: String = escaped.chars().map(named).collect();
    match escaped.starts_with('.') {
        true => format!("\\&{escaped}"),
        false => escaped,
    }
}

/// A letter as roff writes it in ASCII.
fn named(letter: char) -> String {
    match letter.is_ascii() {
        true => letter.to_string(),
        false => format!("\\[u{:04X}]", u32::from(letter)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: Tool = Tool::new("pg-try", "1", "try the page")
        .synopsis(&["--dir DIR [-U NAME]... [-- PG_OPTION...]", "-T"])
        .description("It's ~/.here, 100% \\ of …")
        .operands("FILE", ".what to look at")
        .variables(&[("TZ", "the zone")])
        .files(&[("NAME.json", "what was noted")])
        .see_also(&["pg-other(1)", "postgresql.conf(5)"])
        .examples(&[("Is it there?", "pg-try | wc -l"), ("Try", "pg-try x")]);

    #[test]
    fn sections_in_the_order_of_manuals() {
        let page = page(&TOOL.connects());
        let headings: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix(".SH "))
            .collect();
        assert_eq!(
            headings,
            [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "OPERANDS",
                "OPTIONS",
                "EXIT STATUS",
                "ENVIRONMENT",
                "FILES",
                "EXAMPLES",
                "SEE ALSO"
            ]
        );
        assert!(page.contains("\\(ti/.pgpass"), "{page}");
    }

    #[test]
    fn what_roff_would_obey_or_not_know_is_written_out() {
        let page = page(&TOOL);
        for part in [
            "\n\\fBpg\\-try\\fR \\-\\-dir \\fIDIR\\fR [\\-U \\fINAME\\fR]... [\\-\\- \\fIPG_OPTION\\fR\\&...]\n",
            "\n\\fBpg\\-try\\fR \\-T\n",
            "\nIt\\(aqs \\(ti/.here, 100% \\e of \\[u2026]\n",
            "\n\\&.what to look at\n",
            "\nIs it there?\n",
            "\nTry:\n",
            "\n.SH SEE ALSO\n.BR pg\\-other (1),\n.BR postgresql.conf (5)\n",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(page.is_ascii() && !page.contains("pgpass"), "{page}");
    }
}
