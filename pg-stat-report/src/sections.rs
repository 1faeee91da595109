//! All sections, in the order in which they are listed: one file each.

pub mod activity;
pub mod advice;
pub mod bloat;
pub mod checkpoints;
pub mod collations;
pub mod configuration;
pub mod connections;
pub mod constraints;
pub mod databases;
pub mod design;
pub mod drift;
pub mod extensions;
pub mod grants;
pub mod growth;
pub mod indexes;
pub mod io;
pub mod keys;
pub mod locks;
pub mod logs;
pub mod pgbouncer;
pub mod ping;
pub mod queries;
pub mod replication;
pub mod roles;
pub mod security;
pub mod sequences;
pub mod server;
pub mod settings;
pub mod slots;
pub mod subscriptions;
pub mod tables;
pub mod triggers;
pub mod vacuum;
pub mod waits;
pub mod wal;
pub mod wraparound;

use shared::cli::suggest::nearest;
use shared::{Error, Result};

use crate::section::Section;

/// All of them.
pub const SECTIONS: &[&Section] = &[
    &ping::SECTION,
    &server::SECTION,
    &connections::SECTION,
    &activity::SECTION,
    &waits::SECTION,
    &wraparound::SECTION,
    &replication::SECTION,
    &subscriptions::SECTION,
    &slots::SECTION,
    &wal::SECTION,
    &locks::SECTION,
    &sequences::SECTION,
    &indexes::SECTION,
    &bloat::SECTION,
    &vacuum::SECTION,
    &databases::SECTION,
    &tables::SECTION,
    &growth::SECTION,
    &drift::SECTION,
    &queries::SECTION,
    &settings::SECTION,
    &configuration::SECTION,
    &advice::SECTION,
    &checkpoints::SECTION,
    &io::SECTION,
    &constraints::SECTION,
    &keys::SECTION,
    &design::SECTION,
    &triggers::SECTION,
    &roles::SECTION,
    &security::SECTION,
    &grants::SECTION,
    &extensions::SECTION,
    &collations::SECTION,
    &pgbouncer::SECTION,
    &logs::SECTION,
];

/// The section of this name.
pub fn find(name: &str) -> Result<&'static Section> {
    let found = SECTIONS.iter().find(|section| section.name == name);
    found.copied().ok_or_else(|| {
        let error = Error::usage(format!("there is no section {name:?}"));
        let names = SECTIONS.iter().map(|section| section.name);
        match nearest(name, names) {
            Some(near) => error.with_hint(format!("did you mean {near}?")),
            None => error.with_hint("--list-sections names them"),
        }
    })
}

#[cfg(test)]
mod tests;
