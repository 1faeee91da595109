//! Sequences and constraints, with those that only look like trouble.

use serde_json::Value;
use tests::{Database, eventually};

use crate::ground::{asked, found, major, set};

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
        create sequence around cycle;
        create table filled_anew (id int default nextval('around'));
        select setval('around', 2147483647);
        create sequence tenfold;
        create table computed (id int default nextval('tenfold') * 10);
        create table labelled (id text default 'x' || nextval('wide_id_seq'), n bigint default abs(nextval('wide_id_seq')));
        create sequence short as smallint;
        select setval('short', 32767);
        create table identity (id smallint generated always as identity);
        select setval('identity_id_seq', 27000);
        create sequence unused_one maxvalue 5;
        create domain small as int check (value > 0);
        create domain smaller as small;
        create sequence through_domain;
        create table domains (id smaller default nextval('through_domain'));
        select setval('through_domain', 2100000000);
        create sequence through_numeric;
        create table numbers (id numeric(4) default nextval('through_numeric'), n numeric default nextval('wide_id_seq'));
        select setval('through_numeric', 9000);
        create sequence \"Odd \"\"name\" maxvalue 100;
        select setval('\"Odd \"\"name\"', 85)",
    );
    let expected = [
        "critical public.owned_id_seq",
        "critical public.through_domain",
        "warning public.through_numeric",
        "critical public.around",
        "warning public.big",
        "critical public.down",
        "critical public.short",
        "warning public.identity_id_seq",
        "warning public.\"Odd \"\"name\"",
    ];
    assert_eq!(found(&database, "sequences", &[]), set(&expected));
    database.sql("select setval('tenfold', 214748364)");
    let mut computed = set(&expected);
    computed.insert("unknown public.tenfold".into());
    for more in [&[][..], &["--baseline", "/dev/null"]] {
        assert_eq!(found(&database, "sequences", more), computed);
    }
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
            .contains("12 sequences are hidden"),
        "{records:?}"
    );
    database.sql("grant select on all sequences in schema public to monitor_only");
    let seen = asked(&database, &["--only", "sequences"])
        .env("PGUSER", "monitor_only")
        .run()
        .expect_code(1);
    assert_eq!(seen.json_lines().len(), 10);
    database.sql("drop owned by monitor_only");
}

/// What nextval() says next decides, not how much of the range lies behind.
#[test]
fn sequences_by_what_they_give_next() {
    let database = Database::new();
    database.sql(
        "
        create sequence stepping maxvalue 1000 increment 100;
        select setval('stepping', 901);
        create sequence stepping_down minvalue -1000 maxvalue -1 increment -100;
        select setval('stepping_down', -901);
        create sequence set_anew maxvalue 100;
        select setval('set_anew', 100, false);
        create table restarted (id int generated always as identity);
        alter table restarted alter id restart with 2147483647;
        create table too_far (id int);
        create sequence beyond minvalue 3000000000 owned by too_far.id;
        create sequence fresh maxvalue 5;
        create schema \"Shut Up\";
        create sequence \"Shut Up\".\"O'Ne\" maxvalue 100;
        select setval('\"Shut Up\".\"O''Ne\"', 99, false)",
    );
    let expected = [
        "critical public.stepping",
        "critical public.stepping_down",
        "critical public.set_anew",
        "critical public.restarted_id_seq",
        "critical public.beyond",
        "critical \"Shut Up\".\"O'Ne\"",
    ];
    assert_eq!(found(&database, "sequences", &[]), set(&expected));
    let records = asked(&database, &["--only", "sequences"])
        .run()
        .json_lines();
    for (name, words) in [
        (
            "public.stepping",
            "ALTER SEQUENCE public.stepping MAXVALUE …;",
        ),
        (
            "public.stepping_down",
            "ALTER SEQUENCE public.stepping_down MINVALUE …;",
        ),
        ("public.restarted_id_seq", "make the columns bigint"),
        ("public.beyond", "make the columns bigint"),
    ] {
        let record = records.iter().find(|record| record["object"] == name);
        let remedy = record.unwrap()["remedy"].as_str().unwrap();
        assert!(remedy.contains(words), "{remedy}");
    }
    let rows = asked(&database, &["sequences"]).run().json_lines();
    let given = |name: &str| {
        let row = rows.iter().find(|row| row["sequence"] == name).unwrap();
        (row["next_value"].as_i64(), row["left_values"].as_i64())
    };
    assert_eq!(given("public.stepping"), (None, Some(0)));
    assert_eq!(given("public.stepping_down"), (None, Some(0)));
    assert_eq!(given("public.set_anew"), (Some(100), Some(1)));
    let last = (Some(2_147_483_647), Some(1));
    assert_eq!(given("public.restarted_id_seq"), last);
    assert_eq!(given("public.beyond"), (None, Some(0)));
    assert_eq!(given("public.fresh"), (Some(1), Some(5)));
    // Who may read a sequence but not enter its schema, or may only use it, is not told that all is well.
    database.sql(
        "do $$ begin create role next_reader login; exception when duplicate_object then null; end $$;
        grant usage on all sequences in schema public to next_reader;
        grant select on all sequences in schema \"Shut Up\" to next_reader",
    );
    let blind = asked(&database, &["sequences"]).env("PGUSER", "next_reader");
    let blind = blind.run().expect_code(0).json_lines();
    let hidden = blind.iter().filter(|row| row["is_hidden"] == true);
    assert_eq!(hidden.count(), 5, "{blind:?}");
    database.sql("drop owned by next_reader");
}

#[test]
fn foreign_keys_without_an_index() {
    let database = Database::new();
    database.sql("
        create table p (a int, b int, primary key (a, b), c int unique);
        insert into p values (1, 1, 1), (2, 2, 2);
        create table pp (id int primary key) partition by range (id);
        create table pp1 partition of pp for values from (0) to (10);
        insert into pp values (1), (2);
        create table pt (k text unique); insert into pt values ('a'), ('b');
        create table f12 (k text constraint f12 references pt (k)); create index on f12 (k collate \"POSIX\");
        create table f11 (id int constraint f11 references pp);
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
        "warning public.f11 f11",
        "warning public.f12 f12",
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
    // An index on some of the columns, or of another kind, may find the rows; nobody knows.
    database.sql("create index part_of_it on f1 (a)");
    let records = asked(&database, &["--only", "unindexed_foreign_keys"])
        .run()
        .json_lines();
    for record in &records {
        let words = record["message"].as_str().unwrap();
        let expected = match record["object"].as_str().unwrap() {
            "public.f1 f1_a_b_fkey" => "as far as part_of_it does not help",
            "public.f4 f4" => "as far as f4_c_idx does not help",
            _ => "reads public.",
        };
        assert!(words.contains(expected), "{record}");
        let is_in_parts = record["object"] == "public.f6 f6";
        let is_whole = !words.contains("as far as") && !is_in_parts;
        assert_eq!(words.contains(" whole, "), is_whole, "{record}");
    }
    database.sql("drop index part_of_it");
    // Small, and nobody deletes on the other side.
    let quiet = found(&database, "unindexed_foreign_keys", &[]);
    assert!(quiet.iter().all(|line| line.starts_with("ok")), "{quiet:?}");
    // A partitioned table is as large as its parts, whatever ANALYZE writes down for itself.
    database.sql("insert into f6 select 1 from generate_series(1, 1000)");
    database.sql("analyze");
    let large = ["--warn", "unindexed_foreign_keys=1kB"];
    assert_eq!(
        found(&database, "unindexed_foreign_keys", &large),
        set(&["warning public.f6 f6"])
    );
    // A part whose own index serves it is not read whole.
    database.sql("create table f63 (other int, c int); create index on f63 (c); insert into f63 select 0, 20 from generate_series(1, 1000);
        insert into p values (20, 20, 20); create index of_a_part on f61 (c); alter table f63 drop other; alter table f6 attach partition f63 for values from (20) to (30); analyze");
    let of_parts = || {
        let records = asked(
            &database,
            &[&["--only", "unindexed_foreign_keys"], &all[..]].concat(),
        )
        .run()
        .json_lines();
        let record = records
            .into_iter()
            .find(|record| record["object"] == "public.f6 f6");
        record.map(|record| record["value"].clone())
    };
    assert_eq!(of_parts(), Some(0.0.into()));
    database.sql("create index of_another on f62 (c)");
    assert_eq!(of_parts(), None);
    database.sql("drop index of_a_part, of_another");
    database.sql(
        "delete from p where a = 2; delete from pp where id = 2; delete from pt where k = 'b'",
    );
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
        create table all_columns (id int);
        alter table all_columns replica identity full;
        create domain amount as int;
        alter domain amount add constraint positive_amount check (value > 0) not valid;
        create table keyless (id int);
        create table late (id int not null unique deferrable initially deferred);
        create table parts (id int) partition by range (id);
        create table part1 partition of parts for values from (0) to (10);
        alter table keyed add constraint positive check (id > 0) not valid;
        alter table parts add constraint positive check (id > 0) not valid;
        create table part2 partition of parts for values from (10) to (20);
        create table heir () inherits (keyed);
        create table child (id int primary key, k int);
        alter table child add constraint \"To Key\" foreign key (k) references keyed not valid;
        create table published (id int not null constraint one unique);
        create table published_all (id int);
        alter table published_all replica identity full;
        create publication inserts for table as_good with (publish = 'insert');
        create publication changes for table keyed, published, published_all",
    );
    let expected = [
        "warning public.nullable",
        "warning public.keyless",
        "warning public.late",
        "warning public.parts",
        "warning public.heir",
        // No row of it can be changed, though its index names each.
        "warning public.published",
    ];
    assert_eq!(found(&database, "no_primary_key", &[]), set(&expected));
    database
        .client()
        .batch_execute("update published set id = 1 where id = 2")
        .unwrap_err();
    let words = [
        "--only",
        "no_primary_key",
        "--skip",
        "no_primary_key:public.[!p]*",
    ];
    let records = asked(&database, &words).run().json_lines();
    let remedy = |table: &str| {
        let mut records = records.iter();
        let record = records.find(|record| record["object"] == table).unwrap();
        record["remedy"].as_str().unwrap().to_string()
    };
    let remedy = remedy("public.published");
    database.sql(&remedy[remedy.find("ALTER").unwrap()..]);
    database.sql("update published set id = 1 where id = 2");
    assert!(!found(&database, "no_primary_key", &[]).contains("warning public.published"));
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
        // Its parts' are proved with it.
        "warning public.parts positive",
        "warning public.child To Key",
        "warning public.amount positive_amount",
    ];
    assert_eq!(found(&database, "not_validated", &[]), set(&expected));
    for record in asked(&database, &["--only", "not_validated"])
        .run()
        .json_lines()
    {
        let remedy = record["remedy"].as_str().unwrap();
        let is_check = record["object"].as_str().unwrap().ends_with("positive")
            || record["object"] == "public.amount positive_amount";
        assert_eq!(remedy.starts_with("-- as its owner: "), is_check);
        database.sql(remedy.trim_start_matches("-- as its owner: "));
    }
    assert_eq!(found(&database, "not_validated", &[]), set(&["ok"]));
    if major() >= 18 {
        database.sql("alter table keyed add constraint told check (id < 100) not enforced");
        assert_eq!(
            found(&database, "not_validated", &[]),
            set(&["warning public.keyed told"])
        );
    }
}
