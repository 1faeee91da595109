//! `extensions`: what is installed, and whether it is behind.

use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "extensions",
    answers: "which extensions are here, and is a newer version of one on the server's machine?",
    costs: "reads the control file of each extension there",
    needs: "no right",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("extension", "which"),
        ("version", "of its objects here"),
        ("version_there", "of its files"),
        ("is_outdated", "these differ"),
        ("is_missing", "its files are gone"),
        ("schema", "where its objects are"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/extensions.sql"))]),
};
