//! `roles`: what each role may do, and until when.

use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "roles",
    answers: "what may each role do, and until when?",
    costs: "one look at the roles",
    needs: "no right",
    reach: Reach::Server,
    fields: &[
        ("role", "which"),
        ("may_login", "it is a user"),
        ("is_superuser", "nothing is denied to it"),
        ("may_create_roles", "or change them"),
        ("may_create_databases", "or not"),
        ("may_replicate", "read all that is written"),
        ("bypasses_row_security", "or not"),
        ("connection_limit", "null: none"),
        ("password_valid_until", "null: for ever"),
        ("password_left_seconds", "until then"),
        ("member_of", "roles whose rights it has, or can take"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/roles.sql"))]),
};
