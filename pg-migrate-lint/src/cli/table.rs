//! The flags, and what the help and the manual say.

use shared::cli::{Flag, Kinds, Terms, Tool};

use crate::{drift, history, layout, rehearse, rollback};

const WHAT: &str = "What to lint";
const RULES: &str = "Rules";
const SERVER: &str = "How it is run";
const STATE: &str = "What a server has";
const BACK: &str = "The way back";
const DRIFT: &str = "Drift";
const REHEARSAL: &str = "What running them does";

/// What `--help`, the man page and the completions say.
pub const TOOL: Tool = Tool::new(
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_VERSION"),
    "what a PostgreSQL migration would lock, lose or break",
)
.synopsis(&[
    "[OPTION]... PATH...",
    "--status|--pending [-d CONNINFO] [OPTION]... PATH...",
    "--rollback-plan [--to VERSION] [-d CONNINFO] [OPTION]... PATH...",
    "--check-rollback [OPTION]... PATH...",
    "--drift [-d CONNINFO] [--ignore PATTERN]... [OPTION]... PATH...",
    "--rehearse [-d CONNINFO --yes-disposable] [OPTION]... PATH...",
    "--list-rules",
    "--explain RULE",
])
.description(
    "Each statement is parsed by PostgreSQL's own grammar and held against a table of what it locks, scans and \
     rewrites. Files are read in the order of their names, and what earlier ones made is known to later ones: a new \
     table is nobody's yet, a validated CHECK makes SET NOT NULL cheap. A table that none of them makes is taken for \
     one in use. An error blocks others for a time that grows with the table, loses data or fails; a warning needs \
     care; info is advice. `-- pg-migrate-lint: ignore RULE reason` above a statement silences a rule there.\n\n\
     With -d, or -h, -p or -U, that server is asked how large the tables are that findings name, which says how long \
     a statement takes there and, with --small-table, how bad it is. The environment alone asks nobody.\n\n\
     With --status and --pending nothing is linted: the framework's own history table, on the server that -d or the \
     environment names, is read and compared with the folder by the framework's own rules, checksums too. Nothing is \
     written there; SELECT on that table and USAGE on its schema are all the rights that are needed. Of names that \
     several frameworks use, the server's history says whose they are. --pending names files for psql -1: none where \
     the framework, or psql, would not run them so.\n\n\
     With --rollback-plan it is the ways back that are read, the newest first: each statement with its locks, what it \
     loses and what rules say of it, and which migrations have none. It connects only if -d or its kin is there: then \
     what is applied there is taken back, else all that is named. With --check-rollback each migration is run up, \
     down and up again on a throw-away server: what it made has to go, and rows that were there before it have to \
     stay, each by its key. One that runs programs or writes files on this machine is not run; where util-linux's \
     unshare is allowed the server has no shell and, from 15 on, no network.\n\n\
     With --drift the migrations that are applied on a server (all of them, where no history says which) are run on a \
     throw-away one of its major version, and both are compared, object by object, by pg_dump. Nothing is written to \
     the server. Invalid indexes, disabled triggers of foreign keys, other versions of extensions, materialized views \
     that can't be read and settings of the database are told too. \
     Left out are owners and rights, the framework's own tables, and extensions that the migrations don't create.\n\n\
     With --rehearse the migrations are run as their framework would run them, transaction for transaction, on a \
     throw-away server that is gone afterwards; what comes before those that were named is run first. With -d that is \
     done in the database itself, of what its history says is next: it is changed for good, and must be declared \
     disposable. What the framework would refuse, by its files or by its history there, is not run, and is an error. \
     What reaches beyond that database (roles, other databases, shared catalogs, foreign tables, files of \
     the server, replication slots) is refused before anything is run, in functions, in what runs by itself there \
     (triggers, rules, views, policies, defaults) and in strings of EXECUTE too, as far as they can be read; what \
     shows only when it runs is taken back if it wrote to a shared catalog or a foreign table, and else told at the \
     end as far as the server's roles, databases, tablespaces, settings, rights on parameters, slots, origins and \
     subscriptions differ; files and other sessions are not watched. Of each statement a record says how long it \
     took, which locks it holds until when and whose work waits for them, what it rewrote and read from end to end, \
     and whether that is what is claimed of it. Statements that refuse a transaction are watched from a second \
     session, and held up by a third for a moment so that there is something to see.",
)
.connects()
.flags(&[
    Flag::value("files-from", "FILE", "lint the files that FILE names, one a line; - is stdin").group(WHAT),
    Flag::value("since", "REF|FILE", "only what is new since a commit of git, or comes after FILE").group(WHAT),
    Flag::value("baseline", "FILE", "leave out findings that an earlier run wrote to FILE as records").group(WHAT),
    Flag::value("rule", "RULE,...", "these rules or groups only").repeats().group(RULES),
    Flag::value("skip", "RULE,...", "leave these rules or groups out").repeats().group(RULES),
    Flag::value("fail-on", "SEVERITY", "what makes the status 1 (default: error)")
        .choices(&["error", "warning", "never"])
        .group(RULES),
    Flag::value(
        "config",
        "FILE",
        "rules, severities and paths in TOML (default: pg-migrate-lint.toml, if that is here); the command line goes \
         before it",
    )
    .group(RULES),
    Flag::switch("list-rules", "say what each rule finds").group(RULES),
    Flag::value("explain", "RULE", "say why, with examples and the way around it").group(RULES),
    Flag::value(
        "pg-version",
        "N",
        "the server's version, such as 16 or 14.2 (default: that of -d, or 18); a throw-away server is of that major \
         version if it is installed (default: the newest that is; PG_BINDIR names its programs)",
    )
    .group(SERVER),
    Flag::value("layout", "NAME", "whose migrations they are (default: auto)")
        .choices(layout::NAMES)
        .group(SERVER),
    Flag::value("in-transaction", "HOW", "whether each file is run in one transaction (default: auto)")
        .choices(&["auto", "yes", "no"])
        .group(SERVER),
    Flag::value(
        "setup",
        "FILE",
        "SQL that is run on a throw-away server before the migrations: roles, schemas, extensions that others make",
    )
    .group(SERVER),
    Flag::value(
        "small-table",
        "ROWS",
        "with -d: what would take long is info on a table that has fewer rows there",
    )
    .group(SERVER),
    Flag::value(
        "rate",
        "WHAT=N,...",
        "with -d: what the server does in a second (default: bytes scan=200MB,rewrite=50MB, rows \
         index=500k,lookup=1M,write=50k)",
    )
    .repeats()
    .group(SERVER),
    Flag::switch("status", "say of each migration what the server has of it").group(STATE),
    Flag::switch(
        "pending",
        "name the files that are next, in order, for psql; none, and status 1, where that is not safe",
    )
    .group(STATE),
    Flag::value(
        "history",
        "TABLE",
        "the framework's history table, where that is not the usual one: SCHEMA.TABLE",
    )
    .group(STATE),
    Flag::switch("rollback-plan", "name what leads back, the newest first, with what it locks and loses").group(BACK),
    Flag::value("to", "VERSION", "back to this one, which stays (default: 0, nothing does)").group(BACK),
    Flag::switch("check-rollback", "run each migration up, down and up again on a throw-away server").group(BACK),
    Flag::switch("drift", "say which objects of a server are not what the migrations make of them").group(DRIFT),
    Flag::value("ignore", "PATTERN", "leave out objects, or all of a table: app.audit*, 'INDEX app.*'")
        .repeats()
        .group(DRIFT),
    Flag::switch("rehearse", "run them on a throw-away server, and say of each statement what it locked and did").group(REHEARSAL),
    Flag::switch("yes-disposable", "run them in the database of -d: it may be spoilt").group(REHEARSAL),
    Flag::switch(
        "yes-disposable-server",
        "the same, and so may all of its server: roles, other databases",
    )
    .group(REHEARSAL),
    Flag::switch(
        "background-load",
        "have the tables read and written meanwhile, and say how long that had to wait",
    )
    .group(REHEARSAL),
    Flag::value(
        "timeout",
        "DURATION",
        "end a statement that takes longer, of --check-rollback and --drift too (default: 5m; 0: never)",
    )
    .group(REHEARSAL),
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
    ("How long would that take there?", "pg-migrate-lint -d app --small-table 10k migrations"),
    ("Is the server what the folder says?", "pg-migrate-lint --status -d app migrations"),
    (
        "Run what is next, a transaction each, up to the first that fails",
        "pg-migrate-lint --pending -d app migrations > next && \
         jq -r '\"psql -X -1 -v ON_ERROR_STOP=1 -d app -f \" + (.file | @sh)' next | sh -e",
    ),
    (
        "What would going back to 0041 lose?",
        "pg-migrate-lint --rollback-plan --to 0041 migrations | jq -r '.loses[]'",
    ),
    ("Does every way back lead back?", "pg-migrate-lint --check-rollback --since main migrations"),
    ("Has somebody changed production by hand?", "pg-migrate-lint --drift -d app migrations"),
    (
        "What blocks whom, and for how long, on a server that is gone afterwards",
        "pg-migrate-lint --rehearse migrations | jq -c 'select(.blocks != \"none\")'",
    ),
    ("What to do about it", "pg-migrate-lint --explain index-not-concurrent"),
])
.found(
    "a finding, or what became of a migration, is an error, or as bad as --fail-on says; a check failed; objects \
     differ; a rehearsed statement failed, or did not do what is claimed of it",
)
.fields(FIELDS)
.telling(&["severity", "file", "line", "rule", "message"])
.kinds(KINDS)
.variables(&[
    (
        "PG_BINDIR",
        "the folder of PostgreSQL's programs, whose version is that of a throw-away server. If it is not set, they are \
         looked for on PATH, where pg_config points to, and where distributions put them \
         (/usr/lib/postgresql/15/bin, /usr/pgsql-15/bin, …): those of the major version of --pg-version, with --drift \
         of the server's, else the newest",
    ),
    ("TMPDIR", "where a throw-away server's data lies (/tmp)"),
])
.files(&[(
    "pg-migrate-lint.toml",
    "rules, severities and paths, where it is in the folder of the run; --config names another",
)])
.see_also(&["pg-lock-kill(1)", "pg-dump-rotate(1)", "psql(1)"]);

/// Records that are no findings.
const KINDS: Kinds = &[
    (
        "--status and --pending",
        "One record for each migration; of --pending, for each that is next.",
        history::FIELDS,
    ),
    (
        "--rollback-plan",
        "One record for each statement on the way back, and for each migration that has nothing to run there.",
        rollback::FIELDS,
    ),
    (
        "--check-rollback",
        "One record for each check of a migration, or for each thing that it found.",
        rollback::CHECKED_FIELDS,
    ),
    (
        "--drift",
        "One record for each object that is not what the migrations make of it.",
        drift::FIELDS,
    ),
    (
        "--rehearse",
        "One record for each statement of what was asked for.",
        rehearse::FIELDS,
    ),
];

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
        "rows",
        "about how many rows the table has on the server that -d names, with its partitions; else null",
    ),
    (
        "bytes",
        "what it takes there, with what is stored out of line",
    ),
    ("index_bytes", "what its indexes take"),
    (
        "partitions",
        "how many partitions it has, or tables that inherit from it and are concerned",
    ),
    (
        "writes_per_second",
        "rows inserted, updated and deleted there, on average since the server's statistics were reset; null where it \
         is not known when that was, and on a standby",
    ),
    (
        "estimated_seconds",
        "how long the scan, the rewrite or the build of an index takes there, by --rate and once it has its locks",
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
        "other places of which it holds as well, each with file, line, object, fix and fingerprint: what has the same \
         consequence is said once in a file, and what is about how migrations are run once in a run",
    ),
    (
        "fingerprint",
        "the same as long as rule, file and statement are",
    ),
];
