//! `slots`: what replication slots hold back.

use crate::section::{Gather, Reach, Section};

/// One row for each slot.
pub const SECTION: Section = Section {
    name: "slots",
    answers: "what do replication slots hold back, and are they still good for anything?",
    costs: "one look at the slots",
    needs: "no right",
    reach: Reach::Server,
    fields: &[
        ("slot", "its name"),
        ("type", "physical or logical"),
        ("plugin", "what decodes"),
        ("database", "of a logical slot"),
        ("is_active", "somebody reads from it"),
        ("active_pid", "who"),
        ("is_temporary", "it goes with its session"),
        (
            "wal_status",
            "reserved, extended, unreserved: about to be lost; lost",
        ),
        ("retained_bytes", "WAL that is kept for it; null: none"),
        (
            "safe_wal_bytes",
            "how much more may be written until it is in danger; null: no limit (max_slot_wal_keep_size)",
        ),
        (
            "unconfirmed_bytes",
            "how far its reader is behind; logical slots",
        ),
        (
            "xmin_age",
            "how many transactions ago what it keeps VACUUM from",
        ),
        ("catalog_xmin_age", "the same of the catalogues"),
        (
            "inactive_since",
            "since when nobody reads from it; since 17",
        ),
        ("inactive_seconds", "for so long"),
        ("invalidation", "why it is no good any more; since 16"),
        (
            "is_synced",
            "a standby's copy of the primary's slot; since 17",
        ),
    ],
    gather: Gather::Where("slots", &[(13, include_str!("../../sql/slots.sql"))]),
};
