//! `wraparound`: how near the end of transaction numbers is.

use crate::section::{Gather, Reach, Section};

/// One row for each database.
pub const SECTION: Section = Section {
    name: "wraparound",
    answers: "how near is each database to the end of its transaction numbers and multixacts?",
    costs: "one look at pg_database",
    needs: "no right",
    reach: Reach::Server,
    fields: &[
        ("database", "which; templates too"),
        (
            "allows_connections",
            "one that does not can stop the server as well",
        ),
        (
            "xid_age",
            "age of its oldest transaction number that is not frozen",
        ),
        ("xid_ratio", "the same by 2^31, where no number is left"),
        (
            "xids_left",
            "how many transactions until the server takes no more",
        ),
        ("mxid_age", "age of its oldest multixact"),
        ("mxid_ratio", "the same by 2^31"),
        (
            "mxids_left",
            "how many multixacts until the server makes no more",
        ),
        (
            "freeze_max_age",
            "from this age on autovacuum freezes, even where it is off",
        ),
        (
            "freeze_ratio",
            "xid_age by that: about 1 is usual, much more means that it does not get on",
        ),
        ("mxid_freeze_max_age", "the same of multixacts"),
        ("mxid_freeze_ratio", "the same of multixacts"),
        (
            "failsafe_age",
            "from this age on VACUUM leaves indexes out; since 14",
        ),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/wraparound.sql"))]),
};
