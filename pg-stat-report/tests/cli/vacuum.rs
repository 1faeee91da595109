//! Dead rows, and when tables were vacuumed and analyzed.

use serde_json::json;
use tests::eventually;

use crate::ground::{Ground, of, statuses};

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
