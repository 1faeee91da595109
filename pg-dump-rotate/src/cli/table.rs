//! The flags, and what the help and the manual say.

use shared::cli::{Flag, Tool};

use super::manual::{FIELDS, FILES, LISTS, VARIABLES};

/// The flags and the help.
pub const TOOL: Tool = Tool::new(
    "pg-dump-rotate",
    env!("CARGO_PKG_VERSION"),
    "take PostgreSQL backups and keep the right ones",
)
.synopsis(&[
    "--dir DIR [-d CONNINFO]... [OPTION]... [-- OPTION...]",
    "--dir DIR --list [OPTION]...",
    "--dir DIR --rotate --keep-... N [OPTION]...",
    "--dir DIR --check [--max-age DURATION] [OPTION]...",
])
.description(
    "Takes a backup of one database with pg_dump and writes it to DIR, with a manifest (size, \
     SHA-256, versions, how many rows of each table and their digest) beside it. A backup has its \
     name only once it is whole, proved and on disk. Then the older ones are rotated: backups of \
     the same database of the same server, with the same label and selection, that no rule keeps \
     are deleted. Without a --keep rule, or when the dump fails, nothing is.\n\
    \n\
     Which backups stay, the rules say, as those of restic: each keeps the newest backup of so \
     many hours, days, ISO weeks, months or years that have any; one that pg-restore-verify has \
     proved goes before one that it has not. Whatever they say, the newest good one stays, and \
     the newest proved one.\n\
    \n\
     Several databases, by more than one -d or by --all-databases, and the globals are each a \
     backup of their own. One that fails stops no other: the status is 1 then, and 2 when there \
     is no backup at all. Only what was dumped is rotated.\n\
    \n\
     --check says whether there is a good backup, one as its manifest says that has not failed to \
     restore: of what -d, --globals and --all-databases name, or else of everything seen. --list \
     shows what there is; its records, as all, have the restore_command. --match adopts what \
     others made, known and proved whole by its content.\n\
    \n\
     The user has to be able to read everything: from PostgreSQL 14 a member of pg_read_all_data \
     is, save for large objects of others; where tables have row security, with BYPASSRLS. What \
     it can't read, patterns that match nothing and a disk without room are named before the dump \
     starts.\n\
    \n\
     The manual tells the rest: retention, checking, adopting, containers, files, and every \
     field.",
)
.flags(FLAGS)
.connects()
.passes(
    "PG_DUMP_OPTION",
    "an option that pg_dump gets as it is, with its value in one word; part of the selection, save for --restrict-key",
)
.examples(&[
    (
        "Every night, from cron, which mails what is on stderr and knows no PATH but what the crontab says",
        "pg-dump-rotate -d app --dir /backups --keep-daily 7 --keep-monthly 12 > backup.jsonl",
    ),
    (
        "Before a migration, apart from the nightly ones",
        "pg-dump-rotate -d app --dir /backups --label pre-migration --keep-last 5",
    ),
    (
        "Prove that the backup restores",
        "pg-dump-rotate -d app --dir /backups | pg-restore-verify -",
    ),
    (
        "Take over a folder of dumps that a script made",
        "pg-dump-rotate --dir /backups --rotate -d app --match 'db_*.dump' --keep-within 30d",
    ),
    (
        "Every database of the server, its roles and tablespaces, two at a time",
        "pg-dump-rotate --all-databases --globals -j 2 --dir /backups --keep-daily 7",
    ),
    (
        "From a container",
        "pg-dump-rotate --pg-dump 'docker compose exec -T db pg_dump' -d app --dir /backups",
    ),
    (
        "Every morning: is last night's backup there?",
        "pg-dump-rotate -d app --dir /backups --check --max-age 26h",
    ),
    (
        "The same of a whole server, which says what there has to be",
        "pg-dump-rotate -d postgres --all-databases --globals --dir /backups --check --max-age 26h --max-shrink 50%",
    ),
    (
        "Every week: every byte of every backup",
        "pg-dump-rotate --dir /backups --check --verify-checksums",
    ),
    (
        "What would be deleted",
        "pg-dump-rotate --dir /backups --rotate --keep-within 30d --dry-run -o table",
    ),
])
.telling(&[
    "action", "database", "taken_at", "bytes", "state", "label", "selection", "proved", "kept", "path", "reason",
])
.found(
    "one database of several could not be dumped, is closed or may not be connected to, an old backup not be deleted, a backup is \
     damaged, or --check found fault",
)
.fields(FIELDS)
.lists(LISTS)
.variables(VARIABLES)
.files(FILES)
.see_also(&["pg-restore-verify(1)", "pg_dump(1)", "pg_dumpall(1)", "pg_restore(1)", "psql(1)"]);

const FLAGS: &[Flag] = &[
    Flag::value(
        "dbname",
        "CONNINFO",
        "database to back up: a URL, key=value pairs or a name",
    )
    .short('d')
    .repeats()
    .group("Connection"),
    Flag::value(
        "dir",
        "DIR",
        "the folder of the backups, made if it is missing",
    )
    .group("Backup"),
    Flag::value(
        "format",
        "FORMAT",
        "an archive for pg_restore, or SQL for psql (default: custom)",
    )
    .short('F')
    .choices(&["custom", "plain", "directory", "tar", "c", "p", "d", "t"])
    .group("Backup"),
    Flag::value(
        "jobs",
        "N",
        "dump N tables of a directory, or N databases, at a time",
    )
    .short('j')
    .default("1")
    .group("Backup"),
    Flag::value(
        "compress",
        "METHOD[:LEVEL]",
        "none, gzip, zstd or lz4; the last two in archives from \
         pg_dump 16 (default: gzip for plain, else zstd:3 where pg_restore can read it and gzip where not)",
    )
    .short('Z')
    .group("Backup"),
    Flag::value(
        "label",
        "LABEL",
        "a mark such as pre-migration; each label is rotated apart",
    )
    .group("Backup"),
    Flag::value(
        "lock-wait",
        "DURATION",
        "how long to wait for a locked table; 0s waits for ever",
    )
    .default("60s")
    .group("Backup"),
    Flag::switch(
        "all-databases",
        "every database of the server, but no template; with --check they are what there has to be",
    )
    .group("Backup"),
    Flag::value(
        "exclude-database",
        "GLOB",
        "leave these out of --all-databases; * ? [a-z] as in a shell",
    )
    .repeats()
    .group("Backup"),
    Flag::switch("globals", "also the roles and tablespaces, by pg_dumpall").group("Backup"),
    Flag::switch(
        "no-role-passwords",
        "roles without their passwords, whose verifiers (which a superuser or a member of \
         pg_read_all_data reads) are in the backup otherwise",
    )
    .group("Backup"),
    Flag::value(
        "pg-dump",
        "COMMAND",
        "how to run pg_dump, as in 'docker compose exec -T db pg_dump'",
    )
    .group("Backup"),
    Flag::switch("no-digest", "don't count and digest each table's rows").group("Backup"),
    Flag::switch(
        "source-counts",
        "count every table's rows on the server too, in the dump's snapshot, and compare",
    )
    .group("Backup"),
    Flag::switch(
        "source-digest",
        "read every table's rows from the server too, in the dump's snapshot, and compare",
    )
    .group("Backup"),
    Flag::switch("force", "go on although the disk seems too small").group("Backup"),
    Flag::switch("schema-only", "definitions without rows")
        .short('s')
        .group(SELECTION),
    Flag::switch("data-only", "rows without definitions")
        .short('a')
        .group(SELECTION),
    selection("table", "only these tables").short('t'),
    selection("exclude-table", "not these tables").short('T'),
    selection("schema", "only these schemas").short('n'),
    selection("exclude-schema", "not these schemas").short('N'),
    selection("exclude-table-data", "not the rows of these tables"),
    Flag::switch("no-owner", "without who owns what")
        .short('O')
        .group(SELECTION),
    Flag::switch("no-privileges", "without who may do what")
        .short('x')
        .group(SELECTION),
    Flag::switch(
        "blobs",
        "large objects too, where a pattern would leave them out",
    )
    .short('b')
    .group(SELECTION),
    Flag::switch("no-blobs", "without large objects")
        .short('B')
        .group(SELECTION),
    keep("keep-last", "keep the newest N"),
    keep("keep-hourly", "keep one backup for each of N hours"),
    keep("keep-daily", "keep one backup for each of N days"),
    keep("keep-weekly", "keep one backup for each of N weeks"),
    keep("keep-monthly", "keep one backup for each of N months"),
    keep("keep-yearly", "keep one backup for each of N years"),
    Flag::value(
        "keep-within",
        "DURATION",
        "keep what is younger, counted from the newest backup",
    )
    .group("Rotation"),
    keep("keep-min", "keep the newest N whatever the rules say"),
    Flag::switch("utc", "hours, days and weeks are those of UTC, not of TZ").group("Rotation"),
    Flag::value(
        "match",
        "GLOB",
        "adopt the files of this name that others made, as in 'backup_*.sql.gz'; * ? [a-z] as in a \
         shell",
    )
    .repeats()
    .group("Rotation"),
    Flag::switch("dry-run", "say what would be done, change nothing").group("Rotation"),
    Flag::switch(
        "list",
        "show what is in DIR, newest first, what has a time in the future last; with -d or --globals only that, with --label one \
         label; with rules also what they would do",
    )
    .group(NO_BACKUP),
    Flag::switch(
        "rotate",
        "rotate what is in DIR, each database apart: what has no label, \
         or --label; with -d or --globals only that",
    )
    .group(NO_BACKUP),
    Flag::switch(
        "check",
        "fail when there is no good backup, or one is damaged: of each database and label seen; \
         with -d or --globals of just that, without a label or with --label, seen or not",
    )
    .group(NO_BACKUP),
    Flag::value(
        "max-age",
        "DURATION",
        "--check fails when the newest good backup is older",
    )
    .group(NO_BACKUP),
    Flag::value(
        "min-count",
        "N",
        "--check fails when there are fewer good backups",
    )
    .group(NO_BACKUP),
    Flag::value(
        "max-shrink",
        "PERCENT",
        "--check fails when the newest good backup has shrunk by more against the one before of \
         the same format and compression",
    )
    .group(NO_BACKUP),
    Flag::switch(
        "verify-checksums",
        "--list and --check read every file and compare it with its manifest; damage is noted beside it",
    )
    .group(NO_BACKUP),
];

const SELECTION: &str = "Selection (each selection is rotated apart)";
const NO_BACKUP: &str = "Without taking a backup";

const fn selection(long: &'static str, help: &'static str) -> Flag {
    Flag::value(long, "PATTERN", help)
        .repeats()
        .group(SELECTION)
}

const fn keep(long: &'static str, help: &'static str) -> Flag {
    Flag::value(long, "N", help).group("Rotation")
}
