//! Indexes that repeat others or are invalid, with those that only look like trouble.

use tests::{Database, eventually};

use crate::ground::{asked, follow, found, major, set};

const PLENTY: &str = "from generate_series(1, 20000) i";

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
