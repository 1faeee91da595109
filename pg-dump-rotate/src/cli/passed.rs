//! What follows `--`: options that pg_dump gets as they are. Refused is what would break
//! the backup or what we say to pg_dump ourselves, also where pg_dump would understand it
//! by its first letters.

use shared::{Error, Result};

/// pg_dump's options with a flag of ours, or that only we can say: the long name, the short one.
const OURS: &[(&str, Option<char>)] = &[
    ("data-only", Some('a')),
    ("blobs", Some('b')),
    ("large-objects", None),
    ("no-blobs", Some('B')),
    ("no-large-objects", None),
    ("dbname", Some('d')),
    ("exclude-schema", Some('N')),
    ("exclude-table", Some('T')),
    ("exclude-table-data", None),
    ("format", Some('F')),
    ("host", Some('h')),
    ("jobs", Some('j')),
    ("compress", Some('Z')),
    ("no-owner", Some('O')),
    ("no-password", Some('w')),
    ("no-privileges", Some('x')),
    ("no-acl", None),
    ("port", Some('p')),
    ("schema", Some('n')),
    ("schema-only", Some('s')),
    ("table", Some('t')),
    ("username", Some('U')),
];

/// What no backup is to be made with, and why.
const REFUSED: &[(&str, Option<char>, &str)] = &[
    ("file", Some('f'), "the backup is written by us, to --dir"),
    (
        "create",
        Some('C'),
        "the restore command expects a database that is there",
    ),
    ("binary-upgrade", None, "that is for pg_upgrade alone"),
    ("help", Some('?'), "that takes no backup"),
    (
        "lock-wait-timeout",
        None,
        "say it with --lock-wait before the --",
    ),
    ("no-sync", None, "a backup has to be on disk"),
    ("password", Some('W'), "nobody is there to be asked"),
    ("snapshot", None, "the snapshot is ours"),
    ("strict-names", None, "that is always on"),
    ("version", Some('V'), "that takes no backup"),
];

/// Options with a value, which must be in the same word.
const WITH_VALUE: &[&str] = &[
    "encoding",
    "exclude-extension",
    "exclude-table-and-children",
    "exclude-table-data-and-children",
    "extension",
    "extra-float-digits",
    "filter",
    "include-foreign-data",
    "restrict-key",
    "role",
    "rows-per-insert",
    "section",
    "superuser",
    "sync-method",
    "table-and-children",
];
const SHORT_WITH_VALUE: &str = "eES";

/// An error unless pg_dump may be given this word. It quotes no value: that may be a secret.
pub fn check(word: &str) -> Result<()> {
    let (shown, refused) = match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(""), _) | (_, None | Some("")) => ("that".into(), Some(ONE_WORD.into())),
        (Some(long), _) => {
            let name = long.split('=').next().unwrap_or_default();
            (format!("--{name}"), long_refused(long))
        }
        (None, Some(letters)) => match letters_refused(letters) {
            Some((letter, why)) => (format!("-{letter}"), Some(why)),
            None => return Ok(()),
        },
    };
    match refused {
        None => Ok(()),
        Some(why) => Err(Error::usage(format!(
            "pg_dump can't be given {shown}: {why}"
        ))),
    }
}

/// Whether it is the key of psql's restricted mode, also where pg_dump would understand it by its
/// first letters. It may be another each time, and is nobody's to see.
pub fn is_key(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    name.starts_with("--re") && "--restrict-key".starts_with(name)
}

/// An error unless these can be given together.
pub fn check_all(words: &[String]) -> Result<()> {
    let is_clean = |word: &&String| match word.strip_prefix("--") {
        Some(long) => long == "clean",
        None => options_of(word).any(|letter| letter == 'c'),
    };
    match words.iter().any(|word| is_clean(&word)) && !words.iter().any(|w| w == "--if-exists") {
        true => Err(
            Error::usage("pg_dump can't be given --clean without --if-exists")
                .with_hint("a restore into an empty database would fail"),
        ),
        false => Ok(()),
    }
}

/// The letters of a word of short options, up to one that takes the rest as its value.
fn options_of(word: &str) -> impl Iterator<Item = char> {
    let letters = word.trim_start_matches('-');
    let end = letters.find(|letter| SHORT_WITH_VALUE.contains(letter));
    letters[..end.unwrap_or(letters.len())].chars()
}

const ONE_WORD: &str =
    "options alone follow the --, each in one word with its value: --section=data";

fn long_refused(text: &str) -> Option<String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let known = OURS.iter().map(|(long, _)| (*long, None));
    let known = known.chain(REFUSED.iter().map(|(long, _, why)| (*long, Some(*why))));
    // An exact name first: "table" is also what "tab" stands for, but "schema" is no "schema-only".
    let exact = known.clone().find(|(long, _)| *long == name);
    match exact.or_else(|| known.clone().find(|(long, _)| long.starts_with(name))) {
        Some((long, why)) => Some(why.map_or_else(|| ours(long), str::to_string)),
        None if WITH_VALUE.contains(&name) && value.is_none() => Some(ONE_WORD.into()),
        None => None,
    }
}

fn letters_refused(letters: &str) -> Option<(char, String)> {
    for (position, letter) in letters.char_indices() {
        if let Some((long, _)) = OURS.iter().find(|(_, short)| *short == Some(letter)) {
            return Some((letter, ours(long)));
        }
        if let Some((_, _, why)) = REFUSED.iter().find(|(_, short, _)| *short == Some(letter)) {
            return Some((letter, (*why).to_string()));
        }
        if SHORT_WITH_VALUE.contains(letter) {
            let has_value = position + letter.len_utf8() < letters.len();
            return (!has_value).then(|| (letter, ONE_WORD.into()));
        }
    }
    None
}

fn ours(long: &str) -> String {
    let flag = match long {
        "large-objects" => "blobs",
        "no-large-objects" => "no-blobs",
        "no-acl" => "no-privileges",
        long => long,
    };
    format!("say it with --{flag} before the --")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_refused_however_it_is_written() {
        for word in [
            "--format=p",
            "--forma=p",
            "--fo",
            "-Fp",
            "-vFp",
            "--file=x",
            "--fil=x",
            "-fx",
            "--jobs=4",
            "-j4",
            "--dbname=x",
            "--db=x",
            "-dx",
            "--password",
            "--pass",
            "-W",
            "--snapshot=x",
            "--schema=x",
            "--schema",
            "--schema-only",
            "-s",
            "--table=x",
            "--tab=x",
            "--create",
            "-C",
            "-cC",
            "--lock-wait-timeout=1",
            "--lock",
            "--no-large-objects",
            "--no-p",
            "x",
            "--",
            "-",
            "",
            "app",
            "-e",
            "--section",
            "--role",
            "-?",
            "-ve",
        ] {
            let error = check(word).unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_rest_is_pg_dumps() {
        for word in [
            "--no-comments",
            "--section=data",
            "--inserts",
            "--rows-per-insert=100",
            "--role=x",
            "-v",
            "-ecitext",
            "-ESQL_ASCII",
            "--table-and-children=x",
            "--exclude-table-and-children=x",
            "--no-tablespaces",
            "--quote-all-identifiers",
            "-vc",
            "--serializable-deferrable",
            "--filter=x",
            "--statistics",
            "--no-sy=x",
            "--something-of-pg_dump-25",
        ] {
            let expected = word == "--no-sy=x";
            assert_eq!(check(word).is_err(), expected, "{word}");
        }
    }

    #[test]
    fn what_drops_first_must_not_stumble_over_an_empty_database() {
        let words = |words: &[&str]| -> Vec<String> { words.iter().map(|w| (*w).into()).collect() };
        assert!(check_all(&words(&["--clean"])).is_err());
        assert!(check_all(&words(&["-vc"])).is_err());
        assert!(check_all(&words(&["-vc", "--if-exists", "-ecitext"])).is_ok());
        assert!(check_all(&words(&["--no-comments", "-ecitext"])).is_ok());
    }
}
