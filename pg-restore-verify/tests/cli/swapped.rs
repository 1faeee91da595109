//! The moment of `--promote` itself: whoever is connected, whoever else does the same, whatever is
//! killed.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use rustix::process::Signal;
use tests::{eventually, tool};

use crate::backups::expect_verdict;
use crate::place::Place;

/// The server went down between two steps: the live database is open again after the next run.
#[test]
fn a_promotion_that_was_torn_apart_is_undone() {
    let place = Place::new();
    let all = place.databases();
    let scratch = "pg_restore_verify_0123456789ab4def8123456789abcdef";
    for sql in [
        format!("create database {scratch}"),
        format!("comment on database {scratch} is 'pg-restore-verify: takes the place of my app'"),
        "alter database \"my app\" allow_connections false".to_string(),
    ] {
        place.sql("postgres", &sql);
    }
    let host = place.cluster.socket_dir().display();
    let closed = format!("host={host} user=postgres dbname='my app'");
    let output = tool("pg-restore-verify").args(["-d", &closed]);
    expect_verdict(&output.arg(place.backup()).run(), "ok");
    assert_eq!(place.databases(), all);
}

/// Which of the two has the name after a run, and whether all is in order then.
fn expect_either(place: &Place, users: &[&str]) {
    let output = place.promote(&["--dry-run"], &place.backup());
    expect_verdict(&output, "ok");
    let found = place.users("my app");
    assert!(users.contains(&found.as_str()), "{found}: {output:?}");
    assert!(!place.databases().contains("pg_restore_verify"));
    let properties = place.properties("my app");
    assert!(properties.contains("it's live"), "{properties}");
    match found.as_str() {
        "500" => assert_eq!(place.users(&place.before()), "3"),
        _ => assert_eq!(place.before(), ""),
    }
}

fn nobody_is_there(place: &Place) {
    let others = "select count(*)::text from pg_stat_activity
                  where backend_type = 'client backend' and pid <> pg_backend_pid()";
    eventually("the server has noticed", || {
        place.value("postgres", others) == "0"
    });
}

/// Held up in the midst of it, with both databases closed, and killed, or its session ended.
#[test]
fn killed_in_the_midst_of_it() {
    for (is_killed, ends_session, users) in
        [(true, false, "500"), (true, true, "3"), (false, true, "3")]
    {
        let place = Place::new();
        let mut holder = place.cluster.connect("postgres").unwrap();
        holder
            .batch_execute("begin; comment on database \"my app\" is 'it''s live'")
            .unwrap();
        let run = place.promoting(&[], &place.backup()).start();
        let waits = "select coalesce(min(pid), 0)::text from pg_locks where not granted
                     and classid = 'pg_database'::regclass";
        let mut waiting = String::new();
        eventually("it waits for the name", || {
            waiting = place.value("postgres", waits);
            waiting != "0"
        });
        // Not by connecting, which would stand in the queue for the name.
        let open = "select datallowconn::text from pg_database where datname = 'my app'";
        assert_eq!(place.value("postgres", open), "false");
        if is_killed {
            run.signal(Signal::KILL);
        }
        if ends_session {
            let end = format!("select pg_terminate_backend({waiting})");
            place.sql("postgres", &end);
        }
        holder.batch_execute("commit").unwrap();
        drop(holder);
        match is_killed {
            true => drop(run),
            false => {
                let output = run.finish().expect_code(2);
                assert!(output.stderr.contains("is as it was"), "{output:?}");
                assert_eq!(place.users("my app"), users);
            }
        }
        nobody_is_there(&place);
        expect_either(&place, &[users]);
    }
}

#[test]
fn killed_at_any_moment_one_of_both_has_the_name() {
    let place = Place::new();
    let began = Instant::now();
    let output = place.promote(&["--dry-run"], &place.backup());
    expect_verdict(&output, "ok");
    let whole = began.elapsed();
    // The promotion is the last thing of a run.
    for percent in [60, 80, 90, 100] {
        let mut run = place.promoting(&[], &place.backup()).start();
        thread::sleep(whole * percent / 100);
        if !run.has_ended() {
            run.signal(Signal::KILL);
        }
        drop(run);
        nobody_is_there(&place);
        if place.before().is_empty() {
            expect_either(&place, &["3"]);
        } else {
            return expect_either(&place, &["500"]);
        }
    }
}

/// Waits until somebody waits for a lock that a session of the test's holds.
fn waits_for_a_lock(place: &Place) {
    let waits = "select count(*)::text from pg_locks where not granted
                 and classid = 'pg_database'::regclass";
    eventually("it waits for the lock", || {
        place.value("postgres", waits) != "0"
    });
}

#[test]
fn one_run_at_a_time_takes_a_place() {
    let place = Place::new();
    let mut holder = place.cluster.connect("postgres").unwrap();
    holder
        .batch_execute("begin; comment on database \"my app\" is 'it''s live'")
        .unwrap();
    let first = place.promoting(&[], &place.backup()).start();
    waits_for_a_lock(&place);
    // From elsewhere, where an advisory lock would be another one.
    place.sql("postgres", "create database elsewhere");
    let second = place.promoting_from("elsewhere", &[]);
    assert_eq!(second.code(), Some(2), "{second:?}");
    assert!(second.stderr.contains("another run is"), "{second:?}");
    holder.batch_execute("commit").unwrap();
    expect_verdict(&first.finish(), "ok");
    assert_eq!(place.users("my app"), "500");
    // It stands in nobody's way afterwards.
    expect_verdict(&place.promoting_from("elsewhere", &[]), "ok");
}

/// The session with the locks was lost while the rows were compared.
#[test]
fn locked_anew_before_the_swap() {
    let place = Place::new();
    let lose = "select bool_or(pg_terminate_backend(pid)) from pg_locks
                where locktype = 'advisory' and objsubid = 1=t";
    let output = place.promote(&["--expect", lose], &place.backup());
    expect_verdict(&output, "ok");
    assert_eq!(place.users("my app"), "500");
    let held = "select count(*)::text from pg_locks where locktype = 'advisory'";
    eventually("its sessions have ended", || {
        place.value("postgres", held) == "0"
    });
}

/// Nobody gets in between the old database and the new one, however hard they try.
#[test]
fn connections_are_held_off() {
    let place = Place::new();
    let stop = AtomicBool::new(false);
    let connect = || {
        let mut config = postgres::Config::new();
        config
            .host_path(place.cluster.socket_dir())
            .user("postgres");
        config.dbname("my app").connect(postgres::NoTls)
    };
    let answers = thread::scope(|scope| {
        let clients = [(); 3].map(|()| {
            scope.spawn(|| {
                let mut answers = Vec::new();
                while !stop.load(Relaxed) {
                    let Ok(mut client) = connect() else {
                        continue;
                    };
                    if let Ok(row) = client.query_one("select count(*) from users", &[]) {
                        answers.push(row.get::<_, i64>(0));
                    }
                }
                answers
            })
        });
        let output = place.promote(&[], &place.backup());
        stop.store(true, Relaxed);
        expect_verdict(&output, "ok");
        clients.map(|client| client.join().unwrap())
    });
    for answers in answers {
        let (first, later): (Vec<i64>, Vec<i64>) = answers.iter().partition(|count| **count == 3);
        assert!(later.iter().all(|count| *count == 500));
        // First the old ones, then the new ones.
        assert!(answers[..first.len()].iter().all(|count| *count == 3));
    }
    assert_eq!(place.users("my app"), "500");
}

/// A process that goes on at the end of a test, however that ends: its server waits for it.
struct Stopped(rustix::process::Pid);

impl Stopped {
    fn new(pid: i32) -> Self {
        let process = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(process, Signal::STOP).unwrap();
        Self(process)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(self.0, Signal::CONT);
    }
}

/// A session that does not end: its process is stopped, as one that waits for a dead disk is.
#[test]
fn undone_if_a_session_does_not_end() {
    let place = Place::new();
    let all = place.databases();
    let mut session = place.cluster.connect("my app").unwrap();
    let pid: i32 = session
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let stopped = Stopped::new(pid);
    let run = place.promoting(&[], &place.backup()).start();
    let open = "select datallowconn::text from pg_database where datname = 'my app'";
    eventually("it is closed", || place.value("postgres", open) == "false");
    eventually("it is open again", || {
        place.value("postgres", open) == "true"
    });
    // Now that it has given up. To drop a database the server itself needs an answer of them all.
    drop(stopped);
    let output = run.finish();
    assert_eq!(output.code(), Some(2), "{output:?}");
    for words in [
        "do not end",
        &format!("pid {pid} of role postgres"),
        "is as it was",
    ] {
        assert!(output.stderr.contains(words), "{words}: {output:?}");
    }
    assert_eq!(place.databases(), all);
    assert_eq!(place.users("my app"), "3");
}

/// Statistics that are not to be had before the sequence goes on, which no snapshot hides.
fn slow_statistics(place: &Place) {
    place.sql(
        "my app",
        "create sequence go_on; alter sequence go_on owner to app;
         create function slow(id int) returns int immutable language plpgsql as $$ begin
             while pg_catalog.current_query() ilike 'analyze %'
                 and (select last_value from public.go_on) = 1
             loop
                 perform pg_catalog.pg_sleep(0.05);
             end loop;
             return id;
         end $$;
         create index on users (slow(id))",
    );
    place.dump(&["my app"]);
}

fn gathers_statistics(place: &Place) {
    let asleep = "select count(*)::text from pg_stat_activity
                  where query like 'ANALYZE %' and wait_event = 'PgSleep'";
    eventually("statistics are gathered", || {
        place.value("postgres", asleep) != "0"
    });
}

#[test]
fn ended_before_the_swap() {
    let place = Place::new();
    slow_statistics(&place);
    let all = place.databases();
    let run = place.promoting(&[], &place.backup()).start();
    gathers_statistics(&place);
    // Who owns tables there could let a superuser run triggers of theirs.
    let [scratch] = &place.names("~ '^pg_restore_verify_'")[..] else {
        panic!("not one database");
    };
    let refused = place.session("app", scratch).err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "53300", "{refused:?}");
    run.signal(Signal::TERM);
    let output = run.finish();
    assert_eq!(output.code(), None, "{output:?}");
    assert_eq!(place.databases(), all);
    for limit in ["--timeout", "--stall-timeout"] {
        let output = place.promote(&[limit, "4s"], &place.backup());
        assert_eq!(output.code(), Some(2), "{output:?}");
        assert!(output.stderr.contains("given up"), "{output:?}");
        assert_eq!(place.databases(), all);
    }
    assert_eq!(place.users("my app"), "3");
}

/// Somebody puts another database there by hand, in the last moment.
#[test]
fn only_the_one_that_was_looked_at_is_replaced() {
    let place = Place::new();
    slow_statistics(&place);
    let run = place.promoting(&[], &place.backup()).start();
    gathers_statistics(&place);
    for sql in [
        "alter database \"my app\" rename to \"by hand\"",
        "create database \"my app\" template \"by hand\"",
    ] {
        place.sql("postgres", sql);
    }
    let scratch = place.names("~ '^pg_restore_verify_'").remove(0);
    place.sql(&scratch, "select setval('go_on', 2)");
    let output = run.finish();
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("not the one that was there"),
        "{output:?}"
    );
    assert_eq!(place.users("my app"), "3");
    assert_eq!(place.before(), "");
    // The same where it was there again when the next one began.
    expect_verdict(&place.promote(&["--dry-run"], &place.backup()), "ok");
}

/// What would stay behind came while statistics were gathered.
#[test]
fn a_slot_that_came_in_the_last_moment() {
    let place = crate::supplanted::logical();
    slow_statistics(&place);
    let run = place.promoting(&[], &place.backup()).start();
    gathers_statistics(&place);
    let slot = "select pg_create_logical_replication_slot('cdc', 'pgoutput')";
    place.sql("my app", slot);
    let scratch = place.names("~ '^pg_restore_verify_'").remove(0);
    place.sql(&scratch, "select setval('go_on', 2)");
    let output = run.finish();
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("slots are for it: 'cdc'"),
        "{output:?}"
    );
    assert_eq!(place.users("my app"), "3");
    assert_eq!(place.before(), "");
    place.sql("my app", "select pg_drop_replication_slot('cdc')");
}

/// Two that began in the same second.
#[test]
fn a_dated_name_that_is_taken() {
    let place = Place::new();
    // As if there were one for each second from now on.
    place.sql(
        "postgres",
        "create temp table d as select * from pg_database where datname = 'template1';
         insert into pg_database
             select (jsonb_populate_record(d, jsonb_build_object(
                 'oid', 900000 + n,
                 'datname', 'my app_before_'
                     || to_char(now() at time zone 'utc' + n * interval '1 second', 'YYYYMMDD\"T\"HH24MISS\"Z\"')))).*
             from d, generate_series(0, 300) n",
    );
    let output = place.promote(&[], &place.backup());
    place.sql(
        "postgres",
        "delete from pg_database where oid >= 900000 and oid <= 900300",
    );
    expect_verdict(&output, "ok");
    assert!(place.before().ends_with("Z_2"), "{output:?}");
}

/// CREATE DATABASE waits for whoever has template0.
#[test]
fn ended_before_there_is_a_database() {
    let place = Place::new();
    let all = place.databases();
    let mut holder = place.cluster.connect("postgres").unwrap();
    holder
        .batch_execute("begin; comment on database template0 is 'held'")
        .unwrap();
    let run = place.promoting(&[], &place.backup()).start();
    waits_for_a_lock(&place);
    run.signal(Signal::INT);
    let output = run.finish();
    assert_eq!(output.code(), None, "{output:?}");
    let output = place.promote(&["--timeout", "2s"], &place.backup());
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("given up after"), "{output:?}");
    holder.batch_execute("rollback").unwrap();
    assert_eq!(place.databases(), all);
}

/// The database that -d names by itself.
#[test]
fn the_database_that_others_connect_to_first() {
    let place = Place::new();
    let output = place.promoting_as("postgres", &["--accept", "origin"]);
    expect_verdict(&output, "ok");
    assert_eq!(place.users("postgres"), "500");
    let old = place.names("~ '^postgres_before_2'");
    assert_eq!(old.len(), 1, "{old:?}");
}

/// Anybody with CREATEDB can make a database that looks like ours.
#[test]
fn nobody_opens_a_database_by_our_hand() {
    let place = Place::new();
    let scratch = "pg_restore_verify_0123456789ab4def8123456789abcdef";
    for sql in [
        "create role joe login createdb".to_string(),
        format!("create database {scratch} owner joe"),
        format!("comment on database {scratch} is 'pg-restore-verify: takes the place of my app'"),
        "alter database \"my app\" allow_connections false".to_string(),
    ] {
        place.sql("postgres", &sql);
    }
    expect_verdict(&place.promote(&["--dry-run"], &place.backup()), "ok");
    let open = "select datallowconn::text from pg_database where datname = 'my app'";
    assert_eq!(place.value("postgres", open), "false");
    assert_eq!(place.names(&format!("= '{scratch}'")), Vec::<String>::new());
}
