//! `drift`: which settings are not what they were.

use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "drift",
    answers: "which settings are not what they were a day ago, or in an earlier report (--state or --baseline)?",
    costs: "what the sections settings and configuration cost",
    needs: "an earlier run's records of these; pg_monitor for settings that are not for everybody: a row of the kind hidden says that there may be more",
    reach: Reach::Server,
    fields: &[
        ("kind", "server, role or hidden"),
        ("name", "which setting"),
        ("role", "for whose sessions, where it is of a role"),
        ("database", "for sessions where"),
        ("setting_before", "what it was; null: it was not set"),
        ("setting", "what it is; null: it is not set"),
        ("source", "who says so; null: nobody, it is the default"),
        ("before_at", "when it was so"),
    ],
    gather: Gather::Compared(crate::baseline::SETTINGS),
};
