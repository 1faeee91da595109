//! The flags, and what the help and the manual say.

use shared::cli::{Flag, Tool};

use super::fields::{FIELDS, RESULTS};

/// What `--help`, the man page and the completions say.
pub const TOOL: Tool = Tool::new(
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_VERSION"),
    "show who blocks whom in PostgreSQL, and end it safely",
)
.synopsis(&[
    "[OPTION]... [FILTER]...",
    "[OPTION]... [FILTER]... --cancel|--terminate|--escalate GRACE",
    "[OPTION]... - --cancel|--terminate|--escalate GRACE",
])
.description(
    "Shows the sessions that wait for locks below those that block them, the heads of the trees \
     first, and ends nobody unless it is told to by --cancel, --terminate or --escalate. Then it \
     ends the first head that matches the filters, or as many as --max allows, looks whether it is \
     gone, and looks again: when nobody waits any more it stops, and who goes on by itself once others \
     are gone is left alone, whatever --victims says. A head whose end alone would free nobody, because \
     others hold the same, is left alone, too, unless --max reaches all who must go. Who can't be ended is told of, and takes nobody's \
     place. On a standby, of those whose snapshots may be in the way of replay, one is ended at a time, the oldest, \
     once it has been in the way for two seconds; nobody if they are in several databases. It looks at all databases of the server, whichever it connects to; --database narrows \
     that. All filters must hold; of one that \
     is given several times any may. The server compares in the very statement that signals \
     whether it still is the session, and the transaction, that was seen; if not, nothing is done. \
     Our own sessions, replication, the server's own processes and autovacuum against wraparound \
     are never ended. It needs pg_read_all_stats to see, and pg_signal_backend to end sessions of \
     other roles; superusers' only a superuser may.",
)
.flags(&[
    Flag::switch(
        "sessions",
        "look at all client sessions, not only at those that block or wait",
    )
    .group("Whom to look at"),
    Flag::switch("fail-if-blocked", "status 1 if anybody waits").group("Whom to look at"),
    Flag::value(
        "save",
        "FILE",
        "save what was seen, for later; in a loop what was before the first signal",
    )
    .group("Whom to look at"),
    Flag::value("snapshot", "FILE", "look at what was saved, at no server")
        .group("Whom to look at"),
    Flag::switch(
        "bare-pids",
        "what - reads are process numbers, one a line, and no records",
    )
    .group("Whom to look at"),
    filter("user", "NAME", "of this role"),
    filter("not-user", "NAME", "not of this role"),
    filter("database", "NAME", "in this database"),
    filter("not-database", "NAME", "not in this database"),
    filter(
        "app",
        "NAME",
        "with this application_name; * stands for any text",
    ),
    filter("not-app", "NAME", "not with this application_name"),
    filter(
        "client",
        "ADDRESS",
        "from this address or network; local is the machine's own socket",
    ),
    filter("not-client", "ADDRESS", "not from this address or network"),
    filter(
        "state",
        "STATE",
        "in this state: active, idle, \"idle in transaction\", …",
    ),
    filter("not-state", "STATE", "not in this state"),
    filter("query", "REGEX", "whose statement matches"),
    filter("not-query", "REGEX", "whose statement does not match"),
    filter(
        "relation",
        "NAME",
        "that hold or await a lock on this relation, with its schema or without",
    ),
    filter("not-relation", "NAME", "that hold or await no lock on this relation"),
    filter(
        "lock-mode",
        "MODE",
        "that hold or await a lock of this mode, such as AccessExclusiveLock",
    ),
    filter("not-lock-mode", "MODE", "that hold or await no lock of this mode"),
    filter(
        "waiting-for",
        "DURATION",
        "that have waited at least this long",
    ),
    filter("not-waiting-for", "DURATION", "that have waited less, or do not wait"),
    filter(
        "blocking-for",
        "DURATION",
        "that have kept somebody waiting at least this long",
    ),
    filter("not-blocking-for", "DURATION", "that have kept nobody waiting this long"),
    filter(
        "xact-age",
        "DURATION",
        "whose transaction is at least this old",
    ),
    filter("not-xact-age", "DURATION", "whose transaction is younger, or that are in none"),
    filter(
        "idle-in-transaction",
        "DURATION",
        "idle in a transaction for at least this long",
    ),
    filter("not-idle-in-transaction", "DURATION", "not idle in a transaction for this long"),
    filter(
        "query-age",
        "DURATION",
        "whose statement has run at least this long",
    ),
    filter("not-query-age", "DURATION", "whose statement has not run this long"),
    filter(
        "min-blocked",
        "N",
        "that block at least N, directly or behind others",
    ),
    filter("not-min-blocked", "N", "that block fewer than N"),
    Flag::value(
        "victims",
        "WHICH",
        "which of those that match are ended (default: heads; with --sessions all)",
    )
    .choices(&["heads", "oldest", "all", "all-but-oldest", "waiters"])
    .group("Victims"),
    Flag::value("max", "N", "end at most N, in a whole run")
        .default("1")
        .group("Victims"),
    Flag::value(
        "max-percent",
        "PERCENT",
        "end nobody if it would be more than this share of all client sessions",
    )
    .group("Victims"),
    Flag::switch("include-superusers", "end superusers' sessions, too").group("Victims"),
    Flag::switch(
        "include-autovacuum",
        "end autovacuum, too, but never one that prevents wraparound",
    )
    .group("Victims"),
    Flag::switch(
        "include-backups",
        "end clients that take a backup, too: pg_dump, pgBackRest and others, by name or by statement",
    )
    .group("Victims"),
    Flag::value(
        "protect",
        "NAME",
        "never end sessions of this role or application; * stands for any text",
    )
    .repeats()
    .group("Victims"),
    Flag::value(
        "protect-file",
        "FILE",
        "the same for the names in this file, one a line",
    )
    .group("Victims"),
    Flag::switch("cancel", "cancel the victims' statements").group("Action"),
    Flag::switch("terminate", "end the victims' sessions").group("Action"),
    Flag::value(
        "escalate",
        "DURATION",
        "cancel, and terminate if that did not help within this time",
    )
    .group("Action"),
    Flag::value("grace", "DURATION", "how long a victim may take to be gone")
        .default("5s")
        .group("Action"),
    Flag::switch("dry-run", "say what would be done, change nothing").group("Action"),
    Flag::value(
        "exec",
        "COMMAND",
        "before each victim, for sh -c: gets its record on stdin, and spares it by failing; has 30s; \
         asks nobody with --dry-run",
    )
    .group("Action"),
    Flag::value(
        "watch",
        "DURATION",
        "look again and again, at this interval; shows the victims' trees first; one at a time per server",
    )
    .group("Loop"),
    Flag::value("for", "DURATION", "end the watch after this time; an answer of the server that is late is waited for 5s longer").group("Loop"),
    Flag::switch("on-clear", "end the watch when nobody waits; status 1 if --for is over before").group("Loop"),
])
.connects()
.operands(
    "-",
    "reads the records of a listing on stdin: these sessions are the victims, and more than \
     --max of them are refused; needs pid and backend_start as exact as they were listed, and heeds xact_start",
)
.examples(&[
    ("Show who blocks whom", "pg-lock-kill -d app"),
    (
        "Say what would be done about the worst head of a tree, then do it",
        "pg-lock-kill -d app --escalate 10s --dry-run && pg-lock-kill -d app --escalate 10s",
    ),
    (
        "End the sessions that were picked from a listing",
        "pg-lock-kill | jq -c 'select(.application_name == \"etl\")' | pg-lock-kill - --terminate",
    ),
    (
        "End the sessions of one application that sit in a transaction",
        "pg-lock-kill --sessions --app 'web-*' --idle-in-transaction 15m --terminate --max 20",
    ),
    (
        "Cancel statements that take too long",
        "pg-lock-kill --sessions --query-age 1h --not-user etl --cancel --max 5",
    ),
    (
        "For the length of a migration, end whoever keeps ten others waiting for a minute",
        "pg-lock-kill --watch 5s --for 1h --min-blocked 10 --blocking-for 1m --escalate 5s --max 3",
    ),
    (
        "Keep what was seen, and look at it later",
        "pg-lock-kill --save locks.json > /dev/null; pg-lock-kill --snapshot locks.json -o table",
    ),
])
.found("a victim is still there: it was signalled in vain, or the server refused, or it was left alone \
     and blocks others, waits itself, or was named (one that has changed: only if it still blocks); with \
     --fail-if-blocked: somebody waits")
.fields(FIELDS)
.lists(&[("RESULTS", RESULTS)])
.see_also(&["pg-stat-report(1)", "pg-migrate-lint(1)", "psql(1)"]);

/// A flag that a session must pass; any of those given several times will do.
const fn filter(long: &'static str, metavar: &'static str, help: &'static str) -> Flag {
    Flag::value(long, metavar, help).repeats().group("Filters")
}
