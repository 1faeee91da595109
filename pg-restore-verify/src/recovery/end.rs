//! Whether WAL ends where the server stopped to read it, or is damaged there.
//!
//! The server's words don't tell: the file that was being written when the archive was taken ends
//! within a record as a rule, and what follows are zeros, or what an older file of WAL held.

use super::archive::Segment;
use super::pages::{Head, address, at, header_bytes};
use super::target;

/// So much of a record's end is not all zeros.
const TAIL: usize = 8;
const RECORD_HEADER: usize = 24;
/// Where a record says which one it follows.
const PREVIOUS: usize = 8;
/// Where a page says how much of the record that the page before began is still to come.
const REMAINING: usize = 16;

/// The place that an error of the server's is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A page, by its file and its offset there.
    Page(String, usize),
    /// A record's header, which makes no sense.
    Header(u64),
    /// A record, whose checksum is wrong.
    Record(u64),
}

/// WAL that is damaged: in this file, where that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Damaged(pub Option<String>);

/// Whether the server's words are about WAL that goes on after their place. `files` names those that
/// may hold a place, and `read` has the bytes of one.
pub fn damaged(
    words: &str,
    files: impl Fn(u64) -> Vec<String>,
    read: impl Fn(&str) -> Option<Vec<u8>>,
) -> Option<Damaged> {
    let Some(place) = Place::of(words) else {
        return Some(Damaged(None));
    };
    let names = match &place {
        Place::Page(name, _) => vec![name.clone()],
        Place::Header(lsn) | Place::Record(lsn) => files(*lsn),
    };
    let found = names.into_iter().find_map(|name| {
        let (segment, bytes) = (Segment::parse(&name)?, read(&name)?);
        let goes_on = Written::of(segment, &bytes)?.goes_on(&place)?;
        Some((name, goes_on))
    });
    let is_usual = words.contains("magic number 0000") || words.ends_with(", got 0");
    match found {
        Some((name, goes_on)) => goes_on.then_some(Damaged(Some(name))),
        None => (!is_usual).then_some(Damaged(None)),
    }
}

impl Place {
    fn of(words: &str) -> Option<Self> {
        if let Some((_, rest)) = words.split_once(" segment ") {
            let name = rest.split([',', ' ']).next()?;
            let offset = words.rsplit_once(" offset ")?.1.trim().parse().ok()?;
            return Some(Self::Page(name.to_string(), offset));
        }
        // The last place that is named: "… prev-link 0/1 at 0/2", "… at 0/2: wanted 24, got 0".
        let mut names = words
            .rsplit(' ')
            .map(|word| word.trim_end_matches([':', ',']));
        let lsn = names.find_map(target::lsn)?;
        Some(match words.contains("checksum") {
            true => Self::Record(lsn),
            false => Self::Header(lsn),
        })
    }
}

/// A file of WAL, as far as it was written: behind that are zeros, or what an older file held whose
/// place it took.
struct Written<'a> {
    bytes: &'a [u8],
    start: u64,
    page_bytes: usize,
}

impl<'a> Written<'a> {
    fn of(segment: Segment, bytes: &'a [u8]) -> Option<Self> {
        let head = Head::of(bytes)?;
        Some(Self {
            bytes,
            start: segment.start(head.bytes),
            page_bytes: head.page_bytes,
        })
    }

    /// `None` where the place is in another file.
    fn goes_on(&self, place: &Place) -> Option<bool> {
        let (lsn, is_record) = match place {
            Place::Page(_, offset) => {
                let page = offset / self.page_bytes;
                return Some(self.any_written(page) || self.swallows(page));
            }
            Place::Header(lsn) => (*lsn, false),
            Place::Record(lsn) => (*lsn, true),
        };
        let offset = lsn.checked_sub(self.start).map(usize::try_from);
        let offset = offset.transpose().ok()?;
        if offset.is_some_and(|offset| offset >= self.bytes.len()) {
            return None;
        }
        let end = match (offset, is_record) {
            (Some(offset), false) => Some(offset + 1),
            (Some(offset), true) => {
                let length = u32::from_le_bytes(at(self.bytes, offset)?);
                self.end_of(offset, usize::try_from(length).ok()?)
            }
            // It began in the file before.
            (None, true) => {
                let left = u32::from_le_bytes(at(self.bytes, REMAINING)?);
                self.end_of(header_bytes(self.bytes)?, usize::try_from(left).ok()?)
            }
            (None, false) => return None,
        };
        let Some(end) = end else { return Some(true) };
        let page = end.saturating_sub(1) / self.page_bytes;
        if self.any_written(page + 1) {
            return Some(true);
        }
        // Who receives WAL writes over an older file byte by byte.
        if self.is_of_an_older_file(page + 1) {
            return Some(false);
        }
        let page_start = page * self.page_bytes;
        Some(match offset.filter(|offset| *offset >= page_start) {
            // The server writes whole pages, with all of a record that is in one of them.
            Some(offset) => is_record || self.any_bytes(offset, offset + RECORD_HEADER),
            None => {
                let from = end.saturating_sub(TAIL).max(page_start + RECORD_HEADER);
                self.any_bytes(from, page_start + self.page_bytes)
            }
        })
    }

    /// Whether the record that leads from the page before to this one has another within it, which
    /// says that it comes after it: its length is wrong.
    fn swallows(&self, page: usize) -> bool {
        let Some(page_start) = page.checked_sub(1).map(|page| page * self.page_bytes) else {
            return false;
        };
        let page_end = page_start + self.page_bytes;
        let number = |offset| at(self.bytes, offset).map(u32::from_le_bytes);
        let first = self.bytes.get(page_start..).and_then(header_bytes);
        let left = number(page_start + REMAINING).and_then(|left| usize::try_from(left).ok());
        let (Some(first), Some(left)) = (first, left) else {
            return false;
        };
        let mut offset = (page_start + first)
            .saturating_add(left)
            .next_multiple_of(8);
        while offset + RECORD_HEADER <= page_end {
            let length = number(offset).and_then(|length| usize::try_from(length).ok());
            let Some(length) = length.filter(|length| *length >= RECORD_HEADER) else {
                return false;
            };
            let next = offset.saturating_add(length).next_multiple_of(8);
            if next > page_end {
                let lsn = self.start + offset as u64;
                let mut within = (offset + RECORD_HEADER..page_end - RECORD_HEADER + 1).step_by(8);
                return within.any(|place| {
                    let before = at(self.bytes, place + PREVIOUS).map(u64::from_le_bytes);
                    before == Some(lsn)
                });
            }
            offset = next;
        }
        false
    }

    /// Where so many bytes of a record end that are at `offset`; `None` beyond this file.
    fn end_of(&self, offset: usize, length: usize) -> Option<usize> {
        let (mut offset, mut left) = (offset, length);
        loop {
            let page_end = (offset / self.page_bytes + 1) * self.page_bytes;
            let taken = left.min(page_end.checked_sub(offset)?);
            left -= taken;
            if left == 0 {
                return Some(offset + taken);
            }
            offset = page_end + header_bytes(self.bytes.get(page_end..)?)?;
        }
    }

    fn any_bytes(&self, from: usize, to: usize) -> bool {
        let bytes = self.bytes.get(from..to.min(self.bytes.len()));
        bytes.is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0))
    }

    /// Whether this page or a later one was written: neither zeros nor an older file have its
    /// address.
    fn any_written(&self, page: usize) -> bool {
        self.pages(page).any(|(place, said)| place == said)
    }

    fn is_of_an_older_file(&self, page: usize) -> bool {
        let length = self.bytes.len() as u64;
        let is_older = |(place, said): (u64, u64)| said < place && (place - said) % length == 0;
        self.pages(page)
            .any(|(place, said)| said != 0 && is_older((place, said)))
    }

    /// The addresses of pages from this one on, and what they themselves say.
    fn pages(&self, page: usize) -> impl Iterator<Item = (u64, u64)> + '_ {
        (page..self.bytes.len() / self.page_bytes).filter_map(|page| {
            let offset = page * self.page_bytes;
            let said = address(self.bytes.get(offset..)?)?;
            Some((self.start + offset as u64, said))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "000000010000000000000003";
    const START: u64 = 3 << 20;
    const PAGE: usize = 8192;

    /// A file of WAL with so many pages that were written.
    fn segment(pages: usize) -> Vec<u8> {
        let mut bytes = vec![0; 1 << 20];
        for page in 0..pages {
            let start = page * PAGE;
            bytes[start] = 0x10;
            bytes[start + 2] = if page == 0 { 2 } else { 0 };
            let address = START + start as u64;
            bytes[start + 8..start + 16].copy_from_slice(&address.to_le_bytes());
        }
        bytes[32..36].copy_from_slice(&(1_u32 << 20).to_le_bytes());
        bytes[36..40].copy_from_slice(&8192_u32.to_le_bytes());
        bytes
    }

    fn is_damage_in(bytes: &[u8], words: &str) -> bool {
        let files = |_| vec![NAME.to_string()];
        let found = damaged(words, files, |name| (name == NAME).then(|| bytes.to_vec()));
        if let Some(Damaged(file)) = &found {
            assert_eq!(file.as_deref(), Some(NAME));
        }
        found.is_some()
    }

    #[test]
    fn a_page_that_nothing_follows_is_the_end() {
        let bytes = segment(3);
        for words in [
            format!("invalid magic number 0000 in log segment {NAME}, offset 24576"),
            format!("invalid magic number 0000 in WAL segment {NAME}, LSN 0/306000, offset 24576"),
        ] {
            assert!(!is_damage_in(&bytes, &words), "{words}");
            // A page in the midst was zeroed.
            let mut bytes = segment(5);
            bytes[24576..24576 + PAGE].fill(0);
            assert!(is_damage_in(&bytes, &words), "{words}");
        }
        // Of an older file.
        let mut bytes = segment(4);
        bytes[24576 + 10] ^= 1;
        let words = format!("invalid info bits 0002 in log segment {NAME}, offset 24576");
        assert!(!is_damage_in(&bytes, &words));
        assert!(is_damage_in(&segment(4), &words));
    }

    #[test]
    fn a_record_that_was_cut_is_the_end() {
        let words = "incorrect resource manager data checksum in record at 0/301F00";
        let mut bytes = segment(2);
        bytes[0x1f00..0x1f04].copy_from_slice(&600_u32.to_le_bytes());
        bytes[0x1f04..0x2000].fill(7);
        bytes[0x2018..0x2020].fill(7);
        assert!(!is_damage_in(&bytes, words));
        // Its last bytes are there.
        let mut whole = bytes.clone();
        whole[0x2018..0x2018 + 600 - 0x100].fill(7);
        assert!(is_damage_in(&whole, words));
        // Another one comes after it.
        bytes[0x3000] = 1;
        assert!(is_damage_in(&bytes, words));
    }

    #[test]
    fn a_record_that_another_lies_within_is_damaged() {
        let words = format!("invalid magic number 0000 in log segment {NAME}, offset 24576");
        let mut bytes = segment(3);
        // What the page before began ends, and two records follow, the second longer than the page.
        bytes[0x4010] = 100;
        let first = 0x4018 + 104;
        bytes[first] = 32;
        let second = first + 32;
        bytes[second..second + 2].copy_from_slice(&[0x20, 0x20]);
        assert!(!is_damage_in(&bytes, &words));
        let third = second + 0x20;
        bytes[third] = 24;
        bytes[third + 8..third + 16].copy_from_slice(&(START + second as u64).to_le_bytes());
        assert!(is_damage_in(&bytes, &words));
    }

    #[test]
    fn a_record_that_makes_no_sense_is_none() {
        let mut bytes = segment(3);
        let end = "invalid record length at 0/304100: wanted 24, got 0";
        assert!(!is_damage_in(&bytes, end));
        for words in [
            "invalid resource manager ID 99 at 0/304100",
            "invalid record length at 0/304100: expected at least 24, got 8",
            "invalid record length at 0/304100: wanted 24, got 0",
            "record with incorrect prev-link 0/1 at 0/304100",
            // Its length, from 24 to 56, which only zeros follow.
            "incorrect resource manager data checksum in record at 0/304100",
        ] {
            bytes[0x4100] = 56;
            bytes[0x4110] = 1;
            assert!(is_damage_in(&bytes, words), "{words}");
            // Behind what was received is what an older file held.
            let older = START - (1 << 20) + 3 * PAGE as u64;
            bytes[3 * PAGE + 8..3 * PAGE + 16].copy_from_slice(&older.to_le_bytes());
            assert!(!is_damage_in(&bytes, words), "{words}");
            bytes[3 * PAGE + 8..3 * PAGE + 16].fill(0);
        }
        // One that no file is known of.
        let unknown = |words| damaged(words, |_| Vec::new(), |_| None);
        assert_eq!(unknown(end), None);
        let words = "invalid resource manager ID 99 at 0/304100";
        assert_eq!(unknown(words), Some(Damaged(None)));
    }
}
