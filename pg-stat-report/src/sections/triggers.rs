//! `triggers`: which do not fire.

use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "triggers",
    answers: "which triggers, event triggers and rules do not fire, those among them that enforce foreign keys?",
    costs: "one look at the triggers, and one at the rules",
    needs: "no right",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("kind", "trigger, constraint, rule or event trigger"),
        ("table", "of which table; null: an event trigger"),
        ("name", "which; null: the triggers of a foreign key"),
        ("constraint", "the foreign key that is not enforced"),
        ("referenced", "the table that it points to"),
        (
            "is_for_replica",
            "it fires where session_replication_role is replica, and not in ordinary sessions; not told of where a subscription writes rows",
        ),
    ],
    gather: Gather::Where(
        "disabled triggers",
        &[(13, include_str!("../../sql/triggers.sql"))],
    ),
};
