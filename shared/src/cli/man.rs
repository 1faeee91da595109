//! The man page, in roff with the man macros.

use super::common::VARIABLES;
use super::flag::Flag;
use super::help::{command_lines, groups, paragraphs, words};
use super::tool::Tool;

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
    let of_connection = VARIABLES.iter().filter(|_| tool.connects);
    let variables: Vec<_> = of_connection.chain(tool.variables).copied().collect();
    terms(&mut page, "ENVIRONMENT", &variables);
    page.push_str(".SH EXIT STATUS\n");
    for (status, meaning) in tool.exit_statuses() {
        item(&mut page, &format!("\\fB{status}\\fR"), meaning);
    }
    examples(&mut page, tool);
    page
}

/// The page carries the version and no date, so that the same source always
/// gives the same page.
fn heading(tool: &Tool) -> String {
    let name = escape(tool.name);
    let upper = escape(&tool.name.to_uppercase());
    let about = escape(tool.about);
    let version = escape(tool.version);
    format!(".TH {upper} 1 \"\" \"{name} {version}\"\n.SH NAME\n{name} \\- {about}\n")
}

fn synopsis(page: &mut String, tool: &Tool) {
    page.push_str(".SH SYNOPSIS\n");
    for (index, synopsis) in tool.synopsis.iter().enumerate() {
        if index > 0 {
            page.push_str(".br\n");
        }
        let text = format!("\\fB{}\\fR {}", escape(tool.name), escape(synopsis));
        line(page, &text);
    }
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
        line(page, &format!("{}:", escape(what)));
        page.push_str(".PP\n.RS 4\n.nf\n");
        for part in command_lines(command) {
            line(page, &escape(&part));
        }
        page.push_str(".fi\n.RE\n");
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
/// backslash or line that it would obey.
fn escape(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('`', "\\(ga")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti");
    match escaped.starts_with('.') {
        true => format!("\\&{escaped}"),
        false => escaped,
    }
}
