//! What the statistics show, and what costs little and tells much.

use super::{Advice, Facts, Verdict, bytes};
use crate::words;

/// So many checkpoints say something.
const ENOUGH: f64 = 20.0;

/// A setting, the value that is not good, a better one, how bad, and why.
type Plain = (
    &'static str,
    &'static str,
    &'static str,
    Verdict,
    &'static str,
);

const PLAIN: [Plain; 9] = [
    (
        "superuser_reserved_connections",
        "0",
        "3",
        Verdict::Warning,
        "nobody gets in to help once all connections are in use",
    ),
    (
        "idle_in_transaction_session_timeout",
        "0",
        "10min",
        Verdict::Consider,
        "a session that hangs in a transaction holds locks and dead rows for ever",
    ),
    (
        "random_page_cost",
        "4",
        "1.1",
        Verdict::Consider,
        "it is that of disks that turn; if these are SSDs (SQL can't see that), indexes are used too seldom",
    ),
    (
        "effective_io_concurrency",
        "1",
        "200",
        Verdict::Consider,
        "SSDs read much at the same time; bitmap scans ask for one block after the other",
    ),
    (
        "track_io_timing",
        "off",
        "on",
        Verdict::Consider,
        "section queries has no times of reads and writes without; pg_test_timing says what it costs",
    ),
    (
        "log_lock_waits",
        "off",
        "on",
        Verdict::Consider,
        "the server's log does not say who waited for whose lock",
    ),
    (
        "log_checkpoints",
        "off",
        "on",
        Verdict::Consider,
        "the server's log does not say what checkpoints wrote, and why they came",
    ),
    (
        "log_temp_files",
        "-1",
        "10MB",
        Verdict::Consider,
        "the server's log does not say which statements do not fit work_mem",
    ),
    (
        "log_min_duration_statement",
        "-1",
        "1s",
        Verdict::Consider,
        "the server's log has no slow statements",
    ),
];

/// On all of them.
pub fn advice(facts: &Facts) -> Vec<Advice> {
    let judges: [fn(&Facts) -> Option<Advice>; 6] = [
        max_wal_size,
        checkpoint_completion_target,
        max_connections,
        default_statistics_target,
        autovacuum_vacuum_cost_delay,
        statements,
    ];
    let mut all: Vec<Advice> = judges.iter().filter_map(|judge| judge(facts)).collect();
    all.extend(PLAIN.iter().filter_map(|plain| simple(facts, plain)));
    all.extend(planner(facts));
    all
}

fn simple(facts: &Facts, plain: &Plain) -> Option<Advice> {
    let (name, bad, better, verdict, why) = *plain;
    let is_bad = facts.setting(name)?.value == bad;
    is_bad.then(|| Advice::on(facts, name, verdict, why).better(better))
}

/// What is asked for before its time came because much was written.
fn max_wal_size(facts: &Facts) -> Option<Advice> {
    const NAME: &str = "max_wal_size";
    let own = facts.number(NAME)?;
    let timeout = facts.number("checkpoint_timeout")?;
    let made = facts.checkpoints.filter(|made| made.count >= ENOUGH)?;
    let figures = format!(
        "{} of {} checkpoints came before their time, one in {}",
        words::percent(made.requested_ratio),
        words::count(made.count),
        words::time(made.interval_seconds)
    );
    if made.requested_ratio < 0.5 {
        return Some(Advice::on(facts, NAME, Verdict::Ok, figures));
    }
    let often = (timeout / made.interval_seconds.max(1.0)).clamp(2.0, 16.0);
    let why = format!(
        "{figures}, and not in {}; some may have been asked for, as by backups",
        words::time(timeout)
    );
    Some(Advice::on(facts, NAME, Verdict::Consider, why).better(bytes(own * often)))
}

fn checkpoint_completion_target(facts: &Facts) -> Option<Advice> {
    const NAME: &str = "checkpoint_completion_target";
    let is_low = facts.number(NAME)? < 0.9;
    let why = "a checkpoint's writes come at once, and not spread over the time to the next";
    is_low.then(|| Advice::on(facts, NAME, Verdict::Consider, why).better("0.9"))
}

fn max_connections(facts: &Facts) -> Option<Advice> {
    const NAME: &str = "max_connections";
    let most = facts.number(NAME)?;
    let now = facts.sessions.unwrap_or(0.0);
    let figures = format!("{now:.0} of {most:.0} are in use");
    Some(match most > 500.0 {
        true => {
            let why = format!(
                "{figures}; each costs memory, and each snapshot looks at all that are active: a pooler in front needs few"
            );
            Advice::on(facts, NAME, Verdict::Consider, why)
        }
        false => Advice::on(facts, NAME, Verdict::Ok, figures),
    })
}

fn default_statistics_target(facts: &Facts) -> Option<Advice> {
    const NAME: &str = "default_statistics_target";
    let is_low = facts.number(NAME)? < 100.0;
    let why = "the planner knows less of the values of columns than it does by default";
    is_low.then(|| Advice::on(facts, NAME, Verdict::Consider, why).better("100"))
}

fn autovacuum_vacuum_cost_delay(facts: &Facts) -> Option<Advice> {
    const NAME: &str = "autovacuum_vacuum_cost_delay";
    let delay = facts.number(NAME)?;
    let why = format!(
        "autovacuum sleeps {} at a time, as on disks of long ago",
        said_ms(delay)
    );
    (delay > 0.01).then(|| Advice::on(facts, NAME, Verdict::Consider, why).better("2ms"))
}

fn statements(facts: &Facts) -> Option<Advice> {
    const NAME: &str = "shared_preload_libraries";
    let own = &facts.setting(NAME)?.value;
    if own.contains("pg_stat_statements") {
        return None;
    }
    let mut libraries: Vec<&str> = own
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    libraries.push("pg_stat_statements");
    let why = "without it nobody knows which statements cost the most";
    Some(Advice::on(facts, NAME, Verdict::Consider, why).better(libraries.join(", ")))
}

/// Ways of the planner that are off for everybody.
fn planner(facts: &Facts) -> Vec<Advice> {
    let mut names: Vec<&String> = facts
        .settings
        .keys()
        .filter(|name| name.starts_with("enable_"))
        .collect();
    names.sort();
    let advice = names.into_iter().map(|name| {
        let why = "it is off for everybody: that is for finding out why a plan is chosen";
        Advice::on(facts, name, Verdict::Warning, why).better("on")
    });
    advice.collect()
}

fn said_ms(seconds: f64) -> String {
    format!("{:.0} ms", seconds * 1000.0)
}
