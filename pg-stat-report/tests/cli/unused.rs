//! Indexes that nothing reads, and such as only seem so.

use tests::{Database, eventually};

use crate::ground::{Ground, asked, found, set};

const PLENTY: &str = "from generate_series(1, 20000) i";

#[test]
fn unused_indexes() {
    let database = Database::new();
    database.sql(&format!("
        create table parent (id int primary key);
        create table t (id int primary key, parent_id int references parent, plain int, expr text, used int, u int unique, r int not null,
                        during int4range, exclude using gist (during with &&));
        insert into parent values (1);
        insert into t select i, 1, i, i::text, i, i, i, null {PLENTY};
        create index plain on t (plain);
        create index supports on t (parent_id);
        create index expressive on t (lower(expr));
        create index used on t (used);
        create unique index replica on t (r);
        alter table t replica identity using index replica;
        create index grouped on t (plain desc);
        alter table t cluster on grouped;
        create table parts (id int, x int) partition by range (id);
        create table part1 partition of parts for values from (0) to (10000);
        create table part2 partition of parts for values from (10000) to (30000);
        insert into parts select i, i {PLENTY};
        create index unused_parts on parts (x);
        create index used_parts on parts (id);
    "));
    database.sql("vacuum analyze");
    let mut client = database.client();
    client.batch_execute("set enable_seqscan = off; set enable_bitmapscan = off; select count(*) from t where used = 7; select count(*) from parts where id = 7").unwrap();
    drop(client);
    let here = ["--warn", "unused_indexes=1", "--statistics-age", "0s"];
    let expected = [
        "warning public.expressive",
        "warning public.plain",
        "warning public.unused_parts",
    ];
    let expected = set(&expected);
    eventually("scans are counted", || {
        found(&database, "unused_indexes", &here) == expected
    });
    // So young, the statistics say nothing.
    database.sql("select pg_stat_reset()");
    let young = found(&database, "unused_indexes", &["--warn", "unused_indexes=1"]);
    assert!(young.contains("unknown public.plain"), "{young:?}");
    assert!(
        young.iter().all(|line| line.starts_with("unknown ")),
        "{young:?}"
    );
    // What is small is no trouble.
    assert!(
        found(&database, "unused_indexes", &[])
            .iter()
            .all(|line| line.starts_with("ok"))
    );
    let old = [&["--only", "unused_indexes"], &here[..]].concat();
    let records = asked(&database, &old).run().json_lines();
    let remedies: Vec<&str> = records
        .iter()
        .map(|record| record["remedy"].as_str().unwrap())
        .collect();
    assert!(remedies.contains(&"DROP INDEX CONCURRENTLY IF EXISTS public.plain;"));
    let is_expressive = |remedy: &&&str| remedy.ends_with("public.expressive;");
    let expressive = remedies.iter().find(is_expressive).unwrap();
    assert!(expressive.starts_with("-- plans may use"), "{expressive}");
    // What nobody counts says nothing either.
    database.sql(&format!(
        "alter database {} set track_counts = off",
        database.name()
    ));
    let uncounted = found(&database, "unused_indexes", &here);
    assert!(uncounted.contains("unknown public.plain"), "{uncounted:?}");
    assert!(
        uncounted.iter().all(|line| line.starts_with("unknown ")),
        "{uncounted:?}"
    );
}

/// The server does not say when an index was made: earlier reports do, or what it notes of transactions.
#[test]
fn unused_indexes_that_were_made_just_now() {
    let database = Database::new();
    database.sql(&format!(
        "create table t (i int, j int); insert into t select i, i {PLENTY}; create index on t (i); select pg_stat_reset()"
    ));
    database.sql("vacuum analyze");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("earlier.jsonl");
    let old = path.to_str().unwrap();
    let remedy = |more: &[&str]| {
        let words = [
            "--only",
            "unused_indexes",
            "--warn",
            "unused_indexes=1",
            "--statistics-age",
            "1s",
        ];
        let records = asked(&database, &[&words[..], more].concat())
            .run()
            .json_lines();
        records[0]["remedy"]
            .as_str()
            .unwrap_or_default()
            .to_string()
    };
    let (drop, comment) = (
        "DROP INDEX CONCURRENTLY IF EXISTS public.t_i_idx;",
        "-- unless it was made not long ago, which --state would know: DROP INDEX CONCURRENTLY IF EXISTS public.t_i_idx;",
    );
    eventually("the counters are a second old", || !remedy(&[]).is_empty());
    assert_eq!(remedy(&[]), comment);
    let rows = asked(&database, &["indexes"]).run().json_lines();
    let rows = rows.into_iter().map(|mut row| {
        row["taken_at"] = "2020-01-01T00:00:00Z".into();
        format!("{row}\n")
    });
    std::fs::write(&path, rows.collect::<String>()).unwrap();
    assert_eq!(remedy(&["--baseline", old]), drop);
    database.sql("drop index t_i_idx; create index on t (i)");
    database.sql("vacuum analyze");
    assert_eq!(remedy(&["--baseline", old]), comment);
    // What keeps itself knows the first look for as long as it lasts.
    let state = folder.path().join("state").display().to_string();
    let known = || {
        let rows = asked(&database, &["indexes", "--state", &state])
            .run()
            .json_lines();
        (rows[0]["known_since"].clone(), rows[0]["taken_at"].clone())
    };
    let (nothing, first) = known();
    assert!(nothing.is_null(), "{nothing}");
    assert_eq!([known().0, known().0], [first.clone(), first]);
}

#[test]
fn what_the_server_notes_of_transactions_dates_an_index() {
    let ground = Ground::with(&[("track_commit_timestamp", "on")]);
    ground.sql("create table t (i int); create index on t (i)");
    let made = ground.value("select to_char(pg_xact_commit_timestamp(xmin) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI') from pg_class where relname = 't_i_idx'");
    let rows = ground.rows("indexes");
    let known = rows[0]["known_since"].as_str().unwrap();
    assert!(known.starts_with(&made), "{known} {made}");
}
