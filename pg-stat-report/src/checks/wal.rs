//! WAL: its archive and its folder.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::wal::SECTION;
use crate::words;

/// An archive that takes nothing.
pub const ARCHIVING: Check = Check {
    name: "archiving",
    finds: "WAL that can't be archived: backups can't be restored to now, and the disk fills",
    unit: Unit::Seconds,
    warn: Some(0.0),
    crit: Some(300.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether what was archived is still there, and good",
    judge: archiving,
};

/// A queue before the archive.
pub const READY: Check = Check {
    name: "archive_queue",
    finds: "WAL files that wait to be archived",
    unit: Unit::Count,
    warn: Some(10.0),
    crit: Some(100.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how fast the archive takes them",
    judge: queue,
};

/// A folder that grows beyond what was meant.
pub const DIRECTORY: Check = Check {
    name: "wal_directory",
    finds: "more WAL on disk than max_wal_size and wal_keep_size ask for",
    unit: Unit::Ratio,
    warn: Some(2.0),
    crit: Some(5.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how much room the disk has",
    judge: directory,
};

const HIDDEN: &str = "the role may not look at the WAL files; pg_monitor may";

fn archiving(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let seconds = row.number("since_archived_seconds")?;
        let time = words::time(seconds);
        if row.is("is_archiving_unset") {
            let message = format!("archive_mode is on, and archive_command is empty: nothing was archived for {time}, and all WAL is kept");
            let finding = case.judge(None, seconds, message);
            return Some(finding.remedy("-- set archive_command (or archive_library), and SELECT pg_reload_conf(); with archive_mode = off, after a restart, no WAL is kept for it"));
        }
        if row.is("is_archiving_failing") {
            let file = row.text("last_failed_wal").unwrap_or("a file");
            let message = format!(
                "archive_command fails, with {file} last; nothing was archived for {time}"
            );
            let finding = case.judge(None, seconds, message);
            return Some(finding.remedy("-- run archive_command by hand; the server's log has its words"));
        }
        let waits = row.number("ready_files").is_some_and(|files| files > 0.0);
        let has_happened =
            row.text("last_archived_at").is_some() || row.text("last_failed_at").is_some();
        let is_on = row.text("archive_mode") != Some("off");
        (waits && is_on && !has_happened).then(|| {
            Finding::unknown(format!("WAL files wait, and none was archived and none failed in the {time} since these figures began"))
        })
    });
    findings.collect()
}

fn queue(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.map(|row| match row.number("ready_files") {
        None if row.text("archive_mode") == Some("off") => {
            case.judge(None, 0.0, "nothing is archived")
        }
        None => Finding::unknown(HIDDEN),
        Some(files) => case.judge(
            None,
            files,
            format!("{} WAL files wait to be archived", words::count(files)),
        ),
    });
    findings.collect()
}

fn directory(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings =
        rows.filter_map(|row| {
            let Some(bytes) = row.number("directory_bytes") else {
                return Some(Finding::unknown(HIDDEN));
            };
            let meant = row.number("max_wal_bytes")? + row.number("wal_keep_bytes")?;
            let message = format!(
                "WAL takes {}; max_wal_size and wal_keep_size ask for {}",
                words::bytes(bytes),
                words::bytes(meant)
            );
            let finding = case.judge(None, bytes / meant.max(1.0), message);
            Some(finding.remedy(
                "-- see the checks slots, archiving and archive_queue: one of them keeps it",
            ))
        });
    findings.collect()
}
