use super::*;
use crate::cli::{Condition, Filters, Victims};

fn snapshot(sessions: Vec<Session>) -> Snapshot {
    let empty = r#"{"taken_at":"2026-11-20T20:00:00Z","server_version_num":150018,"in_recovery":false,
        "own_pid":1,"own_role":"me","own_database":5,"sees_all":true,"locks":[],"sessions":[],
        "prepared":[],"safe_snapshots":[],"databases":[],"relations":[]}"#;
    let mut snapshot: Snapshot = serde_json::from_str(empty).unwrap();
    snapshot.sessions = sessions;
    snapshot
}

/// An ordinary client, which nothing protects.
fn client() -> Session {
    let session = r#"{"pid":7,"leader_pid":null,"database_oid":5,"database":"app","user":"web",
        "is_superuser":false,"application_name":"shop","client_addr":null,
        "backend_start":"2026-11-20T10:00:00Z","wait_event_type":null,"wait_event":null,"state":"active",
        "backend_xid":null,"backend_xmin":null,"query":"select 1","backend_type":"client backend",
        "progress":null}"#;
    serde_json::from_str(session).unwrap()
}

fn why(options: &Options, session: Session) -> Option<String> {
    let snapshot = snapshot(vec![session]);
    Rules::of(options)
        .unwrap()
        .why(&snapshot, &snapshot.sessions[0])
}

/// Everything that a flag can include.
fn all() -> Options {
    Options {
        victims: Victims {
            include_superusers: true,
            include_autovacuum: true,
            include_backups: true,
            ..Victims::default()
        },
        ..Options::default()
    }
}

#[test]
fn no_flag_includes_them() {
    let of = |change: fn(&mut Session)| {
        let mut session = client();
        change(&mut session);
        session
    };
    assert_eq!(why(&Options::default(), client()), None);
    for session in [
        of(|s| s.pid = 1),
        of(|s| s.application_name = Some("pg-lock-kill".into())),
        of(|s| s.user = None),
        of(|s| s.backend_start = None),
        of(|s| s.backend_type = "walsender".into()),
        of(|s| s.backend_type = "startup".into()),
        of(|s| s.backend_type = "logical replication worker".into()),
        of(|s| s.backend_type = "parallel worker".into()),
        of(|s| s.backend_type = "autovacuum launcher".into()),
        of(|s| s.backend_type = String::new()),
        of(|s| {
            s.backend_type = "autovacuum worker".into();
            s.query = Some("autovacuum: VACUUM public.t (to prevent wraparound)".into());
        }),
        of(|s| {
            s.backend_type = "autovacuum worker".into();
            s.query = Some(String::new());
        }),
    ] {
        assert!(why(&all(), session.clone()).is_some(), "{session:?}");
    }
}

#[test]
fn a_flag_includes_them() {
    let mut root = client();
    root.is_superuser = true;
    let mut vacuum = client();
    vacuum.backend_type = "autovacuum worker".into();
    vacuum.user = None;
    vacuum.query = Some("autovacuum: VACUUM public.t".into());
    let mut sessions = vec![root, vacuum];
    for name in [
        "pg_dump",
        "pg_dumpall",
        "pgBackRest [backup]",
        "barman_backup",
        "wal-g",
    ] {
        let mut backup = client();
        backup.application_name = Some(name.into());
        sessions.push(backup);
    }
    for session in sessions {
        assert!(
            why(&Options::default(), session.clone()).is_some(),
            "{session:?}"
        );
        assert_eq!(why(&all(), session), None);
    }
}

#[test]
fn a_backup_is_named_by_its_own_name_alone() {
    let of = |name: &str, is_not| {
        let test = Test::App(name.into());
        Options {
            filters: Filters {
                conditions: vec![Condition { test, is_not }],
            },
            ..Options::default()
        }
    };
    let mut dump = client();
    dump.application_name = Some("pg_dump".into());
    assert_eq!(why(&of("pg_dump", false), dump.clone()), None);
    for (name, is_not) in [
        ("pg_dump", true),
        ("*", false),
        ("pg_*", false),
        ("web", false),
    ] {
        assert!(why(&of(name, is_not), dump.clone()).is_some(), "{name}");
    }
}

#[test]
fn a_backup_under_another_name_is_known_by_its_statement() {
    let of = |state: &str, query: &str| {
        let mut session = client();
        session.xact_start = session.backend_start;
        session.state = Some(state.into());
        session.query = Some(query.into());
        session
    };
    let copy = "COPY shop.stock (id, n) TO stdout;";
    for (state, query) in [
        ("active", copy),
        ("idle in transaction", copy),
        (
            "active",
            "COPY (SELECT id FROM shop.stock WHERE n > 1) TO stdout;",
        ),
        (
            "active",
            "LOCK TABLE shop.stock, shop.orders IN ACCESS SHARE MODE",
        ),
        ("active", "FETCH 100 FROM _pg_dump_cursor"),
        ("idle", "SELECT pg_catalog.pg_backup_start($1, $2)"),
        ("active", "select * from pg_stop_backup(false)"),
    ] {
        let session = of(state, query);
        assert!(
            why(&Options::default(), session.clone()).is_some(),
            "{query}"
        );
        assert_eq!(why(&all(), session), None);
    }
    for (state, query) in [
        ("active", "copy shop.stock (id, n) to stdout;"),
        ("active", "COPY stock (id, n) TO stdout;"),
        ("active", "COPY shop.stock (id, n) TO STDOUT"),
        ("active", "lock table shop.stock in access share mode"),
        ("idle", "SELECT pg_backup_stop()"),
    ] {
        assert_eq!(why(&Options::default(), of(state, query)), None, "{query}");
    }
    // Its last transaction is over.
    let mut done = of("idle", copy);
    done.xact_start = None;
    assert_eq!(why(&Options::default(), done), None);
}

#[test]
fn a_star_protects_whatever_it_stands_for() {
    let of = |pattern: &str| Options {
        victims: Victims {
            protected: vec![pattern.into()],
            ..Victims::default()
        },
        ..Options::default()
    };
    assert!(why(&of("sh*"), client()).is_some() && why(&of("w*b"), client()).is_some());
    assert_eq!(why(&of("s"), client()), None);
}

#[test]
fn a_list_has_one_name_a_line() {
    let names: Vec<String> = listed("\u{feff}a\n\n # no\r\n b c  # the boss\r\n").collect();
    assert_eq!(names, ["a", "b c"]);
}
