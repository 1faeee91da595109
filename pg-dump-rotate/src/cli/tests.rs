//! What a command line means, and which make no sense.

use super::*;

fn parse(words: &[&str]) -> Result<Options> {
    let words = words.iter().map(Into::into);
    match cli::parse::<Options>(&TOOL, words)? {
        cli::Parsed::Run(options, _) => Ok(options),
        cli::Parsed::Print(_) => Err(Error::new("nothing to run")),
    }
}

#[test]
fn the_flag_table_is_sound() {
    cli::check_table::<Options>(&TOOL).unwrap();
    cli::check_fields::<crate::record::Record>(&TOOL).unwrap();
}

#[test]
fn the_order_of_selections_makes_no_difference() {
    let one = parse(&["--dir", "x", "-t", "a", "-t", "b", "-s"]).unwrap();
    let other = parse(&["--dir", "x", "-s", "-t", "b", "-t", "a", "-t", "a"]).unwrap();
    assert_eq!(one.selection, other.selection);
    assert_eq!(one.selection, ["--schema-only", "--table=a", "--table=b"]);
    let passed = parse(&["--dir", "x", "-s", "--", "--inserts"]).unwrap();
    assert_eq!(passed.selection, ["--inserts", "--schema-only"]);
}

#[test]
fn what_excludes_each_other_is_refused() {
    for (words, part) in [
        (&["--list"][..], "--dir is needed"),
        (&["--dir", "x", "--rotate"], "--rotate needs a rule"),
        (
            &["--dir", "x", "--rotate", "--keep-last", "0"],
            "--rotate needs a rule",
        ),
        (
            &["--dir", "x", "--rotate", "--keep-within", "0d"],
            "--rotate needs a rule",
        ),
        (&["--dir", "x", "--rotate", "--list"], "exclude each other"),
        (
            &["--dir", "x", "--list", "-Z", "none"],
            "--compress has no place",
        ),
        (&["--dir", "x", "--list", "-t", "a"], "--table has no place"),
        (
            &["--dir", "x", "--list", "-F", "p"],
            "--format has no place",
        ),
        (
            &["--dir", "x", "--list", "--dry-run"],
            "--dry-run has no place",
        ),
        (
            &["--dir", "x", "--list", "--", "--inserts"],
            "--inserts has no place",
        ),
        (
            &["--dir", "x", "--verify-checksums"],
            "has no place beside a backup",
        ),
        (&["--dir", "x", "--no-role-passwords"], "about --globals"),
        (
            &["--dir", "x", "--exclude-database", "a"],
            "about --all-databases",
        ),
        (
            &["--dir", "x", "--list", "--all-databases"],
            "--all-databases has no place",
        ),
        (
            &["--dir", "x", "--check", "--pg-dump", "ssh h pg_dump"],
            "--pg-dump has no place",
        ),
        (
            &[
                "--dir",
                "x",
                "--check",
                "--all-databases",
                "-d",
                "a",
                "-d",
                "b",
            ],
            "one -d",
        ),
        (
            &["--dir", "x", "-d", "a", "-d", "b", "--match", "*"],
            "--match is for one database",
        ),
        (
            &["--dir", "x", "--all-databases", "--match", "*"],
            "--match is for one database",
        ),
        (
            &["--dir", "x", "--match", "/x/*"],
            "names in --dir are meant",
        ),
        (&["--dir", "x", "--match", ""], "no file has an empty name"),
        (&["--dir", "x", "--no-digest", "--source-counts"], "nothing"),
        (&["--dir", "x", "-j", "2"], "--jobs is for"),
        (&["--dir", "x", "-b", "-B"], "exclude each other"),
        (
            &["--dir", "x", "--all-databases", "-d", "a", "-d", "b"],
            "one -d",
        ),
        (&["--dir", "x", "--", "-Fp"], "say it with --format"),
        (&["--dir", "x", "--", "-c"], "without --if-exists"),
        (
            &["--dir", "x", "--list", "--force"],
            "takes no backup, so --force",
        ),
        (
            &["--dir", "x", "--list", "--max-age", "1d"],
            "--max-age has no place beside --list",
        ),
        (
            &["--dir", "x", "--min-count", "1"],
            "--min-count has no place beside a backup",
        ),
        (
            &["--dir", "x", "--check", "--keep-last", "1"],
            "a --keep rule has no place",
        ),
        (
            &[
                "--dir",
                "x",
                "--rotate",
                "--keep-last",
                "1",
                "--verify-checksums",
            ],
            "--verify-checksums has no place beside --rotate",
        ),
        (&["--dir", "x", "-s", "-a"], "exclude each other"),
        (&["--dir", "x", "--label", "../x"], "a label is"),
        (&["--dir", "x", "--label", ""], "a label is"),
        (&["--dir", "x", "--label=-x"], "a label is"),
        (&["--dir", "x", "--keep-last", "-1"], "whole number"),
        (&["--dir", "x", "-F", "tar", "-Z", "zstd"], "not compressed"),
        (&["--dir", "x", "-j", "0"], "at least one"),
        (
            &["--dir", "x", "--label", "a", "--", "x@y"],
            "options alone",
        ),
        (
            &["--dir", "x", "--check", "--max-shrink", "120"],
            "percentage",
        ),
    ] {
        let error = parse(words).unwrap_err();
        assert!(error.to_string().contains(part), "{words:?}: {error}");
    }
}
