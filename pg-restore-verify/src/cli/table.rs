//! The flags, and what the help and the manual say.

use shared::cli::{Flag, Tool};

/// What `--help`, the man page and the completions say.
pub const TOOL: Tool = Tool::new(
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_VERSION"),
    "prove that a PostgreSQL backup restores, down to every row",
)
.synopsis(&[
    "[OPTION]... BACKUP...",
    "[OPTION]... -",
    "[OPTION]... --latest DIR",
    "[OPTION]... --live CONNINFO",
    "[OPTION]... --base-backup PATH [--wal DIR] [--target-time TIME]",
])
.description(
    "Restores each backup on a private throw-away server and compares what came back with \
     what the backup holds: the rows of every table, the position of every sequence, every \
     large object with its owner, rights and comment, and every definition. What an archive says \
     of the database itself (owner, rights, comment, connection limit, settings, those of roles in \
     it), pg_restore does with --create only: it is done last of all, and compared (check \
     \"database\"), but for settings that load libraries. Those that pg_restore --create, or psql with \
     a script that creates its database, would stumble over itself (default_transaction_read_only, \
     role, array_nulls, restrict_nonsystem_relation_kind) are kept off while it restores; the \
     check and the verdict say with which PGOPTIONS. Any error of the restore counts, but those \
     that take nothing away are only counted (check \"harmless_errors\"). \
     The server is in no network, but for its socket, if it is of 15 or newer and util-linux's unshare \
     works for whom it runs as; -v says so where it does not. \
     Nothing else is needed, no server is touched, and nothing is left behind but an empty \
     template of such a server in pg-throwaway-templates below ~/.cache or /var/tmp.\n\n\
     Takes backups of pg_dump in every format, whoever made them: custom, directory, tar and \
     plain, the last also compressed by gzip, zstd, lz4, bzip2 or xz, whatever the file is \
     called. Beside one with a manifest of pg-dump-rotate every file must be what the manifest \
     says, and so must the rows of each table and the large objects. Without one, a file that \
     NAME.sha256 is about must have that checksum. Roles and tablespaces that \
     pg-dump-rotate --globals took in the same run are restored first; a backup of them, or \
     pg_dumpall's script of them, can be verified itself. \
     A script that does not create its database (pg_dump without -C) does not say its locale: it \
     gets that of the manifest, or else C, in which the bounds of partitions by text may be in another \
     order. \
     \n\n\
     The private server's data lies in TMPDIR if its user may write there, or else in /tmp. What can hardly fit there, by the \
     manifest or the backup's size, is not begun: an error says how much is needed (not so \
     of a part chosen by -t, -n or --where, nor with -d, where the server's disk is not seen). \
     Without TMPDIR it lies in memory (/dev/shm) if what a backup with a manifest restores \
     to is sure to take no more than a quarter of the free memory, of the machine and of each \
     control group, and no other such server is there; --memory sets another bound, and \
     then half of what is free may be taken. What does not fit there after all is restored once \
     more, on the disk. Files of a user with a number from 1000 on are taken \
     away there by systemd's RemoveIPC on logging out: for such a one, where systemd runs, it lies \
     in memory with --memory only.\n\n\
     With -t, -n or --where a part of the backup is restored and proved. All definitions are \
     restored first, so that what was chosen finds the types and functions that it needs; then the \
     tables that were not chosen go. Rows that refer to rows which were not chosen are counted, and \
     some of them named (check \"references\"); their constraint is left out. A table without a \
     schema is looked for in public. A backup that itself holds some tables only is proved for what \
     it holds if its manifest or -t says so. The verdict is not noted.\n\n\
     With -d, -h, -p or -U the server that they lead to is used instead, which others may use \
     meanwhile: each backup goes into a scratch database with a name that nobody can guess, which \
     is dropped at the end, also where this one is killed: a process that looks after it does that then, or the \
     next run. However many jobs \
     there are, half of the connections that are free and the last ten are left to others. Roles that the backup \
     names and the server lacks are created without login, and dropped again. What a backup says \
     of the database it came from, of roles and of tablespaces is not done there, and --globals \
     are not restored there; where an archive says such things a record has status \"skipped\". It takes a role with CREATEDB, and CREATEROLE if roles are missing, \
     that may become the roles in the backup, or a superuser. What the role may not do is no fault of \
     the backup's: the check \"restore\" is \"skipped\" with the right that is missing, all else is \
     restored and proved, and unless that finds a fault the verdict is \"skipped\" as well, \
     and is not noted. The same holds where others end our sessions or leave no \
     connection. What a backup holds beside what pg_dump writes is not run there, whether in a script \
     or in an archive, and \"skipped\" alike: statements about roles, tablespaces, settings or other \
     databases, DO, CALL, COPY from or to a file or program, queries, CREATE TABLE AS, DROP and \
     REASSIGN OWNED; an archive whose rows are INSERTs with such among them is not restored at all. What it \
     defines in its database can't be held off: functions of indexes, constraints, defaults and \
     event triggers run with the rights of the role that you name; a superuser is warned.\n\n\
     Foreign tables are neither read nor written, not as partitions either: restored foreign-data \
     wrappers lead nowhere until the database stays (--keep, --promote). Rows that a backup has of \
     them are read and compared with the manifest, not restored, and a materialized view that \
     shows them stays empty; each has a record with status \"skipped\". So has a \
     materialized view that calls dblink or its like, by views and functions between them, too: it \
     stays empty. Such functions in an index or a constraint are not held off.\n\n\
     Then the restored database itself is looked at: every foreign key by asking for rows without \
     counterpart, every CHECK constraint by asking its rows again, indexes and B-trees (by \
     amcheck, with --deep every row in them), materialized views, sequences that would give a \
     number that is in use, and collations. What the restore broke or lost fails the verdict. \
     What came with the data is no fault of the backup's: rows that a NOT VALID constraint let \
     in, a sequence behind its column just as the backup says. It has a record with status \
     \"skipped\", and the verdict's words name it; --live finds fault with it. A sequence at its end \
     is told of alike, whether it feeds a column or none. Whether NOT NULL columns hold a NULL, rows meet what the domains of their columns ask, \
     and are unique or excluded where they have to be, the server asked when it restored them: with --live \
     and --base-backup that is asked, too. (Domains within multiranges are not looked \
     for. Unique keys are read in the order of their indexes.) What could not be \
     looked at, because its check ended in an error, leaves the backup unproved; where only amcheck \
     is missing, or may not be used, the verdict's words say so.\n\n\
     No record shows a password: strings in the definitions of subscriptions, servers, user \
     mappings and roles are '***', and so are what follows the word password in others, and the \
     values of settings that are an application's own (app.token) or called after a secret.\n\n\
     --live makes these checks on a running database, all but that of materialized views, one \
     after the other unless --jobs says otherwise. Its sessions can't write, take no lock above \
     ACCESS SHARE, wait 2 s for one and end a statement after 5 min (PGOPTIONS='-c \
     statement_timeout=1h' sets others), and run no function of the database for a CHECK \
     constraint or a foreign key: such a constraint is counted as not looked at, \
     for the server did when the rows came; such a key is one that could not be looked at. \
     A superuser is warned: planning a query runs functions of indexes and views with every right, and a \
     role with pg_read_all_data (14 and later) is enough, also for --compare. There any fault fails the verdict. What could not be looked at \
     is \"skipped\" with the reason, such as the right or the extension amcheck that is missing, \
     makes the verdict \"skipped\" if nothing failed.\n\n\
     A query of your own can be a check: --expect gives it and its one value, behind the last =, \
     >=, <= or !=. A file for --checks has any number of them, as psql would run it, each below \
     comments: \"-- check: NAME\" says what it is called, \"-- expect: VALUE\" what it must \
     answer, where =, <>, >, >=, < or <= can stand before the value; where none is given it \
     must give no rows.\n\n\
     With --keep the database stays, and the record \"kept\" says how to reach it: on a throw-away \
     server for as long as --for says or until a signal comes, and then for the next backup; on \
     a named one until somebody drops it.\n\n\
     With --promote NAME it takes the place of that database, on the server that psql would reach by \
     its variables (PGHOST, PGSERVICE) where -d, -h, -p and -U do not say which; a restore without \
     --promote never goes by those alone. It is restored and proved beside \
     it, then connections to both are refused and ended, and in one transaction the live one \
     becomes NAME_before_TIME and the restored one NAME, with owner, rights, settings, comment \
     and connection limit of the live one. It is refused where there is no such database (unless --accept database), unless everything was proved, where the \
     backup is of another database or, like a script without --create, does not tell of which \
     (check \"origin\"), where its manifest says that it holds a \
     part only (check \"selection\"), and where encoding, locale or tablespace would be others \
     than the live one's (checks of those names); --accept CHECK lets pass what that check \
     skipped, not what failed, and the record \"promote\" names it. What a backup does not say of \
     its locale is as in the live one, and so is the tablespace, which needs room for both. What \
     came with the data (\"skipped\" as well) keeps nothing from being promoted. With --latest \
     the newest backup of NAME is taken, unless --database names another. What would stay behind \
     is refused before anything is restored: enabled subscriptions, logical replication slots, \
     prepared transactions; so is a right that is missing. All that the live one has is tried on \
     the restored one before any session is ended. If anything fails then, or sessions do not end \
     within 10 s, all is as it was. What was written to the live one after the backup is in the \
     old one only. Subscriptions of a backup are restored disabled. It takes a superuser, or who \
     has CREATEDB and is the owner of NAME or a member of that role, and may end the sessions \
     there (pg_signal_backend).\n\n\
     With --compare each table's count of rows is compared with that of a live database, which is \
     only read: tables over 1 GiB are estimated. It fails where they differ by more than \
     --max-difference, in percent of the larger one and by more than so many rows (a tenth of that where all are gone), and if the manifest says that the backup is \
     of another database of that server. A table that may not be read, or of \
     which policies hide rows, leaves the backup unproved.\n\n\
     A restore that does nothing for five minutes is given up: no session of it works on the \
     server, and neither this program nor those that it started have read a byte. --stall-timeout \
     says how long it may be, --timeout how long a backup may take altogether. The next one is \
     tried no less, and the status is 2 if no fault was found.\n\n\
     Extensions that the server lacks, or does not create unless their library is loaded at its \
     start (--preload LIB has the private server do that; then it runs what the library runs, but no job \
     of pg_cron, and with timescaledb.restoring), collations without their locale, and on a named one tablespaces and roles that may not be created there, are named before anything \
     is restored: the check is \"preflight\", and the verdict \"skipped\", for it says nothing \
     about the backup. With -n, or -t without wildcards, those that only the rest needs keep nothing \
     from being restored. Nor is a backup to blame for what a server refuses that is older than its \
     own or its pg_dump, nor for what locale C refuses in place of one that is missing, nor for security labels \
     whose library (anon, say) is not loaded.\n\n\
     With --archive-only no server is started: every byte is read, decompressed and compared \
     with the manifest, which finds damage and can't find that a backup does not restore. A \
     damage found so is noted beside the backup; that none was found is no proof, and is not.\n\n\
     With --base-backup a physical backup is recovered on a private server of its own major version: \
     the folder or the tar files of pg_basebackup, or another copy of a data folder with its \
     backup_label, packed by gzip, zstd, lz4, bzip2 or xz or not at all; of incremental ones what \
     pg_combinebackup makes of them. The archived WAL may be \
     packed, too, and lie in folders below the one that is named; of a WAL file that was not \
     finished the .partial one is taken. Both are only read: what is recovered is a copy, for which \
     TMPDIR needs room, and none of the configuration, access rules, commands and paths that it \
     brings along reaches the server, which follows the newest timeline. The files must be what \
     backup_manifest says; the recovery must reach the moment that is asked for, and which place \
     and last transaction it reached is said; then every row of every database is read, and counted by an index of its table \
     where that is quickly done. It fails \
     where the WAL ends before that moment, a file of it is missing (or damaged) though later ones \
     on the way to the newest timeline are there, or the backup is later than the moment. \
     --timeout and --stall-timeout hold for all of it, a file that can't be read to its end \
     included. WAL that creates a tablespace is replayed up to there only, for that would be in a folder \
     of this machine: the verdict on a later moment, or on the end, is \"skipped\". Its verdict is not noted: nothing \
     beside it has a place for that.\n\n\
     Writes a record for each check; the last of each backup has check \"verdict\". The status is 1 \
     where a fault was found, in one backup or several, whatever else could not be looked at; 2 where none was found \
     but a verdict is \"skipped\", or a backup could not be tried. One that \
     can't be tried stops no other: it has failed if it is not there, can't be \
     read or is given up for its time limits, and is \"skipped\" where no server is new enough, there is no \
     room, or the server ends, which says nothing about it. One of rows only is proved in tables of \
     text; unless its manifest says that it was meant to hold no more, its verdict is \
     \"skipped\", and is not noted; so is that of one that holds nothing at all and has no \
     manifest, and of a script by --enable-row-security that policies may have left rows out of. \
     Beside a \
     backup with a manifest the verdict is noted, too: pg-dump-rotate prefers to keep what was \
     proved. One that fails by --expect, --checks or --compare alone is not.",
)
.flags(&[
    Flag::value("latest", "DIR", "verify the newest backup in this folder").group("Selection"),
    Flag::value("database", "NAME", "with --latest or --base-backup: this database only")
        .group("Selection"),
    Flag::value("label", "LABEL", "with --latest: with this label only").group("Selection"),
    Flag::value(
        "table",
        "PATTERN",
        "restore these tables only, as pg_dump's -t names them",
    )
    .short('t')
    .repeats()
    .group("Selection"),
    Flag::value("schema", "PATTERN", "restore these schemas only")
        .short('n')
        .repeats()
        .group("Selection"),
    Flag::value(
        "where",
        "TABLE=CONDITION",
        "of this table restore only the rows that meet the condition",
    )
    .repeats()
    .group("Selection"),
    Flag::value(
        "jobs",
        "N",
        "restore and compare with N connections (1 to 64; default: all cores)",
    )
    .short('j')
    .group("Restore"),
    Flag::switch(
        "archive-only",
        "read each backup to its end and restore nothing: no server is needed",
    )
    .group("Restore"),
    Flag::switch(
        "list",
        "show what would be restored, each object with its rows and bytes, and restore nothing",
    )
    .group("Restore"),
    Flag::switch(
        "no-record",
        "don't note the verdict beside the backup, in NAME.verified.json",
    )
    .group("Restore"),
    Flag::value(
        "memory",
        "SIZE",
        "keep the private server's data in memory if it needs at most this much; 0: never",
    )
    .group("Restore"),
    Flag::value(
        "preload",
        "LIB",
        "have the private server load this library at its start: pg_cron, timescaledb, …",
    )
    .repeats()
    .group("Restore"),
    Flag::value(
        "timeout",
        "DURATION",
        "give up on a backup that takes longer than this",
    )
    .group("Restore"),
    Flag::value(
        "stall-timeout",
        "DURATION",
        "give up on a restore that does nothing for this long (default: 5m)",
    )
    .group("Restore"),
    Flag::switch("deep", "look every row up in every B-tree as well").group("Checks"),
    Flag::value(
        "expect",
        "SQL=VALUE",
        "the query's one value must be this one",
    )
    .repeats()
    .group("Checks"),
    Flag::value(
        "checks",
        "FILE",
        "a file of queries and what each must answer",
    )
    .group("Checks"),
    Flag::value(
        "compare",
        "CONNINFO",
        "compare the counts of rows with those of this live database",
    )
    .group("Checks"),
    Flag::value(
        "max-difference",
        "PERCENT[,ROWS]",
        "with --compare: how far a count may be from the live one (default: 10%,100)",
    )
    .group("Checks"),
    Flag::value(
        "live",
        "CONNINFO",
        "make these checks on a running database and restore nothing",
    )
    .group("Checks"),
    Flag::switch(
        "keep",
        "leave the restored database, and say how to reach it",
    )
    .group("Afterwards"),
    Flag::value(
        "for",
        "DURATION",
        "with --keep on a throw-away server: keep it this long, or until a signal",
    )
    .group("Afterwards"),
    Flag::value(
        "promote",
        "NAME",
        "once all is proved, put the restored database in this one's place",
    )
    .group("Afterwards"),
    Flag::value(
        "accept",
        "CHECK",
        "with --promote: even if this check skipped something",
    )
    .repeats()
    .group("Afterwards"),
    Flag::switch("dry-run", "with --promote: say what would be done, change nothing").group("Afterwards"),
    Flag::value(
        "base-backup",
        "PATH",
        "recover this physical backup: pg_basebackup's folder, or a tar file of it",
    )
    .group("Point in time"),
    Flag::value("wal", "DIR", "with the archived WAL in this folder").group("Point in time"),
    Flag::value(
        "target-time",
        "TIME",
        "up to this moment, local time unless it says its zone; the WAL's end if none is given",
    )
    .group("Point in time"),
    Flag::value("target-lsn", "LSN", "up to this place in the WAL").group("Point in time"),
    Flag::value("target-name", "NAME", "up to this restore point").group("Point in time"),
])
.connects()
.operands(
    "BACKUP",
    "a backup's file or folder; - reads the records of pg-dump-rotate on stdin",
)
.examples(&[
    (
        "Take a backup and prove it",
        "pg-dump-rotate --dir /backups -d app | pg-restore-verify -",
    ),
    (
        "Prove the newest backup of one database",
        "pg-restore-verify --latest /backups --database app",
    ),
    (
        "The same every night, by cron, which mails what is wrong",
        "30 3 * * *  pg-restore-verify --latest /backups --database app > /dev/null",
    ),
    (
        "Put the newest backup in the place of the live database, once it is proved",
        "pg-restore-verify --latest /backups -d postgres --promote app",
    ),
    (
        "Read every backup of a folder, without a server",
        "pg-dump-rotate --dir /backups --list | pg-restore-verify --archive-only -",
    ),
    (
        "Show the tables in a backup, the largest first",
        "pg-restore-verify --list app.dump | jq -s 'map(select(.rows)) | sort_by(-.bytes)[]'",
    ),
    (
        "Try a restore of one table, and of this year's rows alone",
        "pg-restore-verify -t app.orders --where \"app.orders=placed >= '2026-01-01'\" app.dump",
    ),
    (
        "Prove a backup, and that it has what must be in it",
        "pg-restore-verify --expect 'SELECT count(*) FROM users >= 1000' app.dump",
    ),
    (
        "Look for orphans, broken indexes and the like in a live database",
        "pg-restore-verify --live app | jq -c 'select(.status == \"failed\")'",
    ),
    (
        "Recover a base backup to a moment",
        "pg-restore-verify --base-backup /backups/base --wal /backups/wal --target-time '2026-11-20 14:00'",
    ),
    (
        "Show what went wrong",
        "pg-restore-verify app.dump | jq -c 'select(.status == \"failed\")'",
    ),
])
.found("a backup does not verify, or can't be proved; the records say why")
.telling(&["check", "status", "object", "path", "message"])
.fields(&[
    ("path", "the backup; with --live the database"),
    ("check", "what was checked; see CHECKS"),
    ("object", "on which table, sequence or other object; null for the whole"),
    (
        "status",
        "ok: proved. failed: disproved. skipped: not looked at, or no fault of the backup's; \
         message says why",
    ),
    ("expected", "what the backup holds"),
    ("actual", "what the restored database holds"),
    ("message", "in words, where there is more to say"),
    (
        "duration_ms",
        "how long it took, where that was measured for it alone; that of \"restore\" is the time in \
         which the database was there again (while indexes are built, rows are read back on cores that \
         are idle)",
    ),
    (
        "bytes",
        "of \"restore\" and \"recovery\": how much the database takes, or all of the server's",
    ),
    ("bytes_per_second", "and how much of that was restored in a second"),
])
.lists(&[("CHECKS", CHECKS)])
.variables(&[
    (
        "PG_BINDIR",
        "the folder of PostgreSQL's programs. If it is not set, they are looked for on PATH, where \
         pg_config points to, and where distributions put them (/usr/lib/postgresql/15/bin, \
         /usr/pgsql-15/bin, …): those of the backup's major version, else of the nearest newer one",
    ),
    ("TMPDIR", "where the private server's data lies (/tmp)"),
    ("TZ", "the zone of a --target-time that names none"),
])
.files(&[
    (
        "NAME.manifest.json, NAME.sha256",
        "what the backup NAME is to hold, by pg-dump-rotate: its files, rows, large objects and definitions",
    ),
    (
        "NAME.verified.json",
        "the verdict on the backup NAME, which pg-dump-rotate reads; not written with --no-record",
    ),
    (
        "~/.cache/pg-throwaway-templates, /var/tmp/pg-throwaway-templates",
        "an empty server of each version, from which the private ones are copied; may be deleted at any time",
    ),
])
.see_also(&["pg-dump-rotate(1)", "pg_restore(1)", "pg_basebackup(1)", "pg_verifybackup(1)", "pg_amcheck(1)"]);

/// The names of the checks, which --accept takes too.
pub(super) const CHECKS: &[(&str, &str)] = &[
    (
        "archive",
        "the backup can be read to its end, where it says that it ends",
    ),
    ("checksum", "every file is what the manifest says"),
    (
        "manifest",
        "rows, large objects and definitions are those of the manifest",
    ),
    ("globals", "the roles and tablespaces of the same run"),
    (
        "preflight",
        "what the server lacks for the restore; nothing was restored then",
    ),
    (
        "locale",
        "the locale that the backup asks for and the server lacks",
    ),
    (
        "encoding, tablespace",
        "whether they are those of the database whose place it takes",
    ),
    ("restore", "errors of the restore"),
    (
        "harmless_errors",
        "errors of the restore that take nothing away, and how many",
    ),
    (
        "rows",
        "a table's rows: how many, and an order-free digest of them",
    ),
    ("sequences", "the position of each sequence"),
    (
        "large_objects",
        "the content, owner, rights and comment of each large object",
    ),
    ("schema", "every definition, dumped again and compared"),
    ("database", "the database's own properties and settings"),
    (
        "extensions",
        "their versions, which the manifest says and no dump does",
    ),
    (
        "references",
        "rows that refer to what -t, -n or --where left out",
    ),
    (
        "foreign_keys",
        "rows without counterpart, for every foreign key",
    ),
    (
        "check_constraints",
        "rows that break a CHECK constraint, of their table or a domain, or a NOT NULL",
    ),
    (
        "unique_keys",
        "rows that are the same by a unique index, or exclude each other",
    ),
    ("indexes", "indexes that are not valid or not ready"),
    ("btrees", "B-trees that amcheck finds broken"),
    (
        "sequence_columns",
        "sequences that would give a number that is in use",
    ),
    (
        "materialized_views",
        "materialized views that are not filled where they were",
    ),
    (
        "collations",
        "collations of another version than the one that built the indexes",
    ),
    ("expect", "your own checks, by --expect and --checks"),
    ("compare", "the counts of rows of a live database"),
    (
        "files",
        "of a base backup: sequences and long values whose file is missing",
    ),
    (
        "backup, recovery",
        "of a base backup: its files, and the moment that was reached",
    ),
    (
        "selection, origin, promote",
        "whether it may take a database's place, and that it did",
    ),
    (
        "where, kept",
        "the server, and how to reach what was kept there",
    ),
    ("verdict", "the sum of all, and the last record of a backup"),
];
