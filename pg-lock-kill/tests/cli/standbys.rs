//! A standby: its replay waits for queries, and queries for its replay.

use shared::cluster::Cluster;
use tests::{Database, Standby, tool};

use crate::ground::results;
use crate::stage::{Actor, Tree};

/// A standby whose replay waits for queries as long as they take.
fn patient(primary: &Cluster) -> Standby {
    let settings = ["max_standby_streaming_delay=-1", "hot_standby_feedback=off"];
    Standby::of(primary, &settings)
}

/// What the tool says on it.
fn listing(standby: &Standby, database: &Database) -> Tree {
    let place = standby.conninfo(database);
    let output = tool("pg-lock-kill").args(["-d", &place]).run();
    Tree::of(&output.expect_code(0))
}

/// The same once it has so many records: between two looks of its own, replay does not say that it waits.
fn listing_of(many: usize, standby: &Standby, database: &Database) -> Tree {
    let mut seen = None;
    tests::eventually(&format!("{many} are shown"), || {
        let tree = listing(standby, database);
        let is_whole = tree.records.len() == many;
        seen = Some(tree);
        is_whole
    });
    seen.unwrap()
}

/// Replay waits for the reader, and for what; and for nobody once that is done.
fn replay_waits_for(reader: &Actor, target: &str, standby: &Standby, database: &Database) {
    let tree = listing_of(2, standby, database);
    assert_eq!(tree.records[0]["pid"], reader.pid, "{:#?}", tree.records);
    assert_eq!(tree.records[1]["backend_type"], "startup");
    assert_eq!(tree.records[1]["blocked_by"], reader.pid);
    assert_eq!(tree.records[1]["target"], target);
    reader.run("rollback");
    listing_of(0, standby, database);
}

#[test]
fn a_standby_whose_replay_waits_for_a_query() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql("create table t (id int)");
    let standby = patient(&primary);
    standby.catch_up(&database);
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("begin; select from t");
    database.sql("alter table t add column n int");
    let mut watcher = standby.connect(&database);
    tests::eventually("replay waits", || {
        let waits = "select exists (select from pg_locks where not granted)";
        watcher.query_one(waits, &[]).unwrap().get(0)
    });
    let behind = Actor::new(standby.connect(&database), "behind");
    behind.start("select from t");
    let tree = listing_of(3, &standby, &database);
    let startup = tree.of_pid(tree.of_pid(behind.pid)["blocked_by"].as_i64().unwrap() as i32);
    assert_eq!(startup["backend_type"], "startup");
    assert_eq!(startup["blocked_by"], reader.pid);
    assert_eq!(startup["relation"], "public.t");
    assert_eq!(tree.of_pid(reader.pid)["depth"], 0);
    let message = startup["message"].as_str().unwrap();
    assert!(
        message.starts_with("replay of what the primary did waits"),
        "{message}"
    );
    drop(behind);
    // A lock that the primary holds is held here by replay.
    reader.run("rollback");
    let holder = Actor::new(database.client(), "holder");
    holder.run("begin; lock t; select pg_switch_wal()");
    tests::eventually("replay holds the lock", || {
        let holds =
            "select exists (select from pg_locks where granted and mode = 'AccessExclusiveLock')";
        watcher.query_one(holds, &[]).unwrap().get(0)
    });
    reader.start("select from t");
    let tree = listing_of(2, &standby, &database);
    assert_eq!(tree.records[0]["backend_type"], "startup");
    assert_eq!(
        tree.records[0]["message"],
        "it repeats a lock of the primary: act there"
    );
    assert_eq!(tree.records[1]["block"], "hard");
    holder.run("rollback");
    reader.answer().unwrap();
}

#[test]
fn a_standby_whose_replay_waits_for_a_snapshot() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql("create table t (id int); insert into t select generate_series(1, 1000)");
    let standby = patient(&primary);
    standby.catch_up(&database);
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("begin isolation level repeatable read; select from t");
    let later = Actor::new(standby.connect(&database), "later");
    database.sql("delete from t");
    later.run("select 1");
    database.client().batch_execute("vacuum t").unwrap();
    if primary.version().major < 14 {
        return; // It does not say what it waits for.
    }
    let target = "rows that the primary removed, and a snapshot here sees";
    replay_waits_for(&reader, target, &standby, &database);
}

/// A standby that waits for a snapshot which sees rows that the primary removed, of `t` in the database; what is
/// done before that, and after the rows are deleted, on the standby.
struct Conflict<'a> {
    standby: Standby,
    database: Database<'a>,
    /// Its snapshot sees them.
    guilty: Actor,
}

impl<'a> Conflict<'a> {
    /// Not yet one: the rows are still there.
    fn on(primary: &'a Cluster) -> Self {
        let database = Database::on(primary);
        database.sql("create table t (id int); insert into t select generate_series(1, 1000)");
        database.sql("create table other (id int); create role app login");
        database.sql("grant select on all tables in schema public to app");
        let standby = patient(primary);
        standby.catch_up(&database);
        let guilty = Self::reader(&standby, &database, "guilty");
        Self {
            standby,
            database,
            guilty,
        }
    }

    /// Somebody who keeps a snapshot.
    fn reader(standby: &Standby, database: &Database, name: &str) -> Actor {
        let place = standby.conninfo(database);
        let place = place.replace(
            &format!("user={}", database.cluster().superuser()),
            "user=app",
        );
        let reader = Actor::connect(&place, name);
        reader.run("begin isolation level repeatable read; select from other");
        reader
    }

    fn delete(&self) {
        self.database.sql("delete from t");
        self.standby.catch_up(&self.database);
    }

    /// The rows are removed, and replay waits.
    fn begin(&self) {
        let mut client = self.database.client();
        client.batch_execute("vacuum (truncate off) t").unwrap();
        let mut watcher = self.standby.connect(&self.database);
        tests::eventually("replay waits", || {
            let waits = "select exists (select from pg_stat_activity
                         where backend_type = 'startup' and wait_event = 'RecoveryConflictSnapshot')";
            watcher.query_one(waits, &[]).unwrap().get(0)
        });
    }

    fn terminate(&self, arguments: &[&str]) -> Vec<(i64, String, String)> {
        let place = self.standby.conninfo(&self.database);
        let tool = tool("pg-lock-kill").args(["-d", &place, "--terminate"]);
        results(&tool.args(arguments).run().expect_code(0))
    }

    fn is_there(&self, actor: &Actor) -> bool {
        let mut watcher = self.standby.connect(&self.database);
        let is = "select exists (select from pg_stat_activity where pid = $1)";
        watcher.query_one(is, &[&actor.pid]).unwrap().get(0)
    }
}

#[test]
fn who_has_a_younger_snapshot_than_replay_waits_for_lives() {
    let primary = tests::primary();
    if primary.version().major < 14 {
        return; // It does not say what it waits for.
    }
    let conflict = Conflict::on(&primary);
    conflict.delete();
    let newer = Conflict::reader(&conflict.standby, &conflict.database, "newer");
    conflict.begin();
    let tree = listing_of(2, &conflict.standby, &conflict.database);
    let guilty = tree.of_pid(conflict.guilty.pid);
    assert_eq!(
        (&guilty["blocking"], &guilty["frees"]),
        (&1.into(), &0.into())
    );
    let message = guilty["message"].as_str().unwrap();
    assert!(message.starts_with("a guess:"), "{message}");
    assert_eq!(tree.records[1]["block"], "guess");
    // Replay sleeps for up to a second after that one is gone.
    let ended = conflict.terminate(&["--max", "9"]);
    let pid = i64::from(conflict.guilty.pid);
    assert_eq!(ended, [(pid, "terminate".to_string(), "ended".to_string())]);
    assert!(conflict.is_there(&newer));
    listing_of(0, &conflict.standby, &conflict.database);
}

#[test]
fn who_has_a_snapshot_in_another_database_than_replay_waits_for_lives() {
    let primary = tests::primary();
    if primary.version().major < 14 {
        return; // It does not say what it waits for.
    }
    let elsewhere = Database::on(&primary);
    elsewhere.sql("create table other (id int); grant select on other to public");
    let conflict = Conflict::on(&primary);
    let innocent = Conflict::reader(&conflict.standby, &elsewhere, "innocent");
    conflict.delete();
    conflict.begin();
    let tree = listing_of(1, &conflict.standby, &conflict.database);
    let message = tree.records[0]["message"].as_str().unwrap();
    assert!(message.contains("which one does not show"), "{message}");
    for one in [&innocent, &conflict.guilty] {
        assert!(message.contains(&one.pid.to_string()), "{message}");
    }
    assert_eq!(conflict.terminate(&["--max", "9"]), []);
    assert!(conflict.is_there(&innocent));
}

#[test]
fn all_who_share_the_snapshot_that_replay_waits_for_are_in_its_way() {
    let primary = tests::primary();
    if primary.version().major < 14 {
        return; // It does not say what it waits for.
    }
    let conflict = Conflict::on(&primary);
    let second = Conflict::reader(&conflict.standby, &conflict.database, "second");
    conflict.delete();
    conflict.begin();
    let tree = listing_of(3, &conflict.standby, &conflict.database);
    for one in [&second, &conflict.guilty] {
        let record = tree.of_pid(one.pid);
        assert_eq!(
            (&record["blocking"], &record["frees"]),
            (&1.into(), &0.into())
        );
    }
    let startup = tree
        .records
        .iter()
        .find(|one| one["backend_type"] == "startup");
    assert_eq!(startup.unwrap()["blockers"], 2);
    let mut ended = conflict.terminate(&["--max", "9"]);
    ended.sort();
    let mut pids = [conflict.guilty.pid, second.pid].map(i64::from);
    pids.sort_unstable();
    assert_eq!(ended.iter().map(|one| one.0).collect::<Vec<_>>(), pids);
    listing_of(0, &conflict.standby, &conflict.database);
}

#[test]
fn a_standby_whose_replay_waits_for_a_tablespace() {
    let primary = tests::primary();
    if primary.version().major < 14 {
        return; // It does not say what it waits for.
    }
    let database = Database::on(&primary);
    let standby = patient(&primary);
    let mut client = database.client();
    for statement in [
        "set allow_in_place_tablespaces = on",
        "create tablespace spare location ''",
    ] {
        client.batch_execute(statement).unwrap();
    }
    standby.catch_up(&database);
    // What it sorts lies there.
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("set temp_tablespaces = spare; set work_mem = '64kB'");
    reader.run("begin; declare c cursor for select g from generate_series(1, 50000) g order by -g");
    reader.run("fetch 1 from c");
    client.batch_execute("drop tablespace spare").unwrap();
    let target = "a tablespace that the primary dropped";
    replay_waits_for(&reader, target, &standby, &database);
}

#[test]
fn a_standby_whose_replay_waits_for_a_page() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql("create table t (id int); insert into t select generate_series(1, 100)");
    let standby = patient(&primary);
    database.sql("delete from t where id > 50");
    standby.catch_up(&database);
    // What is removed it does not see any more, but it reads the page that it is removed from.
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("begin; declare c cursor for table t; fetch 1 from c");
    database.client().batch_execute("vacuum t").unwrap();
    let seen = listing_of(1, &standby, &database).records;
    assert_eq!(seen[0]["backend_type"], "startup");
    assert_eq!(seen[0]["wait_event"].as_str().unwrap()[..9], *"BufferPin");
    assert_eq!(seen[0]["message"], "whom it waits for does not show");
    reader.run("rollback");
    listing_of(0, &standby, &database);
}
