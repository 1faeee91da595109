//! Whether WAL ends where the server stopped to read it, or is damaged there.
//!
//! The server's words don't tell: the file that was being written when the archive was taken ends
//! within a record as a rule, and what follows are zeros, or what an older file of WAL held.

use super::archive::Segment;
use super::pages::{Head, at, header_bytes};

/// So much of a record's end is not all zeros.
const TAIL: usize = 8;
const RECORD_HEADER: usize = 24;
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

/// Whether the server's words are about WAL that goes on after their place. `read` has the bytes
/// of the file of that name; `last` is the last that the server got.
pub fn is_damage(words: &str, last: Option<&str>, read: impl Fn(&str) -> Option<Vec<u8>>) -> bool {
    let Some(place) = Place::of(words) else {
        return true;
    };
    let name = match &place {
        Place::Page(name, _) => Some(name.as_str()),
        _ => last,
    };
    let found = name.and_then(|name| Some((Segment::parse(name)?, read(name)?)));
    let goes_on = found.and_then(|(segment, bytes)| place.goes_on(segment, &bytes));
    goes_on.unwrap_or_else(|| !words.contains("magic number 0000"))
}

impl Place {
    fn of(words: &str) -> Option<Self> {
        if let Some((_, rest)) = words.split_once(" segment ") {
            let name = rest.split([',', ' ']).next()?;
            let offset = words.rsplit_once(" offset ")?.1.trim().parse().ok()?;
            return Some(Self::Page(name.to_string(), offset));
        }
        let (high, low) = words.rsplit_once(' ')?.1.split_once('/')?;
        let part = |text| u64::from_str_radix(text, 16).ok();
        let lsn = part(high)? << 32 | part(low)?;
        Some(match words.contains("checksum") {
            true => Self::Record(lsn),
            false => Self::Header(lsn),
        })
    }

    /// Whether this WAL was written beyond; `None` where the file is another one.
    fn goes_on(&self, segment: Segment, bytes: &[u8]) -> Option<bool> {
        let head = Head::of(bytes)?;
        let page_bytes = head.page_bytes;
        let start = segment.start(head.bytes);
        // The page's own address: neither zeros nor an older file have it.
        let is_written = |page: usize| {
            let found = at(bytes, page * page_bytes + 8).map(u64::from_le_bytes);
            found == Some(start + (page * page_bytes) as u64)
        };
        let pages = bytes.len() / page_bytes;
        let (lsn, is_whole) = match self {
            Self::Page(_, offset) => return Some((offset / page_bytes..pages).any(is_written)),
            Self::Header(lsn) => (*lsn, false),
            Self::Record(lsn) => (*lsn, true),
        };
        if lsn >= start + head.bytes {
            return None;
        }
        let end = match (lsn.checked_sub(start), is_whole) {
            (Some(offset), false) => Some(usize::try_from(offset).ok()? + RECORD_HEADER),
            (Some(offset), true) => {
                let offset = usize::try_from(offset).ok()?;
                let length = u32::from_le_bytes(at(bytes, offset)?);
                end_of(bytes, page_bytes, offset, usize::try_from(length).ok()?)
            }
            // It began in the file before.
            (None, _) => {
                let left = usize::try_from(u32::from_le_bytes(at(bytes, REMAINING)?)).ok()?;
                end_of(bytes, page_bytes, header_bytes(bytes)?, left)
            }
        };
        let Some(end) = end else { return Some(true) };
        let page = end.saturating_sub(1) / page_bytes;
        let from = end.saturating_sub(if is_whole { TAIL } else { 0 });
        let from = from.max(page * page_bytes + RECORD_HEADER);
        let rest = bytes.get(from..(page + 1) * page_bytes).unwrap_or_default();
        Some(rest.iter().any(|byte| *byte != 0) || (page + 1..pages).any(is_written))
    }
}

/// Where so many bytes of a record end that are at `offset`; `None` beyond this file.
fn end_of(bytes: &[u8], page_bytes: usize, offset: usize, length: usize) -> Option<usize> {
    let (mut offset, mut left) = (offset, length);
    loop {
        let page_end = (offset / page_bytes + 1) * page_bytes;
        let taken = left.min(page_end.checked_sub(offset)?);
        left -= taken;
        if left == 0 {
            return Some(offset + taken);
        }
        offset = page_end + header_bytes(bytes.get(page_end..)?)?;
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
        is_damage(words, Some(NAME), |name| {
            (name == NAME).then(|| bytes.to_vec())
        })
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
        let words = "invalid resource manager ID 99 at 0/304100";
        let mut bytes = segment(3);
        assert!(!is_damage_in(&bytes, words));
        bytes[0x4200] = 1;
        assert!(is_damage_in(&bytes, words));
    }
}
