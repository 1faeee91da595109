//! `subscriptions`: what went wrong with each.

use crate::section::{Gather, Reach, Section};

/// One row for each, of all databases.
pub const SECTION: Section = Section {
    name: "subscriptions",
    answers: "how often did a subscription fail to apply rows or to copy a table, and what did it find changed here?",
    costs: "one look at a few rows",
    needs: "no right; who works for them is in section replication",
    reach: Reach::Server,
    fields: &[
        ("subscription", "which"),
        ("database", "where"),
        ("is_enabled", "or not"),
        (
            "apply_errors",
            "how often applying changes failed; since 15",
        ),
        (
            "sync_errors",
            "how often the first copy of a table failed; since 15",
        ),
        (
            "conflicts",
            "rows that were not here as the publisher had them; since 18",
        ),
        (
            "counted_since",
            "since when; null: since it was made, or the server crashed",
        ),
    ],
    gather: Gather::Where(
        "replication",
        &[(13, include_str!("../../sql/subscriptions.sql"))],
    ),
};
