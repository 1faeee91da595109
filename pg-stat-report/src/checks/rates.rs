//! What happens too often, by the day.

use shared::time::{self, Time};

use crate::check::{Case, Check, Finding, Unit};
use crate::row::Row;
use crate::sections::{databases, growth, server};
use crate::words;

const DAY: f64 = 86_400.0;

const UNSEEN: &str =
    "without --state or --baseline: what was lately, beside the average since the counters began";

/// Transactions that waited for each other.
pub const DEADLOCKS: Check = Check {
    name: "deadlocks",
    finds: "databases with many deadlocks a day",
    unit: Unit::Count,
    warn: Some(10.0),
    crit: None,
    is_low_bad: false,
    sections: &[&databases::SECTION, &server::SECTION],
    unseen: UNSEEN,
    judge: deadlocks,
};

/// Sorts and hashes that did not fit.
pub const TEMP_FILES: Check = Check {
    name: "temp_files",
    finds: "databases that write much into temporary files a day",
    unit: Unit::Bytes,
    warn: Some(10e9),
    crit: None,
    is_low_bad: false,
    sections: &[&databases::SECTION, &server::SECTION],
    unseen: UNSEEN,
    judge: temp_files,
};

/// Queries that replay ended.
pub const CONFLICTS: Check = Check {
    name: "standby_conflicts",
    finds: "a standby whose queries are ended again and again, because replay needs what they look at",
    unit: Unit::Count,
    warn: Some(10.0),
    crit: None,
    is_low_bad: false,
    sections: &[&databases::SECTION, &server::SECTION],
    unseen: "what it was lately, beside the average since the counters began; why: pg_stat_database_conflicts",
    judge: conflicts,
};

/// How much in a day; of less than a day, how much there was.
pub(super) struct Daily {
    pub(super) amount: f64,
    seconds: f64,
    /// Since an earlier report.
    is_lately: bool,
}

fn deadlocks(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&databases::SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("database")?;
        let daily = daily(case, row, "deadlocks", "deadlocks_per_day")?;
        let message = daily.count("deadlocks");
        let finding = case.judge(Some(name), daily.amount, message);
        Some(finding.remedy("-- let all transactions lock in the same order; the server's log has the statements (section logs)"))
    });
    findings.collect()
}

fn temp_files(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&databases::SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("database")?;
        let daily = daily(case, row, "temp_bytes", "temp_bytes_per_day")?;
        let message = daily.told(words::bytes(daily.amount));
        let finding = case.judge(Some(name), daily.amount, message);
        Some(finding.remedy("-- section queries has the statements that do (temp_blocks_written): an index, or more work_mem for these"))
    });
    findings.collect()
}

fn conflicts(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&databases::SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("database")?;
        let daily = Daily::since_counted(case, row, row.number("conflicts")?)?;
        let message = daily.count("queries were ended by replay,");
        let finding = case.judge(Some(name), daily.amount, message);
        Some(finding.remedy("-- hot_standby_feedback, or more max_standby_streaming_delay, on the standby: the one costs the primary bloat, the other costs lag"))
    });
    findings.collect()
}

fn daily(case: &Case, row: &Row, counter: &str, rate: &str) -> Option<Daily> {
    let lately = case.rows(&growth::SECTION).iter().find(|grown| {
        grown.text("kind") == Some("database") && grown.text("database") == row.text("database")
    });
    let lately = lately.and_then(|grown| Some((grown.number(rate)?, grown.number("seconds")?)));
    if let Some((rate, seconds)) = lately {
        return Some(Daily {
            // A count again, where there was less than a day: not a hair less.
            amount: (rate * (seconds / DAY).min(1.0) * 1e6).round() / 1e6,
            seconds,
            is_lately: true,
        });
    }
    Daily::since_counted(case, row, row.number(counter)?)
}

impl Daily {
    /// Of what was counted since the counters of a database began.
    pub(super) fn since_counted(case: &Case, row: &Row, count: f64) -> Option<Self> {
        let seconds = counted_for(case, row)?;
        Some(Self {
            amount: count / (seconds / DAY).max(1.0),
            seconds,
            is_lately: false,
        })
    }

    /// So many of these, by the day only where there was one.
    pub(super) fn count(&self, what: &str) -> String {
        let number = match self.seconds < DAY {
            true => words::count(self.amount),
            false => format!("{:.1}", self.amount),
        };
        self.told(format!("{number} {what}"))
    }

    fn told(&self, amount: String) -> String {
        let time = words::time(self.seconds);
        match (self.seconds < DAY, self.is_lately) {
            (true, true) => format!("{amount} in the last {time}"),
            (true, false) => format!("{amount} in {time}, since they are counted"),
            (false, true) => format!("{amount} a day in the last {time}"),
            (false, false) => format!("{amount} a day on the average of {time}"),
        }
    }
}

/// So long the counters of a database count, at least.
fn counted_for(case: &Case, row: &Row) -> Option<f64> {
    let server = case.rows(&server::SECTION).first()?;
    let now: Time = time::parse(&case.seen.origin.taken_at).ok()?;
    let known = [
        row.text("counted_since"),
        server.text("crashed_or_reset_at"),
    ];
    let began = known
        .into_iter()
        .flatten()
        .filter_map(|text| time::parse(text).ok());
    // Without any: since it was made, which is no later than its start.
    let began = began
        .max()
        .or_else(|| time::parse(server.text("started_at")?).ok())?;
    Some((now - began).as_seconds_f64().max(0.0))
}
