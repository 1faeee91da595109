//! What checks need not see: of sections with a row for each table or index they find nothing in most rows,
//! and the server is not asked for those. The section by itself has all of them.

use crate::check::Check;
use crate::section::Section;

/// In a section's statement, before a line that is for checks alone. To everybody else it is a comment.
const MARK: &str = "-- judged: ";

/// The checks that find something in no other rows than those that these lines leave. One that is not named here
/// has all rows before it, and so have all others of its section.
const CHECKS: &[&str] = &[
    "sequential_scans",
    "dead_rows",
    "stale_statistics",
    "autovacuum_off",
];

/// The sections of which these checks need only that.
pub fn sections(checks: &[&'static Check]) -> Vec<&'static Section> {
    let is_narrow = |section: &&'static Section| {
        let judges = |check: &&&Check| check.sections.iter().any(|own| own.name == section.name);
        checks
            .iter()
            .filter(judges)
            .all(|check| CHECKS.contains(&check.name))
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
