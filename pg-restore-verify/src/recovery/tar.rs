//! Unpacks a tar file as it streams by: of pg_basebackup, or of tar itself.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use shared::cluster::Owner;
use shared::{Error, Result, signals};

use super::base::Damage;
use super::copy::write;
use super::room::ensure_room;

const BLOCK: usize = 512;
/// Names and attributes that take a member of their own are no longer than this.
const LONGEST: u64 = 1 << 20;
/// What is written before the room that is left is looked at again.
const STEP: u64 = 64 << 20;

/// What stops the unpacking.
enum Stop {
    Damage(Damage),
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

type Step<T> = std::result::Result<T, Stop>;

/// Writes every folder and file to where `place` says, or nowhere. Links are passed over: those
/// of tablespaces lead to another server's files.
pub fn extract(
    input: impl Read,
    place: impl Fn(&Path, bool) -> Option<PathBuf>,
    owner: Owner,
) -> Result<std::result::Result<(), Damage>> {
    let mut unpacking = Unpacking {
        input,
        owner,
        long_name: None,
        long_size: None,
        unseen: STEP,
    };
    match unpacking.run(&place) {
        Ok(()) => Ok(Ok(())),
        Err(Stop::Damage(damage)) => Ok(Err(damage)),
        Err(Stop::Error(error)) => Err(error),
    }
}

struct Unpacking<R> {
    input: R,
    owner: Owner,
    long_name: Option<String>,
    long_size: Option<u64>,
    /// What was written since the room was looked at.
    unseen: u64,
}

impl<R: Read> Unpacking<R> {
    fn run(&mut self, place: &impl Fn(&Path, bool) -> Option<PathBuf>) -> Step<()> {
        loop {
            signals::check()?;
            let mut head = [0; BLOCK];
            self.fill(&mut head)?;
            if head == [0; BLOCK] {
                return self.read_to_the_end();
            }
            check_sum(&head)?;
            let size = number(&head[124..136])?;
            match head[156] {
                b'L' => self.long_name = Some(self.text(size)?),
                b'x' => self.attributes(size)?,
                b'g' | b'K' => drop(self.text(size)?),
                kind => self.member(&head, kind, size, place)?,
            }
        }
    }

    fn member(
        &mut self,
        head: &[u8; BLOCK],
        kind: u8,
        size: u64,
        place: &impl Fn(&Path, bool) -> Option<PathBuf>,
    ) -> Step<()> {
        let name = self.long_name.take().unwrap_or_else(|| short_name(head));
        let size = self.long_size.take().unwrap_or(size);
        let path = safe(&name).ok_or_else(|| Stop::Damage(format!("a member called {name:?}")))?;
        match kind {
            b'5' => {
                let target = place(&path, true);
                if let Some(target) = target.filter(|target| !target.exists()) {
                    self.make_parents(&target)?;
                    self.owner.make_folder(&target)?;
                }
                Ok(())
            }
            b'0' | 0 | b'7' => match place(&path, false) {
                Some(target) => {
                    self.make_parents(&target)?;
                    self.write_file(&target, size)
                }
                None => self.skip(size),
            },
            b'1' | b'2' => self.skip(size),
            other => Err(Stop::Damage(format!(
                "{name}: a member of kind {:?}",
                char::from(other)
            ))),
        }
    }

    fn make_parents(&self, target: &Path) -> Result<()> {
        let parents: Vec<&Path> = target
            .ancestors()
            .skip(1)
            .take_while(|p| !p.exists())
            .collect();
        parents
            .into_iter()
            .rev()
            .try_for_each(|parent| self.owner.make_folder(parent))
    }

    fn write_file(&mut self, target: &Path, size: u64) -> Step<()> {
        if fs::symlink_metadata(target).is_ok() {
            let damage = format!("{} is there twice", target.display());
            return Err(Stop::Damage(damage));
        }
        let mut file = self.owner.make_file(target)?;
        // How much a compressed file unpacks to is known member by member only.
        self.unseen = self.unseen.saturating_add(size);
        if self.unseen >= STEP {
            ensure_room(target.parent().unwrap_or(target), size)?;
            self.unseen = 0;
        }
        self.pass(size, |bytes| write(&mut file, bytes, target))
    }

    fn skip(&mut self, size: u64) -> Step<()> {
        self.pass(size, |_| Ok(()))
    }

    fn text(&mut self, size: u64) -> Step<String> {
        if size > LONGEST {
            return Err(Stop::Damage("a name without end".into()));
        }
        let mut text = Vec::new();
        self.pass(size, |bytes| {
            text.extend_from_slice(bytes);
            Ok(())
        })?;
        let text = String::from_utf8_lossy(&text);
        Ok(text.trim_end_matches('\0').to_string())
    }

    /// `LENGTH KEY=VALUE`, a line each.
    fn attributes(&mut self, size: u64) -> Step<()> {
        for line in self.text(size)?.lines() {
            match line
                .split_once(' ')
                .and_then(|(_, pair)| pair.split_once('='))
            {
                Some(("path", name)) => self.long_name = Some(name.to_string()),
                Some(("size", size)) => self.long_size = size.parse().ok(),
                _ => {}
            }
        }
        Ok(())
    }

    /// Hands the bytes of a member on, and reads on to the end of its last block.
    fn pass(&mut self, size: u64, mut take: impl FnMut(&[u8]) -> Result<()>) -> Step<()> {
        let mut buffer = vec![0; 1 << 17];
        let mut left = size;
        while left > 0 {
            signals::check()?;
            let most = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            self.fill(&mut buffer[..most])?;
            take(&buffer[..most])?;
            left -= most as u64;
        }
        let rest = size.next_multiple_of(BLOCK as u64) - size;
        let rest = usize::try_from(rest).unwrap_or_default();
        self.fill(&mut buffer[..rest])
    }

    /// The end may have a checksum of what was compressed.
    fn read_to_the_end(&mut self) -> Step<()> {
        let mut buffer = [0; BLOCK];
        loop {
            match self.input.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(unreadable(&error)),
            }
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Step<()> {
        self.input
            .read_exact(buffer)
            .map_err(|error| unreadable(&error))
    }
}

/// A decompressor that finds nonsense, or a file that ends, is damage; what the kernel refuses
/// is not.
fn unreadable(error: &io::Error) -> Stop {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::UnexpectedEof, _) => Stop::Damage("it ends early: it is cut short".into()),
        (_, None) => Stop::Damage(error.to_string()),
        (_, Some(_)) => Stop::Error(Error::new(error.to_string())),
    }
}

fn short_name(head: &[u8; BLOCK]) -> String {
    let text = |bytes: &[u8]| {
        let end = bytes
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    let (name, prefix) = (text(&head[..100]), text(&head[345..500]));
    // GNU's own form of a header has other things there.
    let posix = head[257..263] == *b"ustar\0";
    match posix && !prefix.is_empty() {
        true => format!("{prefix}/{name}"),
        false => name,
    }
}

/// The name as a path that can't leave the folder it is put in.
fn safe(name: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(path)
}

fn check_sum(head: &[u8; BLOCK]) -> Step<()> {
    let blank = |(at, byte): (usize, &u8)| match (148..156).contains(&at) {
        true => u64::from(b' '),
        false => u64::from(*byte),
    };
    let sum: u64 = head.iter().enumerate().map(blank).sum();
    match number(&head[148..156]) {
        Ok(stored) if stored == sum => Ok(()),
        _ => Err(Stop::Damage("it is no tar file, or damaged".into())),
    }
}

/// Octal digits, or from 8 GiB on the number itself.
fn number(field: &[u8]) -> Step<u64> {
    if field[0] & 0x80 != 0 {
        let bytes = field.iter().skip(field.len() - 8);
        return Ok(bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    }
    let text = String::from_utf8_lossy(field);
    let digits = text.trim_matches(['\0', ' ']);
    let digits = if digits.is_empty() { "0" } else { digits };
    u64::from_str_radix(digits, 8).map_err(|_| Stop::Damage("it is no tar file, or damaged".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_member_leaves_its_folder() {
        for name in ["/etc/passwd", "../x", "a/../../x"] {
            assert_eq!(safe(name), None, "{name}");
        }
        assert_eq!(safe("./base/1/2").unwrap(), Path::new("base/1/2"));
    }

    #[test]
    fn sizes_in_digits_and_beyond() {
        let digits = number(b"00000001750\0").unwrap_or_default();
        assert_eq!(digits, 1000);
        let mut large = [0; 12];
        large[0] = 0x80;
        large[7] = 2;
        assert_eq!(number(&large).unwrap_or_default(), 2 << 32);
        assert!(number(b"abc").is_err());
    }
}
