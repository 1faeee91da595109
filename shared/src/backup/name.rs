//! File names: `DATABASE[+LABEL]_YYYYMMDDTHHMMSSZ.EXTENSION`, and `+globals_…` for what
//! belongs to no database.
//!
//! Characters of a database's name that a file name or a shell would stumble
//! over, and `+`, are percent-encoded, so that no two databases and labels share a name.

use std::fmt;

use ::time::format_description::StaticFormatDescription;
use ::time::macros::format_description;
use ::time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::manifest::sha256;
use crate::error::{Error, Result};

const STAMP: StaticFormatDescription =
    format_description!("[year][month][day]T[hour][minute][second]Z");
const EXTENSIONS: [&str; 7] = ["sql.gz", "sql.zst", "sql.lz4", "sql", "dump", "tar", "dir"];
const MANIFEST: &str = ".manifest.json";
const CHECKSUMS: &str = ".sha256";
const GLOBALS: &str = "+globals";
const PROOF: &str = ".verified.json";
/// What the name begins with under which a proof is written until it is whole.
pub(super) const UNFINISHED_PROOF: &str = ".verified.";
/// How many letters and digits follow it.
const RANDOM: usize = 6;

/// How long a mark is.
const MARK: usize = 8;

/// The name of a backup's data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    stem: String,
    taken_at: OffsetDateTime,
    ordinal: u32,
    extension: &'static str,
}

impl Name {
    /// A name for a backup of a database, or without one of what belongs to none, begun at
    /// `taken_at`; the `extension` is `dump`, `sql`, `sql.gz`, `sql.zst`, `sql.lz4`, `tar` or
    /// `dir`.
    pub fn new(
        database: Option<&str>,
        label: Option<&str>,
        taken_at: OffsetDateTime,
        extension: &'static str,
    ) -> Self {
        let mut stem = database.map_or(GLOBALS.into(), encode);
        if let Some(label) = label {
            stem.push('+');
            stem.push_str(&encode(label));
        }
        Self {
            stem,
            taken_at: taken_at
                .checked_to_offset(UtcOffset::UTC)
                .unwrap_or(taken_at),
            ordinal: 1,
            extension,
        }
    }

    /// The name to take when this one is taken: a second backup begun in the same second.
    #[must_use]
    pub fn next(&self) -> Self {
        Self {
            ordinal: self.ordinal + 1,
            ..self.clone()
        }
    }

    /// Reads a file name; `None` when it isn't one of a backup.
    pub fn parse(file_name: &str) -> Option<Self> {
        let (rest, extension) = EXTENSIONS.iter().find_map(|extension| {
            let rest = file_name.strip_suffix(extension)?.strip_suffix('.')?;
            Some((rest, *extension))
        })?;
        let (stem, stamp) = rest.rsplit_once('_')?;
        let (stamp, ordinal) = match stamp.split_once('-') {
            Some((stamp, ordinal)) => (stamp, ordinal.parse().ok().filter(|n| *n > 1)?),
            None => (stamp, 1),
        };
        let taken_at = PrimitiveDateTime::parse(stamp, &STAMP).ok()?.assume_utc();
        if stem.is_empty() || stem.starts_with('.') {
            return None;
        }
        Some(Self {
            stem: stem.to_string(),
            taken_at,
            ordinal,
            extension,
        })
    }

    /// Database and label as the name has them: what two backups of one job share.
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// The database; `None` for what belongs to none.
    pub fn database(&self) -> Option<String> {
        self.parts().0.map(decode)
    }

    /// The label, if it has one.
    pub fn label(&self) -> Option<String> {
        self.parts().1.map(decode)
    }

    fn parts(&self) -> (Option<&str>, Option<&str>) {
        let (database, rest) = match self.stem.strip_prefix(GLOBALS) {
            Some(rest) => (None, rest.strip_prefix('+')),
            None => match self.stem.split_once('+') {
                Some((database, label)) => (Some(database), Some(label)),
                None => (Some(self.stem.as_str()), None),
            },
        };
        (database, rest)
    }

    /// When the backup was begun, to the second.
    pub fn taken_at(&self) -> OffsetDateTime {
        self.taken_at
    }

    /// Whether it is the name of a folder of files rather than of one file.
    pub fn is_folder(&self) -> bool {
        self.extension == "dir"
    }

    /// What follows the time: `dump`, `sql.gz` and so on.
    pub fn extension(&self) -> &'static str {
        self.extension
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = stamp(self.taken_at).map_err(|_| fmt::Error)?;
        write!(f, "{}_{stamp}", self.stem)?;
        if self.ordinal > 1 {
            write!(f, "-{}", self.ordinal)?;
        }
        write!(f, ".{}", self.extension)
    }
}

/// The time as names have it: `20261120T020000Z`.
pub fn stamp(time: OffsetDateTime) -> Result<String> {
    let utc = time.checked_to_offset(UtcOffset::UTC);
    utc.and_then(|utc| utc.format(&STAMP).ok())
        .ok_or_else(|| Error::new(format!("{time} is no time that a file's name can have")))
}

/// The name of the manifest of a data file.
pub fn manifest_of(file_name: &str) -> String {
    format!("{file_name}{MANIFEST}")
}

/// The name of the file for `sha256sum -c` of a data file.
pub fn checksums_of(file_name: &str) -> String {
    format!("{file_name}{CHECKSUMS}")
}

/// The name of the file that says what pg-restore-verify found.
pub fn proof_of(file_name: &str) -> String {
    format!("{file_name}{PROOF}")
}

/// The data file that what pg-restore-verify found is about.
pub fn unproof(file_name: &str) -> Option<&str> {
    visible_without(file_name, PROOF)
}

/// Whether it is the name under which a proof is written until it is whole.
pub fn is_unfinished_proof(file_name: &str) -> bool {
    let random = file_name.strip_prefix(UNFINISHED_PROOF);
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether it may be the name of a backup's data, as far as its end tells, which takes no time.
pub(super) fn may_be(file_name: &str) -> bool {
    EXTENSIONS.iter().any(|extension| {
        let rest = file_name.strip_suffix(extension);
        rest.is_some_and(|rest| rest.ends_with('.'))
    })
}

/// The data file that a manifest of this name belongs to.
pub fn unmanifest(file_name: &str) -> Option<&str> {
    visible_without(file_name, MANIFEST)
}

/// The data file that a file for `sha256sum -c` of this name belongs to.
pub fn unchecksums(file_name: &str) -> Option<&str> {
    visible_without(file_name, CHECKSUMS)
}

fn visible_without<'a>(file_name: &'a str, suffix: &str) -> Option<&'a str> {
    file_name
        .strip_suffix(suffix)
        .filter(|name| !name.is_empty() && !name.starts_with('.'))
}

/// The name under which a file is written until it is whole, or deleted once it is not: hidden,
/// and no backup's.
pub fn partial_of(file_name: &str) -> String {
    format!(".{file_name}.partial")
}

/// The name that a file hidden under this one was to get, or had.
pub fn unpartial(file_name: &str) -> Option<&str> {
    file_name.strip_prefix('.')?.strip_suffix(".partial")
}

/// The name under which the data of a backup of a part of a database is written until it is whole: its
/// mark tells which part, so that nobody takes it for another.
pub fn partial_with(file_name: &str, mark: &str) -> String {
    partial_of(&format!("{file_name}.{mark}"))
}

/// The mark of what a backup was told to pick, which are these words; `None` where it is whole.
pub fn mark_of(selection: &[String]) -> Option<String> {
    let mut mark = sha256(selection.join("\0").as_bytes());
    mark.truncate(MARK);
    Some(mark).filter(|_| !selection.is_empty())
}

/// The name and the mark, of what is hidden with one.
pub fn unmark(file_name: &str) -> (&str, Option<&str>) {
    let is_mark = |mark: &str| {
        let mut bytes = mark.bytes();
        mark.len() == MARK && bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match file_name.rsplit_once('.') {
        Some((name, mark)) if is_mark(mark) && Name::parse(name).is_some() => (name, Some(mark)),
        _ => (file_name, None),
    }
}

/// Keeps letters and digits of any script, and `_ . -` where they don't lead.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for (position, character) in text.char_indices() {
        let plain = character.is_alphanumeric()
            || character == '_'
            || (position > 0 && matches!(character, '.' | '-'));
        if plain {
            encoded.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

/// What [`encode`] has made this of; as it is where that could not have made it.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_string())
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;

    const AT: OffsetDateTime = datetime!(2026-11-20 10:39:30 UTC);

    fn name(database: &str, label: Option<&str>) -> String {
        Name::new(Some(database), label, AT, "dump").to_string()
    }

    #[test]
    fn says_database_label_and_time() {
        assert_eq!(name("app", None), "app_20261120T103930Z.dump");
        assert_eq!(
            name("app", Some("pre-migration")),
            "app+pre-migration_20261120T103930Z.dump"
        );
    }

    #[test]
    fn is_in_utc_whatever_zone_the_clock_is_in() {
        let name = Name::new(
            Some("app"),
            None,
            datetime!(2026-11-21 00:09:30 +13:30),
            "sql",
        );
        assert_eq!(name.to_string(), "app_20261120T103930Z.sql");
    }

    #[test]
    fn encodes_what_a_file_name_or_a_shell_stumbles_over() {
        assert_eq!(name("../etc", None), "%2E.%2Fetc_20261120T103930Z.dump");
        assert_eq!(name("-rf", None), "%2Drf_20261120T103930Z.dump");
        assert_eq!(
            name("a b\n%'", None),
            "a%20b%0A%25%27_20261120T103930Z.dump"
        );
        assert_eq!(name("größe", None), "größe_20261120T103930Z.dump");
    }

    #[test]
    fn no_two_jobs_share_a_name() {
        assert_ne!(name("app", Some("prod")), name("app_prod", None));
        assert_ne!(name("app", Some("prod")), name("app+prod", None));
        let globals = Name::new(None, None, AT, "dump").to_string();
        assert_eq!(globals, "+globals_20261120T103930Z.dump");
        assert_ne!(globals, name("globals", None));
        assert_ne!(globals, name("+globals", None));
    }

    #[test]
    fn reads_back_what_it_wrote() {
        for extension in EXTENSIONS {
            let first = Name::new(Some("app_prod"), Some("x"), AT, extension);
            let globals = Name::new(None, Some("x"), AT, extension);
            for name in [first.clone(), first.next(), first.next().next(), globals] {
                assert_eq!(Name::parse(&name.to_string()), Some(name));
            }
        }
        assert!(
            Name::new(Some("a"), None, AT, "sql")
                .next()
                .to_string()
                .ends_with("Z-2.sql")
        );
    }

    #[test]
    fn says_again_what_it_is_of() {
        for database in [
            "app", "a b\n%'", "größe", "../etc", "globals", "+globals", "a+b", "%41",
        ] {
            for label in [None, Some("pre-migration"), Some("a_b.c")] {
                let name = Name::parse(&name(database, label)).unwrap();
                assert_eq!(name.database().as_deref(), Some(database));
                assert_eq!(name.label().as_deref(), label);
            }
        }
        for label in [None, Some("x")] {
            let globals = Name::new(None, label, AT, "sql.gz").to_string();
            let globals = Name::parse(&globals).unwrap();
            assert_eq!(
                (globals.database(), globals.label().as_deref()),
                (None, label)
            );
        }
    }

    #[test]
    fn names_of_others_are_not_backups() {
        for other in [
            "backup.sql",
            "app_20261120.dump",
            "_20261120T103930Z.dump",
            ".app_20261120T103930Z.dump.partial",
            ".app_20261120T103930Z.dump",
            "app_20261120T103930Z.dump.manifest.json",
            "app_20261320T103930Z.dump",
            "app_20261120T103930Z-1.dump",
            "app_20261120T103930Z.dump.gpg",
            "app_20261120T103930Zdump",
        ] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_part_that_is_written_has_a_mark() {
        let name = name("app", None);
        let selection = |words: &[&str]| words.iter().map(|of| of.to_string()).collect::<Vec<_>>();
        assert_eq!(mark_of(&[]), None);
        let mark = mark_of(&selection(&["--schema-only"])).unwrap();
        let partial = partial_with(&name, &mark);
        assert_eq!(unmark(unpartial(&partial).unwrap()), (&*name, Some(&*mark)));
        assert_ne!(
            mark_of(&selection(&["--table=a", "b"])),
            mark_of(&selection(&["--table=a b"]))
        );
        for other in [
            "x.0123abcd",
            "app_20261120T103930Z.0123abcd",
            ".dump.0123abcd",
        ] {
            assert_eq!(unmark(other), (other, None));
        }
        for mark in ["0123abc", "0123abcde", "0123ABCD", "0123abcg"] {
            let other = format!("{name}.{mark}");
            assert_eq!(unmark(&other), (&*other, None));
        }
    }

    #[test]
    fn a_partial_file_is_no_backup_and_has_no_manifest() {
        let partial = partial_of(&name("app", None));
        assert_eq!(Name::parse(&partial), None);
        assert_eq!(unpartial(&partial), Some(name("app", None).as_str()));
        assert_eq!(unmark(&name("app", None)), (&*name("app", None), None));
        assert_eq!(unchecksums(&checksums_of("a")), Some("a"));
        assert_eq!(unmanifest(&partial_of(&manifest_of("a"))), None);
        assert_eq!(unmanifest(&manifest_of("a")), Some("a"));
    }
}
