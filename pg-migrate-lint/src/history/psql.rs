//! What keeps psql from doing with a file what its runner would: `psql -1 -v ON_ERROR_STOP=1 -f FILE` sends all
//! of it, in one transaction.

use shared::Result;

use crate::body;
use crate::layout::{Layout, Migration, Wrapping, versions};
use crate::model::{Body, Change, Transaction};
use crate::parse::{self, Parsed};
use crate::rules;
use crate::source::Source;

/// Why psql can't run it, if it can't.
pub fn hindrance(layout: Layout, migration: &Migration) -> Result<Option<String>> {
    let name = versions::name_of(&migration.path);
    if !crate::layout::is_sql(&name) {
        return Ok(Some(format!("{name} is no SQL: psql can't run it")));
    }
    let is_back = |part: &crate::layout::Part| part.path == migration.path;
    if migration.down.iter().any(is_back) {
        return Ok(Some(format!(
            "{name} has its way back in the same file: psql would run that as well"
        )));
    }
    for part in &migration.up {
        let text = part.read()?;
        if let Some(template) = template(layout, &text) {
            return Ok(Some(format!(
                "{name} has {template}, which {} replaces and psql does not",
                layout.title()
            )));
        }
        let source = Source::new(name.clone(), part.visible()?);
        if let Some(why) = otherwise(layout, &source) {
            return Ok(Some(format!("{name} {why}")));
        }
        if is_kept_out(layout, part.wrapping) {
            return Ok(Some(format!(
                "{name} is to be run outside of a transaction, and psql -1 opens one"
            )));
        }
    }
    Ok(None)
}

/// Whether a file says that it must not be in a transaction, of a runner that begins one otherwise.
fn is_kept_out(layout: Layout, wrapping: Wrapping) -> bool {
    let begins_none = matches!(
        layout,
        Layout::Prisma | Layout::GolangMigrate | Layout::Supabase | Layout::Sqitch
    );
    !begins_none && matches!(wrapping, Wrapping::None | Wrapping::ImplicitMultiStatement)
}

/// What in its text psql takes otherwise than a runner that only sends it, or fails in psql's transaction.
fn otherwise(layout: Layout, source: &Source) -> Option<String> {
    let title = layout.title();
    if source.is_wide {
        return Some("is in UTF-16: nothing of it was read".to_string());
    }
    // Sqitch runs its scripts by psql.
    if let Some(command) = source.command.clone().filter(|_| layout != Layout::Sqitch) {
        let line = source.text.get(command).unwrap_or_default();
        let word = line.split_whitespace().next().unwrap_or_default();
        return Some(format!(
            "has {word}, a command of psql, which {title} does not know"
        ));
    }
    if !source.is_plain() && source.command.is_none() {
        return Some(format!(
            "has a variable or a template, which {title} and psql do not take for the same"
        ));
    }
    let parsed = parse::parse(source, &source.statements);
    let mut ends = Vec::new();
    for (place, parsed) in parsed.iter().enumerate() {
        let changes = match parsed {
            Parsed::Changes(changes) => changes,
            Parsed::Refused(why) => return Some(format!("is no SQL that PostgreSQL takes: {why}")),
            Parsed::Unseen(why) => return Some(format!("could not be looked into: {why}")),
        };
        for change in changes {
            if let Some(what) = rules::refuses_transaction(change) {
                return Some(format!(
                    "has {what}, which fails in the transaction that psql -1 opens"
                ));
            }
            match change {
                Change::CopyFrom { .. }
                    if layout != Layout::Sqitch && reads_stdin(source, place) =>
                {
                    return Some(format!(
                        "has COPY FROM stdin, whose rows psql reads and {title} does not"
                    ));
                }
                Change::Do(body) if ends_transactions(body) => {
                    return Some("has a block that ends transactions, which fails in the one that psql -1 opens".to_string());
                }
                Change::Transaction(what) if *what != Transaction::Other => {
                    ends.push((place, *what))
                }
                _ => {}
            }
        }
    }
    let last = parsed.len().saturating_sub(1);
    match ends.as_slice() {
        [] => None,
        // All of it in one, as psql -1 has it anyway.
        [(0, Transaction::Begin), (end, Transaction::Commit(false))] if *end == last => None,
        _ => Some("begins or ends transactions of its own, and psql -1 would run what follows outside of any".to_string()),
    }
}

fn reads_stdin(source: &Source, place: usize) -> bool {
    let statement = source.statements.get(place);
    statement.is_some_and(|statement| {
        let text = source.parsable(statement).to_ascii_lowercase();
        text.split(|letter: char| !letter.is_ascii_alphabetic())
            .any(|word| word == "stdin")
    })
}

/// Whether a block has COMMIT or ROLLBACK, as far as that is written out in it.
fn ends_transactions(body: &Body) -> bool {
    let statements = body::look(body, None).map(|code| code.statements);
    let is_end = |change: &Change| {
        matches!(
            change,
            Change::Transaction(Transaction::Commit(_) | Transaction::Rollback(_))
        )
    };
    statements.unwrap_or_default().iter().any(|step| {
        matches!(parse::one(&step.sql), Parsed::Changes(changes) if changes.iter().any(is_end))
    })
}

/// How the runner's templates begin, if the text has one.
pub fn template(layout: Layout, text: &[u8]) -> Option<&'static str> {
    let starts: &[&str] = match layout {
        Layout::Pop => &["{{"],
        Layout::Flyway => &["${"],
        Layout::Goose => &["+goose ENVSUB ON"],
        Layout::GraphileMigrate => &[":DATABASE_NAME", ":DATABASE_OWNER"],
        Layout::Tern => &["{{"],
        _ => &[],
    };
    let has = |start: &&&str| memchr::memmem::find(text, start.as_bytes()).is_some();
    starts.iter().find(has).copied()
}
