//! `grants`: what everybody may do, and what runs with the rights of another.

use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "grants",
    answers: "what may everybody (PUBLIC) do in this database, which functions lend their owner's rights unsafely, which policies are not in force?",
    costs: "one look at the rights of schemas, relations and functions",
    needs: "no right",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        (
            "kind",
            "schema_create, table_grant, definer_function without a search_path of its own, or policies_off",
        ),
        ("object", "the schema, relation or function"),
        ("privileges", "what everybody may"),
        ("owner", "whose it is"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/grants.sql"))]),
};
