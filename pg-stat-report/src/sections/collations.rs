//! `collations`: which ones are used, beside the database's own.

use crate::section::{Gather, Reach, Section};

/// One row for each that something depends on.
pub const SECTION: Section = Section {
    name: "collations",
    answers: "which collations beside the database's own are used, and does the library still sort as it did?",
    costs: "a look at what depends on collations",
    needs: "no right",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("collation", "which"),
        ("provider", "whose library: icu, libc or builtin"),
        ("objects", "tables, indexes, types and so on that use it"),
        (
            "version",
            "of the library when it was made; null: it has none",
        ),
        ("version_now", "of the library there now"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/collations.sql"))]),
};
