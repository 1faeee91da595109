//! What runs beside each other is restored, and told of, as if one thing came after the other.

use std::fs;
use std::path::Path;

use shared::programs::Program;
use tests::{Database, Output, program, tool};

use crate::backups::{dump, expect_verdict, failed, plain};

/// A large table's rows come frozen on one connection, or on several.
const FROZEN: &str = "-j1";
const SPREAD: &str = "-j4";

fn verify(path: &Path, jobs: &str) -> Output {
    tool("pg-restore-verify").arg(jobs).arg(path).run()
}

fn verify_script(script: &str, jobs: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    fs::write(&path, script).unwrap();
    verify(&path, jobs)
}

#[track_caller]
fn fails(script: &str, jobs: &str, expected: &[&str]) -> Output {
    let output = verify_script(script, jobs);
    assert_eq!(failed(&output), expected, "{output:?}");
    expect_verdict(&output, "failed");
    output
}

/// A table that comes on several connections: far more than eight megabytes.
fn large() -> Database<'static> {
    let database = Database::new();
    database.sql(
        "create table large (id int not null, words text, odd int check (odd % 2 = 1));
         insert into large select i, repeat(md5(i::text), 20), 2 * i + 1 from generate_series(1, 40000) i;
         create index on large (id);
         create table small (id int primary key);
         insert into small values (1), (2)",
    );
    database
}

#[test]
fn a_large_table_on_several_connections() {
    let large = large();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    dump(&large, &["-Fp"], &path);
    for jobs in [FROZEN, "-j2", SPREAD] {
        // Were one connection in the way of another, it would wait for ever.
        let output = verify(&path, jobs);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        expect_verdict(&output, "ok");
    }
}

#[test]
fn rows_come_frozen_where_few_connections_load_them() {
    if tests::cluster().version().major < 14 {
        return; // They come so, and no map says it.
    }
    let large = large();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    dump(&large, &["-Fp"], &path);
    for (jobs, frozen) in [(FROZEN, 1), (SPREAD, 0)] {
        // That all rows of a page are visible to everybody COPY can say, or VACUUM: then there is
        // a map of such pages.
        let expected = format!("select (pg_relation_size('large', 'vm') > 0)::int = {frozen}");
        let run = tool("pg-restore-verify").args([jobs, "--expect", &expected]);
        let output = run.arg(&path).run();
        expect_verdict(&output, "ok");
    }
}

#[test]
fn a_row_that_is_refused_late_in_a_large_table_is_told_once_and_no_row_stays() {
    let large = large();
    let script = plain(&large, &["-Fp"]);
    let (begins, ends) = (
        script.find("\n39000\t").unwrap(),
        script.find("\n39001\t").unwrap(),
    );
    // Not odd.
    let row = script[begins..ends].replace("\t78001", "\t78002");
    let script = format!("{}{row}{}", &script[..begins], &script[ends..]);
    let expected = ["restore TABLE DATA public.large", "rows public.large"];
    for jobs in [FROZEN, SPREAD] {
        let output = fails(&script, jobs, &expected);
        let lines = output.json_lines();
        let of = |table: &str| {
            let mut lines = lines.iter();
            lines
                .find(|finding| finding["object"] == table)
                .unwrap()
                .clone()
        };
        let actual = of("public.large")["actual"].as_str().unwrap().to_string();
        assert!(actual.starts_with("0 rows"), "{actual}");
        assert_eq!(of("public.small")["status"], "ok");
    }
}

#[test]
fn a_script_that_ends_within_a_large_table() {
    let large = large();
    let script = plain(&large, &["-Fp"]);
    let cut = script.find("\n39000\t").unwrap();
    for jobs in [FROZEN, SPREAD] {
        fails(&script[..cut], jobs, &["archive"]);
    }
}

/// Rows that somebody put into a script in two parts, and all of it in one transaction.
#[test]
fn a_large_table_in_two_parts_and_a_script_in_one_transaction() {
    let large = large();
    let script = plain(&large, &["-Fp"]);
    let begins = script.find("COPY public.large ").unwrap();
    let head = &script[begins..=begins + script[begins..].find('\n').unwrap()];
    let middle = script.find("\n20000\t").unwrap() + 1;
    let in_two = format!("{}\\.\n\n{head}{}", &script[..middle], &script[middle..]);
    let first = script.find("SET statement_timeout").unwrap();
    let in_one = format!(
        "{}BEGIN;\n{}\nCOMMIT;\n",
        &script[..first],
        &script[first..]
    );
    let in_lower_case = in_one.replace("BEGIN;", "begin;");
    let in_lower_case = in_lower_case.replace("\nCOMMIT;\n", "\ncommit;\n");
    for (name, script) in [
        ("in two parts", in_two),
        ("in one transaction", in_one),
        ("in lower case", in_lower_case),
    ] {
        for jobs in [FROZEN, SPREAD] {
            let output = verify_script(&script, jobs);
            assert_eq!(failed(&output), [""; 0], "{name} {jobs} {output:?}");
            expect_verdict(&output, "ok");
        }
    }
}

/// Indexes and constraints that need one another, or one another's tables.
const ENTANGLED: &str = "
    create table a (id int primary key, u int unique, r int not null, x int, y int);
    create table b (id int primary key, a int references a, u int references a (u), p int);
    alter table a add foreign key (x) references b, add foreign key (y) references a;
    alter table b add foreign key (p) references b, add exclude using btree (id with =);
    insert into a select i, i, i, null, 1 from generate_series(1, 2000) i;
    insert into b select i, i, i, 1 from generate_series(1, 2000) i;
    update a set x = id;
    create index on a (x); create index on a (y); create index on a (x, y);
    create unique index a_r on a (r); alter table a replica identity using index a_r;
    create index a_c on a (u, r); alter table a cluster on a_c;
    create index a_s on a ((x + y)); alter index a_s alter column 1 set statistics 500;
    comment on index a_c is 'c'; comment on index a_s is 's'; comment on constraint a_pkey on a is 'k';
    comment on constraint b_a_fkey on b is 'f';
    create table parts (id int, at int, w text, primary key (id, at), foreign key (id) references a) partition by range (at);
    create index on parts (w); create index on parts (at);
    create table parts_1 partition of parts for values from (0) to (1000);
    create table parts_2 partition of parts for values from (1000) to (2000);
    create table parts_3 partition of parts for values from (2000) to (3000) partition by list (id);
    create table parts_31 partition of parts_3 default;
    insert into parts select i, i, i from generate_series(1, 2000) i;
    create view grouped as select id, u, r from a group by id;
    create materialized view seen as select id from a; create unique index seen_id on seen (id);
    create table lookup (k int primary key, v int); insert into lookup select i, -i from generate_series(1, 2000) i;
    create function looked_up(int) returns int language sql immutable as 'select v from public.lookup where k = $1';
    create index a_f on a (looked_up(r));
    create function refuse() returns trigger language plpgsql as 'begin raise ''no''; end';
    create trigger t before insert on parts for each row execute function refuse();
    create trigger t before insert on a for each row execute function refuse()";

#[test]
fn what_needs_one_another_is_restored_in_every_form() {
    let database = Database::new();
    database.sql(ENTANGLED);
    let folder = tempfile::tempdir().unwrap();
    for options in [
        &["-Fp"][..],
        &["-Fc"],
        &["-Fp", "--quote-all-identifiers"],
        &["-Fp", "--no-comments"],
    ] {
        let path = folder.path().join("backup");
        dump(&database, options, &path);
        let output = verify(&path, SPREAD);
        assert_eq!(failed(&output), [""; 0], "{options:?} {output:?}");
        expect_verdict(&output, "ok");
    }
}

#[test]
fn each_failure_among_many_is_told_once_by_its_own_entry() {
    let database = Database::new();
    database.sql(ENTANGLED);
    let script = plain(&database, &["-Fp"]);
    // One row of a twice: id, u and r are no longer unique, and what counts on them is missing.
    let begins = script.find("COPY public.a (").unwrap();
    let row = begins + script[begins..].find("\n7\t").unwrap();
    let end = row + 1 + script[row + 1..].find('\n').unwrap();
    let script = format!("{}{}{}", &script[..end], &script[row..end], &script[end..]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    fs::write(&path, script).unwrap();
    let refusals = |jobs: &str| {
        let output = tool("pg-restore-verify").arg(jobs).arg(&path).run();
        let lines = output.json_lines();
        let refused = lines.iter().filter(|finding| finding["check"] == "restore");
        let told: Vec<String> = refused
            .map(|finding| format!("{} {}", finding["object"], finding["message"]))
            .collect();
        told
    };
    let one_after_the_other = refusals("-j1");
    assert!(one_after_the_other.len() > 5, "{one_after_the_other:?}");
    for object in [
        "CONSTRAINT public.a a_pkey",
        "CONSTRAINT public.a a_u_key",
        "INDEX public.a_r",
    ] {
        let of_object = one_after_the_other
            .iter()
            .filter(|told| told.contains(object));
        assert!(of_object.count() >= 1, "{object}: {one_after_the_other:?}");
    }
    assert_eq!(refusals("-j4"), one_after_the_other);
}

/// A constraint may read another table, whose rows are there already or not yet: as pg_restore by
/// itself has it, whatever the number of jobs.
#[test]
fn a_constraint_that_reads_another_table_meets_it_as_pg_restore_loads_it() {
    let limits = |name: &str| {
        format!(
            "create table {name} (most int, pad text);
             create function under(i int) returns bool language plpgsql as $$ begin
                return coalesce(i <= (select max(most) from public.{name}), false); end $$;
             insert into {name} select 10, repeat(md5(n::text), 20) from generate_series(1, 20000) as n;
             create table m_checked (id int check (under(id)), pad text);
             insert into m_checked select 5, repeat('x', 30) from generate_series(1, 10);"
        )
    };
    // In the order of their names.
    for (name, status) in [("a_limits", "ok"), ("z_limits", "failed")] {
        let database = Database::new();
        database.sql(&limits(name));
        let folder = tempfile::tempdir().unwrap();
        for format in ["-Fc", "-Fd", "-Fp"] {
            let path = folder.path().join(format);
            let pg_dump = Program::find("pg_dump", None).unwrap();
            let run = program(pg_dump.path()).database(&database).arg(format);
            run.arg("--file").arg(&path).run().expect_code(0);
            for jobs in ["1", "2", "4", "4"] {
                let run = tool("pg-restore-verify").args(["-j", jobs]).arg(&path);
                expect_verdict(&run.run(), status);
            }
        }
    }
}

/// What a value has to meet may look at whatever it likes: here that its session is the only one.
#[test]
fn a_table_whose_values_ask_functions_comes_on_one_connection() {
    for (column, value) in [
        ("span", "span(1, 1, '[]')"),
        ("pair[]", "array[row(1)::pair]"),
    ] {
        let database = Database::new();
        database.sql(&format!(
            "create function only_one(int) returns bool language plpgsql as $$
                 begin return pg_try_advisory_lock(1); end $$;
             create domain alone as int check (only_one(value));
             create type pair as (a alone);
             create type span as range (subtype = alone);
             create table t (c {column}, words text);
             insert into t select {value}, repeat('x', 640) from generate_series(1, 20000) i"
        ));
        let output = verify_script(&plain(&database, &["-Fp"]), SPREAD);
        assert_eq!(failed(&output), [""; 0], "{column} {output:?}");
        expect_verdict(&output, "ok");
    }
}

/// Two indexes that wait for each other, once: the server ends one of them, which says nothing about
/// the backup. By our own sessions as by those of pg_restore.
#[test]
fn what_ended_in_a_deadlock_is_done_again() {
    let cluster = tests::start(&shared::cluster::ClusterOptions::default());
    let database = Database::on(&cluster);
    // Each takes its own lock, waits until the other has its own, and wants that; but for the first
    // one that is done again, when the other is there.
    database.sql(&format!(
        "create table a as select 1 as k; create table b as select 2 as k;
         create function public.meet(own int) returns int language plpgsql immutable as $$ begin
             if current_database() = '{}' then return own; end if;
             perform pg_catalog.pg_advisory_xact_lock(own);
             for i in 1..6000 loop
                 if pg_catalog.to_regclass(case own when 1 then 'public.of_b' else 'public.of_a' end) is not null
                    then return own; end if;
                 exit when exists (select from pg_catalog.pg_locks where locktype = 'advisory' and granted
                     and objid = 3 - own and objsubid = 1
                     and database = (select oid from pg_catalog.pg_database where datname = current_database()));
                 perform pg_catalog.pg_sleep(0.01);
             end loop;
             perform pg_catalog.pg_advisory_xact_lock(3 - own);
             return own; end $$;
         create index of_a on a (public.meet(k)); create index of_b on b (public.meet(k))",
        database.name()
    ));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&database, &["-Fp"], &path);
    // What the log of a private server says is gone with it.
    let output = verify(&path, "-j2");
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "ok");
    dump(&database, &["-Fc"], &path);
    let run = tool("pg-restore-verify").args(["-j2", "-d", &database.conninfo()]);
    let output = run.arg(&path).run();
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "ok");
    let log = fs::read_to_string(cluster.socket_dir().join("log")).unwrap();
    assert!(log.contains("deadlock detected"), "{log}");
}

/// Each index takes one of two places, and the first two wait until each has seen the other: with
/// fewer at once nobody comes, and for a third one there is no place.
#[test]
fn as_many_at_once_as_jobs_and_no_more() {
    let database = Database::new();
    database.sql(&format!(
        "create function public.enter(own int) returns int language plpgsql immutable as $$
         declare mine int; held int8[]; met bool := false;
         begin
             if current_database() = '{}' then return own; end if;
             for place in 1..2 loop
                 if pg_catalog.pg_try_advisory_xact_lock(place) then mine := place; exit; end if;
             end loop;
             if mine is null then raise exception 'a third one came'; end if;
             if exists (select from pg_catalog.generate_series(1, 5) other where other <> own
                        and pg_catalog.to_regclass('public.of_' || other) is not null)
                then return own; end if;
             for i in 1..6000 loop
                 select array_agg(objid::int8) into held from pg_catalog.pg_locks where locktype = 'advisory'
                     and granted and database = (select oid from pg_catalog.pg_database where datname = current_database());
                 if 3 - mine = any (held) then
                     perform pg_catalog.pg_advisory_xact_lock(10 + mine);
                     met := true;
                 end if;
                 exit when met and (13 - mine = any (held) or not 3 - mine = any (held));
                 perform pg_catalog.pg_sleep(0.01);
             end loop;
             if not met then raise exception 'nobody came'; end if;
             -- Time for a third one to come, if there is one.
             perform pg_catalog.pg_sleep(0.2);
             return own; end $$",
        database.name()
    ));
    for table in 1..=5 {
        database.sql(&format!(
            "create table t{table} as select {table} k; create index of_{table} on t{table} (public.enter(k))"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for format in ["-Fp", "-Fc"] {
        dump(&database, &[format], &path);
        let output = verify(&path, "-j2");
        assert_eq!(failed(&output), [""; 0], "{format} {output:?}");
        expect_verdict(&output, "ok");
    }
}
