//! The flags, and what the help and the manual say.

use shared::cli::{Flag, Tool};

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
     name only once it is whole, proved and on disk. Then the older ones are rotated: backups of the same database of the same server, \
     with the same label and selection, that no rule keeps are deleted. Without a --keep rule, \
     or when the dump fails, nothing is.\n\
     \n\
     What pg_dump writes is compressed here, on all cores, with a checksum of the content; the \
     pg_restore of that version reads it. The files of a directory lie there uncompressed until we \
     have read them: pg_dump compresses them itself where it runs elsewhere, where there is no room \
     for that beside the dumps themselves, where the file system would write all of it to the disk \
     first (ext4 does not, from Linux 6.14), and by gzip:1, gzip:7 and above, zstd:10 and above, \
     lz4:2 and above. Where others fill the disk meanwhile the dump is begun again so. A tar file is \
     not compressed.\n\
     \n\
     Several databases, by more than one -d or by --all-databases, and the globals of the server \
     are each a backup of their own, with the time of the run in their names and in the field set. \
     One that fails is told, by a record with action \"failed\" and on stderr, and stops no other: \
     the status is 1 then, and 2 when there is no backup at all. Only what was dumped is \
     rotated. --all-databases leaves out template0, template1 and, with a warning, what an \
     interrupted DROP DATABASE has left. Another template, one that is closed (ALLOW_CONNECTIONS), and \
     one that the role may not connect to, are each told by a record with action \"skipped\" and a warning; \
     for the last two the status is 1, too. --exclude-database leaves out without a word.\n\
     \n\
     --pg-dump is a command that runs pg_dump elsewhere: in a container, in a pod, on another host; \
     pg_dumpall and psql are run there by the same words. It is split as a shell would, and no \
     shell is run. -d, -h, -p and -U go to it as arguments, what they don't say is looked for \
     there. What would spoil a dump is not looked for there, save, by psql and where no pattern picks \
     tables or schemas, for room on the disk, unlogged tables of a standby and subscriptions that \
     are left out. A password never \
     becomes an argument: one in -d or PGPASSWORD is in the environment of the command, which has \
     to carry it on, as 'docker compose exec -T -e PGPASSWORD db pg_dump' does, unless the server \
     trusts whoever connects from inside. It has to last as long as its pg_dump: once it has ended, \
     a silence of 3 s is the end of the dump, whoever still holds its output open. A command of one \
     word is a pg_dump of this machine, run as any.\n\
     \n\
     Which server a backup is of, the server's system identifier says, by psql where pg_dump runs \
     elsewhere. Where nobody may ask for it, the command of --pg-dump, host and port stand for it. \
     A physical clone of a server has the same identifier: give each a --dir or --label of its \
     own.\n\
     \n\
     The rules are those of restic. Each keeps one backup of each of the newest N hours, days, ISO \
     weeks, months or years that have any, and the oldest of all while it has kept fewer than N. \
     They overlap: one backup may be kept by several. Of the backups of one period the newest that \
     pg-restore-verify has proved is kept, or else the newest; one that did not restore is the last \
     choice. Periods are those of the local time (TZ) when and where each backup was taken, which \
     its manifest keeps, or with --utc those of UTC. An hour is sixty minutes: the one that clocks \
     show twice in autumn is two. A day of --keep-within is 24 hours. \
     A pause without backups, or a clock that jumped ahead, does not cost what was kept until then: \
     a gap of three fifths of --keep-within or more counts only as much as the longest of the other gaps \
     since, the newest five such, where there are three others for each; and where the newest backup \
     is alone within, it is counted from the one before as well.\n\
     \n\
     Whatever the rules say, a series keeps its newest backup, the newest that has not failed to \
     restore, the newest that was proved, and the newest N of --keep-min, of which those that did \
     not restore are the last choice. Backups with a time in the future stay and take nobody's \
     place; --keep-within is counted from the newest of the others. Only backups with a manifest, and of the size that \
     it says, count or are deleted; others are passed over, and --rotate names them.\n\
     \n\
     A backup is good when it is as its manifest says and has not failed to restore. --check -d asks \
     for one of the whole database; without -d each selection is judged, too. Backups of two servers are \
     judged apart; but a server that ended before another began, as before an upgrade, is taken for its \
     forerunner. Scripts of others, which are only taken to be of a database, count by themselves, and only \
     where there is nothing else of it. --check and \
     --list judge by sizes; with --verify-checksums every byte is read, and \
     a backup in which other bytes are found is noted as one that did not restore (NAME.verified.json), \
     which rotation never keeps in place of a good one. --list, as --rotate, ends with \
     status 1 when one that it shows is damaged: it lacks data, has another size or other bytes, can't \
     be read, or its manifest makes no sense. One without a manifest may be another's, and is not.\n\
     \n\
     --match adopts what others made. What a file is, its content says; it is whole when it can be \
     read to its end, and then gets a manifest (not from --list, --check or --dry-run), so that it \
     is read once and is a backup like any other, or again where it was overwritten. One that is not whole is told, makes the \
     status 1, and is never counted or deleted; what is no dump is left alone, and what is named as only we do: it was not published. The time is the last one in the name, in local \
     time unless it says otherwise, or else that of the last change. Archives say what database they \
     are of; scripts are of the one that is dumped or named by -d, or else of none that is known. \
     What has tables and no rows counts as taken with --schema-only, rows without tables as with \
     --data-only. They belong to the series of that database and of --label, where it is of one server and their \
     names differ in the time only; where not, those of each kind of name are a series of their own.\n\
     \n\
     With an adopted backup goes what others laid beside it: plain files called as it is, with its \
     extension or without, and then .meta, .info, .md5, .sha1, .sha256, .sha512 (or the last four with \
     sum), .sig or .asc. What is called without the extension stays while another backup differs in \
     that only.\n\
     \n\
     The user has to be able to read everything: from PostgreSQL 14 a member of pg_read_all_data \
     is, save for large objects of others; where tables have row security, with BYPASSRLS. What it \
     can't read is named before the dump starts. So are a pattern of --table or --schema that \
     matches nothing, an exclusion without wildcards that excludes nothing, and a disk without \
     room: what the last backup was to the tables (without indexes) then, this one is to the tables \
     now, and 15 % more; where there is none to learn from, half of them compressed, or one and a \
     half times as much not compressed (--force goes on). What pg_dump leaves out by \
     itself is a warning, and kept in the manifest: rows of unlogged tables on a standby; without \
     a superuser, subscriptions and the options of other users' user mappings. Who was in the way \
     of a dump that --lock-wait ended is in its hint.\n\
     \n\
     With --source-counts or --source-digest each table is read a second time on the server, in \
     the dump's snapshot and beside it, and the large objects are counted or read; a dump that holds \
     anything else is not kept.\n\
     \n\
     When pg_dump has been silent for twice the connect_timeout (30 s each), the server is asked, by \
     psql where pg_dump runs elsewhere, whether it still works for it; where it does not, or can't be \
     asked, pg_dump is ended. Elsewhere without psql it may be silent for 6 hours.\n\
     \n\
     The manifest has its names in UTF-8, whatever the encoding of the dump. Where that is one of \
     several bytes a character, and a name is not ASCII, it does not tell the rows of tables, and a \
     warning says so; -- --encoding=UTF8 dumps in UTF-8.\n\
     \n\
     Runs that share a folder keep out of each other's way by locks, which each holds for moments. \
     One that has to wait longer than 10 s says so, and after ten minutes fails, but for one with a \
     finished dump, which goes on waiting. On NFS the lock of a folder is \
     seen by its own host only, so with -F directory let one host write to it: another's run \
     would take a dump that is being written for left over, and remove it.",
)
.flags(FLAGS)
.connects()
.passes(
    "PG_DUMP_OPTION",
    "an option that pg_dump gets as it is, with its value in one word; part of the selection, save for --restrict-key",
)
.examples(&[
    (
        "Every night, from cron",
        "pg-dump-rotate -d app --dir /backups --keep-daily 7 --keep-monthly 12",
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
        "What would be deleted",
        "pg-dump-rotate --dir /backups --rotate --keep-within 30d --dry-run -o table",
    ),
])
.telling(&[
    "action", "database", "taken_at", "bytes", "state", "label", "selection", "proved", "kept", "path", "reason",
])
.found(
    "one database of several could not be dumped or may not be connected to, an old backup not be deleted, a backup is \
     damaged, or --check found fault",
);

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
        "the folder of the backups, made if only that is missing",
    )
    .group("Backup"),
    Flag::value(
        "format",
        "FORMAT",
        "an archive for pg_restore, or SQL for psql (if not given: custom)",
    )
    .short('F')
    .choices(&["custom", "plain", "directory", "tar", "c", "p", "d", "t"])
    .group("Backup"),
    Flag::value(
        "jobs",
        "N",
        "dump so many tables of a directory, or so many databases, at a time",
    )
    .short('j')
    .default("1")
    .group("Backup"),
    Flag::value(
        "compress",
        "METHOD[:LEVEL]",
        "none, gzip, zstd or lz4 (a level of lz4: -F directory only); the last two in archives from \
         pg_dump 16 (if not given: gzip for plain, else zstd:3 where pg_restore can read it and gzip where not)",
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
        "not these of --all-databases; * ? [a-z] as in a shell",
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
    keep("keep-hourly", "keep one of each of N hours"),
    keep("keep-daily", "keep one of each of N days"),
    keep("keep-weekly", "keep one of each of N weeks"),
    keep("keep-monthly", "keep one of each of N months"),
    keep("keep-yearly", "keep one of each of N years"),
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
        "show what is in DIR, newest first; with -d or --globals only that, with --label one \
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
