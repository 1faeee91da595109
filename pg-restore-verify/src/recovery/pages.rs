//! The records in a file of WAL, as far as they have to be known before a server replays it.
//!
//! Replaying `CREATE TABLESPACE '/srv/fast'` makes the server write to /srv/fast of *this*
//! machine, which may be where the live server of the backup has its files. So whatever is
//! replayed is looked through for it first (access/xlog_internal.h and xlogrecord.h, whose
//! layout has been the same since PostgreSQL 9.5).

const LONG_HEADER: u16 = 0x0002;
const RECORD_HEADER: usize = 24;
/// The resource manager of tablespaces, and what it calls their creation.
const TABLESPACE: u8 = 5;
const CREATE: u8 = 0x00;
/// Before the path: the record's header, the kind and length of what follows, the number.
const BEFORE_PATH: usize = RECORD_HEADER + 2 + 4;
/// A path has no more than 1024 bytes.
const LONGEST_RECORD: usize = 2048;

/// The beginning of a file of WAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Which server wrote it.
    pub system: u64,
    /// How long the file is.
    pub bytes: u64,
    /// And a page of it.
    pub page_bytes: usize,
}

impl Head {
    /// `None` where the bytes begin no file of WAL.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let info = u16::from_le_bytes(at(bytes, 2)?);
        let head = Self {
            system: u64::from_le_bytes(at(bytes, 24)?),
            bytes: u32::from_le_bytes(at(bytes, 32)?).into(),
            page_bytes: u32::from_le_bytes(at(bytes, 36)?).try_into().ok()?,
        };
        let sound = info & LONG_HEADER != 0
            && head.bytes.is_power_of_two()
            && (1 << 20..=1 << 30).contains(&head.bytes)
            && head.page_bytes.is_power_of_two()
            && (1 << 10..=1 << 16).contains(&head.page_bytes);
        sound.then_some(head)
    }
}

/// Looks through file after file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Records {
    /// What is known of the record that is being read, no more of it than is needed.
    known: Vec<u8>,
    left: usize,
    /// Where it begins in the file that is looked through; `None` if a file before that began it.
    begin: Option<usize>,
}

/// A tablespace that is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// In this directory.
    pub directory: String,
    /// By a record that begins here in the file; `None` if the file before began it.
    pub offset: Option<usize>,
}

impl Records {
    /// The first tablespace that is created in this file, which begins at `start` in the WAL, or in
    /// the record that the file before began.
    pub fn tablespace(&mut self, start: u64, segment: &[u8]) -> Option<Creation> {
        let head = Head::of(segment)?;
        let mut found = None;
        for (number, page) in segment.chunks(head.page_bytes).enumerate() {
            let offset = number * head.page_bytes;
            // No server reads on in what an older file held whose place this one takes.
            if address(page) != Some(start + offset as u64) {
                break;
            }
            let Some(creation) = self.page(page, offset) else {
                break;
            };
            found = found.or(creation);
        }
        self.begin = None;
        found
    }

    /// `None` at the end of what was written.
    #[allow(clippy::option_option)]
    fn page(&mut self, page: &[u8], offset: usize) -> Option<Option<Creation>> {
        let mut place = header_bytes(page)?;
        if u16::from_le_bytes(at(page, 0)?) == 0 {
            return None;
        }
        let continued = usize::try_from(u32::from_le_bytes(at(page, 16)?)).ok()?;
        if continued != self.left {
            // What came before is not what this continues, or was not seen: no header of any kind.
            self.known = vec![0xff; RECORD_HEADER];
            self.left = continued;
        }
        let mut found = None;
        loop {
            if self.left == 0 {
                place = usize::next_multiple_of(place, 8);
                let Some(length) = at(page, place).map(u32::from_le_bytes) else {
                    return Some(found);
                };
                if length == 0 {
                    return Some(found);
                }
                self.left = usize::try_from(length).ok()?;
                self.known.clear();
                self.begin = Some(offset + place);
            }
            let rest = page.get(place..).unwrap_or_default();
            let taken = &rest[..rest.len().min(self.left)];
            if taken.is_empty() {
                return Some(found);
            }
            self.take(taken);
            place += taken.len();
            if self.left == 0 {
                found = found.or(self.creation());
                self.known.clear();
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.left -= bytes.len();
        let header = RECORD_HEADER
            .saturating_sub(self.known.len())
            .min(bytes.len());
        self.known.extend_from_slice(&bytes[..header]);
        if self.creates_tablespace() {
            let room = LONGEST_RECORD.saturating_sub(self.known.len());
            let rest = &bytes[header..];
            self.known.extend_from_slice(&rest[..rest.len().min(room)]);
        }
    }

    fn creates_tablespace(&self) -> bool {
        let kind = self.known.get(16..18);
        self.known.len() >= RECORD_HEADER
            && kind.is_some_and(|kind| kind[0] & 0xf0 == CREATE && kind[1] == TABLESPACE)
    }

    /// Without a path it is within the data.
    fn creation(&self) -> Option<Creation> {
        if !self.creates_tablespace() {
            return None;
        }
        let path = self.known.get(BEFORE_PATH..)?;
        // A longer record has its length in four bytes, not one.
        let start = path.iter().position(|byte| *byte == b'/')?;
        let path = path[start..].split(|byte| *byte == 0).next()?;
        Some(Creation {
            directory: String::from_utf8_lossy(path).into_owned(),
            offset: self.begin,
        })
    }
}

/// The place in the WAL that a page says it has.
pub fn address(page: &[u8]) -> Option<u64> {
    at(page, 8).map(u64::from_le_bytes)
}

/// How long the header of this page is.
pub fn header_bytes(page: &[u8]) -> Option<usize> {
    let info = u16::from_le_bytes(at(page, 2)?);
    Some(if info & LONG_HEADER != 0 { 40 } else { 24 })
}

/// The bytes at a place.
pub fn at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..place + N)?.try_into().ok()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    const FILE: usize = 1 << 20;
    const PAGE: usize = 8192;

    /// Two files of WAL with these records, the first and second of all.
    pub fn files(records: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut wal = Vec::new();
        for record in records {
            wal.resize(wal.len().next_multiple_of(8), 0);
            let mut left = &record[..];
            while !left.is_empty() {
                if wal.len() % PAGE == 0 {
                    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
                    let is_first = wal.len() % FILE == 0;
                    let mut header = vec![0; if is_first { 40 } else { 24 }];
                    header[0] = 0x10;
                    let address = (FILE + wal.len()) as u64;
                    header[8..16].copy_from_slice(&address.to_le_bytes());
                    if left.len() < record.len() {
                        header[16..20].copy_from_slice(&number(left.len()));
                    }
                    if is_first {
                        header[2] = 2;
                        header[32..36].copy_from_slice(&number(FILE));
                        header[36..40].copy_from_slice(&number(PAGE));
                    }
                    wal.extend(header);
                }
                let room = PAGE - wal.len() % PAGE;
                let (now, later) = left.split_at(room.min(left.len()));
                wal.extend_from_slice(now);
                left = later;
            }
        }
        wal.resize(2 * FILE, 0);
        wal.chunks(FILE).map(<[u8]>::to_vec).collect()
    }

    fn record(length: usize, manager: u8) -> Vec<u8> {
        let mut record = vec![0; length];
        record[..4].copy_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
        record[17] = manager;
        record
    }

    /// A tablespace's.
    pub fn creation() -> Vec<u8> {
        let mut record = record(BEFORE_PATH + 40, TABLESPACE);
        record[BEFORE_PATH..BEFORE_PATH + 10].copy_from_slice(b"/srv/fast\0");
        record
    }

    /// One that leaves so many bytes in the first file.
    pub fn filler(left: usize) -> Vec<u8> {
        record(FILE - 24 * (FILE / PAGE) - 16 - left, 10)
    }

    #[test]
    fn a_tablespace_is_seen_wherever_its_record_is_divided() {
        let creates = creation();
        for before in (0..creates.len()).step_by(8) {
            let [first, second] = &files(&[filler(before), creates.clone()])[..] else {
                panic!("two files");
            };
            let mut records = Records::default();
            let (start, next) = (FILE as u64, 2 * FILE as u64);
            let found = records.tablespace(start, first);
            assert_eq!(found, None, "{before}");
            let found = records.tablespace(next, second).unwrap();
            assert_eq!(found.directory, "/srv/fast", "{before}");
            let begins_there = (before == 0).then_some(40);
            assert_eq!(found.offset, begins_there, "{before}");
        }
        let [first, _] = &files(&[filler(creates.len() + 8), creates])[..] else {
            panic!("two files");
        };
        let found = Records::default().tablespace(FILE as u64, first);
        assert!(found.unwrap().offset.is_some());
    }
}
