//! `--check-rollback`: what is of the server, and what of it reaches out.

use std::os::unix::fs::PermissionsExt;

use crate::check::{SHOP, after, checks, has, third};
use crate::ground::{Ground, told};

#[test]
fn roles_are_of_the_server_and_do_no_harm() {
    let role = third(
        "create role shop_reader_of_ours; grant select on shop to shop_reader_of_ours, somebody_else;",
        "revoke all on shop from shop_reader_of_ours, somebody_else; drop role shop_reader_of_ours;",
        0,
    );
    has(&role, "up_again ok -");
}

#[test]
fn what_is_said_of_the_database_and_its_server_has_to_be_as_it_was() {
    let here =
        |what: &str| format!("do $$ begin execute format('{what}', current_database()); end $$;");
    for (up, down, found) in [
        (
            here("alter database %I set work_mem = ''9MB''"),
            String::new(),
            "schema failed DATABASE",
        ),
        (
            here("alter database %I set work_mem = ''9MB''"),
            here("alter database %I reset work_mem"),
            "schema ok -",
        ),
        (
            here("grant create on database %I to public"),
            String::new(),
            "schema failed DATABASE",
        ),
        (
            here("comment on database %I is ''ours''"),
            String::new(),
            "schema failed DATABASE",
        ),
        (
            "alter role postgres set work_mem = '9MB';".to_string(),
            String::new(),
            "schema failed ROLE postgres",
        ),
        (
            "do $$ begin if to_regrole('reader') is null then create role reader; end if; end $$;"
                .to_string(),
            String::new(),
            "left ok ROLE reader",
        ),
        // Of others than its own, and of whom nobody makes.
        (
            "alter database postgres set work_mem = '9MB';".to_string(),
            String::new(),
            "schema failed DATABASE postgres",
        ),
        (
            "alter role anybody set work_mem = '9MB';".to_string(),
            String::new(),
            "schema failed ROLE anybody",
        ),
        (
            "alter role anybody set work_mem = '9MB';".to_string(),
            "alter role anybody reset work_mem;".to_string(),
            "schema ok -",
        ),
        // Whom nobody makes is made for it, and is nobody's fault.
        (
            "grant select on shop to someone;".to_string(),
            "revoke all on shop from someone;".to_string(),
            "schema ok -",
        ),
        (
            "grant select on shop to \"some\"\"one\";".to_string(),
            "revoke all on shop from \"some\"\"one\";".to_string(),
            "schema ok -",
        ),
    ] {
        let code = i32::from(found.contains("failed"));
        let seen = after(
            "create table shop (id int)",
            &up,
            &format!("{down} select 1;"),
            code,
        );
        has(&seen, found);
        assert!(
            !seen.iter().any(|line| line.contains("someone")),
            "{seen:?}"
        );
    }
}

#[test]
fn rights_on_the_server_have_to_be_as_they_were() {
    let major = tests::cluster().version().major;
    let all = [
        (
            0,
            "grant create on tablespace pg_default to public",
            "TABLESPACE pg_default",
        ),
        (
            0,
            "alter tablespace pg_default set (random_page_cost = 2)",
            "TABLESPACE pg_default",
        ),
        (
            15,
            "grant set on parameter work_mem to public",
            "PARAMETER work_mem",
        ),
        (
            16,
            "grant pg_monitor to member_of_old with inherit false",
            "ROLE member_of_old",
        ),
    ];
    let made = "create role member_of_old; grant pg_monitor to member_of_old;";
    for (_, up, object) in all.iter().filter(|(from, ..)| *from <= major) {
        has(
            &after(made, up, "select 1", 1),
            &format!("schema failed {object}"),
        );
    }
    if major >= 15 {
        let back = "revoke set on parameter work_mem from public";
        has(&after(made, all[2].1, back, 0), "schema ok -");
    }
}

#[test]
fn the_trouble_of_one_migration_is_its_own() {
    let subscription =
        "create subscription su connection 'host=nowhere' publication p with (connect = false);";
    let gone = "alter subscription su disable; alter subscription su set (slot_name = none); drop subscription su;";
    let ground = Ground::of(SHOP);
    ground.write("m/3_su.up.sql", subscription);
    ground.write("m/3_su.down.sql", gone);
    ground.write("m/4_more.up.sql", "create table more (id int);");
    ground.write("m/4_more.down.sql", "drop table more;");
    ground.write(
        "m/5_su.up.sql",
        &subscription.replace(" su ", " left_there "),
    );
    ground.write("m/5_su.down.sql", "select 1;");
    ground.write("m/6_end.up.sql", "create table final (id int);");
    ground.write("m/6_end.down.sql", "drop table final;");
    let seen = checks(&ground, &[], 1);
    for said in [
        "3 schema ok -",
        "4 schema ok -",
        "5 schema failed SUBSCRIPTION left_there",
        "6 up_again ok -",
    ] {
        has(&seen, said);
    }
    // What spoils the server costs that migration alone, and its file is named.
    let spoilt = Ground::of(SHOP);
    let shut = "update pg_database set datallowconn = false where datname = current_database();";
    spoilt.write(
        "m/2_town.up.sql",
        &format!("alter table shop add town text; {shut}"),
    );
    let output = spoilt.run(&["--check-rollback"], 2);
    let seen = told(&output, &["file", "check", "status", "message"]);
    let is_it =
        |line: &String| line.starts_with("m/2_town.up.sql up skipped it could not be tried");
    assert!(seen.iter().any(is_it), "{seen:?}");
    assert!(
        seen.iter()
            .any(|line| line.starts_with("m/1_shop.up.sql up_again ok")),
        "{seen:?}"
    );
}

#[test]
fn nothing_is_run_or_written_on_the_machine() {
    let ground = Ground::of(SHOP);
    let file = ground.folder.path().join("written");
    let up = format!(
        "create table note (id int); copy note to program 'touch {}';",
        file.display()
    );
    ground.write("m/3_note.up.sql", &up);
    ground.write("m/3_note.down.sql", "drop table note;");
    for way in ["--check-rollback", "--rehearse"] {
        let output = ground.run(&[way], 2);
        let said = "m/3_note.up.sql:1: COPY … PROGRAM reaches beyond the throw-away server";
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(all.contains(said), "{all}");
        assert!(!file.exists(), "{way}");
    }
}

/// A throw-away server has no shell to run programs by, where the system lets everybody hide it.
#[test]
fn no_program_is_run_that_nobody_could_read_of() {
    let hide = [
        "--user",
        "--map-root-user",
        "--mount",
        "mount",
        "--bind",
        "/dev/null",
        "/bin/sh",
    ];
    let may = std::process::Command::new("unshare").args(hide).status();
    if !may.is_ok_and(|status| status.success()) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let file = place.path().join("made");
    let command: String = format!("COPY (SELECT 1) TO PROGRAM 'touch {}'", file.display());
    let reversed: String = command.chars().rev().collect();
    let ground = Ground::of(SHOP);
    ground.write(
        "m/3_note.up.sql",
        &format!("do $$ begin execute reverse($q${reversed}$q$); end $$;"),
    );
    ground.write("m/3_note.down.sql", "select 1;");
    let output = ground.run(&["--check-rollback"], 1);
    let said = told(&output, &["version", "check", "status", "message"]);
    let is_it = |line: &String| line.starts_with("3 up failed") && line.contains("touch");
    assert!(said.iter().any(is_it), "{said:?}");
    assert!(!file.exists());
}

/// A throw-away server is in no network, where the system lets everybody part from it.
#[test]
fn no_publisher_is_connected_to() {
    let apart = ["--user", "--map-current-user", "--net", "true"];
    let may = std::process::Command::new("unshare").args(apart).status();
    let version = tests::cluster().version().major;
    if version < 15 || !may.is_ok_and(|status| status.success()) {
        return;
    }
    let far = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = far.local_addr().unwrap().port();
    let (seen, came) = std::sync::mpsc::channel();
    std::thread::spawn(move || far.incoming().try_for_each(|_| seen.send(())));
    let ground = Ground::of(SHOP);
    let up = format!(
        "create subscription su connection 'host=127.0.0.1 port={port} connect_timeout=2' publication p;"
    );
    ground.write("m/3_su.up.sql", &up);
    ground.write("m/3_su.down.sql", "drop subscription su;");
    let output = ground.run(&["--check-rollback"], 1);
    let said = told(&output, &["version", "check", "status", "message"]);
    let is_it =
        |line: &String| line.starts_with("3 up failed") && line.contains("could not connect");
    assert!(said.iter().any(is_it), "{said:?}");
    assert_eq!(came.try_iter().count(), 0);
}

#[test]
fn what_others_make_is_set_up_before_the_migrations() {
    let up = "create table app.note (id int); alter table app.note owner to owner_elsewhere;
        create table copied as select make_it() as a;";
    let ground = Ground::of(&[
        ("m/1_note.up.sql", up),
        (
            "m/1_note.down.sql",
            "drop table app.note; drop table copied;",
        ),
        (
            "setup.sql",
            "create role owner_elsewhere; create schema app authorization owner_elsewhere;
             create function make_it() returns int language sql as 'select 1';",
        ),
    ]);
    ground.run(&["--check-rollback"], 1);
    let set_up = ["--setup", "setup.sql"];
    let seen = checks(&ground, &set_up, 0);
    has(&seen, "1 up_again ok -");
    ground.run(&["--rehearse"], 1);
    ground.run(&[&["--rehearse"], &set_up[..]].concat(), 0);
    let refused = ground.run(&[&["--status"], &set_up[..]].concat(), 2);
    assert!(
        refused.stderr.contains("--setup needs --rehearse"),
        "{refused:?}"
    );
    ground.write("setup.sql", "create schema app;\ncreate nonsense;");
    let failed = ground.run(&[&["--check-rollback"], &set_up[..]].concat(), 2);
    assert!(
        failed.stderr.contains("setup.sql:2: ERROR: syntax error"),
        "{failed:?}"
    );
}
