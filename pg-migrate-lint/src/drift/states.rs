//! What is said of a database and of what it holds, and not by pg_dump.

use std::collections::BTreeSet;

use postgres::Client;
use shared::Result;
use shared::dump::{Difference, Entry, Schema};

const VIEW: &str = "MATERIALIZED VIEW";
const FILLED: &str = "FILLED;";

/// Materialized views and whether they can be read, and all else that is added to a schema.
#[derive(Debug, Default)]
pub struct States {
    views: Vec<(Entry, String)>,
    others: Vec<(Entry, String)>,
}

impl States {
    /// Reads them.
    ///
    /// # Errors
    /// Where the server can't be asked.
    pub fn of(client: &mut Client) -> Result<Self> {
        let mut states = Self::default();
        for row in client.query_typed(include_str!("../../sql/drift_states.sql"), &[])? {
            let entry = Entry {
                kind: row.try_get("kind")?,
                schema: row.try_get("schema")?,
                name: row.try_get("name")?,
                owner: String::new(),
            };
            let state: String = row.try_get("state")?;
            match entry.kind == VIEW {
                true => states.views.push((entry, state)),
                false => states.others.push((entry, state)),
            }
        }
        Ok(states)
    }

    /// Adds to the definitions of a server what is not as in those that migrations make.
    pub fn add(built: (&mut Schema, Self), live: (&mut Schema, Self)) {
        for (entry, statement) in &built.1.others {
            built.0.add(entry, statement);
        }
        for (entry, statement) in &live.1.others {
            live.0.add(entry, statement);
        }
        // One that the migrations leave unfilled is filled in time.
        let is_filled = |(_, state): &&(Entry, String)| state == FILLED;
        let filled: BTreeSet<&Entry> = (built.1.views.iter().filter(is_filled))
            .map(|(entry, _)| entry)
            .collect();
        let emptied = (live.1.views.iter()).filter(|view| !is_filled(view));
        for (entry, state) in emptied.filter(|(entry, _)| filled.contains(entry)) {
            built.0.add(entry, FILLED);
            live.0.add(entry, state);
        }
    }
}

/// pg_dump writes a CHECK constraint that was validated into its table, and one that was not behind it: what is there
/// in one way and expected in the other is one difference, and not three.
pub fn join_checks(differences: &mut Vec<Difference>) {
    const CHECK: &str = "CHECK CONSTRAINT ";
    for place in 0..differences.len() {
        let Some(name) = differences[place].object.strip_prefix(CHECK) else {
            continue;
        };
        let name = name.trim_end().to_string();
        let is_expected = match (&differences[place].expected, &differences[place].actual) {
            (Some(_), None) => true,
            (None, Some(_)) => false,
            _ => continue,
        };
        let blanks = name.match_indices(' ').map(|(at, _)| at);
        let found = blanks.into_iter().find_map(|at| {
            let (table, check) = (format!("TABLE {}", &name[..at]), &name[at + 1..]);
            let table = differences
                .iter()
                .position(|one| one.object.trim_end() == table)?;
            let other = side(&mut differences[table], !is_expected).as_mut()?;
            let line = taken(other, check)?;
            Some((table, line))
        });
        if let Some((table, line)) = found {
            *side(&mut differences[place], !is_expected) = Some(line);
            let left = &mut differences[table];
            let is_empty = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
            if is_empty(&left.expected) && is_empty(&left.actual) {
                left.object.clear();
            }
        }
    }
    differences.retain(|difference| !difference.object.is_empty());
}

fn side(difference: &mut Difference, is_expected: bool) -> &mut Option<String> {
    match is_expected {
        true => &mut difference.expected,
        false => &mut difference.actual,
    }
}

/// Takes the line of a constraint out of those of a table.
fn taken(lines: &mut String, check: &str) -> Option<String> {
    let bare = format!("CONSTRAINT {check} CHECK ");
    let quoted = format!(
        "CONSTRAINT {} CHECK ",
        shared::dump::quote_identifier(check)
    );
    let is_it = |line: &&str| line.starts_with(&bare) || line.starts_with(&quoted);
    let line = lines.lines().find(is_it)?.to_string();
    let others: Vec<&str> = lines.lines().filter(|other| *other != line).collect();
    *lines = others.join("\n");
    Some(line)
}
