//! What pg_restore says of what failed.

use shared::programs::Finished;

use crate::restore::Refusal;
use shared::dump::Schema;

/// What an error is about that names nothing.
const NO_ENTRY: &str = "the archive";

/// The errors that pg_restore tells of. A status without one is one too.
pub fn errors(finished: &Finished) -> Vec<Refusal> {
    let mut found = told(&finished.stderr);
    if found.is_empty() && !finished.status.success() {
        found.push(Refusal::new("pg_restore", finished.end(), ""));
    }
    found
}

/// Names what the server refused as the definitions have it: of the jobs of one pg_restore, and of
/// rows, no message tells the entry.
pub fn name_entry(refusal: &mut Refusal, schema: &Schema) {
    if let Some(object) = schema.object_of(refusal.statement.trim_start()) {
        refusal.object = object;
        return;
    }
    if refusal.object != NO_ENTRY {
        return;
    }
    let table = refusal.message.strip_prefix("COPY failed for table \"");
    if let Some((table, why)) = table.and_then(|rest| rest.split_once("\": ")) {
        refusal.object = format!("TABLE DATA {table}");
        refusal.message = why.to_string();
    } else if let Some(line) = refusal.statement.lines().find(|line| !line.is_empty()) {
        refusal.object = line.trim_end_matches(';').to_string();
    }
}

/// Whether two jobs stood in each other's way.
pub fn is_deadlock(told: &Refusal) -> bool {
    told.message.contains("deadlock detected")
}

/// Each `pg_restore: error:` with the entry that it names before it, and the
/// statement that it quotes after it.
fn told(stderr: &str) -> Vec<Refusal> {
    let mut object = NO_ENTRY.to_string();
    let mut found: Vec<Refusal> = Vec::new();
    let mut in_command = false;
    for line in stderr.lines() {
        if let Some(own) = line.strip_prefix("pg_restore: ") {
            in_command = false;
            if let Some(entry) = own.strip_prefix("from TOC entry ") {
                object = toc_label(entry);
            } else if let Some(message) = own.strip_prefix("error: ") {
                let words = message.strip_prefix("could not execute query: ");
                found.push(Refusal::new(object.as_str(), words.unwrap_or(message), ""));
            }
        } else if let Some(last) = found.last_mut() {
            if let Some(command) = line.strip_prefix("Command was: ") {
                in_command = true;
                last.statement.push_str(command);
            } else if in_command {
                last.statement.push('\n');
                last.statement.push_str(line);
            } else if let Some(detail) = line.strip_prefix("DETAIL:  ") {
                last.message = format!("{}: {detail}", last.message);
            }
        }
    }
    found
}

/// `215; 1259 16386 TABLE t owner` without its numbers.
fn toc_label(entry: &str) -> String {
    let words = entry.split_once("; ").map_or(entry, |(_, rest)| rest);
    words
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
        .to_string()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn errors_with_the_entry_they_belong_to() {
        let stderr = "pg_restore: while PROCESSING TOC:\n\
            pg_restore: from TOC entry 3207; 2604 16395 INDEX public i app\n\
            pg_restore: error: could not execute query: ERROR:  function f(text) does not exist\n\
            Command was: CREATE INDEX i\n ON t (f(a));\n\
            pg_restore: warning: errors ignored on restore: 1\n";
        let told = told(stderr);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].object, "INDEX public i app");
        assert_eq!(told[0].message, "ERROR:  function f(text) does not exist");
        assert_eq!(told[0].statement, "CREATE INDEX i\n ON t (f(a));");
    }
}
