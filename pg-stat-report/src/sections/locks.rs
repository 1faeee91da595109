//! `locks`: a summary of locks.

use crate::section::{Gather, Reach, Section};

/// One row; pg-lock-kill shows who blocks whom.
pub const SECTION: Section = Section {
    name: "locks",
    answers: "how many sessions wait for locks, how long, and how full is the table of locks?",
    costs: "one look at the locks",
    needs: "no right; before 14 pg_monitor, to know since when",
    reach: Reach::Server,
    fields: &[
        ("waiting", "requests that wait"),
        ("longest_wait_seconds", "how long the longest has waited"),
        (
            "waiting_unknown",
            "requests of which nobody tells since when they wait",
        ),
        (
            "locks",
            "things that are locked, and take room in the table",
        ),
        (
            "holders",
            "of each those that hold it or wait for it: there is room for twice as many",
        ),
        ("room", "how many locks the table has room for, for certain"),
        (
            "used_ratio",
            "locks by room, or holders by twice the room, if that is more",
        ),
        (
            "access_exclusive",
            "locks on tables that keep everybody out",
        ),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/locks.sql"))]),
};
