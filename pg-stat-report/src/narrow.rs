//! What checks need not see: of sections with a row for each table or index they find nothing in most rows,
//! and the server is not asked for those. The section by itself has all of them.

use crate::check::{Check, Finding, Status};
use crate::cli::Options;
use crate::section::Section;
use crate::verdict;

/// In a section's statement, before a line that is for checks alone. To everybody else it is a comment.
const MARK: &str = "-- judged: ";

/// The checks that find something in no other rows, and by no other values, than those that these lines leave. One that is
/// not named here has all of them before it, and so have all others of its section.
const CHECKS: &[&str] = &[
    "sequential_scans",
    "dead_rows",
    "stale_statistics",
    "autovacuum_off",
    "vacuum_passes",
    "invalid_indexes",
    "duplicate_indexes",
    "overlapping_indexes",
    "narrow_foreign_keys",
    "checksum_failures",
    "invalid_databases",
    "collation_version",
    "cache_hits",
    "commit_ratio",
    "deadlocks",
    "temp_files",
    "standby_conflicts",
    "lost_sessions",
    UNUSED,
    SEQUENCES,
    KEYS,
];

/// Those that look at what is large, or nearly used up: only where nobody has said what that is, or has left
/// something out.
const BY_DEFAULT: &[&str] = &[UNUSED, SEQUENCES, KEYS];
const UNUSED: &str = "unused_indexes";
const SEQUENCES: &str = "sequences";
const KEYS: &str = "integer_keys";

/// Those that say nothing unless somebody gives a threshold, and cost much. One that is asked for by name is looked at.
const BY_THRESHOLD: &[&str] = &[
    "database_size",
    "table_size",
    "unlogged_tables",
    "last_vacuum",
    "last_analyze",
];

/// Those among them whose figure is drawn all the same: their cost grows with the databases' files, and not
/// with the rows of each database's catalogues.
const DRAWN: &[&str] = &["database_size"];

/// Whether a check has nothing to judge by.
pub fn is_idle(options: &Options, check: &Check) -> bool {
    let is_drawn = options.is_drawn && DRAWN.contains(&check.name);
    let is_wanted = options.names(check) || options.limits.are_said(check) || is_drawn;
    BY_THRESHOLD.contains(&check.name) && !is_wanted && is_alone(options)
}

/// What it says then.
pub fn idle(check: &Check) -> Finding {
    let name = check.name;
    let words = format!("not looked at: no threshold is given (--warn or --crit {name}=VALUE)");
    Finding::new(Status::Ok, words)
}

/// Whether checks are all that the rows are for: an earlier report is compared with all of them.
fn is_alone(options: &Options) -> bool {
    options.sections.is_empty() && options.baseline.is_none() && options.state.is_none()
}

/// The sections of which all checks that are asked need only that.
pub fn sections(options: &Options) -> Vec<&'static Section> {
    if !is_alone(options) {
        return Vec::new();
    }
    let mut checks = verdict::chosen(options);
    checks.retain(|check| !is_idle(options, check));
    let is_content = |check: &Check| {
        let limits = &options.limits;
        let is_changed = limits.are_said(check) || limits.left_out(check).next().is_some();
        CHECKS.contains(&check.name) && !(BY_DEFAULT.contains(&check.name) && is_changed)
    };
    let is_narrow = |section: &&'static Section| {
        let judges = |check: &&&Check| check.sections.iter().any(|own| own.name == section.name);
        checks.iter().filter(judges).all(|check| is_content(check))
    };
    let mut sections: Vec<&'static Section> = checks
        .iter()
        .flat_map(|check| check.sections)
        .copied()
        .collect();
    sections.retain(is_narrow);
    sections
}

/// The statement, with what is for checks in force.
pub fn of_statement(statement: &str) -> String {
    statement.replace(MARK, "")
}
