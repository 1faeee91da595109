//! `security`: who may get in, how, and who may do everything.

use shared::Result;

use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section, Statement, statement_for};
use crate::server::Server;

/// One row for each setting, role, password, line and session that counts.
pub const SECTION: Section = Section {
    name: "security",
    answers: "who may get in, from where and by which proof, who may do everything, and who comes without encryption?",
    costs: "one look at roles and sessions; reads pg_hba.conf",
    needs: "superuser for passwords and pg_hba.conf, pg_monitor for sessions: a row of the kind hidden says what is not seen",
    reach: Reach::Server,
    fields: &[
        ("kind", "setting, role, password, hba, session or hidden"),
        (
            "object",
            "the setting, the role, the line, role and address, what is hidden",
        ),
        (
            "value",
            "its value, what the role may, how the password is kept, the proof, the database",
        ),
        ("detail", "the line; what shows what is hidden"),
        ("risk", "what is wrong with it; null: nothing by itself"),
        ("count", "how many sessions"),
    ],
    gather: Gather::Made(rows),
};

const HBA: &[Statement] = &[(13, include_str!("../../sql/hba.sql"))];

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let hba = statement_for(HBA, server.major())?;
    let mut cells = server.query(include_str!("../../sql/security.sql"), section.fields)?;
    for (what, statement) in [
        ("passwords", include_str!("../../sql/passwords.sql")),
        ("pg_hba.conf", hba.as_str()),
    ] {
        match server.query(statement, section.fields) {
            Ok(more) => cells.extend(more),
            Err(error) if error.sqlstate() == Some("42501") => cells.push(hidden(what)),
            Err(error) => return Err(error),
        }
    }
    let origin = server.origin();
    let row = |cells| section.row(&origin, cells);
    Ok(cells.into_iter().map(row).collect())
}

fn hidden(what: &str) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.into());
    let right = text("a superuser sees it");
    vec![
        text("hidden"),
        text(what),
        Cell::Null,
        right,
        Cell::Null,
        Cell::Null,
    ]
}
