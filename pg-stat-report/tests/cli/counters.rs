//! How sessions and transactions end, and how often VACUUM goes over indexes.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use serde_json::{Value, json};
use tests::eventually;

use crate::ground::{Ground, alone, of, statuses};

/// A session that nobody closes; with a setting that ends it, it waits until the server has done so.
fn lose_session(ground: &Ground, database: &str, setting: Option<(&str, &str)>) {
    let folder = ground.cluster.socket_dir().display().to_string();
    let path = format!("{folder}/.s.PGSQL.{}", ground.cluster.port());
    let mut stream = UnixStream::connect(path).unwrap();
    let mut message = 196_608_u32.to_be_bytes().to_vec();
    let said = [("user", "postgres"), ("database", database)];
    for (name, value) in said.into_iter().chain(setting) {
        message.extend(format!("{name}\0{value}\0").bytes());
    }
    message.push(0);
    let length = (message.len() as u32 + 4).to_be_bytes();
    stream.write_all(&length).unwrap();
    stream.write_all(&message).unwrap();
    loop {
        let mut head = [0; 5];
        if stream.read_exact(&mut head).is_err() {
            return;
        }
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        let mut body = vec![0; length as usize - 4];
        stream.read_exact(&mut body).unwrap();
        if head[0] == b'Z' && setting.is_none() {
            return;
        }
    }
}

fn row_of(ground: &Ground, database: &str) -> Value {
    let mut rows = ground.rows("databases").into_iter();
    rows.find(|row| row["database"] == database).unwrap()
}

#[test]
fn sessions_that_nobody_closes() {
    let ground = Ground::new();
    if ground.major() < 14 {
        assert_eq!(ground.statuses("lost_sessions", &[]), alone("unknown"));
        assert_eq!(row_of(&ground, "postgres")["sessions"], Value::Null);
        return;
    }
    ground.sql("create database d");
    for _ in 0..70 {
        lose_session(&ground, "d", None);
    }
    eventually("they are counted", || {
        row_of(&ground, "d")["sessions_abandoned"] == json!(70)
    });
    // Few sessions say nothing.
    assert_eq!(ground.statuses("lost_sessions", &[]), alone("ok"));
    lose_session(&ground, "d", Some(("idle_session_timeout", "1ms")));
    for _ in 0..30 {
        drop(ground.cluster.connect("d").unwrap());
    }
    eventually("all are counted", || {
        let row = row_of(&ground, "d");
        row["sessions"] == json!(101) && row["sessions_fatal"] == json!(1)
    });
    for (words, expected) in [
        ([].as_slice(), "warning"),
        (&["--crit", "lost_sessions=70%"], "critical"),
        (&["--warn", "lost_sessions=71%"], "ok"),
    ] {
        assert_eq!(ground.statuses("lost_sessions", words), of(expected, "d"));
        let blind = ground.check_as("nobody", "lost_sessions", words);
        assert_eq!(statuses(&blind), of(expected, "d"));
    }
    // What was before an earlier report is over.
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").display().to_string();
    ground.run(&["growth", "--state", &state]);
    for _ in 0..100 {
        drop(ground.cluster.connect("d").unwrap());
    }
    eventually("these are counted, too", || {
        row_of(&ground, "d")["sessions"] == json!(201)
    });
    let lately = ground.check("lost_sessions", &["--baseline", &state]);
    assert_eq!(statuses(&lately), of("ok", "d"));
    let message = lately[0]["message"].as_str().unwrap();
    assert!(message.starts_with("0.0 % of 100 sessions"), "{message}");
}

#[test]
fn transactions_that_are_rolled_back() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("commit_ratio", &[]), alone("ok"));
    ground.sql("do $$ begin for i in 1..900 loop commit; end loop; for i in 1..700 loop rollback; end loop; end $$");
    eventually("they are counted", || {
        row_of(&ground, "postgres")["rollbacks"].as_i64() >= Some(700)
    });
    for (words, expected) in [
        ([].as_slice(), "ok"),
        (&["--warn", "commit_ratio=80%"], "warning"),
        (&["--crit", "commit_ratio:post*=0.8"], "critical"),
        (&["--warn", "commit_ratio=50%"], "ok"),
    ] {
        let found = ground.statuses("commit_ratio", words);
        assert_eq!(found, of(expected, "postgres"));
    }
}

/// It has found more dead rows than it has memory for, and waits for a page of the rest.
#[test]
fn a_vacuum_that_goes_over_its_indexes_again() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("vacuum_passes", &[]), alone("ok"));
    let (memory, rows) = match ground.major() >= 17 {
        true => ("64kB", 400_000),
        false => ("1MB", 200_000),
    };
    ground.sql(&format!(
        "create table t as select i, 1 as x from generate_series(1, {rows} + 1) i; create index on t (i); delete from t where i <= {rows}"
    ));
    let mut reader = ground.client();
    let pin = "set enable_seqscan = off; set enable_bitmapscan = off; begin;
        declare c cursor for select * from t where i > 0; fetch c";
    reader.batch_execute(pin).unwrap();
    let mut worker = ground.client();
    let vacuuming = thread::spawn(move || {
        let memory = format!("set maintenance_work_mem = '{memory}'");
        worker.batch_execute(&memory).unwrap();
        worker.batch_execute("vacuum (freeze) t")
    });
    let is_held =
        "select (count(*) = 1)::text from pg_stat_activity where wait_event = 'BufferPin'";
    eventually("it waits for the page that is read", || {
        ground.value(is_held) == "true"
    });
    let found = ground.check("vacuum_passes", &[]);
    assert_eq!(statuses(&found), of("warning", "public.t"));
    let critical = ground.statuses("vacuum_passes", &["--crit", "vacuum_passes=2"]);
    assert_eq!(critical, of("critical", "public.t"));
    let once = ground.statuses("vacuum_passes", &["--warn", "vacuum_passes=1000"]);
    assert_eq!(once, of("ok", "public.t"));
    let blind = ground.check_as("nobody", "vacuum_passes", &[]);
    assert_eq!(statuses(&blind), alone("unknown"));
    let seen = ground.check_as("watcher", "vacuum_passes", &[]);
    assert_eq!(statuses(&seen), of("warning", "public.t"));
    reader.batch_execute("rollback").unwrap();
    vacuuming.join().unwrap().unwrap();
    assert_eq!(ground.statuses("vacuum_passes", &[]), alone("ok"));
}
