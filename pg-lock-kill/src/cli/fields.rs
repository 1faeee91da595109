//! What the fields of a record mean, and how a deed comes out: for the manual.

/// The fields, in their order.
pub const FIELDS: &[(&str, &str)] = &[
    (
        "pid",
        "the session's process; of a parallel query its leader's; 0 for a prepared transaction",
    ),
    (
        "backend_start",
        "when the session began: with pid, who it is",
    ),
    (
        "xact_start",
        "when its transaction began: in another one it is not what was seen, and is left alone",
    ),
    ("depth", "0 for a head, which waits for nobody"),
    (
        "blocked_by",
        "whom it waits for: the record above it in the tree",
    ),
    (
        "blockers",
        "how many hold what it waits for; blocked_by is one of them, unless it is soft",
    ),
    (
        "block",
        "hard: that one holds the lock. soft: it only stands before it in the queue. guess: of replay on a \
         standby, which waits for a snapshot and does not say whose; that is the oldest one",
    ),
    (
        "blocking",
        "how many wait for it, directly or behind others",
    ),
    (
        "frees",
        "how many of them wait for nobody else: what its end would free. Of several that lock one row FOR SHARE \
         the server shows one at a time, the next when that one is gone. On a standby 0 where other snapshots, too, \
         may be in the way of replay",
    ),
    ("longest_wait_seconds", "the longest of the waits behind it"),
    (
        "waiting_seconds",
        "how long it has waited itself; before PostgreSQL 14 how long its statement has run, in a loop how \
         long it was seen to wait",
    ),
    (
        "lock",
        "the mode of the lock that it waits for, or holds and others wait for",
    ),
    ("target", "what that lock is on, in words"),
    ("relation", "the relation that it is on or in"),
    ("user", "its role"),
    ("database", "its database"),
    ("application_name", "what it calls itself"),
    (
        "client_addr",
        "where it comes from; null for the machine's own socket",
    ),
    (
        "backend_type",
        "client backend, autovacuum worker, …, or prepared transaction",
    ),
    (
        "state",
        "active, idle in transaction, …; starting before it has begun",
    ),
    ("state_change", "since when"),
    ("state_age_seconds", "for so long"),
    (
        "wait_event",
        "what its process waits for, as in pg_stat_activity: Client:ClientRead, IPC:SyncRep, …",
    ),
    (
        "query_age_seconds",
        "the age of its statement, or of its last one",
    ),
    (
        "xact_age_seconds",
        "the age of its transaction: the work that would be lost",
    ),
    (
        "xid",
        "its transaction's number, if it has written something",
    ),
    (
        "progress",
        "how far it is, where the server says so: copy, 12000 rows",
    ),
    ("deadlock", "whether it waits for itself by way of others"),
    (
        "cheaper_pid",
        "a session whose end would free about as many and lose less, such as the ALTER TABLE that \
         waits in front of a queue; where several hold what that one waits for, their ends alone free nobody",
    ),
    (
        "protected",
        "why it is never ended, or not without a flag; or that it is not known whether --relation or --not-relation means \
         it, whose name others do not see yet",
    ),
    ("gid", "a prepared transaction's name"),
    (
        "remedy",
        "SQL that ends what has no session, in the database that is named",
    ),
    ("query", "its statement, or its last one, without passwords"),
    (
        "action",
        "what was done, or with --dry-run would be: cancel, terminate, or both",
    ),
    ("result", "how it came out; see RESULTS"),
    ("message", "in words, where there is more to say"),
];

/// How it can come out.
pub const RESULTS: &[(&str, &str)] = &[
    (
        "ended",
        "the session is gone; with --cancel its statement is over",
    ),
    (
        "freed",
        "its statement was cancelled, nobody waits for it any more, and the session goes on",
    ),
    (
        "gone_already",
        "the session had ended by itself; nothing was done",
    ),
    (
        "changed",
        "it is in another transaction, waits no more, or did something else where it was chosen by what \
         it does; nothing was done",
    ),
    ("denied", "the server refused; message says why"),
    (
        "still_alive",
        "it was signalled, and when --grace was over it was still there, or still in the way",
    ),
    (
        "not_applicable",
        "it is nothing that ending a session is for, as to cancel where no statement runs; nothing was done",
    ),
    (
        "protected",
        "it is never ended, or not without a flag; nothing was done",
    ),
    ("vetoed", "the program of --exec failed; nothing was done"),
    ("dry_run", "it would have been signalled"),
];
