//! `triggers`: which are turned off.

use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "triggers",
    answers: "which triggers are turned off, those among them that enforce foreign keys?",
    costs: "one look at the triggers",
    needs: "no right",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("table", "of which table"),
        ("trigger", "which; null: those of a foreign key"),
        ("constraint", "the foreign key that is not enforced"),
        ("referenced", "the table that it points to"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/triggers.sql"))]),
};
