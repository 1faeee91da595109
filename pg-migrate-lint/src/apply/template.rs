//! What of a file is not sent as it stands there: templates of a framework, commands and variables of psql.

use shared::Error;

use crate::history;
use crate::layout::Layout;
use crate::source::{Source, Statement};

/// Whether psql runs the framework's files.
pub fn is_run_by_psql(layout: Layout) -> bool {
    matches!(layout, Layout::Plain | Layout::Sqitch | Layout::Rails)
}

/// Why a file can't be sent as the framework would send it, if it can't.
pub fn refusal(layout: Layout, source: &Source) -> Option<Error> {
    let path = &source.path;
    if source.is_wide {
        return Some(Error::new(format!(
            "{path} is in UTF-16, which no migration runner reads"
        )));
    }
    if is_run_by_psql(layout) {
        return of_psql(source);
    }
    let title = layout.title();
    if let Some(start) = history::template(layout, source.text.as_bytes()) {
        let error = Error::new(format!(
            "{path} has {start}, which {title} replaces before it runs the file: what it would run is not known"
        ));
        return Some(error);
    }
    Some(Error::new(command_of_psql(layout, source)?.1))
}

/// The line of a command of psql in a file that a framework sends as it is, and what comes of that.
pub fn command_of_psql(layout: Layout, source: &Source) -> Option<(usize, String)> {
    if is_run_by_psql(layout) {
        return None;
    }
    let (path, title) = (&source.path, layout.title());
    let (line, written) = first_hidden(source, true)?;
    let words = format!(
        "{path}:{line}: {written} is a command of psql, and {title} sends it to the server, which refuses it"
    );
    Some((line, words))
}

fn of_psql(source: &Source) -> Option<Error> {
    if source.is_plain() {
        return None;
    }
    let (line, written) = first_hidden(source, false).unwrap_or((1, "a template".to_string()));
    let path = &source.path;
    let error = Error::new(format!(
        "{path}:{line}: {written} is for psql or a template: what would be run is not known"
    ));
    Some(error.with_hint(
        "only SQL and COPY's rows are run here: have psql or your runner write the file out first",
    ))
}

/// The line and the words of the first place that the parser does not get to see as it is written; of commands of psql
/// alone if so asked.
fn first_hidden(source: &Source, only_commands: bool) -> Option<(usize, String)> {
    let whole = Statement::new(0, source.text.len(), false);
    let (written, masked) = (source.text.as_bytes(), source.parsable(&whole).as_bytes());
    let differs = |at: &usize| written.get(*at) != masked.get(*at);
    let is_command = |at: usize| written.get(at) == Some(&b'\\');
    let at = (0..written.len())
        .filter(differs)
        .find(|at| !only_commands || is_command(*at))?;
    let rest = source.text.get(at..).unwrap_or_default();
    let end = rest
        .find(|letter: char| letter.is_whitespace())
        .unwrap_or(rest.len());
    let words: String = rest[..end].chars().take(40).collect();
    Some((source.lines().line(at), words))
}
