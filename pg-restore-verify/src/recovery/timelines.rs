//! The timelines that a recovery follows: a standby that was promoted goes on on one of its own,
//! and the server that it left behind may have gone on as well.

use std::path::Path;

use super::archive::{Archive, Segment};
use super::{fetch, pages, target};

/// The way to the newest timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timelines {
    /// Each timeline with the place in the WAL where the next one leaves it, from the oldest.
    way: Vec<(u32, Option<u64>)>,
    /// How long a file of WAL is.
    file_bytes: u64,
}

impl Timelines {
    /// Those that a server at `start` follows to the latest one: it takes one history after the
    /// other, as long as there is the next.
    pub fn of(archive: &Archive, start: u32, file_bytes: u64) -> Self {
        let history = |timeline: u32| archive.path(&format!("{timeline:08X}.history"));
        let latest = (start.saturating_add(1)..)
            .take_while(|timeline| history(*timeline).is_some())
            .last();
        // Of one that can't be read the server tells.
        let read = latest.and_then(|latest| Some((latest, fetch::read(history(latest)?).ok()?)));
        let mut way = match &read {
            Some((_, history)) => parents(&String::from_utf8_lossy(history)),
            None => Vec::new(),
        };
        way.push((latest.unwrap_or(start), None));
        Self { way, file_bytes }
    }

    /// A file of WAL on the way that comes after this one. The folder of a server's own WAL has some
    /// that are not written yet: zeros, or an older file that waits to be written over.
    pub fn after<'a>(&'a self, archive: &'a Archive, segment: Segment) -> Option<&'a str> {
        let is_later = |name: &&str| {
            Segment::parse(name).is_some_and(|other| {
                other.place() > segment.place()
                    && self.leads_through(other)
                    && archive
                        .path(name)
                        .is_some_and(|path| self.is_begun(path, other))
            })
        };
        archive.names().find(is_later)
    }

    /// Whether it holds WAL of its place. One that can't be read may.
    fn is_begun(&self, path: &Path, segment: Segment) -> bool {
        let Ok(bytes) = fetch::read_head(path) else {
            return true;
        };
        pages::address(&bytes) == Some(segment.start(self.file_bytes))
    }

    /// The files that may hold this place, the newest timeline's first.
    pub fn files(&self, lsn: u64) -> Vec<String> {
        let file = |(id, _): &(u32, Option<u64>)| Segment::of(*id, lsn, self.file_bytes);
        let through =
            |name: &String| Segment::parse(name).is_some_and(|segment| self.leads_through(segment));
        self.way.iter().rev().map(file).filter(through).collect()
    }

    /// Whether the recovery needs this file, rather than one at its place on another timeline.
    pub fn leads_through(&self, segment: Segment) -> bool {
        let Some(at) = self.way.iter().position(|(id, _)| *id == segment.timeline) else {
            return false;
        };
        let begin = at.checked_sub(1).and_then(|before| self.way[before].1);
        let start = segment.start(self.file_bytes);
        begin.is_none_or(|begin| begin < start + self.file_bytes)
            && self.way[at].1.is_none_or(|end| start < end)
    }
}

/// The lines of a history: a timeline, and where it was left.
fn parents(history: &str) -> Vec<(u32, Option<u64>)> {
    let line = |line: &str| {
        let mut fields = line.split_whitespace();
        let timeline = fields.next()?.parse().ok()?;
        Some((timeline, Some(target::lsn(fields.next()?)?)))
    };
    history.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: u64 = 16 << 20;

    #[test]
    fn a_file_is_needed_between_the_places_where_timelines_part() {
        let mut way = parents("1\t0/5000100\tno recovery target specified\n\n3\t0/8000000\tlate\n");
        way.push((4, None));
        let timelines = Timelines {
            way,
            file_bytes: FILE,
        };
        let needed = |name: &str| timelines.leads_through(Segment::parse(name).unwrap());
        for name in [
            "000000010000000000000004",
            "000000010000000000000005.partial",
            "000000030000000000000005",
            "000000030000000000000007",
            "000000040000000000000008",
            "0000000400000001000000FF",
        ] {
            assert!(needed(name), "{name}");
        }
        for name in [
            // What the old server wrote when it had been left.
            "000000010000000000000006",
            "000000020000000000000006",
            "000000030000000000000004",
            "000000030000000000000008",
            "000000040000000000000007",
        ] {
            assert!(!needed(name), "{name}");
        }
    }
}
