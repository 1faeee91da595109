//! Bloat: what a table or index would give back if it were built anew.

use serde_json::{Value, json};
use tests::{Database, ToolCommand, eventually, tool};

use crate::ground::{of, statuses};

fn asked(database: &Database, arguments: &[&str]) -> ToolCommand {
    tool("pg-stat-report").database(database).args(arguments)
}

#[track_caller]
fn rows(database: &Database, more: &[&str]) -> Vec<Value> {
    let arguments = [&["bloat"], more].concat();
    asked(database, &arguments)
        .run()
        .expect_code(0)
        .json_lines()
}

/// The row of this index, or of this table itself.
fn row_of<'a>(rows: &'a [Value], name: &str) -> &'a Value {
    let found = rows.iter().find(|row| match name.split_once(" TOAST") {
        Some((table, _)) => row["table"] == table && row["kind"] == "toast",
        None => row["index"] == name || row["table"] == name && row["kind"] == "table",
    });
    found.unwrap_or_else(|| panic!("no {name} in {rows:?}"))
}

/// Vacuums and analyzes once the server has counted what was deleted of these, which would be a change since otherwise,
/// and until it counts none since.
#[track_caller]
fn vacuum(database: &Database, tables: &[&str]) {
    let count = |function: &str, table: &str| {
        database.value(&format!("select {function}('{table}'::regclass)"))
    };
    let all = |is_so: &dyn Fn(&str) -> bool| tables.iter().all(|table| is_so(table));
    eventually("what was deleted is counted", || {
        all(&|table| count("pg_stat_get_tuples_deleted", table) != "0")
    });
    database.sql("vacuum analyze");
    eventually("nothing has changed since", || {
        all(&|table| count("pg_stat_get_mod_since_analyze", table) == "0")
    });
}

/// What building it anew gives back of it, as a share.
fn given_back(database: &Database, name: &str, build: &str) -> f64 {
    let size = || -> f64 {
        let value = database.value(&format!("select pg_relation_size('{name}')"));
        value.parse().unwrap()
    };
    let before = size();
    database.sql(build);
    1.0 - size() / before
}

/// The estimates of these, beside what building them anew gives back.
#[track_caller]
fn compare(database: &Database, build: &str, names: &[&str]) {
    let rows = rows(database, &[]);
    let mut wrong = Vec::new();
    for name in names {
        let real = given_back(database, name, &build.replace("{}", name)).max(0.0);
        let row = row_of(&rows, name);
        let Some(ratio) = row["bloat_ratio"].as_f64() else {
            panic!("no estimate: {row:#}");
        };
        println!("{name}: {ratio:.3}, and {real:.3} in truth");
        if (ratio - real).abs() > 0.08 {
            wrong.push(format!("{name}: {ratio:.3} instead of {real:.3}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn tables_that_a_rewrite_would_shrink() {
    let database = Database::new();
    database.sql(
        "
        create table fresh as select i from generate_series(1, 50000) i;
        create table half as table fresh; delete from half where i % 2 = 0;
        create table tenth as table fresh; delete from tenth where i % 10 <> 0;
        create table padded as select true a, i::bigint b, true c, i::bigint d, false e, i::bigint f, true g, i::bigint h
            from generate_series(1, 20000) i;
        create table nulls as select i, nullif(i % 3, 0) a, null::int b, null::bigint c, null::text d, null::int e, null::int f,
            null::int g, null::int h, null::bigint j from generate_series(1, 40000) i;
        create table loose (i int, x bigint) with (fillfactor = 70); insert into loose select i, i from generate_series(1, 30000) i;
        create table dropped as select i, repeat('x', 80) as wide from generate_series(1, 20000) i;
        alter table dropped drop column wide;
        create table rewritten as table fresh; alter table rewritten add gone int; alter table rewritten drop gone;
        update rewritten set i = i + 1;
        create table various as select i, repeat('x', i % 150) as x, i::smallint as s from generate_series(1, 30000) i(n), lateral (select n % 30000) v(i);
        create table mixed as select i, md5(i::text)::uuid as u, now() as t, i * 1.5 as n, md5(i::text) as x, i % 2 = 0 as b
            from generate_series(1, 20000) i;
        delete from mixed where n < 15000;
        create table documents as select jsonb_build_object('id', i, 'name', md5(i::text), 'tags', array['a', 'b']) as d
            from generate_series(1, 15000) i;
        create table \"Wide rows\" as select i, i::bigint as j, repeat(md5(i::text), 45) as x from generate_series(1, 2000) i;
        alter table \"Wide rows\" alter x set storage plain;
        create table few (i int); insert into few select i from generate_series(1, 100000) i; delete from few where i > 1000 and i < 99000;
        create table large (i int, x text); alter table large alter x set storage external;
        insert into large select i, repeat('x', 9980) from generate_series(1, 400) i; delete from large where i % 5 <> 0",
    );
    vacuum(&database, &["half", "tenth", "mixed", "few", "large"]);
    let toast = row_of(&rows(&database, &[]), "public.large TOAST").clone();
    assert!(
        (toast["bloat_ratio"].as_f64().unwrap() - 0.8).abs() < 0.06,
        "{toast:#}"
    );
    compare(
        &database,
        "vacuum full {}",
        &[
            "public.fresh",
            "public.half",
            "public.tenth",
            "public.padded",
            "public.nulls",
            "public.loose",
            "public.dropped",
            "public.rewritten",
            "public.various",
            "public.mixed",
            "public.documents",
            "public.\"Wide rows\"",
            "public.few",
        ],
    );
}

#[test]
fn indexes_that_a_rebuild_would_shrink() {
    let database = Database::new();
    database.sql(
        "
        create table t (id int primary key, few int, several int, u uuid, x text, n int, big numeric);
        create index random on t (u); create index by_some on t (several);
        create index twofold on t (few, id); create index by_x on t (x); create index lowered on t (lower(x));
        create index by_null on t (n); create index partly on t (id) where few < 8; create index more on t (id) include (u);
        create index loose on t (id) with (fillfactor = 50); create index exact on t (big);
        create index undivided on t (few) with (deduplicate_items = off);
        insert into t select i, i % 10, i % 40000, md5(i::text)::uuid, md5(i::text), nullif(i % 3, 0) * i, i % 100
            from generate_series(1, 80000) i;
        create table kept as table t; alter table kept add primary key (id);
        create index kept_random on kept (u); create index kept_x on kept (x);
        create index kept_lowered on kept (lower(x)); create index kept_null on kept (n); create index kept_some on kept (several);
        create index kept_undivided on kept (few) with (deduplicate_items = off); create index kept_exact on kept (big);
        create table many as select i % 10 as few, i from generate_series(1, 200000) i; create index many_few on many (few);
        create table cut (few int, i int); create index cut_few on cut (few); insert into cut table many;
        delete from cut where i % 5 <> 0",
    );
    database.sql("delete from t where id % 5 <> 0");
    vacuum(&database, &["t", "cut"]);
    compare(
        &database,
        "reindex index {}",
        &[
            "public.t_pkey",
            "public.random",
            "public.by_some",
            "public.twofold",
            "public.by_x",
            "public.lowered",
            "public.by_null",
            "public.partly",
            "public.more",
            "public.loose",
            "public.exact",
            "public.undivided",
            "public.kept_pkey",
            "public.kept_some",
            "public.many_few",
            "public.cut_few",
            "public.kept_random",
            "public.kept_x",
            "public.kept_lowered",
            "public.kept_null",
            "public.kept_undivided",
            "public.kept_exact",
        ],
    );
}

#[test]
fn bloat_and_its_remedy() {
    let database = Database::new();
    let check = |check: &str, more: &[&str]| {
        let arguments = [&["--only", check], more].concat();
        asked(&database, &arguments).run().json_lines()
    };
    assert_eq!(
        statuses(&check("table_bloat,index_bloat", &[])),
        [of("ok", ""), of("ok", "")].concat()
    );
    database.sql("create table \"T\" as select i, i as k, nullif(1, 1) as n from generate_series(1, 60000) i; create index by_k on \"T\" (k); create index by_n on \"T\" (n)");
    // Nobody has looked at it yet; its rows are counted when the session that wrote them has ended.
    let low = ["--warn", "table_bloat=1MB", "--warn", "index_bloat=500kB"];
    eventually("its rows are counted", || {
        statuses(&check("table_bloat", &low)) == of("unknown", "")
    });
    let records = check("table_bloat", &low);
    assert!(
        records[0]["message"].as_str().unwrap().contains("ANALYZE"),
        "{records:?}"
    );
    assert_eq!(check("table_bloat", &[])[0]["status"], "ok");
    database.sql("analyze");
    assert_eq!(check("table_bloat", &low)[0]["status"], "ok");
    let nulls = check("null_indexes", &["--warn", "null_indexes=50%"]);
    assert_eq!(nulls[0]["status"], "ok", "{nulls:?}");
    database.sql("delete from \"T\" where i % 10 <> 0");
    vacuum(&database, &["\"T\""]);
    let table = check("table_bloat", &low);
    assert_eq!(statuses(&table), of("warning", "public.\"T\""));
    assert_eq!(
        statuses(&check("table_bloat", &["--crit", "table_bloat=1MB"])),
        of("critical", "public.\"T\"")
    );
    let index = check("index_bloat", &low);
    assert_eq!(statuses(&index), of("warning", "public.by_k"));
    assert_eq!(
        statuses(&check("index_bloat", &["--crit", "index_bloat=500kB"])),
        of("critical", "public.by_k")
    );
    assert_eq!(
        index[0]["remedy"],
        "REINDEX INDEX CONCURRENTLY public.by_k;"
    );
    for record in [&table[0], &index[0]] {
        let remedy = record["remedy"].as_str().unwrap();
        database.sql(remedy.split_once(": ").map_or(remedy, |(_, sql)| sql));
    }
    assert_eq!(
        statuses(&check("table_bloat,index_bloat", &low)),
        [of("ok", ""), of("ok", "")].concat()
    );
    // Those below 10 MB cost little.
    database.sql(
        "create table sparse as select nullif(i % 4, i % 4) n, repeat('x', 400) || i pad from generate_series(1, 30000) i;
         create index by_null on sparse (n, pad); analyze sparse",
    );
    let nulls = |more: &[&str]| statuses(&check("null_indexes", more));
    assert_eq!(nulls(&[]), of("warning", "public.by_null"));
    assert_eq!(
        nulls(&["--crit", "null_indexes=90%"]),
        of("critical", "public.by_null")
    );
}

#[test]
fn bloat_that_the_role_may_not_see() {
    let database = Database::new();
    database.sql(
        "do $$ begin create role bloat_watch login in role pg_monitor; exception when duplicate_object then null; end $$;
         create table t as select i from generate_series(1, 60000) i; create index by_i on t (i)",
    );
    database.sql("vacuum analyze");
    let check = |check: &str| {
        let low = [
            "--only",
            check,
            "--warn",
            "table_bloat=1MB",
            "--warn",
            "index_bloat=1MB",
        ];
        let run = asked(&database, &low).env("PGUSER", "bloat_watch").run();
        run.json_lines()
    };
    for name in ["table_bloat", "index_bloat"] {
        let records = check(name);
        assert_eq!(statuses(&records), of("unknown", ""), "{records:?}");
        let remedy = records[0]["remedy"].as_str().unwrap();
        assert!(remedy.contains("GRANT SELECT ON pg_statistic"), "{remedy}");
    }
    let seen = || ["table_bloat", "index_bloat"].map(|name| check(name)[0]["status"].clone());
    database.sql("grant select on t to bloat_watch");
    assert_eq!(seen(), [json!("ok"), json!("ok")]);
    database
        .sql("revoke select on t from bloat_watch; grant select on pg_statistic to bloat_watch");
    assert_eq!(seen(), [json!("ok"), json!("ok")]);
    database.sql("revoke select on pg_statistic from bloat_watch");
}

#[test]
fn bloat_as_pgstattuple_reads_it() {
    let database = Database::new();
    database.sql(
        "create table t as select i, i as k from generate_series(1, 60000) i; create index by_k on t (k);
         create table other as select i from generate_series(1, 40000) i; alter table t set (autovacuum_enabled = off)",
    );
    database.sql("vacuum analyze");
    let missing = asked(&database, &["bloat", "--exact", "1"])
        .run()
        .expect_code(2);
    missing
        .expect_error("CREATE EXTENSION pgstattuple")
        .expect_no_output();
    database.sql("create schema \"Odd\"; create extension pgstattuple schema \"Odd\"; delete from t where i % 4 <> 0");
    // The statistics know nothing of that.
    let estimate = rows(&database, &[]);
    assert!(
        row_of(&estimate, "public.t")["bloat_ratio"]
            .as_f64()
            .unwrap()
            < 0.02
    );
    let near = |row: &Value, expected: f64| {
        let ratio = row["bloat_ratio"].as_f64().unwrap();
        assert!((ratio - expected).abs() < 0.03, "{row:#}");
    };
    let measured = rows(&database, &["--exact", "1"]);
    let (table, index) = (
        row_of(&measured, "public.t"),
        row_of(&measured, "public.by_k"),
    );
    assert_eq!(
        (&table["is_estimate"], &index["is_estimate"]),
        (&json!(false), &json!(true))
    );
    near(table, 0.75);
    assert_eq!(table["rows"], 15000);
    let more = rows(&database, &["--exact", "3", "--exact-bytes", "4MB"]);
    let estimates = |rows: &[Value]| rows.iter().filter(|row| row["is_estimate"] == true).count();
    assert_eq!((more.len(), estimates(&more)), (3, 1), "{more:?}");
    vacuum(&database, &["t"]);
    near(
        row_of(&rows(&database, &["--exact", "3"]), "public.by_k"),
        0.75,
    );
    let truth = given_back(&database, "public.by_k", "reindex index public.by_k");
    assert!((truth - 0.75).abs() < 0.03, "{truth}");
    // One that is locked is estimated.
    let mut holder = database.client();
    holder.batch_execute("begin; lock table t").unwrap();
    let locked = rows(&database, &["--exact", "1"]);
    let table = row_of(&locked, "public.t");
    assert_eq!(table["is_estimate"], true);
    assert!(
        table["unseen"].as_str().unwrap().contains("pgstattuple: "),
        "{table:#}"
    );
    assert!(table["bloat_bytes"].is_i64());
}
