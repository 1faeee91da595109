//! What keeps psql from doing with a file what its runner would: `psql -1 -v ON_ERROR_STOP=1 -f FILE` sends all
//! of it, in one transaction.

use shared::Result;

use crate::layout::{Layout, Migration, Wrapping, versions};
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
        if let Some(what) = alone(&source) {
            return Ok(Some(format!(
                "{name} has {what}, which fails in the transaction that psql -1 opens"
            )));
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

/// The first statement that PostgreSQL refuses in a transaction.
fn alone(source: &Source) -> Option<&'static str> {
    let parsed = parse::parse(source, &source.statements);
    parsed.iter().find_map(|parsed| match parsed {
        Parsed::Changes(changes) => changes.iter().find_map(rules::refuses_transaction),
        Parsed::Refused(_) | Parsed::Unseen(_) => None,
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
