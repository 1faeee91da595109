//! Dead rows that nobody removes, and how VACUUM does it.

use shared::time;

use crate::check::{Case, Check, Finding, Unit};
use crate::row::{Cell, Row};
use crate::sections::vacuum::SECTION;
use crate::words;

/// A table that is smaller has too few rows to be of any trouble.
const SMALL: f64 = 1e6;

/// Fewer are no trouble for anybody.
const ENOUGH: f64 = 1000.0;

/// Beyond autovacuum's own threshold.
pub const DEAD_ROWS: Check = Check {
    name: "dead_rows",
    finds: "tables with far more dead rows, or dead pieces of long values (TOAST), than autovacuum should leave there",
    unit: Unit::Ratio,
    warn: Some(2.0),
    crit: Some(10.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "tables that are being vacuumed, or have fewer than 1,000 dead rows; tables below 1 MB whose counters were lost; what keeps VACUUM from removing them: check xmin_horizon",
    judge: dead,
};

/// Its memory was too small.
pub const PASSES: Check = Check {
    name: "vacuum_passes",
    finds: "tables whose VACUUM, at the moment, goes over all indexes more than once, because it has too little memory",
    unit: Unit::Count,
    warn: Some(2.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "what has ended: log_autovacuum_min_duration has the server's log tell it (index scans)",
    judge: passes,
};

/// What the planner goes by is not so any more.
pub const STALE: Check = Check {
    name: "stale_statistics",
    finds: "tables that have changed far more than autovacuum should let pass before it analyzes them",
    unit: Unit::Ratio,
    warn: Some(3.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "fewer than 10,000 changed rows; partitioned tables themselves, which autovacuum never analyzes; changes that a crash made the server forget",
    judge: stale,
};

/// By time alone, where somebody wants it so.
pub const LAST_VACUUM: Check = Check {
    name: "last_vacuum",
    finds: "tables with rows that nobody has vacuumed for longer than --warn or --crit gives",
    unit: Unit::Seconds,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether there is anything to vacuum: checks dead_rows, freezing; VACUUM before a crash or a reset of the statistics; the system's own tables",
    judge: |case| {
        last(
            case,
            ["last_vacuum_at", "last_autovacuum_at"],
            "vacuumed",
            "VACUUM",
        )
    },
};

/// The same of ANALYZE.
pub const LAST_ANALYZE: Check = Check {
    name: "last_analyze",
    finds: "tables with rows that nobody has analyzed for longer than --warn or --crit gives",
    unit: Unit::Seconds,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether anything has changed since: check stale_statistics; ANALYZE before a crash or a reset of the statistics; the system's own tables",
    judge: |case| {
        last(
            case,
            ["last_analyze_at", "last_autoanalyze_at"],
            "analyzed",
            "ANALYZE",
        )
    },
};

/// Fewer changes mislead nobody.
const ENOUGH_CHANGES: f64 = 10_000.0;

/// Tables that autovacuum never comes to.
pub const AUTOVACUUM_OFF: Check = Check {
    name: "autovacuum_off",
    finds: "tables for which autovacuum was turned off",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether somebody vacuums them instead; autovacuum turned off for all: check unsafe_settings",
    judge: off,
};

fn dead(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    if rows.iter().any(|row| !row.is("is_counted")) {
        let words = "no dead rows are counted here: this is a standby (see its primary), or track_counts is off";
        return vec![Finding::unknown(words)];
    }
    let judged = rows.iter().filter(|row| !row.is("is_being_vacuumed"));
    let findings = judged.filter_map(|row| {
        let name = row.text("table")?;
        let (rows, ratio, what) = most_dead(row)?;
        let message = format!(
            "{} dead {what}, {ratio:.1} times as many as autovacuum begins at",
            words::count(rows)
        );
        let finding = case.judge(Some(name), ratio, message);
        Some(finding.remedy(format!("VACUUM (ANALYZE) {name};")))
    });
    findings.chain(forgotten(rows)).collect()
}

/// How many rows are dead, by the number at which autovacuum comes, and where: in the table or beside it.
fn most_dead(row: &Row) -> Option<(f64, f64, &'static str)> {
    let places = [
        ("dead_rows", "dead_ratio", "rows"),
        (
            "toast_dead_rows",
            "toast_dead_ratio",
            "pieces of long values in its TOAST table",
        ),
    ];
    let seen = places.into_iter().filter_map(|(rows, ratio, what)| {
        let (rows, ratio) = (row.number(rows)?, row.number(ratio)?);
        (rows >= ENOUGH).then_some((rows, ratio, what))
    });
    seen.max_by(|(_, one, _), (_, other, _)| one.total_cmp(other))
}

/// A crash takes all counters, and an upgrade does: then no row is dead, and none is live either.
fn forgotten(rows: &[Row]) -> Option<Finding> {
    let is_forgotten = |row: &&Row| {
        let seen = [
            "last_vacuum_at",
            "last_autovacuum_at",
            "last_analyze_at",
            "last_autoanalyze_at",
        ];
        !is_of_the_system(row)
            && row.number("live_rows") == Some(0.0)
            && row.number("dead_rows") == Some(0.0)
            && row.number("heap_bytes").is_some_and(|bytes| bytes >= SMALL)
            && seen.iter().all(|field| row.text(field).is_none())
    };
    let tables: Vec<&str> = rows
        .iter()
        .filter(is_forgotten)
        .filter_map(|row| row.text("table"))
        .collect();
    let (first, count) = (tables.first()?, tables.len());
    let words = format!(
        "the server knows of no row, live or dead, in {count} tables that have some ({first}): a crash, an upgrade or a reset took its counters; ANALYZE counts anew"
    );
    Some(Finding::unknown(words).remedy("ANALYZE;"))
}

fn stale(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let changed = |row: &&Row| row.number("changed_rows").unwrap_or(0.0) >= ENOUGH_CHANGES;
    let findings = rows.filter(changed).filter_map(|row| {
        let (name, ratio) = (row.text("table")?, row.number("changed_ratio")?);
        let message = format!(
            "{} rows have changed since ANALYZE, {:.1} times as many as autovacuum begins at",
            words::count(row.number("changed_rows")?),
            ratio
        );
        let finding = case.judge(Some(name), ratio, message);
        Some(finding.remedy(format!("ANALYZE {name};")))
    });
    findings.collect()
}

/// Which tables something was not done to for so long. What never was is as bad as can be.
fn last(case: &Case, fields: [&str; 2], done: &str, remedy: &str) -> Vec<Finding> {
    let now = time::parse(&case.seen.origin.taken_at).ok();
    let rows = case.rows(&SECTION).iter();
    // What nobody has looked at has no size yet, and is known by what was counted.
    let has_rows = |row: &&Row| {
        let is_more = |field| row.number(field) > Some(0.0);
        !is_of_the_system(row) && (is_more("heap_bytes") || is_more("live_rows"))
    };
    let own = rows.filter(has_rows);
    let findings = own.filter_map(|row| {
        let name = row.text("table")?;
        let times = fields
            .iter()
            .filter_map(|field| time::parse(row.text(field)?).ok());
        let finding = match times.max() {
            Some(last) => {
                let age = (now? - last).as_seconds_f64().max(0.0);
                let message = format!("it was {done} {} ago", words::time(age));
                case.judge(Some(name), age, message)
            }
            None => Finding {
                value: None,
                ..case.judge(
                    Some(name),
                    f64::INFINITY,
                    format!("nobody is known to have {done} it"),
                )
            },
        };
        Some(finding.remedy(format!("{remedy} {name};")))
    });
    findings.collect()
}

fn is_of_the_system(row: &Row) -> bool {
    let name = row.text("table").unwrap_or_default();
    name.starts_with("pg_catalog.") || name.starts_with("information_schema.")
}

fn passes(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    if rows
        .iter()
        .any(|row| *row.cell("is_being_vacuumed") == Cell::Null)
    {
        let words = "VACUUM is at work, and hidden from this role; pg_monitor sees at what";
        return vec![Finding::unknown(words)];
    }
    let findings = rows.iter().filter_map(|row| {
        let (name, passes) = (row.text("table")?, row.number("index_passes")?);
        let message = format!(
            "VACUUM goes over its indexes {} times: its memory is full before it has found all dead rows",
            words::count(passes)
        );
        let finding = case.judge(Some(name), passes, message);
        Some(finding.remedy("-- for the next one: more autovacuum_work_mem (maintenance_work_mem, by hand); a large table also sooner: autovacuum_vacuum_scale_factor"))
    });
    findings.collect()
}

fn off(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    // For all: that is a setting of the server's.
    if !rows.iter().any(|row| row.is("is_autovacuum_on")) {
        return Vec::new();
    }
    let off = rows.iter().filter(|row| !row.is("is_autovacuum_on"));
    let findings = off.filter_map(|row| {
        let name = row.text("table")?;
        let finding = case.judge(Some(name), 1.0, "autovacuum is turned off for it");
        Some(finding.remedy(format!("ALTER TABLE {name} RESET (autovacuum_enabled);")))
    });
    let is_off = |row: &&Row| row.is("is_autovacuum_on") && !row.is("is_toast_autovacuum_on");
    let toast = rows.iter().filter(is_off).filter_map(|row| {
        let name = row.text("table")?;
        let words = "autovacuum is turned off for its TOAST table, where its long values are";
        let finding = case.judge(Some(name), 1.0, words);
        let reset = format!("ALTER TABLE {name} RESET (toast.autovacuum_enabled);");
        Some(finding.remedy(reset))
    });
    findings.chain(toast).collect()
}
