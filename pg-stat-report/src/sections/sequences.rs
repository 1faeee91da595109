//! `sequences`: how near sequences are to their end.

use std::cmp::Ordering;

use crate::row::Row;
use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "sequences",
    answers: "how near are sequences to their end, and to that of the columns that they fill?",
    costs: "a look at the page of each sequence, a short statement for each that has given nothing yet",
    needs: "SELECT on each sequence and USAGE on its schema (pg_read_all_data): one that may not be read is hidden",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("sequence", "which"),
        ("columns", "the columns that it fills"),
        ("type", "of the sequence"),
        ("last_value", "what it gave last; null: nothing, or hidden"),
        ("next_value", "what it gives next; null: nothing, or hidden"),
        (
            "final_value",
            "the last that it can give, or that its columns can take",
        ),
        ("increment", "by how much it goes on"),
        ("is_cycling", "it begins anew"),
        ("used_ratio", "how much of it is used up"),
        ("left_values", "how many values are left"),
        ("is_hidden", "the role may not read it"),
        (
            "is_locked",
            "it was not read, because somebody changes it at the moment",
        ),
    ],
    gather: Gather::Sorted(&[(13, include_str!("../../sql/sequences.sql"))], by_use),
};

fn by_use(one: &Row, other: &Row) -> Ordering {
    let used = |row: &Row| row.number("used_ratio").unwrap_or(-1.0);
    let nearest = used(other).total_cmp(&used(one));
    nearest.then_with(|| one.text("sequence").cmp(&other.text("sequence")))
}
