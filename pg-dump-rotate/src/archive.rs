//! Is an archive whole? pg_restore reads its table of contents back from the file,
//! and the file must end where pg_dump ends the last piece of data.
//!
//! pg_restore alone would not do: to list the contents it reads no further than
//! them, so it takes an archive that was cut anywhere after them. To have it read
//! everything would cost a decompression of the whole. In all versions the data of
//! an entry ends with a length of zero, a number of five bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Stdio;

use shared::programs::{Child, Program};
use shared::{Context, Error, Result, signals};

use crate::partial::Partial;

const END: [u8; 5] = [0; 5];

/// The pg_restore that reads what this pg_dump writes, one of the same version or newer: the one
/// beside it, or else one that is found. `None` where there is none: PostgreSQL may only be
/// elsewhere, and all of an archive is read by us as well.
pub fn reader(pg_dump: &Program) -> Option<Program> {
    let name = "pg_restore";
    let major = pg_dump.version.major;
    let can_read = |program: &Program| program.version.major >= major;
    let beside = match pg_dump.is_elsewhere() {
        true => None,
        false => pg_dump.sibling(name).and_then(Program::asked).ok(),
    };
    let found = || Program::find(name, Some(major)).ok().filter(can_read);
    beside.filter(can_read).or_else(found)
}

/// An error unless the archive can be read and has an end.
pub fn check(pg_restore: &Program, archive: &Partial) -> Result<()> {
    let path = archive.path();
    let ends = archive.read().and_then(ends_with_data);
    let ends = ends.context(|| path.display().to_string())?;
    if has_data(pg_restore, &path)? && !ends {
        return Err(Error::new(
            "the archive ends in the middle of its data, although pg_dump reported success",
        ));
    }
    Ok(())
}

/// Whether the contents name any data; an error if they can't be read.
fn has_data(pg_restore: &Program, path: &Path) -> Result<bool> {
    let mut command = pg_restore.command();
    command.arg("--list").arg(path).stdout(Stdio::piped());
    let mut child = Child::spawn(command, "pg_restore")?;
    let mut has_data = false;
    for line in BufReader::new(child.stdout()?).split(b'\n') {
        has_data |= is_data(&line.context(|| "reading from pg_restore".into())?);
    }
    let finished = child.wait()?;
    signals::check()?;
    finished.success_or(|| "the archive that pg_dump wrote can't be read".into())?;
    Ok(has_data)
}

/// `3325; 0 16386 TABLE DATA public orders postgres`: the kind follows three numbers.
fn is_data(line: &[u8]) -> bool {
    let mut words = line.splitn(4, |byte| *byte == b' ');
    let is_entry = words.next().is_some_and(|id| id.ends_with(b";"));
    let kind = words.nth(2).unwrap_or_default();
    let kinds: [&[u8]; 3] = [b"TABLE DATA ", b"BLOBS ", b"BLOB DATA "];
    is_entry && kinds.iter().any(|data| kind.starts_with(data))
}

fn ends_with_data(mut file: File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let mut end = [1; END.len()];
    if length >= END.len() as u64 {
        file.seek(SeekFrom::End(-(END.len() as i64)))?;
        file.read_exact(&mut end)?;
    }
    Ok(end == END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_told_from_what_is_only_called_so() {
        for (line, expected) in [
            ("3325; 0 16386 TABLE DATA public orders postgres", true),
            ("3340; 0 0 BLOBS - BLOBS ", true),
            ("3341; 0 0 BLOB DATA - 16400..16401 postgres", true),
            ("214; 1259 16386 TABLE public orders postgres", false),
            ("214; 1259 16386 TABLE public TABLE DATA postgres", false),
            ("3342; 0 0 STATISTICS DATA public orders postgres", false),
            (
                "3343; 0 16388 MATERIALIZED VIEW DATA public m postgres",
                false,
            ),
            (";     Format: CUSTOM TABLE DATA ", false),
            ("", false),
        ] {
            assert_eq!(is_data(line.as_bytes()), expected, "{line}");
        }
    }
}
