//! Indexes, sequences and constraints, with those that only look like trouble.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Database, ToolCommand, cluster, eventually, tool};

fn asked(database: &Database, arguments: &[&str]) -> ToolCommand {
    tool("pg-stat-report").database(database).args(arguments)
}

/// What a check finds, as `status object`.
#[track_caller]
fn found(database: &Database, check: &str, more: &[&str]) -> BTreeSet<String> {
    let arguments = [&["--only", check], more].concat();
    let records = asked(database, &arguments).run().json_lines();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    records
        .iter()
        .map(|record| {
            format!("{} {}", text(&record["status"]), text(&record["object"]))
                .trim_end()
                .to_string()
        })
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_string()).collect()
}

fn major() -> u32 {
    cluster().version().major
}

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
    let expected = set(&["warning public.plain", "warning public.unused_parts"]);
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
    let remedy = asked(
        &database,
        &[
            "--only",
            "unused_indexes",
            "--warn",
            "unused_indexes=1",
            "--statistics-age",
            "0s",
        ],
    )
    .run();
    let remedies: Vec<String> = remedy
        .json_lines()
        .iter()
        .map(|record| record["remedy"].as_str().unwrap().to_string())
        .collect();
    assert!(remedies.contains(&"DROP INDEX CONCURRENTLY public.plain;".to_string()));
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
    assert_eq!(
        found(&database, "invalid_indexes", &[]),
        set(&["warning public.\"One\""])
    );
    database.sql("delete from \"T\"");
    let output = asked(&database, &["--only", "invalid_indexes"]).run();
    let remedy = output.json_lines()[0]["remedy"]
        .as_str()
        .unwrap()
        .to_string();
    assert_eq!(remedy, "REINDEX INDEX CONCURRENTLY public.\"One\";");
    database.sql(&remedy);
    assert_eq!(found(&database, "invalid_indexes", &[]), set(&["ok"]));
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
    assert_eq!(
        found(&database, "invalid_indexes", &[]),
        set(&["warning public.slow"])
    );
}

#[test]
fn sequences_near_their_end() {
    let database = Database::new();
    database.sql(
        "
        create table wide (id bigserial primary key);
        create table owned (id serial primary key);
        select setval('owned_id_seq', 2100000000);
        create sequence big;
        create table fed_by_default (id int default nextval('big'));
        select setval('big', 1900000000);
        create sequence down increment -1 minvalue -100 maxvalue -1;
        select setval('down', -97);
        create sequence round maxvalue 10 cycle;
        select setval('round', 10);
        create sequence short as smallint;
        select setval('short', 32767);
        create table identity (id smallint generated always as identity);
        select setval('identity_id_seq', 27000);
        create sequence unused_one maxvalue 5;
        create sequence \"Odd \"\"name\" maxvalue 100;
        select setval('\"Odd \"\"name\"', 85)",
    );
    let expected = [
        "critical public.owned_id_seq",
        "warning public.big",
        "critical public.down",
        "critical public.short",
        "warning public.identity_id_seq",
        "warning public.\"Odd \"\"name\"",
    ];
    assert_eq!(found(&database, "sequences", &[]), set(&expected));
    let rows = asked(&database, &["sequences"])
        .run()
        .expect_code(0)
        .json_lines();
    let row = |name: &str| rows.iter().find(|row| row["sequence"] == name).unwrap();
    assert_eq!(row("public.big")["final_value"], 2_147_483_647_i64);
    assert_eq!(
        row("public.big")["columns"],
        "public.fed_by_default.id integer"
    );
    assert_eq!(row("public.big")["left_values"], 247_483_647_i64);
    assert_eq!(row("public.down")["left_values"], 3);
    assert_eq!(row("public.short")["left_values"], 0);
    assert_eq!(row("public.unused_one")["left_values"], 5);
    assert_eq!(
        row("public.wide_id_seq")["final_value"],
        "9223372036854775807"
    );
    database.sql("do $$ begin create role monitor_only login in role pg_monitor; exception when duplicate_object then null; end $$");
    let blind = asked(&database, &["--only", "sequences"])
        .env("PGUSER", "monitor_only")
        .run()
        .expect_code(2);
    let records = blind.json_lines();
    assert_eq!(
        (records.len(), &records[0]["status"]),
        (1, &Value::from("unknown"))
    );
    assert!(
        records[0]["message"]
            .as_str()
            .unwrap()
            .contains("8 sequences are hidden"),
        "{records:?}"
    );
    database.sql("grant select on all sequences in schema public to monitor_only");
    let seen = asked(&database, &["--only", "sequences"])
        .env("PGUSER", "monitor_only")
        .run()
        .expect_code(1);
    assert_eq!(seen.json_lines().len(), 6);
    database.sql("drop owned by monitor_only");
}

#[test]
fn foreign_keys_without_an_index() {
    let database = Database::new();
    database.sql("
        create table p (a int, b int, primary key (a, b), c int unique);
        insert into p values (1, 1, 1);
        create table f1 (a int, b int, foreign key (a, b) references p);
        create table f2 (a int, b int, constraint f2 foreign key (a, b) references p); create index on f2 (b, a);
        create table f3 (c int constraint f3 references p (c)); create index on f3 (c) where c is not null;
        create table f3b (c int constraint f3b references p (c)); create index on f3b (c) where c > 0;
        create table f4 (c int constraint f4 references p (c)); create index on f4 using brin (c);
        create table f5 (x int, c int constraint f5 references p (c)); create index on f5 (x, c);
        create table f6 (c int constraint f6 references p (c)) partition by range (c);
        create table f61 partition of f6 for values from (0) to (10);
        create table f62 partition of f6 for values from (10) to (20);
        create table f7 (c int constraint f7 references p (c)); create index on f7 using hash (c);
        create table f8 (x int, c int constraint f8 references p (c)); create index on f8 (x) include (c);
        create table f9 (c int primary key constraint f9 references p (c));
        create table f10 (c int constraint f10 references p (c), x int); create index on f10 (c, x)");
    let all = ["--warn", "unindexed_foreign_keys=0"];
    let expected = [
        "warning public.f1 f1_a_b_fkey",
        "warning public.f3b f3b",
        "warning public.f4 f4",
        "warning public.f5 f5",
        "warning public.f6 f6",
        "warning public.f8 f8",
    ];
    assert_eq!(
        found(&database, "unindexed_foreign_keys", &all),
        set(&expected)
    );
    // Small, and nobody deletes on the other side.
    let quiet = found(&database, "unindexed_foreign_keys", &[]);
    assert!(quiet.iter().all(|line| line.starts_with("ok")), "{quiet:?}");
    database.sql("delete from p");
    eventually("the delete is counted", || {
        found(&database, "unindexed_foreign_keys", &[]) == set(&expected)
    });
    let records = asked(&database, &["--only", "unindexed_foreign_keys"])
        .run()
        .json_lines();
    for record in records {
        let remedy = record["remedy"].as_str().unwrap();
        let is_whole = record["object"] == "public.f6 f6";
        assert_eq!(remedy.starts_with("-- "), is_whole, "{remedy}");
        database.sql(match is_whole {
            true => "create index on f6 (c)",
            false => remedy,
        });
    }
    assert_eq!(
        found(&database, "unindexed_foreign_keys", &all),
        set(&["ok"])
    );
}

#[test]
fn keys_and_constraints() {
    let database = Database::new();
    database.sql(
        "
        create table keyed (id int primary key);
        create table as_good (id int not null unique);
        create table nullable (id int unique);
        create table keyless (id int);
        create table late (id int not null unique deferrable initially deferred);
        create table parts (id int) partition by range (id);
        create table part1 partition of parts for values from (0) to (10);
        alter table keyed add constraint positive check (id > 0) not valid;
        create table child (id int primary key, k int);
        alter table child add constraint \"To Key\" foreign key (k) references keyed not valid",
    );
    let expected = [
        "warning public.nullable",
        "warning public.keyless",
        "warning public.late",
        "warning public.parts",
    ];
    assert_eq!(found(&database, "no_primary_key", &[]), set(&expected));
    let never = found(
        &database,
        "no_primary_key",
        &["--warn", "no_primary_key=never"],
    );
    assert!(
        never.iter().all(|line| line.starts_with("ok ")),
        "{never:?}"
    );
    let expected = [
        "warning public.keyed positive",
        "warning public.child To Key",
    ];
    assert_eq!(found(&database, "not_validated", &[]), set(&expected));
    for record in asked(&database, &["--only", "not_validated"])
        .run()
        .json_lines()
    {
        database.sql(record["remedy"].as_str().unwrap());
    }
    assert_eq!(found(&database, "not_validated", &[]), set(&["ok"]));
    if major() >= 18 {
        database.sql("alter table keyed add constraint told check (id < 100) not enforced");
        assert_eq!(found(&database, "not_validated", &[]), set(&["ok"]));
    }
}
