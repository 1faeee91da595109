//! Indexes, with those that only look like trouble.

use tests::{Database, eventually};

use crate::ground::{Ground, asked, follow, found, major, set};

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

/// A UNIQUE that repeats the key, or another, is as dear as an index; one that somebody points to stays.
#[test]
fn constraints_that_say_what_others_say() {
    let database = Database::new();
    database.sql("
        create schema \"a.b\";
        create table \"a.b\".t (id int primary key, u int, v int,
            constraint first unique (u), constraint longer unique (u, v), constraint other unique (v));
        alter table \"a.b\".t add constraint \"same.key\" unique (id), add constraint second unique (u) deferrable;
        create table held (id int constraint held_first unique);
        create table points (id int primary key references held (id));
        alter table held add primary key (id);
        create table late (i int constraint waiting unique deferrable, constraint at_once unique (i));
        create table twins (i int constraint old unique deferrable);
        alter table twins add constraint young unique (i) deferrable");
    let expected = [
        "warning \"a.b\".\"same.key\"",
        "warning \"a.b\".second",
        // It is older, but the other one waits for nothing.
        "warning public.waiting",
        "warning public.young",
    ];
    assert_eq!(found(&database, "duplicate_indexes", &[]), set(&expected));
    assert_eq!(
        found(
            &database,
            "overlapping_indexes",
            &["--warn", "overlapping_indexes=1"]
        )
        .len(),
        1
    );
    let records = asked(&database, &["--only", "duplicate_indexes"])
        .run()
        .json_lines();
    for record in records {
        let remedy = record["remedy"].as_str().unwrap();
        assert!(remedy.starts_with("-- "), "{remedy}");
        database.sql(&remedy[remedy.find("ALTER").unwrap()..]);
    }
    assert_eq!(found(&database, "duplicate_indexes", &[]), set(&["ok"]));
}

#[test]
fn duplicate_and_overlapping_indexes() {
    let database = Database::new();
    database.sql(
        "
        create table t (a int primary key, b int, c text, d int, e int unique);
        create index d1 on t (b);
        create index d2 on t (b);
        create index to_key on t (a);
        create index to_unique on t (e);
        create index only_desc on t (b desc);
        create index partial on t (b) where b > 0;
        create index partial_too on t (b) where (b > 0);
        create index other_partial on t (b) where b > 1;
        create index pattern on t (c text_pattern_ops);
        create index plain_text on t (c);
        create index other_collation on t (c collate \"C\");
        create index expression on t (lower(c));
        create index expression_too on t (lower(c));
        create index hashed on t using hash (b);
        create index prefix on t (d);
        create index longer on t (d, b);
        create index with_more on t (d) include (e);
        create unique index not_prefix on t (d) where d > 100;
        create table waits (id int not null unique deferrable initially deferred);
        create unique index at_once on waits (id);
        create index not_unique on waits (id);
        create table \"Mixed\" (\"1\" int, \"10\" int);
        create index m1 on \"Mixed\" (\"1\");
        create index m10 on \"Mixed\" (\"10\", \"1\")",
    );
    if major() >= 15 {
        database.sql("create unique index distinct_nulls on t (b, d); create unique index same_nulls on t (b, d) nulls not distinct");
    }
    let duplicates = set(&[
        "warning public.d2",
        "warning public.to_key",
        "warning public.to_unique",
        "warning public.partial_too",
        "warning public.expression_too",
        // Not so at_once, on which ON CONFLICT and foreign keys may rely.
        "warning public.not_unique",
        // with_more begins with the same and has more.
        "warning public.prefix",
    ]);
    assert_eq!(found(&database, "duplicate_indexes", &[]), duplicates);
    let longer = found(
        &database,
        "overlapping_indexes",
        &["--warn", "overlapping_indexes=0"],
    );
    let expected = match major() >= 15 {
        true => set(&["warning public.d1", "warning public.d2"]),
        false => set(&["ok"]),
    };
    assert_eq!(
        longer.difference(&expected).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "{longer:?}"
    );
    database.sql("drop index with_more");
    assert!(!found(&database, "duplicate_indexes", &[]).contains("warning public.prefix"));
    let longer = found(
        &database,
        "overlapping_indexes",
        &["--warn", "overlapping_indexes=0"],
    );
    assert!(longer.contains("warning public.prefix"), "{longer:?}");
    // Once the remedies are done, nothing is left to do.
    let output = asked(
        &database,
        &[
            "--only",
            "duplicate_indexes,overlapping_indexes",
            "--warn",
            "overlapping_indexes=0",
        ],
    )
    .run();
    for record in output.json_lines() {
        let message = record["message"].as_str().unwrap();
        let is_twice = record["check"] == "duplicate_indexes";
        assert_eq!(
            message.starts_with("it says what ") && message.contains(" says ("),
            is_twice
        );
        database.sql(record["remedy"].as_str().unwrap());
    }
    assert_eq!(found(&database, "duplicate_indexes", &[]), set(&["ok"]));
    assert_eq!(
        found(
            &database,
            "overlapping_indexes",
            &["--warn", "overlapping_indexes=0"]
        ),
        set(&["ok"])
    );
}

#[test]
fn invalid_indexes() {
    let database = Database::new();
    assert_eq!(found(&database, "invalid_indexes", &[]), set(&["ok"]));
    database.sql("create table \"T\" (i int); insert into \"T\" values (1), (1)");
    let twice = database
        .client()
        .batch_execute("create unique index concurrently \"One\" on \"T\" (i)");
    twice.unwrap_err();
    // The server says that a statement has failed before it has ended it.
    eventually("nobody builds it any more", || {
        found(&database, "invalid_indexes", &[]) == set(&["warning public.\"One\""])
    });
    // To build it again while rows are there twice would leave another one.
    follow(&database, "invalid_indexes", &[]);
    assert_eq!(
        found(&database, "invalid_indexes", &[]),
        set(&["warning public.\"One\""])
    );
    let output = asked(&database, &["--only", "invalid_indexes"]).run();
    let remedy = output.json_lines()[0]["remedy"].to_string();
    assert!(remedy.contains("there twice"), "{remedy}");
    // What is there for a constraint is not built beside itself.
    database.sql(
        "create table e (r int4range, constraint ex exclude using gist (r with &&));
         update pg_index set indisvalid = false where indexrelid = 'ex'::regclass",
    );
    let output = asked(&database, &["--only", "invalid_indexes"]).run();
    let remedy = output.json_lines()[0]["remedy"]
        .as_str()
        .unwrap()
        .to_string();
    assert!(remedy.starts_with("-- locks writes"), "{remedy}");
    database.sql(remedy.split_once(": ").unwrap().1);
    assert_eq!(
        found(&database, "invalid_indexes", &[]),
        set(&["warning public.\"One\""])
    );
}

#[test]
fn an_index_that_is_being_built_is_no_invalid_one() {
    let database = Database::new();
    database.sql("create table t (i int)");
    database.sql("do $$ begin create role builder_watch login; exception when duplicate_object then null; end $$");
    let mut holder = database.client();
    holder
        .batch_execute("begin; insert into t values (1)")
        .unwrap();
    let mut builder = database.client();
    let token = builder.cancel_token();
    let building = std::thread::spawn(move || {
        builder.batch_execute("create index concurrently slow on t (i)")
    });
    eventually("it is being built", || {
        database.value("select count(*) from pg_stat_progress_create_index where index_relid > 0 and datname = current_database()") == "1"
    });
    assert_eq!(found(&database, "invalid_indexes", &[]), set(&["ok"]));
    let blind = asked(&database, &["--only", "invalid_indexes"])
        .env("PGUSER", "builder_watch")
        .run();
    assert_eq!(blind.json_lines()[0]["status"], "unknown", "{blind:?}");
    token.cancel_query(postgres::NoTls).unwrap();
    building.join().unwrap().unwrap_err();
    drop(holder);
    eventually("nobody builds it any more", || {
        found(&database, "invalid_indexes", &[]) == set(&["warning public.slow"])
    });
    follow(&database, "invalid_indexes", &[]);
    assert_eq!(found(&database, "invalid_indexes", &[]), set(&["ok"]));
}

#[test]
fn who_follows_all_remedies_keeps_one_of_each() {
    let database = Database::new();
    database.sql(&format!(
        "
        create table t (id int primary key, same int, pair int, short int, long int, x int);
        insert into t select i, i, i, i, i, i {PLENTY};
        create index short on t (short);
        create index long_x on t (long, x);
        create index \"Same 2\" on t (same)"
    ));
    database.sql("vacuum analyze");
    let settings = "set enable_seqscan = off; set enable_bitmapscan = off;";
    let mut client = database.client();
    client.batch_execute(&format!("{settings} select from t where same = 7; select from t where short = 7; select from t where long = 7")).unwrap();
    drop(client);
    database.sql(
        "create index \"Same 1\" on t (same); create index pair1 on t (pair); create index pair2 on t (pair, x);
        create index short_x on t (short, x); create index long on t (long)",
    );
    let scans = |name: &str| {
        database.value(&format!(
            "select idx_scan from pg_stat_user_indexes where indexrelname = '{name}'"
        ))
    };
    eventually("scans are counted", || {
        ["Same 2", "short", "long_x"].map(&scans) == ["1", "1", "1"]
    });
    let all = "duplicate_indexes,overlapping_indexes,unused_indexes";
    let here = [
        "--warn",
        "unused_indexes=1",
        "--warn",
        "overlapping_indexes=0",
        "--statistics-age",
        "0s",
    ];
    // Of those that nobody uses the largest are looked at, and of the others all that matter.
    for words in [&here[2..], &here[4..]] {
        for check in all.split(',') {
            let every = [words, &["--baseline", "/dev/null"]].concat();
            assert_eq!(
                found(&database, check, words),
                found(&database, check, &every)
            );
        }
    }
    follow(&database, all, &here);
    let left = database.value("select string_agg(indexrelid::regclass::text, ' ' order by indexrelid) from pg_index where indrelid = 't'::regclass");
    assert_eq!(left, "t_pkey short long_x \"Same 2\" pair2");
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

#[test]
fn an_index_of_a_table_whose_indexes_are_built_anew() {
    let database = Database::new();
    database.sql(
        "create table t (i int, j int); create index first on t (i); create index second on t (j)",
    );
    let mut holder = database.client();
    holder
        .batch_execute("begin; insert into t values (1)")
        .unwrap();
    let mut builder = database.client();
    let token = builder.cancel_token();
    let building =
        std::thread::spawn(move || builder.batch_execute("reindex table concurrently t"));
    eventually("both are being built", || {
        database.value("select count(*) from pg_index where not indisvalid and indrelid = 't'::regclass and exists (select from pg_stat_progress_create_index p where p.relid = indrelid)") == "2"
    });
    assert_eq!(found(&database, "invalid_indexes", &[]), set(&["ok"]));
    token.cancel_query(postgres::NoTls).unwrap();
    building.join().unwrap().unwrap_err();
    drop(holder);
    let left = set(&["warning public.first_ccnew", "warning public.second_ccnew"]);
    eventually("nobody builds them any more", || {
        found(&database, "invalid_indexes", &[]) == left
    });
    follow(&database, "invalid_indexes", &[]);
    assert_eq!(found(&database, "invalid_indexes", &[]), set(&["ok"]));
}
