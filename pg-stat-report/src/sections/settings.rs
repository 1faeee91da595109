//! `settings`: what is not as the server comes.

use shared::Result;
use shared::cli::Terms;

use crate::row::Row;
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// One row for each; those that matter most also where they are the defaults.
pub const SECTION: Section = Section {
    name: "settings",
    answers: "which settings are not the server's own defaults, or wait for a restart?",
    costs: "one look at the settings",
    needs: "no right; pg_monitor for those that are not for everybody",
    reach: Reach::Server,
    fields: FIELDS.split_at(OWN).0,
    gather: Gather::Made(rows),
};

/// Its rows, and those of settings that are advised on or that somebody sets: to look at any the server makes all of
/// them anew.
static KNOWN: Section = Section {
    name: "settings_known",
    fields: FIELDS,
    gather: Gather::Query(&[(13, include_str!("../../sql/settings.sql"))]),
    ..SECTION
};

const FIELDS: Terms = &[
    ("name", "which"),
    ("setting", "its value"),
    ("unit", "what that counts"),
    ("default_setting", "the server's own"),
    ("source", "who says so"),
    ("source_file", "which file"),
    ("source_line", "where in it"),
    ("is_pending_restart", "a changed value waits for a restart"),
    (
        "is_all_seen",
        "the role may see all settings; others have no row",
    ),
    ("is_listed", "it is of the section"),
    ("value", "as SHOW has it; null: it is not advised on"),
    ("said_by", "who says so to our session"),
    ("needs_restart", "a reload does not put it in force"),
    ("value_type", "bool, enum, integer, real or string"),
];
/// So many of them are the section's.
const OWN: usize = 9;

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let (known, origin) = (known(server)?, server.origin());
    let listed = known.iter().filter(|row| row.is("is_listed"));
    let own = |row: &Row| {
        let fields = section.fields.iter();
        section.row(
            &origin,
            fields.map(|(name, _)| row.cell(name).clone()).collect(),
        )
    };
    Ok(listed.map(own).collect())
}

/// The section's and those that are advised on, asked once in a session.
pub fn known(server: &mut Server) -> Result<Vec<Row>> {
    KNOWN.rows(server, false)
}
