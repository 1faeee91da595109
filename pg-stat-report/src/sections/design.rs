//! `design`: what makes a schema hard to live with.

use crate::section::{Gather, Reach, Section};

/// One row for each view on views, and for each very wide table.
pub const SECTION: Section = Section {
    name: "design",
    answers: "which views stand on other views, in how many layers, and which tables have very many columns?",
    costs: "one look at views, what they name, and tables",
    needs: "no right",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("kind", "nested_view or wide_table"),
        ("relation", "which"),
        ("type", "table, foreign table, view or materialized view"),
        (
            "number",
            "of layers, the view itself one of them; of columns, dropped ones too",
        ),
        ("dropped", "how many of the columns were dropped"),
        ("stands_on", "the view below, where it is deepest"),
    ],
    gather: Gather::Where(
        "views or wide tables",
        &[(13, include_str!("../../sql/design.sql"))],
    ),
};
