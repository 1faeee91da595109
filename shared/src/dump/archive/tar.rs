//! The members of a tar file as pg_dump writes it.
//!
//! Each begins with a block that has its name, its length and a checksum of the block, and
//! is filled up to a whole block; blocks of zeros end the file. All of this is read before
//! anything else is: pg_restore goes round in circles for ever in a file that was cut.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::{Context, Error, Result};

const BLOCK: u64 = 512;
/// More zeros than any program ends a tar file with.
const LONGEST_END: u64 = 1 << 20;

/// A tar file whose every member is known to be there.
#[derive(Debug)]
pub struct Tar {
    file: Arc<File>,
    members: HashMap<String, (u64, u64)>,
}

impl Tar {
    /// Walks through the file from member to member.
    ///
    /// # Errors
    /// When it can't be read, is cut, or makes no sense.
    pub fn open(path: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        let file = File::open(path).context(named)?;
        let length = file.metadata().context(named)?.len();
        let mut members = HashMap::new();
        let mut at = 0;
        loop {
            crate::signals::check()?;
            if at + BLOCK > length {
                return Err(ends_early());
            }
            let mut block = [0; BLOCK as usize];
            file.read_exact_at(&mut block, at).context(named)?;
            at += BLOCK;
            if block == [0; BLOCK as usize] {
                break;
            }
            let (name, bytes) = head(&block)?;
            let end = at
                .checked_add(bytes)
                .and_then(|end| end.checked_next_multiple_of(BLOCK));
            let end = end.filter(|end| *end <= length).ok_or_else(ends_early)?;
            if members.insert(name.clone(), (at, bytes)).is_some() {
                return Err(Error::new(format!("{name} is in the tar file twice")));
            }
            at = end;
        }
        check_end(&file, at, length).context(named)??;
        Ok(Self {
            file: Arc::new(file),
            members,
        })
    }

    /// The length of a member; `None` if there is none of this name.
    pub fn length(&self, name: &str) -> Option<u64> {
        self.members.get(name).map(|(_, length)| *length)
    }

    /// A member's bytes.
    pub fn read(&self, name: &str) -> Option<Section> {
        let (at, length) = *self.members.get(name)?;
        Some(Section {
            file: Arc::clone(&self.file),
            at,
            end: at + length,
        })
    }
}

/// A stretch of a file, which several may read at once.
#[derive(Debug)]
pub struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..wanted], self.at)?;
        if read == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += read as u64;
        Ok(read)
    }
}

/// The name and the length that a member's first block tells.
fn head(block: &[u8; BLOCK as usize]) -> Result<(String, u64)> {
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    let own: u64 = block[CHECKSUM].iter().map(|byte| u64::from(*byte)).sum();
    let blanks = u64::from(b' ') * CHECKSUM.len() as u64;
    if number(&block[CHECKSUM]) != Some(sum - own + blanks) {
        return Err(Error::new(
            "the tar file is damaged: a member's head is not what its checksum says",
        ));
    }
    let name = block[..100].split(|byte| *byte == 0).next();
    let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
    let length = number(&block[124..136])
        .ok_or_else(|| Error::new(format!("{name} in the tar file has no length")))?;
    Ok((name, length))
}

/// Octal digits, or from 8 GiB a marked byte and then the number, most significant byte first.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let low = field[field.len() - 8..].iter();
        return Some(low.fold(0, |value, byte| value << 8 | u64::from(*byte)));
    }
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

/// What follows the first block of zeros: another one at least, and nothing else.
fn check_end(file: &File, at: u64, length: u64) -> io::Result<Result<()>> {
    let left = length - at;
    if left < BLOCK {
        return Ok(Err(ends_early()));
    }
    let mut zeros = vec![0; usize::try_from(left.min(LONGEST_END)).unwrap_or(0)];
    file.read_exact_at(&mut zeros, at)?;
    Ok(
        match left <= LONGEST_END && zeros.iter().all(|byte| *byte == 0) {
            true => Ok(()),
            false => Err(Error::new("the tar file goes on behind its end")),
        },
    )
}

fn ends_early() -> Error {
    Error::new("the tar file ends early")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, content: &[u8]) -> Vec<u8> {
        let mut block = [0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..136].copy_from_slice(format!("{:011o} ", content.len()).as_bytes());
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let padding = vec![0; content.len().next_multiple_of(512) - content.len()];
        [&block[..], content, &padding].concat()
    }

    fn open(bytes: &[u8]) -> Result<Tar> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Tar::open(file.path())
    }

    fn tar() -> Vec<u8> {
        [
            member("toc.dat", b"PGDMP"),
            member("1.dat", &[b'x'; 700]),
            vec![0; 1024],
        ]
        .concat()
    }

    #[test]
    fn members_by_name() {
        let tar = open(&tar()).unwrap();
        let mut text = Vec::new();
        tar.read("1.dat").unwrap().read_to_end(&mut text).unwrap();
        assert_eq!(text, [b'x'; 700]);
        assert_eq!(tar.length("toc.dat"), Some(5));
        assert!(tar.read("2.dat").is_none());
    }

    #[test]
    fn cut_anywhere() {
        let whole = tar();
        for length in 0..whole.len() {
            assert!(open(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_bit_flipped_in_a_head() {
        let whole = tar();
        for bit in 0..8 * 512 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            // The digits of the checksum may be written in more than one way.
            if let Ok(tar) = open(&damaged) {
                assert_eq!(tar.length("toc.dat"), Some(5), "bit {bit}");
            }
        }
    }

    #[test]
    fn what_follows_the_end_is_no_part_of_it() {
        assert!(open(&[tar(), b"more".to_vec()].concat()).is_err());
        assert!(open(&[tar(), vec![0; 9 * 1024]].concat()).is_ok());
        let twice = [member("toc.dat", b""), member("toc.dat", b"")].concat();
        assert!(open(&[twice, vec![0; 1024]].concat()).is_err());
    }
}
