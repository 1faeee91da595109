//! What has changed since an earlier report, as the rows of the section `growth`.

use std::collections::HashMap;
use std::sync::Arc;

use shared::time::{self, Time};
use shared::{Error, Result};

use super::change::{self, counts_on};
use super::kept::{self, DATABASE, Key, Kind, Past, SERVER, STATEMENT, TABLE, WAL};
use super::since::{Made, Since};
use super::{Baseline, DAY, Pair, is_of_the_future};
use crate::disk::Disk;
use crate::look::{Part, Seen};
use crate::row::Row;
use crate::sections::growth::SECTION;

/// The fields that are a counter's increase by the second.
const PER_SECOND: [(&str, &str); 9] = [
    ("blocks_read_per_second", "blocks_read"),
    ("rows_read_per_second", "rows_read"),
    ("rows_fetched_per_second", "rows_fetched"),
    ("rows_inserted_per_second", "rows_inserted"),
    ("rows_updated_per_second", "rows_updated"),
    ("rows_deleted_per_second", "rows_deleted"),
    ("sequential_scans_per_second", "sequential_scans"),
    ("index_scans_per_second", "index_scans"),
    ("calls_per_second", "calls"),
];

/// Those that are one by the day.
const PER_DAY: [(&str, &str); 6] = [
    ("temp_files_per_day", "temp_files"),
    ("temp_bytes_per_day", "temp_bytes"),
    ("deadlocks_per_day", "deadlocks"),
    ("sessions_per_day", "sessions"),
    ("sessions_abandoned_per_day", "sessions_abandoned"),
    ("sessions_fatal_per_day", "sessions_fatal"),
];

/// A server now, and what is known of it from before.
struct Comparison<'a> {
    baseline: &'a Baseline,
    seen: &'a Seen,
    now: Time,
    /// The server now, if that was seen.
    server: Option<Past>,
    /// Its databases now.
    databases: HashMap<Key, Past>,
}

impl Baseline {
    /// What has changed since.
    pub fn compare(&self, seen: &Seen, disk: Disk) -> Part {
        Part {
            section: &SECTION,
            database: None,
            rows: self.rows(seen, disk),
        }
    }

    /// Which settings are not what they were.
    pub fn drift(&self, seen: &Seen) -> Result<Vec<Row>> {
        let server = kept::of_kind(&SERVER, seen).next();
        let server = server.map(|(_, _, past)| past);
        self.refuse_another_server(&seen.origin.target, server.as_ref())?;
        self.settings.drift(seen)
    }

    /// Another server at the same place has nothing to do with this one.
    fn refuse_another_server(&self, target: &str, server: Option<&Past>) -> Result<()> {
        let servers = self.past.get(&SERVER.only(target));
        let Some((now, servers)) = server.zip(servers) else {
            return Ok(());
        };
        if servers.iter().any(|then| !change::is_foreign(then, now)) {
            return Ok(());
        }
        let identifier = |past| SERVER.mark(past, "system_identifier").unwrap_or_default();
        let then = servers.last().map(identifier).unwrap_or_default();
        Err(Error::new(format!(
            "the earlier report is of another server at {target}: its system_identifier was {then}, and is {} now",
            identifier(now)
        )))
    }

    fn rows(&self, seen: &Seen, disk: Disk) -> Result<Vec<Row>> {
        let target = &seen.origin.target;
        if !self.knows(target) {
            let others = match self.targets.is_empty() {
                true => "it has none at all".to_string(),
                false => format!("it is of {}", self.targets.join(", ")),
            };
            return Err(Error::new(format!(
                "the earlier report has no rows of {target} to compare with: {others}"
            )));
        }
        let now = time::parse(&seen.origin.taken_at)?;
        let known = self.past.iter().filter(|(key, _)| key.target == *target);
        let first = known.filter_map(|(_, pasts)| Some(pasts.first()?.taken_at));
        if let Some(first) = first.min().filter(|first| *first >= now) {
            return Err(is_of_the_future(first));
        }
        let needed = [&DATABASE, &TABLE].map(|kind| kind.section.name);
        let mut parts = seen.parts.iter();
        let lost = parts.find_map(|part| {
            let error = part.rows.as_ref().err()?;
            needed.contains(&part.section.name).then_some(error)
        });
        if let Some(error) = lost {
            return Err(error.clone());
        }
        let server = kept::of_kind(&SERVER, seen).next();
        let databases = kept::of_kind(&DATABASE, seen);
        let comparison = Comparison {
            baseline: self,
            seen,
            now,
            server: server.map(|(_, _, past)| past),
            databases: databases.map(|(_, key, past)| (key, past)).collect(),
        };
        self.refuse_another_server(target, comparison.server.as_ref())?;
        Ok(comparison.rows(disk))
    }
}

impl Comparison<'_> {
    fn rows(&self, disk: Disk) -> Vec<Row> {
        let mut made = vec![self.of_server(disk)];
        for kind in [&DATABASE, &TABLE] {
            let things = kept::of_kind(kind, self.seen);
            made.extend(things.filter_map(|(row, key, now)| self.of_thing(kind, row, &key, &now)));
        }
        let statements = kept::of_kind(&STATEMENT, self.seen);
        made.extend(statements.filter_map(|(row, key, now)| self.of_statement(row, &key, &now)));
        let parts = self.seen.parts.iter();
        let lost = parts.filter(|part| part.section.name == STATEMENT.section.name);
        made.extend(lost.filter_map(|part| {
            let error = part.rows.as_ref().err()?;
            let mut made = Made::new("statement");
            made.text("database", part.database.as_deref());
            made.note(&[error.in_one_line()]);
            Some(made)
        }));
        let row = |made: Made| {
            let origin = Arc::clone(&self.seen.origin);
            Row::new(&SECTION, origin, made.cells(SECTION.fields))
        };
        made.into_iter().map(row).collect()
    }

    /// The server as such.
    fn of_server(&self, disk: Disk) -> Made {
        let mut made = Made::new("server");
        let then = self.pair(&SERVER.only(self.target()));
        let mut notes = change::of_server(then.map(|pair| pair.last), self.server.as_ref());
        let wal = kept::of_kind(&WAL, self.seen).next();
        let earlier = self.pair(&WAL.only(self.target()));
        if let Some(((_, _, now), pair)) = wal.as_ref().zip(earlier) {
            // Where WAL is goes on through crashes and takeovers.
            let since = self.since(&WAL, pair.last, now, true);
            made.float("rate_seconds", Some(since.seconds));
            made.float("wal_bytes_per_second", since.per_second("written_bytes"));
            if since.began_anew() {
                notes.push("its WAL is further back than it was: it was restored".to_string());
            }
        }
        self.growth_of_all(&mut made, disk);
        made.note(&notes);
        made
    }

    /// How all databases together grow, and when that fills the disk.
    fn growth_of_all(&self, made: &mut Made, disk: Disk) {
        let mut sums = Some((0.0, 0.0));
        let mut seconds: Option<f64> = None;
        for (key, now) in self.databases.iter().filter(|(key, _)| key.has_name()) {
            let then = self.pair(key).map(|pair| pair.day);
            // One that is new has grown from nothing.
            let before = then.map_or(Some(0.0), |then| DATABASE.number(then, "bytes"));
            let both = before.zip(DATABASE.number(now, "bytes"));
            sums = sums
                .zip(both)
                .map(|(sum, own)| (sum.0 + own.0, sum.1 + own.1));
            let own = then.map(|then| self.seconds(then));
            seconds = seconds.into_iter().chain(own).reduce(f64::max);
        }
        let mut per_day = None;
        if let Some(seconds) = seconds {
            made.float("seconds", Some(seconds));
            let (before, bytes) = sums.unzip();
            per_day = made.growth(before, bytes, seconds);
        }
        let free = disk.free(self.seen, sums.map(|(_, bytes)| bytes));
        made.whole("free_bytes", free);
        let days = free.zip(per_day.filter(|per_day| *per_day > 0.0));
        made.float("days_to_full", days.map(|(free, per_day)| free / per_day));
    }

    /// A database or a table; nothing of one that was not there.
    fn of_thing(&self, kind: &'static Kind, row: &Row, key: &Key, now: &Past) -> Option<Made> {
        let pair = self.pair(key)?;
        let database = row.text("database");
        let since = |then| self.since(kind, then, now, self.counts_on(database, then));
        let (last, day) = (since(pair.last), since(pair.day));
        let is_table = kind.is(&TABLE);
        let mut made = Made::new(if is_table { "table" } else { "database" });
        made.text("database", database);
        if is_table {
            made.text("table", row.text("table"));
        }
        let mut notes = size_of(&mut made, &day);
        made.float("rate_seconds", Some(last.seconds));
        made.float("seconds", Some(day.seconds));
        for (field, counter) in PER_SECOND.iter().filter(|(_, counter)| kind.has(counter)) {
            made.float(field, last.per_second(counter));
        }
        for (field, counter) in PER_DAY.iter().filter(|(_, counter)| kind.has(counter)) {
            made.float(field, day.per_second(counter).map(|rate| rate * DAY));
        }
        if kind.is(&DATABASE) {
            let transactions = last.per_second("commits").zip(last.per_second("rollbacks"));
            let all = transactions.map(|(commits, rollbacks)| commits + rollbacks);
            made.float("transactions_per_second", all);
        }
        if last.began_anew() || day.began_anew() {
            notes.push("its counters began anew".to_string());
        }
        made.note(&notes);
        Some(made)
    }

    /// A statement; nothing of one that was not there.
    fn of_statement(&self, row: &Row, key: &Key, now: &Past) -> Option<Made> {
        let then = self.pair(key)?.last;
        let server = counts_on(self.server_at(then.taken_at), self.server.as_ref());
        let since = self.since(&STATEMENT, then, now, server);
        let mut made = Made::new("statement");
        made.text("database", row.text("database"));
        made.text("user", row.text("user"));
        made.put("queryid", row.cell("queryid").clone());
        made.float("rate_seconds", Some(since.seconds));
        made.float("calls_per_second", since.per_second("calls"));
        let calls = since.increase("calls").filter(|calls| *calls > 0.0);
        let spent = since.increase("total_ms").zip(calls);
        made.float("mean_ms", spent.map(|(spent, calls)| spent / calls));
        if since.began_anew() {
            made.note(&["its counters began anew".to_string()]);
        }
        Some(made)
    }

    fn target(&self) -> &str {
        &self.seen.origin.target
    }

    /// The looks at a thing that it is compared with; never at another server's.
    fn pair(&self, key: &Key) -> Option<Pair<'_>> {
        self.baseline.before(key, self.now, |past| {
            let both = self.server_at(past.taken_at).zip(self.server.as_ref());
            !both.is_some_and(|(then, now)| change::is_foreign(then, now))
        })
    }

    /// The server as it was last seen at that time.
    fn server_at(&self, time: Time) -> Option<&Past> {
        let servers = self.baseline.past.get(&SERVER.only(self.target()))?;
        let place = servers.partition_point(|server| server.taken_at <= time);
        servers.get(place.checked_sub(1)?)
    }

    /// Whether the counters of a database, and of what is in it, went on since then.
    fn counts_on(&self, database: Option<&str>, then: &Past) -> bool {
        let key = DATABASE.named(self.target(), &[database]);
        let now = self.databases.get(&key);
        let mut earlier = self.baseline.past.get(&key).into_iter().flatten();
        let earlier = earlier.find(|past| past.taken_at == then.taken_at);
        let was_reset = earlier.zip(now).is_some_and(|(then, now)| {
            change::is_new(&DATABASE, then, now) || change::was_reset(&DATABASE, then, now)
        });
        !was_reset && counts_on(self.server_at(then.taken_at), self.server.as_ref())
    }

    fn seconds(&self, then: &Past) -> f64 {
        (self.now - then.taken_at).as_seconds_f64()
    }

    fn since<'a>(
        &self,
        kind: &'static Kind,
        then: &'a Past,
        now: &'a Past,
        counts_on: bool,
    ) -> Since<'a> {
        let is_anew = change::is_new(kind, then, now) || change::was_reset(kind, then, now);
        Since {
            kind,
            then,
            now,
            seconds: self.seconds(then),
            counts_on: counts_on && !is_anew,
        }
    }
}

/// Puts in how a thing has grown, if it still is the thing that it was; what happened is in the answer.
fn size_of(made: &mut Made, since: &Since) -> Vec<String> {
    let bytes = |past| since.kind.number(past, "bytes");
    let (before, now) = (bytes(since.then), bytes(since.now));
    let what = if change::is_new(since.kind, since.then, since.now) {
        "it was dropped and made anew"
    } else if change::was_rewritten(since.kind, since.then, since.now) {
        "its rows were written anew, by VACUUM FULL, CLUSTER, TRUNCATE or the like"
    } else {
        made.growth(before, now, since.seconds);
        return Vec::new();
    };
    made.whole("bytes_before", before);
    made.whole("bytes", now);
    vec![what.to_string()]
}
