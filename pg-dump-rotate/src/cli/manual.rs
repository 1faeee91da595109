//! What the man page has beyond `--help`.

use shared::cli::Terms;

/// The fields of a record.
pub const FIELDS: Terms = &[
    (
        "action",
        "what was done: created, kept, deleted, failed, skipped, listed, ok; with --dry-run \
         would_create and would_delete",
    ),
    ("path", "the file or folder; null where there is none"),
    (
        "database",
        "null for globals, and for adopted scripts of which nobody knows it",
    ),
    ("label", "of --label"),
    (
        "selection",
        "what pg_dump was told to pick or to write otherwise, its options; null: it is whole. Of \
         what pg_dumpall wrote, --all-databases or --globals-only",
    ),
    ("set", "the time that the backups of one run have in common"),
    ("taken_at", "when the dump began"),
    ("age_seconds", "how long ago that was"),
    ("format", "custom, plain, directory or tar"),
    ("compression", "none, or a method with its level"),
    ("bytes", "the size on disk, over all files"),
    ("sha256", "of the file; null where there are several"),
    (
        "state",
        "ok, size differs, checksum differs, data missing, no manifest, manifest damaged, \
         incomplete, not a file, unreadable; of what is no backup yet, in progress or unfinished",
    ),
    (
        "reason",
        "why it is kept or deleted, or what is wrong; of a check what it found",
    ),
    (
        "kept",
        "in a list with rules, whether they keep it; null where they don't judge it",
    ),
    (
        "proved",
        "whether it restored when pg-restore-verify tried it; null where it did not",
    ),
    ("verified_at", "when it tried"),
    (
        "server",
        "which server it is of: the end of its system identifier, or where nobody may ask for \
         that, of a mark of how it was reached; null where nobody knows",
    ),
    (
        "names",
        "of an adopted one, how the files are called that it is rotated with: app_*, the * for the \
         time, or # for each number where the name has none",
    ),
    ("server_version", "of the server that was dumped"),
    ("pg_dump_version", "of the pg_dump that wrote it"),
    (
        "duration_ms",
        "from the start of the dump until it was on disk",
    ),
    ("bytes_per_second", "what reached the disk in that time"),
    (
        "restore_command",
        "for a shell: restores it into the empty database of that name where psql's variables \
         lead to; write another name after -d for another database. Null where it can't be \
         relied on, or nobody knows of what it is",
    ),
    (
        "recreate_command",
        "the same for a server that has no such database: an archive makes it, with its owner, \
         settings and who may connect; settings that would spoil that (default_transaction_read_only) \
         are in force when it is done. Null for a script, too, which does not say them",
    ),
];

/// Variables besides those of the connection.
pub const VARIABLES: Terms = &[
    (
        "PG_BINDIR",
        "the folder of PostgreSQL's programs. If it is not set, they are looked for on PATH, where \
         pg_config points to, and where distributions put them (/usr/lib/postgresql/15/bin, \
         /usr/pgsql-15/bin, …): those of the server's major version, else of the nearest newer one",
    ),
    (
        "PGCONNECT_TIMEOUT",
        "seconds to wait for a connection, and half of how long pg_dump may be silent (30 if not set)",
    ),
    (
        "TZ",
        "the zone of the hours, days and weeks, and of times in the names of others' files",
    ),
];

/// What there is to know of each matter.
pub const LISTS: &[(&str, Terms)] = &[
    ("VALUES", VALUES),
    ("RETENTION", RETENTION),
    ("GOING BACK", BACK),
    ("CHECKING", CHECKING),
    ("SEVERAL DATABASES", DATABASES),
    ("ADOPTING", ADOPTING),
    ("CONTAINERS AND OTHER HOSTS", ELSEWHERE),
    ("RIGHTS, ROOM AND LOCKS", NEEDS),
    ("COMPRESSION", COMPRESSION),
];

const VALUES: Terms = &[
    (
        "DURATION",
        "whole numbers with units, the longest first: ms, s, m, h, d (24 hours), w; as in 90s, 26h, \
         30d, 1h30m. Months and years are rules of their own",
    ),
    ("PERCENT", "30% or 30, to 100"),
    (
        "GLOB",
        "a name as in a shell: * any letters, ? any one, [a-z] [!a-z] one of these or not; \\ before any",
    ),
    ("PATTERN", "as psql's \\d and pg_dump's -t take it"),
];

const RETENTION: Terms = &[
    (
        "what is weighed together",
        "A series: backups of the same database of the same server, with the same label and \
         selection. After a move to another server what the old one left stays until --rotate \
         deletes it, or somebody; the reason of each new backup says how many there are. --list \
         warns where one database has backups of several servers side by side, and --check judges \
         each by itself.",
    ),
    (
        "the server",
        "Which server a backup is of, the server's system identifier says, by psql where pg_dump \
         runs elsewhere. Where nobody may ask for it, the command of --pg-dump, host and port \
         stand for it; where other nights they led to one server only, it is that. A physical clone of a server has the same identifier: give each a --dir or \
         --label of its own.",
    ),
    (
        "the rules",
        "The rules are those of restic. Each keeps one backup of each of the newest N hours, \
         days, ISO weeks, months or years that have any, and the oldest of all while it has kept \
         fewer than N. They overlap: one backup may be kept by several. Of the backups of one \
         period the newest that pg-restore-verify has proved is kept, or else the newest; one \
         that did not restore is the last choice.",
    ),
    (
        "periods",
        "Periods are those of the local time (TZ) when and where each backup was taken, which its \
         manifest keeps, or with --utc those of UTC. An hour is sixty minutes: the one that \
         clocks show twice in autumn is two.",
    ),
    (
        "--keep-within",
        "A day of --keep-within is 24 hours. A pause without backups, or a clock that jumped \
         ahead, does not cost what was kept until then: a gap of three fifths of --keep-within or \
         more that is five times as long as any other since counts only as much as the longest of \
         those, the newest five such, where there are three others for each; and where the newest backup is alone within, it is \
         counted from the one before as well.",
    ),
    (
        "what always stays",
        "Whatever the rules say, a series keeps its newest backup, the newest that has not failed \
         to restore, the newest that was proved, and the newest N of --keep-min, of which those \
         that did not restore are the last choice. Backups with a time in the future stay and \
         take nobody's place; --keep-within is counted from the newest of the others.",
    ),
    (
        "what is being read",
        "A backup that pg-restore-verify reads, or that another program holds as `flock --shared \
         PATH pg_restore …` does, is kept until a later run.",
    ),
    (
        "what counts",
        "Only backups with a manifest, and of the size that it says, count or are deleted; others \
         are passed over, and --rotate names them. A backup's folder that holds anything else is \
         not deleted, and told. Without a --keep rule, or when the dump fails, \
         nothing is deleted.",
    ),
];

const BACK: Terms = &[
    (
        "restore_command",
        "Each record has it: run by a shell, it restores the backup into the database of that \
         name, which has to be there and empty, and fails at the first error. Roles come first, \
         by the restore_command of the globals. Another name after its -d is another database. Where \
         the first pg_restore on PATH is too old for the archive, it has the path of one that is not.",
    ),
    (
        "what belongs to the database itself",
        "Its owner, settings and who may connect stay as they are in the database that you made; \
         the recreate_command of an archive makes it as it was, where there is none of that name.",
    ),
];

const CHECKING: Terms = &[
    (
        "a good backup",
        "A backup is good when it is as its manifest says and has not failed to restore.",
    ),
    (
        "of what",
        "--check -d asks for one of the whole database; without -d each selection is judged, too. \
         With --all-databases the server is asked what there has to be: -d says where. A backup \
         whose data or manifest is missing is named, too.",
    ),
    (
        "several servers",
        "Backups of two servers are judged apart; but a server that ended before another began, \
         as before an upgrade, is taken for its forerunner. Scripts of others, which are only \
         taken to be of a database, count by themselves, and only where there is nothing else of \
         it.",
    ),
    (
        "--verify-checksums",
        "--check and --list judge by sizes; with --verify-checksums every byte is read, and a \
         backup in which other bytes are found is noted as one that did not restore \
         (NAME.verified.json), which rotation never keeps in place of a good one. Where that can \
         not be noted, a warning says so.",
    ),
    (
        "--list",
        "--list, as --rotate, ends with status 1 when one that it shows is damaged: it lacks \
         data, has another size or other bytes, can't be read, or its manifest makes no sense. \
         One without a manifest may be another's, and is not. --check names one without a \
         manifest whose name is as we give it.",
    ),
];

const DATABASES: Terms = &[
    (
        "a set",
        "Several databases, by more than one -d or by --all-databases, and the globals of the \
         server are each a backup of their own, with the time of the run in their names and in \
         the field set.",
    ),
    (
        "one that fails",
        "One that fails is told, by a record with action \"failed\" and on stderr, and stops no \
         other: the status is 1 then, and 2 when there is no backup at all. Only what was dumped \
         is rotated.",
    ),
    (
        "--all-databases",
        "--all-databases leaves out template0, template1 and, with a warning, what an interrupted \
         DROP DATABASE has left. Another template, one that is closed (ALLOW_CONNECTIONS), and \
         one that the role may not connect to, are each told by a record with action \"skipped\" \
         and a warning; for the last two the status is 1, too. --exclude-database leaves out \
         without a word.",
    ),
];

const ADOPTING: Terms = &[
    (
        "what is whole",
        "--match adopts what others made. What a file is, its content says; it is whole when it \
         can be read to its end, and then gets a manifest (not from --list, --check or \
         --dry-run), so that it is read once and is a backup like any other, or again where it \
         was overwritten. One that is not whole is told, makes the status 1, and is never counted \
         or deleted; it is read again when it was changed, or with --verify-checksums. What is no dump is left alone, and what is named as only we do: it was not \
         published.",
    ),
    (
        "when it was taken",
        "The time is the last one in the name, in local time unless it says otherwise, or else \
         that of the last change.",
    ),
    (
        "of what it is",
        "Archives say what database they are of; scripts are of the one that is dumped or named \
         by -d, or else of none that is known. What has tables and no rows counts as taken with \
         --schema-only, rows without tables as with --data-only. pg_dumpall's script of a whole \
         cluster is of no database, and neither are its globals.",
    ),
    (
        "series",
        "They belong to the series of that database and of --label, where it is of one server and \
         their names differ in the time only; where not, those of each kind of name are a series \
         of their own.",
    ),
    (
        "side files",
        "With an adopted backup goes what others laid beside it: plain files called as it is, \
         with its extension or without, and then .meta, .info, .md5, .sha1, .sha256, .sha512 (or \
         the last four with sum), .sig or .asc. What is called without the extension stays while \
         another backup differs in that only.",
    ),
];

const ELSEWHERE: Terms = &[
    (
        "--pg-dump",
        "--pg-dump is a command that runs pg_dump elsewhere: in a container, in a pod, on another \
         host; pg_dumpall and psql are run there by the same words. It is split as a shell would, \
         and no shell is run. -d, -h, -p and -U go to it as arguments, what they don't say is \
         looked for there.",
    ),
    (
        "what is foreseen",
        "What would spoil a dump is not looked for there, save, by psql and where no pattern \
         picks tables or schemas, for room on the disk, unlogged tables of a standby and \
         subscriptions that are left out.",
    ),
    (
        "passwords",
        "A password never becomes an argument: one in -d or PGPASSWORD is in the environment of \
         the command, which has to carry it on, as 'docker compose exec -T -e PGPASSWORD db \
         pg_dump' does, unless the server trusts whoever connects from inside.",
    ),
    (
        "how long it lasts",
        "It has to last as long as its pg_dump: once it has ended, a silence of 3 s is the end of \
         the dump, whoever still holds its output open.",
    ),
    (
        "one word",
        "A command of one word is a pg_dump of this machine, run as any.",
    ),
];

const NEEDS: Terms = &[
    (
        "rights",
        "The user has to be able to read everything: from PostgreSQL 14 a member of \
         pg_read_all_data is, save for large objects of others; where tables have row security, \
         with BYPASSRLS.",
    ),
    (
        "what is looked for before",
        "What it can't read is named before the dump starts. So are a pattern of --table or \
         --schema that matches nothing, an exclusion without wildcards that excludes nothing, and \
         a disk without room: what the last backup was to the tables (without indexes) then, this \
         one is to the tables now, and 15 % more; where there is none to learn from, half of them \
         compressed, or one and a half times as much not compressed (--force goes on).",
    ),
    (
        "what pg_dump leaves out",
        "What pg_dump leaves out by itself is a warning, and kept in the manifest: rows of \
         unlogged tables on a standby; without a superuser, subscriptions and the options of \
         other users' user mappings.",
    ),
    (
        "locks of tables",
        "Who was in the way of a dump that --lock-wait ended is in its hint.",
    ),
    (
        "--source-counts, --source-digest",
        "With --source-counts or --source-digest each table is read a second time on the server, \
         in the dump's snapshot and beside it, and the large objects are counted or read; a dump \
         that holds anything else is not kept.",
    ),
    (
        "silence",
        "When pg_dump has been silent for twice the connect_timeout (30 s each), the server is \
         asked, by psql where pg_dump runs elsewhere, whether it still works for it; where it \
         does not, or can't be reached, pg_dump is ended. Elsewhere without psql it may be silent \
         for 6 hours, and where the server refuses to be asked.",
    ),
    (
        "names that are not ASCII",
        "The manifest has its names in UTF-8, whatever the encoding of the dump; of one of \
         several bytes a character the server is asked what they say. Where pg_dump runs elsewhere \
         and a name is not ASCII, such a manifest does not tell the rows of tables, and a \
         warning says so; -- --encoding=UTF8 dumps in UTF-8.",
    ),
    (
        "runs that share a folder",
        "Runs that share a folder keep out of each other's way by locks, which each holds for \
         moments. One that has to wait longer than 10 s says so, and after ten minutes fails, but \
         for one with a finished dump, which goes on waiting. On NFS the lock of a folder is seen \
         by its own host only, so with -F directory let one host write to it: another's run would \
         take a dump that is being written for left over, and remove it.",
    ),
];

const COMPRESSION: Terms = &[
    (
        "custom, plain",
        "What pg_dump writes is compressed here, on all cores, with a checksum of the content; \
         the pg_restore of that version reads it. Plain scripts are gzip, zstd or lz4 as a whole.",
    ),
    (
        "directory",
        "The files of a directory lie there uncompressed until we have read them: pg_dump \
         compresses them itself where it runs elsewhere, where there is no room for that beside \
         the dumps themselves, where the file system would write all of it to the disk first \
         (ext4 does not, from Linux 6.14), and by gzip:1, gzip:7 and above, zstd:10 and above, \
         lz4:10 and above. Where others fill the disk meanwhile the dump is begun again so.",
    ),
    ("tar", "A tar file is not compressed."),
];

/// What lies in the folder of the backups.
pub const FILES: Terms = &[
    (
        "DATABASE[+LABEL]_YYYYMMDDTHHMMSSZ.EXT",
        "a backup, by the time of UTC at which it began: .dump, .sql, .sql.gz, .sql.zst, \
         .sql.lz4, .tar, or the folder .dir; globals are called +globals. What a shell would \
         stumble over is %-encoded",
    ),
    (
        "NAME.manifest.json",
        "what the backup NAME is: of which server and database, by which versions, the size and \
         SHA-256 of each file, the rows of each table; with a hash of itself. Without it a file \
         is no backup",
    ),
    (
        "NAME.sha256",
        "the same hashes and that of the manifest, for `sha256sum -c NAME.sha256` in the folder",
    ),
    (
        "NAME.verified.json",
        "what pg-restore-verify found, or --verify-checksums where it found damage",
    ),
    (
        ".NAME.partial, .NAME.MARK.partial",
        "what is being written, or what a killed run left: the next run removes it. A mark stands \
         for the selection; a second run of the same selection is refused meanwhile",
    ),
    (".pg-dump-rotate.lock", "locked for moments by each run"),
    (
        ".pg-dump-rotate.broken.json",
        "what --match fitted and was found not to be whole, so that it is not read every night",
    ),
    (
        "who may read them",
        "all are made for their user alone (0600): only that one, or root, can check or verify them",
    ),
];
