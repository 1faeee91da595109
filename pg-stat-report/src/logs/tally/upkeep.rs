//! What the server does by itself: connections taken, checkpoints, autovacuum.

use crate::logs::entry::Entry;
use crate::logs::groups::{Group, Kind};
use crate::logs::numbers::{after, before, clock, seconds_after, split};
use crate::logs::shape::mix;

use super::Tally;

const TAG_CONNECTION: u64 = 21;
const TAG_CHECKPOINT: u64 = 22;
const TAG_AUTOVACUUM: u64 = 23;

impl Tally {
    /// log_connections and log_disconnections. Whether the entry is of theirs.
    pub(super) fn connection(&mut self, entry: &Entry<'_>, at: Option<i64>) -> bool {
        let message = entry
            .message
            .strip_prefix(b"replication ")
            .unwrap_or(entry.message);
        if let Some(rest) = message.strip_prefix(b"disconnection: session time: ") {
            let group = self.connection_group("session", entry, at);
            group.sum.took(clock(rest).unwrap_or_default());
            self.begun.remove(&entry.pid);
            return true;
        }
        let Some(rest) = message.strip_prefix(b"connection ") else {
            return false;
        };
        let name = match rest {
            _ if rest.starts_with(b"received: ") => "received",
            _ if rest.starts_with(b"authenticated: ") => "authenticated",
            _ if rest.starts_with(b"authorized: ") => "authorized",
            _ if rest.starts_with(b"ready: ") => "ready",
            _ => return false,
        };
        self.connections.received += u64::from(name == "received");
        self.connections.authorized += u64::from(name == "authorized");
        let group = self.connection_group(name, entry, at);
        if let Some(micros) = (name == "ready").then(|| after(rest, b"total=")).flatten() {
            group.sum.took(micros);
        }
        true
    }

    fn connection_group(&mut self, name: &str, entry: &Entry<'_>, at: Option<i64>) -> &mut Group {
        let key = mix(TAG_CONNECTION, name.as_bytes());
        let make = || Group {
            name: name.into(),
            ..Group::new(Kind::Connection, entry)
        };
        let group = self.groups.get(key, make);
        group.sum.add(at);
        group
    }

    /// log_checkpoints. Whether the entry is of its.
    pub(super) fn checkpoint(&mut self, entry: &Entry<'_>, at: Option<i64>) -> bool {
        let message = entry.message;
        if message.starts_with(b"checkpoints are occurring too frequently") {
            self.checkpoint_group("too frequent", entry, at);
            return true;
        }
        if !message.starts_with(b"checkpoint ") && !message.starts_with(b"restartpoint ") {
            return false;
        }
        if let Some((_, cause)) = split(message, b"point starting: ") {
            self.cause.clear();
            self.cause.extend_from_slice(cause);
            return true;
        }
        if memchr::memmem::find(message, b"point complete").is_none() {
            return false;
        }
        let cause = String::from_utf8_lossy(&self.cause).into_owned();
        self.cause.clear();
        let name = match (cause.is_empty(), message.starts_with(b"restartpoint")) {
            (false, false) => cause,
            (true, false) => "checkpoint".into(),
            (true, true) => "restartpoint".into(),
            (false, true) => format!("restartpoint: {cause}"),
        };
        let group = self.checkpoint_group(&name, entry, at);
        group.took(entry);
        true
    }

    fn checkpoint_group(&mut self, name: &str, entry: &Entry<'_>, at: Option<i64>) -> &mut Group {
        let group = self
            .groups
            .get(mix(TAG_CHECKPOINT, name.as_bytes()), || Group {
                name: name.to_owned(),
                ..Group::new(Kind::Checkpoint, entry)
            });
        group.sum.add(at);
        group
    }

    /// log_autovacuum_min_duration. Whether the entry is of its.
    pub(super) fn autovacuum(&mut self, entry: &Entry<'_>, at: Option<i64>) -> bool {
        let Some(rest) = entry.message.strip_prefix(b"automatic ") else {
            return false;
        };
        let Some((what, rest)) = split(rest, b" of table \"") else {
            return false;
        };
        let Some(end) = memchr::memchr(b'"', rest) else {
            return false;
        };
        let is_analyze = what == b"analyze";
        let table = &rest[..end];
        let key = mix(TAG_AUTOVACUUM + u64::from(is_analyze) * 100, table);
        let group = self.groups.get(key, || Group {
            name: String::from_utf8_lossy(table).into_owned(),
            text: if is_analyze { "analyze" } else { "vacuum" }.into(),
            ..Group::new(Kind::Autovacuum, entry)
        });
        group.sum.add(at);
        group.vacuumed(what, &rest[end..]);
        if group
            .sum
            .took(seconds_after(rest, b"elapsed: ").unwrap_or_default())
        {
            group.show(entry, entry.message, b"");
        }
        true
    }
}

impl Group {
    /// What a checkpoint wrote, and how long it took.
    fn took(&mut self, entry: &Entry<'_>) {
        let message = entry.message;
        self.sum.weighed(
            after(message, b"distance=")
                .unwrap_or_default()
                .saturating_mul(1024),
        );
        let counted = [
            ("buffers", after(message, b"wrote ")),
            ("files_added", before(message, b" WAL file(s) added")),
            ("files_removed", before(message, b" removed")),
            ("files_recycled", before(message, b" recycled")),
            (
                "write_ms",
                seconds_after(message, b"write=").map(|micros| micros / 1000),
            ),
            (
                "sync_ms",
                seconds_after(message, b"sync=").map(|micros| micros / 1000),
            ),
        ];
        for (what, number) in counted {
            self.count(what, number.unwrap_or_default());
        }
        if self
            .sum
            .took(seconds_after(message, b"total=").unwrap_or_default())
        {
            self.show(entry, message, b"");
        }
    }

    /// What a vacuum removed.
    fn vacuumed(&mut self, what: &[u8], report: &[u8]) {
        if what == b"analyze" {
            return;
        }
        self.count("aggressive", u64::from(what.starts_with(b"aggressive")));
        self.count(
            "to_prevent_wraparound",
            u64::from(what.ends_with(b"to prevent wraparound")),
        );
        let lines: Vec<&[u8]> = report
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii_start)
            .collect();
        let line = |start: &[u8]| {
            lines
                .iter()
                .find(|line| line.starts_with(start))
                .copied()
                .unwrap_or_default()
        };
        let number = |line, mark: &[u8]| before(line, mark).unwrap_or_default();
        self.count("tuples_removed", number(line(b"tuples: "), b" removed"));
        self.count("pages_removed", number(line(b"pages: "), b" removed"));
        self.count(
            "dead_tuples_not_removable",
            number(line(b"tuples: "), b" are dead but not yet removable"),
        );
        self.count(
            "index_scans",
            after(report, b"index scans: ").unwrap_or_default(),
        );
    }
}
