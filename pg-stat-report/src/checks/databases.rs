//! Databases: damage, collations, cache, size.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::sections::databases::SECTION;
use crate::words;

/// So many blocks must have been asked for before a ratio says anything.
const ENOUGH: f64 = 100_000.0;

/// And so many transactions must have ended.
const ENOUGH_TRANSACTIONS: f64 = 1000.0;

/// Damaged pages.
pub const CHECKSUMS: Check = Check {
    name: "checksum_failures",
    finds: "pages that were read damaged",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: Some(1.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "pages that nobody has read since; servers without checksums",
    judge: checksums,
};

/// A library that sorts otherwise now.
pub const COLLATION: Check = Check {
    name: "collation_version",
    finds: "databases whose indexes of text may be wrong, because the library sorts otherwise than when they were built",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "collations other than the database's own: check column_collations; servers before PostgreSQL 15",
    judge: collation,
};

/// What a DROP DATABASE left.
pub const INVALID: Check = Check {
    name: "invalid_databases",
    finds: "databases whose DROP DATABASE was broken off: they take room, and no connections",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "servers that do not note it: before 15.4, 14.9, 13.12",
    judge: invalid,
};

/// shared_buffers.
pub const CACHE: Check = Check {
    name: "cache_hits",
    finds: "databases whose blocks are often not in shared_buffers",
    unit: Unit::Share,
    warn: Some(0.95),
    crit: Some(0.8),
    is_low_bad: true,
    sections: &[&SECTION],
    unseen: "the system's own cache; databases with fewer than 100,000 blocks asked for",
    judge: cache,
};

/// As check_postgres counts it.
pub const COMMITS: Check = Check {
    name: "commit_ratio",
    finds: "databases fewer of whose transactions end by COMMIT than --warn or --crit gives",
    unit: Unit::Share,
    warn: None,
    crit: None,
    is_low_bad: true,
    sections: &[&SECTION],
    unseen: "why the others failed: section logs; databases with fewer than 1,000 transactions",
    judge: commits,
};

/// Where somebody set a limit.
pub const SIZE: Check = Check {
    name: "database_size",
    finds: "databases beyond a size that --warn or --crit gives",
    unit: Unit::Bytes,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how much room the disk has",
    judge: size,
};

fn checksums(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    if rows
        .iter()
        .all(|row| row.number("checksum_failures").is_none())
    {
        let words = "no page has a checksum here (data_checksums is off): damage would not be seen";
        return vec![Finding::new(Status::Ok, words)];
    }
    let findings = rows.iter().filter_map(|row| {
        let count = row.number("checksum_failures")?;
        let name = row.text("database").unwrap_or("what all databases share");
        let message = format!("{} damaged pages were read", words::count(count));
        let finding = case.judge(Some(name), count, message);
        Some(finding.remedy("-- the server's log names the pages: see to the disk, and prove the backups (pg-restore-verify)"))
    });
    findings.collect()
}

fn collation(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("database")?;
        let (then, now) = (row.text("collation_version")?, row.text("collation_version_now")?);
        let differs = if then == now { 0.0 } else { 1.0 };
        let message = format!("it was made with version {then} of its collation; the library has {now}");
        let quoted = shared::dump::quote_identifier(name);
        let finding = case.judge(Some(name), differs, message);
        Some(finding.remedy(format!(
            "-- in it: REINDEX DATABASE CONCURRENTLY {quoted}; then ALTER DATABASE {quoted} REFRESH COLLATION VERSION;"
        )))
    });
    findings.collect()
}

fn invalid(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter(|row| row.is("is_invalid")).filter_map(|row| {
        let name = row.text("database")?;
        let words =
            "its DROP DATABASE was broken off: nobody can connect to it, and it is in no backup";
        let quoted = shared::dump::quote_identifier(name);
        let finding = case.judge(Some(name), 1.0, words);
        Some(finding.remedy(format!(
            "-- what is left of it is of no use: DROP DATABASE {quoted};"
        )))
    });
    findings.collect()
}

fn cache(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("database")?;
        let asked = row.number("blocks_hit")? + row.number("blocks_read")?;
        let ratio = row.number("hit_ratio").filter(|_| asked >= ENOUGH)?;
        let message = format!("{} of the blocks asked for were in shared_buffers", words::percent(ratio));
        let finding = case.judge(Some(name), ratio, message);
        Some(finding.remedy("-- see what reads so much (section queries), and whether shared_buffers is a quarter of the memory"))
    });
    findings.collect()
}

fn commits(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("database")?;
        let (commits, rollbacks) = (row.number("commits")?, row.number("rollbacks")?);
        let all = commits + rollbacks;
        let ratio = (all >= ENOUGH_TRANSACTIONS).then_some(commits / all)?;
        let message = format!(
            "{} of {} transactions ended by COMMIT",
            words::percent(ratio),
            words::count(all)
        );
        let finding = case.judge(Some(name), ratio, message);
        Some(finding.remedy("-- the server's log has the errors that roll back (section logs); an application may do so by itself, too"))
    });
    findings.collect()
}

fn size(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("database")?;
        match row.number("bytes") {
            Some(bytes) => Some(case.judge(
                Some(name),
                bytes,
                format!("it takes {}", words::bytes(bytes)),
            )),
            None if case.limits.of(case.check, Some(name)) == (None, None) => None,
            None => Some(
                Finding::unknown("its size is hidden from this role; pg_monitor sees it").of(name),
            ),
        }
    });
    findings.collect()
}
