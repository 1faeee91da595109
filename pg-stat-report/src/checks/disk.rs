//! The room that is left where the data is.

use crate::check::{Case, Check, Finding, Unit};
use crate::disk;
use crate::sections::server::SECTION;
use crate::words;

/// Only its machine can tell.
pub const SPACE: Check = Check {
    name: "disk_space",
    finds: "a nearly full disk below the data of a server on this machine",
    unit: Unit::Share,
    warn: Some(0.9),
    crit: Some(0.98),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "tablespaces and WAL on other disks; servers on other machines and in containers; when it will be full: check disk_full",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let mut rows = case.rows(&SECTION).iter();
    if rows.all(|row| row.text("data_directory").is_none()) {
        let words = "where its data is is hidden from this role; pg_monitor sees it";
        return vec![Finding::unknown(words)];
    }
    let Some(room) = disk::room(case.seen) else {
        let words = "its data is not on this machine, in a container, or behind a folder that may not be entered: SQL does not tell how full its disk is";
        return vec![Finding::missing(words)];
    };
    let message = format!(
        "{} of the disk below its data are used, {} are free",
        words::percent(room.used_ratio()),
        words::bytes(room.free)
    );
    let remedy = "-- section wal says what WAL takes, slots what holds it back, tables what is large; never delete within pg_wal";
    vec![case.judge(None, room.used_ratio(), message).remedy(remedy)]
}
