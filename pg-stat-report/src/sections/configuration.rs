//! `configuration`: what is set for single roles and databases, and what the server's files say that is not in force.

mod value;

use std::collections::HashMap;

use shared::cli::Terms;
use shared::{Result, secrets};

use super::settings;
use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;
use value::Setting;

/// What the files say, beside what is in force.
const LINES: Terms = &[
    ("kind", "error, or what it may wait for"),
    ("name", "which setting"),
    ("setting", "what the last line says"),
    ("file", "where the line is"),
    ("line", "its number there"),
    ("detail", "what is wrong"),
    ("in_force", "the value that the server has"),
    ("in_force_words", "the same, as people write it"),
    ("value_type", "bool, enum, integer, real or string"),
    ("unit", "what a number counts"),
];

/// One row for each setting of a role or database, and for each line that is not in force.
pub const SECTION: Section = Section {
    name: "configuration",
    answers: "what is set for single roles and databases only, and which lines of the configuration files can't be taken, or wait for a reload or restart?",
    costs: "one look at a small catalogue and the settings; reads the configuration files",
    needs: "superuser for the files: a row of the kind hidden says what is not seen",
    reach: Reach::Server,
    fields: &[
        (
            "kind",
            "setting; of a file error, reload or restart: what the line waits for; or hidden",
        ),
        ("role", "for whose sessions; null: for those of all"),
        ("database", "for sessions where; null: everywhere"),
        ("name", "which setting"),
        (
            "setting",
            "its value; null: it may be secret, or can't be taken",
        ),
        (
            "file",
            "where the line is; null: no line is left, and the value is the server's own",
        ),
        ("line", "its number there"),
        (
            "detail",
            "what is wrong, or in force until then; what shows what is hidden",
        ),
    ],
    gather: Gather::Made(rows),
};

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let statement = include_str!("../../sql/configuration.sql");
    let settings = server.query(statement, section.fields)?;
    let mut cells: Vec<_> = settings.into_iter().map(without_secret).collect();
    match lines(server) {
        Ok(lines) => cells.extend(lines.iter().filter_map(|line| not_in_force(line))),
        Err(error) if error.sqlstate() == Some("42501") => cells.push(hidden(section)),
        Err(error) => return Err(error),
    }
    let origin = server.origin();
    let row = |cells| section.row(&origin, cells);
    Ok(cells.into_iter().map(row).collect())
}

/// The lines that may not be in force. What they are is asked only where one is not what is known of the settings: to
/// look at those once more the server makes all of them anew.
fn lines(server: &mut Server) -> Result<Vec<Vec<Cell>>> {
    let known = settings::known(server)?;
    let lines = server.ask(include_str!("../../sql/configuration_lines.sql"))?;
    match are_in_force(&lines, &known)? {
        true => Ok(Vec::new()),
        false => server.query(include_str!("../../sql/configuration_files.sql"), LINES),
    }
}

/// Whether all settings are what the last line for each says.
fn are_in_force(lines: &[postgres::Row], known: &[Row]) -> Result<bool> {
    let mut said: HashMap<String, &str> = HashMap::new();
    for line in lines {
        let (name, setting): (Option<&str>, Option<&str>) =
            (line.try_get("name")?, line.try_get("setting")?);
        let (Some(name), Some(setting), false) = (name, setting, line.try_get("is_error")?) else {
            return Ok(false);
        };
        said.insert(name.to_lowercase(), setting);
    }
    for row in known {
        let line = row
            .text("name")
            .and_then(|name| said.remove(&name.to_lowercase()));
        if row.is("is_pending_restart") || !is_in_force(row, line) {
            return Ok(false);
        }
    }
    Ok(said.is_empty())
}

/// Whether a setting is what its line says. What others than the files set is in force whatever they say; without a
/// line it is the server's own.
fn is_in_force(row: &Row, line: Option<&str>) -> bool {
    let is_of_files = row.text("said_by") == Some("configuration file");
    match (is_of_files, line) {
        (false, None) => true,
        (true, None) => false,
        (_, Some(line)) => match row.text("said_by") {
            Some("configuration file" | "default" | "environment variable") => {
                let setting = row.text("name").zip(row.text("value_type"));
                let setting = setting.zip(row.text("setting"));
                setting.is_some_and(|((name, kind), in_force)| {
                    let unit = row.text("unit");
                    Setting {
                        name,
                        kind,
                        unit,
                        in_force,
                    }
                    .is(line)
                })
            }
            _ => true,
        },
    }
}

/// A line that can't be taken, or says something else than is in force.
fn not_in_force(line: &[Cell]) -> Option<Vec<Cell>> {
    let cell = |name: &str| {
        let place = LINES.iter().position(|(own, _)| *own == name)?;
        line.get(place)
    };
    let text = |name: &str| match cell(name) {
        Some(Cell::Text(text)) => Some(&**text),
        _ => None,
    };
    let kind = text("kind")?;
    let mut detail = text("detail").map(str::to_string);
    if kind != "error" {
        let setting = Setting {
            name: text("name")?,
            kind: text("value_type")?,
            unit: text("unit"),
            in_force: text("in_force")?,
        };
        if kind == "reload" && setting.is(text("setting")?) {
            return None;
        }
        // In texts there may be passwords.
        let words = text("in_force_words").filter(|_| setting.kind != "string");
        detail = words.map(|words| format!("{words} is in force"));
    }
    let cells = SECTION.fields.iter().map(|(name, _)| match *name {
        "role" | "database" => Cell::Null,
        "detail" => detail
            .take()
            .map_or(Cell::Null, |detail| Cell::Text(detail.into())),
        name => cell(name).cloned().unwrap_or(Cell::Null),
    });
    Some(without_secret(cells.collect()))
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
        "name" => Cell::Text("the lines of the configuration files".into()),
        "detail" => Cell::Text("a superuser sees them".into()),
        _ => Cell::Null,
    });
    cells.collect()
}
