//! Which clients' sessions take a backup: by what they call themselves, and by what they do where that is plain.
//! pg_basebackup and whatever else receives a backup as a standby would is none: it is a walsender, whatever its name.

use crate::snapshot::Session;

/// What programs that take backups call their sessions, or begin to, in small letters.
const PROGRAMS: &[&str] = &[
    "pg_dump",
    "pg_dumpall",
    "pg_basebackup",
    "pg-dump-rotate",
    "pgbackrest",
    "pg_probackup",
    "pg_rman",
    "barman",
    "wal-g",
    "wal-e",
];

/// What begins a copy of the server's files; before PostgreSQL 15 the one, then the other. It goes on until the session
/// ends it, or ends.
const BEGIN: [&str; 2] = ["pg_start_backup(", "pg_backup_start("];
/// What ends it, when the last of the log is archived.
const END: [&str; 2] = ["pg_stop_backup(", "pg_backup_stop("];

/// Whether this session takes a backup. With another name than its program's, one is known by its statement alone:
/// while it reads the catalogues, as pg_dump does at first, it is like any other.
pub fn takes_one(session: &Session) -> bool {
    let application = session.application_name.as_deref().unwrap_or_default();
    let application = application.to_lowercase();
    let query = session.query.as_deref().unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| query.contains(word));
    let is_active = session.state.as_deref() == Some("active");
    PROGRAMS.iter().any(|name| application.starts_with(name))
        || session.xact_start.is_some() && is_of_pg_dump(query)
        || has(&BEGIN)
        || is_active && has(&END)
}

/// Whether pg_dump writes a statement so (`lockTableClause`, `dumpTableData_copy` and `dumpTableData_insert` in
/// pg_dump.c): people write the one or the other word in other letters, and no columns, or no schema.
fn is_of_pg_dump(query: &str) -> bool {
    let is_lock = query.starts_with("LOCK TABLE ") && query.ends_with(" IN ACCESS SHARE MODE");
    let is_copy = query.starts_with("COPY ") && query.ends_with(") TO stdout;");
    let has_schema = query.contains('.');
    has_schema && (is_lock || is_copy) || query.contains("_pg_dump_cursor")
}
