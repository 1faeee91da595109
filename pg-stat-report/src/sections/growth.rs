//! `growth`: what has grown since an earlier report.

use crate::section::{Gather, Reach, Section};
use crate::sections::{databases, tables};

/// One row for each database and table that was there then, too.
pub const SECTION: Section = Section {
    name: "growth",
    answers: "what has grown since an earlier report (--baseline), and how much is done a second?",
    costs: "what the sections databases and tables cost",
    needs: "an earlier run's records of databases or tables, and pg_monitor for sizes",
    reach: Reach::Server,
    fields: &[
        ("kind", "database or table"),
        ("database", "which, or where"),
        ("table", "which"),
        ("seconds", "between the two reports"),
        ("bytes_before", "its size then"),
        ("bytes", "its size now"),
        (
            "bytes_per_day",
            "how much it grows; less than 0: it shrinks",
        ),
        ("growth_ratio_per_day", "the same by its size then"),
        (
            "transactions_per_second",
            "in a database; null: counted anew since, by a reset or a crash",
        ),
        ("rows_inserted_per_second", "between the two"),
        ("rows_updated_per_second", "between the two"),
        ("rows_deleted_per_second", "between the two"),
    ],
    gather: Gather::Compared(&[&databases::SECTION, &tables::SECTION]),
};
