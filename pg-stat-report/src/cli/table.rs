//! The flags, and what the help and the manual say.

use shared::cli::{Flag, Kinds, Terms, Tool};

use crate::output::nagios;
use crate::section::COMMON;
use crate::sections::SECTIONS;

const WHAT: &str = "What to look at";
const JUDGING: &str = "Judging";
const LOGS: &str = "The server's log";
const TIME: &str = "Between two runs";
const PATIENCE: &str = "How long";

/// What `--help`, the man page and the completions say.
pub const TOOL: Tool = Tool::new(
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_VERSION"),
    "judge the state of a PostgreSQL server, and show it as rows",
)
.synopsis(&["[OPTION]... [checks]", "[OPTION]... SECTION..."])
.description(
    "Without a section it judges: one record for each finding, and one for each check that found \
     nothing, the worst first; the remedy is SQL for psql, or a comment where a person must \
     decide. What could not be seen is unknown, never ok. With sections it shows their rows. It only \
     reads, waits for no lock, and gives up a section that is slow, locked or forbidden, alone. \
     Least right: pg_monitor; --list-sections says what needs more.",
)
.flags(&[
    Flag::switch("list-sections", "say what each section answers, costs and needs").group(WHAT),
    Flag::switch("list-checks", "say what each check finds, and its thresholds").group(WHAT),
    Flag::value(
        "dbname",
        "CONNINFO",
        "server and database to look at: a URL, key=value pairs or a name; several are looked at together",
    )
    .short('d')
    .repeats()
    .group("Connection"),
    Flag::switch(
        "all-databases",
        "look into every database that takes connections",
    )
    .group(WHAT),
    Flag::value(
        "jobs",
        "N",
        "look into N databases of a server at once, with a connection each (default: 2), and at N of several -d (default: 8); one that is silent for 2 s is waited for beside them",
    )
    .short('j')
    .group(WHAT),
    Flag::value(
        "exact",
        "N",
        "have pgstattuple read the N largest tables and B-trees of each database, instead of estimating bloat",
    )
    .group(WHAT),
    Flag::value("exact-bytes", "SIZE", "read at most this much of them in all")
        .default("1GB")
        .group(WHAT),
    Flag::value("limit", "N", "at most N rows of each section; of logs, of each kind").group(WHAT),
    Flag::value(
        "state",
        "FILE",
        "compare with the runs before, and keep this one: rates, growth, days until the disk is full, changed settings",
    )
    .group(TIME),
    Flag::value(
        "baseline",
        "FILE",
        "the same with an earlier run's records of the sections server, databases, tables, wal, queries, indexes, settings, configuration; - is stdin",
    )
    .group(TIME),
    Flag::value(
        "disk",
        "SIZE",
        "the room that data and WAL have in all, if the server is not on this machine",
    )
    .group(TIME),
    Flag::value("only", "CHECK,...", "these checks only").repeats().group(JUDGING),
    Flag::value("skip", "CHECK,...", "leave these checks out; CHECK:PATTERN leaves out objects whose name fits")
        .repeats()
        .group(JUDGING),
    Flag::value(
        "config",
        "FILE",
        "thresholds in TOML: [CHECK] and [CHECK.\"PATTERN\"] with warn, crit, skip; only, skip, fail-on, statistics-age for all; the command line goes before it",
    )
    .group(JUDGING),
    Flag::value(
        "warn",
        "CHECK=VALUE",
        "warn from this value on; CHECK:PATTERN=VALUE for objects whose name fits; never for not at all",
    )
    .repeats()
    .group(JUDGING),
    Flag::value("crit", "CHECK=VALUE", "call it critical from this value on")
        .repeats()
        .group(JUDGING),
    Flag::value(
        "statistics-age",
        "DURATION",
        "how long nobody must have used an index before it is called unused, and how long it must be known to be there before its remedy is live SQL (default: 7d)",
    )
    .group(JUDGING),
    Flag::value(
        "fail-on",
        "STATUS",
        "what makes the status 1 (default: critical); what is unknown makes it 2 otherwise, but for never, and for what no role could see from here",
    )
    .choices(&["critical", "warning", "unknown", "never"])
    .group(JUDGING),
    Flag::value("ram", "SIZE", "the memory of the server's machine, for advice on settings")
        .group(JUDGING),
    Flag::value(
        "instances",
        "N",
        "how many instances an application has: advice says how large the pool of each may be",
    )
    .group(JUDGING),
    Flag::value(
        "log",
        "FILE",
        "the server's log, for the checks that judge it and the section logs; - is stdin, where these read without it",
    )
    .group(LOGS),
    Flag::value(
        "log-format",
        "FORMAT",
        "what the log is written in; otherwise its looks tell",
    )
    .choices(&["stderr", "csvlog", "jsonlog"])
    .group(LOGS),
    Flag::value(
        "log-line-prefix",
        "PREFIX",
        "the server's log_line_prefix, if the log's looks do not tell",
    )
    .group(LOGS),
    Flag::value("timeout", "DURATION", "time for each section, and for connecting unless connect_timeout is given")
        .default("10s")
        .group(PATIENCE),
    Flag::value("deadline", "DURATION", "time for the whole run").group(PATIENCE),
])
.connects()
.operands("SECTION", "what to show; --list-sections says what there is; - is logs")
.formats(&["nagios", "openmetrics"])
.refuse(nagios::refuse_usage)
.examples(&[
    ("What is wrong, or may soon be?", "pg-stat-report -d app -o table"),
    ("Does it answer? Status 1 if not", "pg-stat-report ping -d app"),
    (
        "The statements that took longest, and what failed, by the server's log",
        "pg-stat-report logs --limit 10 -o table < postgresql.log",
    ),
    (
        "As a plugin of Nagios: status 0, 1, 2 or 3",
        "pg-stat-report -d app --warn connections=70% -o nagios",
    ),
])
.found("a check is critical, or as bad as --fail-on says; the server does not answer to ping")
.fields(FIELDS)
.kinds(KINDS)
.files(&[
    ("FILE of --state", "what earlier runs saw, replaced by each run as a whole"),
    ("FILE of --config", "thresholds, in TOML"),
])
.see_also(&["pg-lock-kill(1)", "pg-dump-rotate(1)", "psql(1)"])
.telling(&["status", "check", "object", "message"]);

/// The rows of each section, and first what is in all of them.
const KINDS: Kinds = &{
    let every = "The rows of every section begin with these fields, and go on with its own.";
    let mut kinds = [("Sections", every, COMMON); SECTIONS.len() + 1];
    let mut number = 0;
    while number < SECTIONS.len() {
        let section = SECTIONS[number];
        kinds[number + 1] = (section.name, section.answers, section.fields);
        number += 1;
    }
    kinds
};

/// The fields of a check's record.
const FIELDS: Terms = &[
    ("check", "which check; --list-checks names them"),
    (
        "status",
        "ok, warning, critical, or unknown: it could not be seen",
    ),
    (
        "object",
        "what it is about, if not the server or the database as such",
    ),
    ("database", "where, if the check is asked in each database"),
    ("value", "how much"),
    (
        "unit",
        "of what: ratio, seconds, bytes or count; state: of nothing, and no threshold moves what it finds",
    ),
    ("warn", "from which value on it is a warning"),
    ("crit", "from which value on it is critical"),
    ("message", "in words"),
    (
        "remedy",
        "what helps, as SQL for psql; a comment where a person must decide",
    ),
    ("unseen", "what the check does not look at"),
    ("target", "which server, as host:port"),
    ("taken_at", "when it was looked at"),
];
