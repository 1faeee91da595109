//! Dead rows, locks, settings, roles, extensions, damage.

use serde_json::{Value, json};
use tests::{eventually, program};

use crate::ground::{Ground, alone, of, statuses};

#[test]
fn dead_rows_and_autovacuum() {
    let ground = Ground::with(&[("autovacuum", "on"), ("autovacuum_naptime", "1d")]);
    ground.sql("create table t (i int) with (autovacuum_enabled = off); insert into t select generate_series(1, 1000); create table calm (i int)");
    ground.sql("analyze t");
    assert_eq!(
        ground.statuses("autovacuum_off", &[]),
        of("warning", "public.t")
    );
    ground.sql("update t set i = i + 1; update t set i = i + 1");
    eventually("the dead rows are counted", || {
        ground.statuses("dead_rows", &[]) == of("warning", "public.t")
    });
    let rows = ground.rows("vacuum");
    let row = rows.iter().find(|row| row["table"] == "public.t").unwrap();
    assert_eq!(
        (
            &row["dead_rows"],
            &row["vacuum_threshold"],
            &row["dead_ratio"]
        ),
        (&json!(2000), &json!(250.0), &json!(8.0))
    );
    assert_eq!(
        ground.statuses("dead_rows", &["--crit", "dead_rows=5"]),
        of("critical", "public.t")
    );
    for check in [
        "dead_rows",
        "autovacuum_off",
        "stale_statistics",
        "vacuum_passes",
    ] {
        ground.expect_same_in_all_rows(
            check,
            &["--warn", "dead_rows=9", "--warn", "stale_statistics=99"],
        );
        ground.expect_same_in_all_rows(check, &[]);
    }
    ground.sql("alter table t set (autovacuum_vacuum_threshold = 5000)");
    assert_eq!(ground.statuses("dead_rows", &[])[0].0, "ok");
    ground.sql("alter table t reset (autovacuum_vacuum_threshold)");
    // Long values have a table of their own, for which it can be off by itself.
    ground.sql("create table long (t text) with (toast.autovacuum_enabled = off)");
    let both = [("warning", "public.t"), ("warning", "public.long")];
    let both = both.map(|(status, table)| (status.to_string(), table.to_string()));
    assert_eq!(ground.statuses("autovacuum_off", &[]), both);
    ground.expect_same_in_all_rows("autovacuum_off", &[]);
    let reset = ground.check("autovacuum_off", &[]);
    ground.sql(reset[1]["remedy"].as_str().unwrap());
    assert_eq!(ground.statuses("autovacuum_off", &[]).len(), 1);
    for check in ["dead_rows", "autovacuum_off"] {
        let remedy = ground.check(check, &[])[0]["remedy"]
            .as_str()
            .unwrap()
            .to_string();
        ground.sql(&remedy);
        eventually("the remedy helped", || {
            ground.statuses(check, &[])[0].0 == "ok"
        });
    }
}

/// By time alone, where somebody asks for that.
#[test]
fn when_tables_were_vacuumed_and_analyzed_last() {
    let ground = Ground::with(&[("autovacuum", "off")]);
    ground.sql("create table t (i int); create table never (i int); create table empty (i int)");
    ground.sql("insert into t values (1); insert into never values (1)");
    for statement in ["vacuum t", "analyze t"] {
        ground.sql(statement);
    }
    for check in ["last_vacuum", "last_analyze"] {
        eventually("it is counted", || {
            ground.statuses(check, &[]) == of("ok", "public.t")
        });
        let at = |flag: &str, limit: &str| {
            let found = ground.statuses(check, &[flag, &format!("{check}={limit}")]);
            found.into_iter().collect::<std::collections::BTreeSet<_>>()
        };
        let never = |status: &str| of(status, "public.never").into_iter().collect();
        eventually("the row is counted", || {
            at("--warn", "100d") == never("warning")
        });
        assert_eq!(at("--crit", "100d"), never("critical"));
        assert_eq!(at("--warn", "0s").len(), 2);
    }
    let remedies = ["last_vacuum", "last_analyze"].map(|check| {
        let records = ground.check(check, &["--warn", &format!("{check}=100d")]);
        records[0]["remedy"].as_str().unwrap().to_string()
    });
    assert_eq!(remedies, ["VACUUM public.never;", "ANALYZE public.never;"]);
    for remedy in remedies {
        ground.sql(&remedy);
    }
    eventually("the remedies helped", || {
        ground.statuses("last_vacuum", &["--warn", "last_vacuum=100d"])[0].0 == "ok"
            && ground.statuses("last_analyze", &["--warn", "last_analyze=100d"])[0].0 == "ok"
    });
    assert_eq!(
        statuses(&ground.check_as("nobody", "last_vacuum", &["--warn", "last_vacuum=100d"]))[0].0,
        "ok"
    );
}

/// Long values lie in a table beside the table, which VACUUM may leave alone.
#[test]
fn dead_pieces_of_long_values() {
    let ground = Ground::with(&[("autovacuum", "off")]);
    ground.sql("create table long (id int, t text); alter table long alter t set storage external");
    ground
        .sql("insert into long select i, repeat(md5(i::text), 190) from generate_series(1, 500) i");
    ground.sql("vacuum analyze");
    assert_eq!(ground.statuses("dead_rows", &[])[0].0, "ok");
    for _ in 0..4 {
        ground.sql("update long set t = t || id");
    }
    let dead = || ground.statuses("dead_rows", &[]);
    eventually("they are counted", || {
        dead() == of("critical", "public.long")
    });
    ground.expect_same_in_all_rows("dead_rows", &[]);
    let record = &ground.check("dead_rows", &[])[0];
    let message = record["message"].as_str().unwrap();
    assert!(
        message.starts_with("8,000 dead pieces of long values in its TOAST table, "),
        "{message}"
    );
    // As autovacuum does, by the table's own options where the other has none.
    ground.sql("alter table long set (autovacuum_vacuum_threshold = 9000)");
    assert_eq!(dead()[0].0, "ok");
    ground.sql("alter table long set (toast.autovacuum_vacuum_threshold = 50)");
    assert_eq!(dead(), of("critical", "public.long"));
    ground.sql(record["remedy"].as_str().unwrap());
    eventually("the remedy helped", || dead()[0].0 == "ok");
}

#[test]
fn who_waits_for_a_lock() {
    let ground = Ground::new();
    ground.sql("create table t (i int)");
    assert_eq!(ground.statuses("lock_waits", &[]), alone("ok"));
    let mut holder = ground.client();
    holder.batch_execute("begin; lock table t").unwrap();
    let mut waiter = ground.client();
    let token = waiter.cancel_token();
    let waiting = std::thread::spawn(move || waiter.batch_execute("select * from t"));
    eventually("it waits", || ground.rows("locks")[0]["waiting"] == 1);
    eventually("it waits for a measurable time", || {
        ground.statuses("lock_waits", &["--warn", "lock_waits=1ms"]) == alone("warning")
    });
    assert_eq!(
        ground.statuses("lock_waits", &["--crit", "lock_waits=1ms"]),
        alone("critical")
    );
    let blind = ground.check_as("nobody", "lock_waits", &["--warn", "lock_waits=1ms"]);
    let expected = if ground.major() >= 14 {
        "warning"
    } else {
        "unknown"
    };
    assert_eq!(statuses(&blind), alone(expected));
    assert_eq!(ground.rows("locks")[0]["access_exclusive"], 1);
    // What is locked costs nobody else anything.
    let output = ground
        .run(&["--fail-on", "never", "--skip", "slow_queries,lost_sessions"])
        .expect_code(0);
    let lost: Vec<Value> = output
        .json_lines()
        .into_iter()
        .filter(|record| record["status"] == "unknown")
        .collect();
    assert!(lost.is_empty(), "{lost:#?}");
    token.cancel_query(postgres::NoTls).unwrap();
    waiting.join().unwrap().unwrap_err();
    assert_eq!(ground.statuses("lock_table", &[]), alone("ok"));
    assert_eq!(
        ground.statuses("lock_table", &["--crit", "lock_table=0"]),
        alone("critical")
    );
}

#[test]
fn how_full_the_table_of_locks_is() {
    let ground = Ground::with(&[
        ("max_connections", "20"),
        ("max_locks_per_transaction", "10"),
        ("max_worker_processes", "8"),
        ("wal_level", "replica"),
        ("max_wal_senders", "10"),
        ("max_prepared_transactions", "2"),
        ("autovacuum_max_workers", "3"),
    ]);
    let others = match ground.major() >= 18 {
        true => {
            let slots = ground.value("select current_setting('autovacuum_worker_slots')");
            slots.parse::<u32>().unwrap() + 2
        }
        false => 3 + 1,
    };
    let room = 10 * (20 + others + 8 + 10 + 2);
    assert_eq!(ground.rows("locks")[0]["room"], room);
    let lock = |number: u32| {
        let mut client = ground.client();
        let words =
            format!("select count(pg_advisory_lock_shared(i)) from generate_series(1, {number}) i");
        client.batch_execute(&words).unwrap();
        client
    };
    let status = || ground.statuses("lock_table", &[]);
    let many = room * 2 / 5;
    let (one, other) = (lock(many), lock(many));
    // Two hold the same things: each has its place once.
    let row = &ground.rows("locks")[0];
    assert_eq!(
        (&row["locks"], &row["holders"]),
        (&json!(many), &json!(2 * many))
    );
    assert_eq!(status(), alone("ok"));
    drop((one, other));
    eventually("they are free", || ground.rows("locks")[0]["locks"] == 0);
    // All that there is room for can be had.
    let all = lock(room * 9 / 10);
    assert_eq!(status(), alone("critical"));
    drop(all);
    eventually("they are free", || ground.rows("locks")[0]["locks"] == 0);
    // Many hold the same few.
    let few = room / 5;
    let _holders: Vec<_> = (0..6).map(|_| lock(few)).collect();
    let records = ground.check("lock_table", &[]);
    assert_eq!(statuses(&records), alone("warning"));
    let expected = format!(
        "{} holders of locks in a table with room for {}",
        6 * few,
        2 * room
    );
    let words = records[0]["message"].as_str().unwrap().replace(',', "");
    assert!(words.starts_with(&expected), "{words}");
}

#[test]
fn settings_that_lose_data() {
    let ground = Ground::with(&[
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("autovacuum", "on"),
    ]);
    assert_eq!(ground.statuses("unsafe_settings", &[]), alone("ok"));
    assert_eq!(ground.statuses("pending_restart", &[]), alone("ok"));
    ground.sql("alter system set max_files_per_process = 999");
    ground.sql("alter system set zero_damaged_pages = on");
    ground.sql("select pg_reload_conf()");
    eventually("the change is seen", || {
        ground.statuses("pending_restart", &[]) == of("warning", "max_files_per_process")
    });
    assert_eq!(
        ground.statuses("pending_restart", &["--crit", "pending_restart=1"]),
        of("critical", "max_files_per_process")
    );
    eventually("the bad one, too", || {
        ground.statuses("unsafe_settings", &[]) == of("critical", "zero_damaged_pages")
    });
    let remedy = ground.check("unsafe_settings", &[])[0]["remedy"]
        .as_str()
        .unwrap()
        .to_string();
    let psql = program("psql").server(&ground.cluster).args(["-X", "-q"]);
    let psql = psql.args(["-v", "ON_ERROR_STOP=1"]).stdin(remedy);
    psql.run().expect_code(0);
    eventually("the remedy helped", || {
        ground.statuses("unsafe_settings", &[]) == alone("ok")
    });
    // What one database alone has is not the server's to mend.
    ground.sql("alter database postgres set zero_damaged_pages = on");
    let record = &ground.check("unsafe_settings", &[])[0];
    assert_eq!(record["object"], "zero_damaged_pages");
    let remedy = record["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("-- it is set for"), "{remedy}");
    let careless = Ground::new();
    let names: Vec<String> = careless
        .statuses("unsafe_settings", &[])
        .into_iter()
        .map(|(status, name)| format!("{status} {name}"))
        .collect();
    assert_eq!(
        names,
        [
            "critical fsync",
            "critical full_page_writes",
            "warning autovacuum"
        ]
    );
    let rows = careless.rows("settings");
    let row = rows.iter().find(|row| row["name"] == "fsync").unwrap();
    assert_eq!(
        (&row["setting"], &row["default_setting"], &row["source"]),
        (&json!("off"), &json!("on"), &json!("command line"))
    );
    assert!(
        rows.iter()
            .all(|row| row["name"] != "default_transaction_read_only"),
        "our own"
    );
}

#[test]
fn passwords_run_out() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("password_expiry", &[]), alone("ok"));
    ground.sql("create role gone login valid until '2020-01-01'; create role group_of valid until '2020-01-01'; create role \"for ever\" login valid until 'infinity'");
    assert_eq!(
        ground.statuses("password_expiry", &[]),
        of("critical", "gone")
    );
    ground.sql("drop role gone");
    ground.sql(&format!(
        "create role soon login valid until '{}'",
        ground.value("select (now() + interval '3 days')::text")
    ));
    assert_eq!(
        ground.statuses("password_expiry", &[]),
        of("warning", "soon")
    );
    assert_eq!(
        ground.statuses("password_expiry", &["--warn", "password_expiry=1d"]),
        of("ok", "soon")
    );
    let rows = ground.rows("roles");
    let watcher = rows.iter().find(|row| row["role"] == "watcher").unwrap();
    assert_eq!(watcher["member_of"], json!(["pg_monitor"]));
    assert_eq!(watcher["may_login"], json!(true));
}

#[test]
fn extensions_that_are_behind() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("extensions", &[])[0].0, "ok");
    ground.sql("update pg_extension set extversion = '0.9' where extname = 'plpgsql'");
    let records = ground.check("extensions", &[]);
    assert_eq!(statuses(&records), of("warning", "plpgsql"));
    ground.sql("update pg_extension set extname = 'vanished' where extname = 'plpgsql'");
    let records = ground.check("extensions", &[]);
    assert!(
        records[0]["message"]
            .as_str()
            .unwrap()
            .contains("files are not on"),
        "{records:?}"
    );
}

#[test]
fn databases_their_size_and_collation() {
    let ground = Ground::new();
    let size = ground.value("select pg_database_size('postgres')::text");
    let rows = ground.rows("databases");
    let row = rows
        .iter()
        .find(|row| row["database"] == "postgres")
        .unwrap();
    assert_eq!(row["bytes"].to_string(), size);
    assert_eq!(
        ground.statuses("database_size", &["--crit", "database_size:postgres=1"]),
        of("critical", "postgres")
    );
    ground.sql("revoke connect on database postgres from public; grant connect on database postgres to nobody");
    ground.sql("create database closed");
    ground.sql("revoke connect on database closed from public");
    let blind = ground.check_as("nobody", "database_size", &["--crit", "database_size=1TB"]);
    assert_eq!(statuses(&blind), of("unknown", "closed"));
    assert_eq!(ground.statuses("collation_version", &[])[0].0, "ok");
    if ground.major() >= 15 {
        ground.sql("update pg_database set datcollversion = '0.1' where datname = 'postgres' ");
        let has_version = ground.value("select coalesce(pg_database_collation_actual_version(oid), '') from pg_database where datname = 'postgres'");
        let expected = if has_version.is_empty() {
            alone("ok")
        } else {
            of("warning", "postgres")
        };
        assert_eq!(ground.statuses("collation_version", &[]), expected);
    }
    let has_icu = "select (count(*) > 0)::text from pg_collation where collprovider = 'i'";
    if ground.major() >= 15 && ground.value(has_icu) == "true" {
        ground.sql("create database icu template template0 locale_provider icu icu_locale 'en'");
        ground.sql("update pg_database set datcollversion = '0.1' where datname = 'icu'");
        let only = ["--skip", "collation_version:postgres"];
        let own = |more: &[&str]| ground.statuses("collation_version", &[&only[..], more].concat());
        assert_eq!(own(&[]), of("warning", "icu"));
        assert_eq!(
            own(&["--crit", "collation_version=1"]),
            of("critical", "icu")
        );
    }
    let checksums = &ground.check("checksum_failures", &[])[0];
    assert_eq!(checksums["status"], "ok");
    let message = checksums["message"].as_str().unwrap();
    let are_kept = ground.value("select current_setting('data_checksums')") == "on";
    assert_eq!(
        message.contains("would not be seen"),
        !are_kept,
        "{message}"
    );
}

#[test]
fn blocks_that_were_not_in_shared_buffers() {
    let ground = Ground::with(&[("shared_buffers", "512kB")]);
    // Few blocks say nothing.
    assert!(
        ground
            .statuses("cache_hits", &["--warn", "cache_hits=100%"])
            .iter()
            .all(|(status, _)| status == "ok")
    );
    ground
        .sql("create table t as select i, repeat('x', 1000) as x from generate_series(1, 20000) i");
    ground.sql("do $$ begin for i in 1..60 loop perform count(*) from t; end loop; end $$");
    eventually("the blocks are counted", || {
        ground.statuses("cache_hits", &[]) == of("critical", "postgres")
    });
    assert_eq!(
        ground.statuses("cache_hits", &["--crit", "cache_hits=never"]),
        of("warning", "postgres")
    );
}

#[test]
fn checkpoints_before_their_time() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("checkpoints_requested", &[]), alone("ok"));
    eventually("enough were made", || {
        ground.sql("checkpoint");
        let row = &ground.rows("checkpoints")[0];
        row["timed"].as_i64().unwrap() + row["requested"].as_i64().unwrap() >= 20
    });
    assert_eq!(
        ground.statuses("checkpoints_requested", &[]),
        alone("warning")
    );
    assert_eq!(
        ground.statuses(
            "checkpoints_requested",
            &["--crit", "checkpoints_requested=10%"]
        ),
        alone("critical")
    );
}
