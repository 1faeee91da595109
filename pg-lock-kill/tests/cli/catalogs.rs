//! Locks on what is no table, and on the catalogues themselves.

use std::thread;

use postgres::NoTls;
use tests::Running;

use crate::ground::{Ground, results};
use crate::stage::{Actor, Stage};

const LOCK: &str = "lock table pg_catalog.pg_class in access exclusive mode";

#[test]
fn an_object_has_a_name() {
    let stage = Stage::new();
    stage.database.sql("create schema \"Old\"");
    let _holder = stage.holder("holder", "drop schema \"Old\"");
    let waiter = stage.waiter("waiter", "create table \"Old\".t ()");
    let tree = stage.listing();
    assert_eq!(tree.drawn(), ["holder", " waiter"]);
    let target = tree.of_pid(waiter.pid)["target"].as_str().unwrap();
    let place = format!("in database {}", stage.database.name());
    match *stage.database.value("show server_version_num") >= *"140000" {
        true => assert_eq!(target, format!("schema \"Old\" {place}")),
        // Its own number is none of ours.
        false => assert!(
            target.starts_with("object ") && target.ends_with(&format!("of pg_namespace {place}")),
            "{target}"
        ),
    }
}

/// Two sessions that are there already, because nobody else gets in: one locks what every other one
/// needs.
fn locked(ground: &Ground) -> (Actor, Actor) {
    let holder = Actor::new(ground.client_of("postgres"), "holder");
    let waiter = ground.actor("waiter");
    // Who looks on must know by then what it looks at.
    assert!(!ground.is("select exists (select from pg_locks where not granted and pid = 0)"));
    holder.run(&format!("begin; {LOCK}"));
    waiter.start("select from t");
    (holder, waiter)
}

#[test]
fn where_nobody_gets_in_the_remedy_is_told() {
    let ground = Ground::new();
    let (_holder, waiter) = locked(&ground);
    ground.until_waiting(&waiter);
    ground.run(&[]).expect_code(2).expect_error("kill -INT");
}

/// There the server says nothing at all to who comes, and goes by no lock_timeout.
#[test]
fn where_nobody_can_log_in_the_cause_is_told() {
    let ground = Ground::new();
    let holder = Actor::new(ground.client_of("postgres"), "holder");
    holder.run("begin; lock table pg_catalog.pg_database in access exclusive mode");
    let output = ground.tool(&[]).env("PGCONNECT_TIMEOUT", "2").run();
    output
        .expect_code(2)
        .expect_error("pg_authid or pg_database");
}

#[test]
fn a_watch_ends_who_locks_the_catalogs() {
    let ground = Ground::new();
    let arguments = ["--watch", "100ms", "--include-superusers", "--terminate"];
    let watch: Running = ground.tool(&arguments).start();
    ground.until(
        "it watches",
        "select exists (select from pg_locks where locktype = 'advisory' and classid = 1885826155)",
    );
    let (holder, waiter) = locked(&ground);
    let output = watch.finish().expect_code(0);
    let told = results(&output);
    let ended = (i64::from(holder.pid), "terminate".into(), "ended".into());
    assert_eq!(told.last(), Some(&ended), "{output:?}");
    output.expect_error("numbers stand for names");
    waiter.answer().unwrap();
}

#[test]
fn who_is_about_to_begin_waits_too() {
    let ground = Ground::new();
    ground.sql("create database other");
    let holder = Actor::new(ground.cluster.connect("other").unwrap(), "holder");
    holder.run(&format!("begin; {LOCK}"));
    let mut config = postgres::Config::new();
    config.host_path(ground.cluster.socket_dir());
    config.port(ground.cluster.port()).user("app");
    config.dbname("other");
    let client = thread::spawn(move || config.connect(NoTls));
    ground.until(
        "it waits before it has begun",
        "select exists (select from pg_locks where not granted)",
    );
    let records = ground.run(&["--fail-if-blocked"]).expect_code(1);
    let records = records.json_lines();
    assert_eq!(records.len(), 2, "{records:#?}");
    let (head, waiter) = (&records[0], &records[1]);
    assert_eq!(
        (&head["pid"], &head["frees"]),
        (&holder.pid.into(), &1.into())
    );
    assert_eq!(waiter["blocked_by"], holder.pid);
    assert_eq!(
        (&waiter["state"], &waiter["database"]),
        (&"starting".into(), &"other".into())
    );
    // All databases have the same catalogues, so that none of that one's own is needed.
    assert_eq!(waiter["relation"], "pg_catalog.pg_class");
    assert!(waiter["protected"].is_string(), "{waiter:#}");
    let filtered = ground.run(&["--database", "other", "--state", "starting"]);
    assert_eq!(filtered.expect_code(0).json_lines().len(), 1);
    let output = ground
        .run(&["--terminate", "--include-superusers"])
        .expect_code(0);
    let ended = (i64::from(holder.pid), "terminate".into(), "ended".into());
    assert_eq!(results(&output), [ended]);
    client.join().unwrap().unwrap();
}
