//! `settings`: what is not as the server comes.

use crate::section::{Gather, Reach, Section};

/// One row for each; those that matter most also where they are the defaults.
pub const SECTION: Section = Section {
    name: "settings",
    answers: "which settings are not the server's own defaults, or wait for a restart?",
    costs: "one look at the settings",
    needs: "no right; pg_monitor for those that are not for everybody",
    reach: Reach::Server,
    fields: &[
        ("name", "which"),
        ("setting", "its value"),
        ("unit", "what that counts"),
        ("default_setting", "the server's own"),
        ("source", "who says so"),
        ("source_file", "which file"),
        ("source_line", "where in it"),
        ("is_pending_restart", "a changed value waits for a restart"),
        (
            "is_all_seen",
            "the role may see all settings; others have no row",
        ),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/settings.sql"))]),
};
