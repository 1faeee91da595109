//! `configuration`: what is set for single roles and databases, and what is wrong in the server's files.

use shared::{Result, secrets};

use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// One row for each setting of a role or database, and for each line that can't be taken.
pub const SECTION: Section = Section {
    name: "configuration",
    answers: "what is set for single roles and databases only, and which lines of the configuration files can't be taken?",
    costs: "one look at a small catalogue; reads the configuration files",
    needs: "superuser for the files: a row of the kind hidden says what is not seen",
    reach: Reach::Server,
    fields: &[
        ("kind", "setting, error or hidden"),
        ("role", "for whose sessions; null: for those of all"),
        ("database", "for sessions where; null: everywhere"),
        ("name", "which setting"),
        ("setting", "its value; null: it may be secret"),
        ("file", "where the line is"),
        ("line", "its number there"),
        ("detail", "what is wrong; what shows what is hidden"),
    ],
    gather: Gather::Made(rows),
};

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let statement = include_str!("../../sql/configuration.sql");
    let settings = server.query(statement, section.fields)?;
    let mut cells: Vec<_> = settings.into_iter().map(without_secret).collect();
    let statement = include_str!("../../sql/configuration_errors.sql");
    match server.query(statement, section.fields) {
        Ok(errors) => cells.extend(errors),
        Err(error) if error.sqlstate() == Some("42501") => cells.push(hidden(section)),
        Err(error) => return Err(error),
    }
    let origin = server.origin();
    let row = |cells| section.row(&origin, cells);
    Ok(cells.into_iter().map(row).collect())
}

fn place(name: &str) -> usize {
    let mut fields = SECTION.fields.iter();
    fields.position(|(own, _)| *own == name).unwrap_or_default()
}

/// Everybody may read these, and applications keep their keys there; records go further. The server's own
/// settings, which have no dot in their names, are none: password_encryption is no password.
fn without_secret(mut cells: Vec<Cell>) -> Vec<Cell> {
    let is_secret = |cell: &Cell| matches!(cell, Cell::Text(name) if name.contains('.') && secrets::may_be_secret(name));
    if cells.get(place("name")).is_some_and(is_secret)
        && let Some(cell) = cells.get_mut(place("setting"))
    {
        *cell = Cell::Null;
    }
    cells
}

fn hidden(section: &Section) -> Vec<Cell> {
    let cells = section.fields.iter().map(|(name, _)| match *name {
        "kind" => Cell::Text("hidden".into()),
        "name" => Cell::Text("errors in the configuration files".into()),
        "detail" => Cell::Text("a superuser sees them".into()),
        _ => Cell::Null,
    });
    cells.collect()
}
