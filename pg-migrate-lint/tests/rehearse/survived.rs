//! What a migration may do to its session, its server or us.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use tests::{eventually, program, tool};

use crate::{SQLX, of, rehearse};

#[test]
fn who_ends_the_session_drops_the_database_or_makes_roles_is_told_of() {
    let one = |text: &str, code| rehearse(&[SQLX, ("m/1_a.sql", text)], &[], code);
    let output = one(
        "select 1;\nselect pg_terminate_backend(pg_backend_pid());\nselect 2;",
        1,
    );
    let record = of(&output, "select pg_terminate");
    assert_eq!(record["state"], "failed");
    // Who writes to a session that has ended may hear of that before it reads why.
    let said = [json!("57P01"), json!(null)];
    assert!(said.contains(&record["sqlstate"]), "{record}");
    assert_eq!(output.json_lines().len(), 2);

    let output = one("-- no-transaction\ndrop database rehearsal;", 1);
    assert_eq!(of(&output, "drop database")["sqlstate"], "55006");
    let output = one("-- no-transaction\ndrop database postgres;", 0);
    assert_eq!(of(&output, "drop database")["state"], "ok");

    one(
        "create role somebody; create table t (); grant select on t to somebody;",
        0,
    );
    let output = one("create extension no_such_extension;", 1);
    assert!(output.stderr.contains("no_such_extension"), "{output:?}");
    let output = one("create table t (); grant select on t to nobody_there;", 1);
    assert!(
        output
            .stderr
            .contains("m/1_a.sql:1: ERROR: role \"nobody_there\" does not exist"),
        "{output:?}"
    );
    assert!(
        output
            .stderr
            .contains("hint: the throw-away server has no roles"),
        "{output:?}"
    );
}

#[test]
fn who_ends_all_other_sessions_keeps_nobody_from_looking() {
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend';";
    let index = "-- no-transaction\ncreate index concurrently i on t (x);";
    let make = "create table t (x int);";
    let files = [
        SQLX,
        ("m/1_a.sql", make),
        ("m/2_b.sql", index),
        ("m/3_c.sql", kill),
        (
            "m/4_d.sql",
            "-- no-transaction\nreindex index concurrently i;",
        ),
    ];
    let output = rehearse(&files, &[], 0);
    let locks = crate::locks(&of(&output, "reindex"));
    assert!(
        locks.contains(&"public.t ShareUpdateExclusiveLock let go".to_string()),
        "{locks:?}"
    );
}

#[test]
fn what_hangs_is_ended() {
    let files = [
        SQLX,
        (
            "m/1_a.sql",
            "set statement_timeout = 0;\nselect pg_sleep(3600);",
        ),
    ];
    let output = rehearse(&files, &["--timeout", "300ms"], 1);
    let record = of(&output, "select pg_sleep");
    assert_eq!(record["sqlstate"], "57014");
    assert!(
        record["message"]
            .as_str()
            .unwrap()
            .contains("it did not end within 0.3 s"),
        "{record}"
    );
    let stubborn = "do $$ begin loop begin perform pg_sleep(3600); exception when query_canceled then null; end; end loop; end $$;";
    let files = [SQLX, ("m/1_a.sql", stubborn)];
    let output = rehearse(&files, &["--timeout", "300ms"], 1);
    let record = of(&output, "do $$");
    assert_eq!(record["state"], "failed", "{record}");
    let message = record["message"].as_str().unwrap();
    assert!(message.contains("it did not end within 0.3 s"), "{record}");
    let make =
        "create procedure p() language plpgsql as $$ begin perform pg_sleep(3600); commit; end $$;";
    let call = "-- no-transaction\ncall p();";
    let files = [SQLX, ("m/1_p.sql", make), ("m/2_a.sql", call)];
    let output = rehearse(&files, &["--timeout", "300ms", "m/2_a.sql"], 1);
    assert_eq!(of(&output, "call p")["sqlstate"], "57014");
}

#[test]
fn a_procedure_that_commits_is_run_by_itself() {
    let make = "create table t (x int); create procedure p() language plpgsql as $$ begin
        insert into t values (1); commit; insert into t values (2); rollback; end $$;";
    let files = [
        SQLX,
        ("m/1_a.sql", make),
        ("m/2_b.sql", "-- no-transaction\ncall p();"),
        ("m/3_c.sql", "delete from t;"),
    ];
    let output = rehearse(&files, &[], 0);
    assert_eq!(of(&output, "call p")["state"], "ok");
    assert_eq!(of(&output, "delete from t")["rows_deleted"], 1);
}

#[test]
fn a_signal_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let all = Permissions::from_mode(0o1777);
    fs::set_permissions(place.path(), all).unwrap();
    fs::write(folder.path().join("1_a.sql"), "select pg_sleep(3600);").unwrap();
    let running = tool("pg-migrate-lint")
        .args(["--rehearse", "--layout", "plain"])
        .arg(folder.path())
        .env("TMPDIR", place.path())
        .start();
    let runs = || {
        let servers = fs::read_dir(place.path()).unwrap().flatten();
        let mut pids = servers.map(|server| server.path().join("data/postmaster.pid"));
        pids.any(|pid| fs::read_to_string(pid).is_ok_and(|text| text.contains("ready")))
    };
    eventually("the server runs", runs);
    let id = running.id().to_string();
    program("kill").args(["-TERM", &id]).run().expect_code(0);
    let output = running.finish();
    assert_eq!(output.signal(), Some(15), "{output:?}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
