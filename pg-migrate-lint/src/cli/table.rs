//! The flags, and what the help and the manual say.

use shared::cli::{Flag, Terms, Tool};

use crate::layout;

const WHAT: &str = "What to lint";
const RULES: &str = "Rules";
const SERVER: &str = "How it is run";

/// What `--help`, the man page and the completions say.
pub const TOOL: Tool = Tool::new(
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_VERSION"),
    "what a PostgreSQL migration would lock, lose or break",
)
.synopsis(&["[OPTION]... PATH...", "--list-rules", "--explain RULE"])
.description(
    "Each statement is parsed by PostgreSQL's own grammar and held against a table of what it locks, scans and \
     rewrites. Files are read in the order of their names, and what earlier ones made is known to later ones: a \
     new table is nobody's yet, a validated CHECK makes SET NOT NULL cheap. A table that none of them makes is taken \
     for one in use. An error blocks others for a time \
     that grows with the table, loses data or fails; a warning needs care; info is advice. \
     `-- pg-migrate-lint: ignore RULE reason` above a statement silences a rule there.",
)
.flags(&[
    Flag::value("files-from", "FILE", "lint the files that FILE names, one a line; - is stdin").group(WHAT),
    Flag::value("since", "REF|FILE", "only what is new since a commit of git, or comes after FILE").group(WHAT),
    Flag::value("baseline", "FILE", "leave out findings that an earlier run wrote to FILE as records").group(WHAT),
    Flag::value("rule", "RULE,...", "these rules or groups only").repeats().group(RULES),
    Flag::value("skip", "RULE,...", "not these").repeats().group(RULES),
    Flag::value("fail-on", "SEVERITY", "what makes the status 1 (error if not given)")
        .choices(&["error", "warning", "never"])
        .group(RULES),
    Flag::value(
        "config",
        "FILE",
        "rules, severities and paths in TOML (pg-migrate-lint.toml if that is here); the command line goes before it",
    )
    .group(RULES),
    Flag::switch("list-rules", "say what each rule finds").group(RULES),
    Flag::value("explain", "RULE", "say why, with examples and the way around it").group(RULES),
    Flag::value("pg-version", "N", "the server's version, such as 16 or 14.2 (18 if not given)").group(SERVER),
    Flag::value("layout", "NAME", "whose migrations they are (auto if not given)")
        .choices(layout::NAMES)
        .group(SERVER),
    Flag::value("in-transaction", "HOW", "whether each file is run in one transaction (auto if not given)")
        .choices(&["auto", "yes", "no"])
        .group(SERVER),
])
.operands("PATH", "a file, a folder of them, or - for standard input")
.formats(&["github", "gitlab", "sarif"])
.examples(&[
    ("Is this safe?", "pg-migrate-lint migrations/0042_orders.sql"),
    (
        "In CI, as annotations of a pull request",
        "git diff --name-only main -- migrations | pg-migrate-lint --files-from - -o github",
    ),
    ("Only what blocks somebody", "pg-migrate-lint --rule locks migrations"),
    ("What to do about it", "pg-migrate-lint --explain index-not-concurrent"),
])
.found("a finding is an error, or as bad as --fail-on says")
.fields(FIELDS)
.telling(&["severity", "file", "line", "rule", "message"]);

/// The fields of a record.
const FIELDS: Terms = &[
    ("file", "which file, as it was named"),
    ("line", "where the statement begins, from 1"),
    ("column", "in characters, from 1"),
    ("end_line", "where it ends"),
    ("end_column", "behind its last character"),
    ("rule", "which rule; --explain says more"),
    ("severity", "error, warning or info"),
    ("message", "in words"),
    ("statement", "the statement"),
    ("object", "which relation or other object"),
    ("lock", "the lock that is taken on it, as pg_locks names it"),
    (
        "effect",
        "what is done to all its rows: none, scan or rewrite",
    ),
    (
        "blocks",
        "whose work waits meanwhile: none, writes or reads+writes",
    ),
    (
        "fix",
        "what to write instead, in SQL; where a statement has several commands, instead of the one that it is about",
    ),
    (
        "fix_files",
        "the same as files of the project, each a path and all of its text, where one transaction is not enough and \
         all of them, run at once, end and lead back where the migration did; else null, and fix begins with why. One \
         fix of a project has them: write those, and lint again for the next",
    ),
    (
        "elsewhere",
        "other files of which it holds as well, each with line and fingerprint, where it is said once in a run",
    ),
    (
        "fingerprint",
        "the same as long as rule, file and statement are",
    ),
];
