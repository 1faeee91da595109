//! `--promote`: the restored database takes the place of the live one, or nothing changes.

use tests::{Output, program, tool};

use crate::backups::{expect_verdict, failed};
use crate::place::Place;

#[test]
fn the_live_one_is_kept_under_a_dated_name() {
    let place = Place::new();
    let properties = place.properties("my app");
    assert!(properties.contains("it's live"), "{properties}");
    let mut session = place.cluster.connect("my app").unwrap();
    let output = place.promote(&[], &place.backup());
    expect_verdict(&output, "ok");
    assert!(
        session.batch_execute("select 1").is_err(),
        "a session outlives it"
    );
    let before = place.before();
    assert!(output.stdout.contains(&before), "{output:?}");
    assert_eq!(
        (
            place.users("my app").as_str(),
            place.users(&before).as_str()
        ),
        ("500", "3")
    );
    assert_eq!(place.properties("my app"), properties);
    assert_eq!(place.properties(&before), properties);
    assert_eq!(
        place.value(
            "my app",
            "select reltuples::bigint::text from pg_class where relname = 'users'"
        ),
        "500"
    );
    assert!(!place.databases().contains("pg_restore_verify"));
    place.session("reader", "my app").unwrap();
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new();
    let all = place.databases();
    let output = place.promote(&["--dry-run"], &place.backup());
    expect_verdict(&output, "ok");
    assert!(output.stdout.contains("would be kept as"), "{output:?}");
    assert_eq!(place.databases(), all);
    assert_eq!(place.users("my app"), "3");
}

#[test]
fn refused_unless_everything_was_proved() {
    let place = Place::new();
    let all = place.databases();
    let damaged = place.folder.path().join("damaged.dump");
    let bytes = std::fs::read(place.backup()).unwrap();
    std::fs::write(&damaged, &bytes[..bytes.len() - 20]).unwrap();
    let unmet = ["--expect", "select count(*) from users=501"];
    for (more, backup, check) in [
        (&unmet[..], place.backup(), "expect"),
        (&[], damaged, "archive"),
    ] {
        let output = place.promote(more, &backup);
        expect_verdict(&output, "failed");
        let faults = failed(&output);
        assert!(
            faults.iter().any(|one| one.starts_with(check)),
            "{output:?}"
        );
        let lines = output.json_lines();
        let refused = lines.iter().find(|line| line["check"] == "promote");
        assert_eq!(refused.unwrap()["status"], "skipped", "{output:?}");
        // The live one is as it was, the other gone.
        assert_eq!(place.databases(), all);
        assert_eq!(place.users("my app"), "3");
        assert_eq!(place.before(), "");
    }
}

/// Who may only log in can store any text as the search_path of a role of theirs.
#[test]
fn a_stored_setting_is_no_sql() {
    let place = Place::new();
    let text = "x;alter/**/role/**/joe/**/superuser";
    place.sql("postgres", "create role joe login");
    place.sql("my app", "grant connect on database \"my app\" to joe");
    let mut joe = postgres::Config::new();
    joe.host_path(place.cluster.socket_dir()).user("joe");
    let mut joe = joe.dbname("my app").connect(postgres::NoTls).unwrap();
    joe.batch_execute(&format!(
        "select set_config('search_path', '{text}', false);
         alter role joe in database \"my app\" set search_path from current"
    ))
    .unwrap();
    let properties = place.properties("my app");
    assert!(properties.contains(text), "{properties}");
    let output = place.promote(&[], &place.backup());
    let is_super = "select rolsuper::text from pg_roles where rolname = 'joe'";
    assert_eq!(place.value("postgres", is_super), "false");
    expect_verdict(&output, "ok");
    assert_eq!(place.properties("my app"), properties);
}

fn expect_refused(place: &Place, output: &Output, why: &str) {
    expect_verdict(output, "skipped");
    assert!(output.stdout.contains(why), "{output:?}");
    assert_eq!(
        (place.users("my app"), place.before()),
        ("3".into(), "".into())
    );
}

#[test]
fn a_backup_of_another_database_is_refused() {
    let place = Place::new();
    place.sql("postgres", "create database other");
    place.sql("other", "create table users (id int)");
    let other = place.dump(&["other"]);
    let output = place.promote(&[], &other);
    expect_refused(&place, &output, "origin other: the backup is of this one");
    let output = place.promote(&["--accept", "origin"], &other);
    expect_verdict(&output, "ok");
    assert!(output.stdout.contains("accepted: origin"), "{output:?}");
    assert_eq!(place.users("my app"), "0");
}

/// A script says nothing of the database that it is of.
#[test]
fn a_backup_of_who_knows_what_is_refused() {
    let place = Place::new();
    let script = place.dump_as(&["-Fp", "my app"]);
    let output = place.promote(&[], &script);
    expect_refused(&place, &output, "nothing tells of which database");
    let output = place
        .promote(&["--accept", "orign"], &script)
        .expect_code(2);
    assert!(
        output.stderr.contains("there is no such check"),
        "{output:?}"
    );
    let output = place.promote(&["--accept", "origin"], &script);
    expect_verdict(&output, "ok");
}

/// The newest backup in a folder need not be one of the live database.
#[test]
fn the_newest_one_is_of_the_live_database() {
    let place = Place::new();
    place.rotate(&[]);
    place.sql("postgres", "create database other");
    let conninfo = format!(
        "host={} user=postgres dbname=other",
        place.cluster.socket_dir().display()
    );
    place.rotate(&["-d", &conninfo, "-F", "plain"]);
    place.sql("my app", "delete from users");
    let output = place.promote_latest(&["--database", "other"]);
    expect_verdict(&output, "skipped");
    assert!(output.stdout.contains("origin other"), "{output:?}");
    let output = place.promote_latest(&[]);
    expect_verdict(&output, "ok");
    assert_eq!(place.users("my app"), "3");
}

#[test]
fn a_part_of_a_database_is_refused() {
    let place = Place::new();
    place.rotate(&["--table", "users"]);
    let output = place.promote_latest(&[]);
    expect_refused(
        &place,
        &output,
        "selection: the backup does not hold everything",
    );
}

/// Globals are no database: that nothing was promoted is no success.
#[test]
fn globals_take_no_place() {
    let place = Place::new();
    let path = place.folder.path().join("globals.sql");
    let pg_dumpall = shared::programs::Program::find("pg_dumpall", None).unwrap();
    let command = program(pg_dumpall.path()).server(&place.cluster);
    command
        .args(["--globals-only", "-f"])
        .arg(&path)
        .run()
        .expect_code(0);
    let output = place.promote(&[], &path).expect_code(2);
    expect_refused(&place, &output, "no database was restored");
}

/// What came with the data is in the live database as well.
#[test]
fn what_was_seen_keeps_nothing_from_its_place() {
    let place = Place::new();
    place.sql("my app", "alter table users add check (id > 2) not valid");
    place.sql(
        "my app",
        "create table late (id int); insert into late select 1",
    );
    expect_verdict(&place.promote(&[], &place.dump(&["my app"])), "ok");
    let unseen = place.dump(&["--exclude-table-data", "late", "my app"]);
    let before = place.before();
    let output = place.promote(&[], &unseen);
    expect_verdict(&output, "skipped");
    assert!(output.stdout.contains("rows public.late"), "{output:?}");
    let output = place.promote(&["--accept", "btrees"], &unseen);
    expect_verdict(&output, "skipped");
    assert_eq!(place.before(), before);
    let accepted = ["--dry-run", "--accept", "btrees", "--accept", "rows"];
    let output = place.promote(&accepted, &unseen);
    expect_verdict(&output, "ok");
    assert!(
        output.stdout.contains("accepted: rows public.late"),
        "{output:?}"
    );
}

#[test]
fn what_can_not_be_given_keeps_it_from_beginning() {
    let place = Place::new();
    let mut session = place.cluster.connect("my app").unwrap();
    // The last thing before the names: a setting that can't be made again.
    place.sql(
        "postgres",
        "update pg_db_role_setting set setconfig = setconfig || '{no_such_setting=1}'
         where setdatabase = (select oid from pg_database where datname = 'my app') and setrole = 0",
    );
    let all = place.databases();
    let output = place.promote(&[], &place.backup());
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("no_such_setting"), "{output:?}");
    assert_eq!(place.databases(), all);
    assert_eq!(place.users("my app"), "3");
    session.batch_execute("select 1").unwrap();
}

#[test]
fn what_stands_in_the_way_is_said() {
    let place = Place::new();
    place.sql(
        "my app",
        "create subscription s connection 'host=192.0.2.1' publication p with (connect = false, slot_name = none)",
    );
    place.sql("my app", "update pg_subscription set subenabled = true");
    let all = place.databases();
    let output = place.promote(&[], &place.backup());
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("subscriptions are enabled: s"),
        "{output:?}"
    );
    assert_eq!(place.databases(), all);
    let several = place.promote(&[place.backup().to_str().unwrap()], &place.backup());
    several.expect_error("takes one backup");
}

#[test]
fn a_database_that_is_gone_comes_back() {
    let place = Place::new();
    place.sql("postgres", "drop database \"my app\"");
    // Its owner, rights and settings are gone with it.
    let output = place.promote(&[], &place.backup());
    assert_eq!(output.code(), Some(2), "{output:?}");
    // It may have been mistyped: that is said before anything is restored.
    assert!(
        output.stderr.contains("there is no database \"my app\""),
        "{output:?}"
    );
    assert!(!output.stdout.contains("\"restore\""), "{output:?}");
    let output = place.promote(&["--accept", "database"], &place.backup());
    expect_verdict(&output, "ok");
    assert_eq!(place.users("my app"), "500");
    assert_eq!(place.before(), "");
    place.session("app", "my app").unwrap();
}

/// Nobody but a superuser can bring amcheck into a database that is restored.
#[test]
fn by_its_owner_who_may_not_use_amcheck() {
    let place = Place::new();
    for sql in [
        "create role keeper login createdb",
        "grant pg_signal_backend to keeper",
        "create database kept owner keeper",
        // That helps as little as where the live database has it.
        "create extension amcheck; grant execute on all functions in schema public to public",
    ] {
        place.sql("postgres", sql);
    }
    place.sql(
        "kept",
        "create extension amcheck; grant execute on all functions in schema public to public;
         create schema own authorization keeper; set role keeper;
         create table own.t (id int primary key); insert into own.t values (1), (2)",
    );
    let backup = place.dump(&["-n", "own", "kept"]);
    place.sql("kept", "delete from own.t where id = 1");
    let socket = place.cluster.socket_dir().display();
    let conninfo = format!("host={socket} dbname=postgres user=keeper");
    let promote = |options: &[&str]| {
        let run = tool("pg-restore-verify").args(["-d", &conninfo, "--promote", "kept"]);
        run.args(options).arg(&backup).run()
    };
    let refused = promote(&[]);
    expect_verdict(&refused, "skipped");
    assert!(refused.stdout.contains("--accept btrees"), "{refused:?}");
    expect_verdict(&promote(&["--accept", "btrees"]), "ok");
    let mut client = place.cluster.connect("kept").unwrap();
    let rows = client.query("select from own.t", &[]).unwrap();
    assert_eq!(rows.len(), 2);
}
