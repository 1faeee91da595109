//! What a backup says of its database itself: owner, rights, comment, settings, also of roles in it.

use std::fs;
use std::path::Path;

use shared::cluster::ClusterOptions;
use tests::{Database, cluster, start, tool};

use crate::archives::others;
use crate::backups::{dump, expect_verdict, failed, of_status, shop, verify};

/// The shop, with all that can be said of a database; the least helpful settings among it.
fn with_properties() -> Database<'static> {
    let shop = shop();
    shop.sql(&format!(
        "comment on database {0} is 'on DATABASE what we sell';
         alter database {0} owner to shop_owner;
         alter database {0} connection limit 5;
         alter database {0} set work_mem = '5MB';
         alter database {0} set search_path = app, public;
         alter database {0} set default_transaction_read_only = on;
         alter database {0} set statement_timeout = '1h';
         alter role shop_owner in database {0} set local_preload_libraries = 'password=geheim';
         alter role shop_owner in database {0} set statement_timeout = '7s';
         revoke connect on database {0} from public;
         grant connect on database {0} to pg_monitor",
        shop.name()
    ));
    shop
}

#[test]
fn are_given_to_the_restored_database_and_read_back() {
    let shop = with_properties();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for options in [
        &["-Fc"][..],
        &["-Ft"],
        &["-Fc", "--quote-all-identifiers"],
        &["-Fc", "-O", "-x"],
    ] {
        dump(&shop, options, &path);
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{options:?}: {output:?}");
        expect_verdict(&output, "ok");
        let lines = output.json_lines();
        let ok = of_status(&lines, "ok").contains(&"database".to_string());
        assert!(ok, "{options:?}: {output:?}");
        // No library is loaded.
        let skipped = of_status(&lines, "skipped");
        let skipped = skipped.contains(&"database DATABASE PROPERTIES".to_string());
        assert!(skipped, "{options:?}: {output:?}");
        assert!(!format!("{output:?}").contains("geheim"), "{options:?}");
    }
}

/// Puts other bytes, as many, into a backup.
fn replace(path: &Path, this: &str, that: &str) {
    let mut bytes = fs::read(path).unwrap();
    let found = bytes
        .windows(this.len())
        .position(|at| at == this.as_bytes());
    let place = found.unwrap_or_else(|| panic!("no {this}"));
    bytes[place..place + this.len()].copy_from_slice(that.as_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn that_the_server_does_not_take_or_keep_fail() {
    let shop = with_properties();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for (this, that, finding) in [
        ("'5MB'", "'5QB'", "database DATABASE PROPERTIES"),
        ("pg_monitor", "pg_monitoR", "database ACL"),
        // Done, and without effect.
        (
            "SET work_mem TO '5MB'",
            "RESET work_mem       ",
            "database DATABASE PROPERTIES",
        ),
    ] {
        dump(&shop, &["-Fc"], &path);
        replace(&path, this, that);
        let output = verify(&path);
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), [finding], "{this}: {output:?}");
    }
}

/// Another version may not know a setting; what it knows and does not keep is missed nevertheless.
#[test]
fn that_another_version_does_not_take_or_keep() {
    let own = cluster().version().major;
    let newer = others().pop().filter(|(major, _)| *major > own);
    let Some((_, newest)) = newer else {
        return;
    };
    let shop = with_properties();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let on_newest = |this: &str, that: &str| {
        dump(&shop, &["-Fc"], &path);
        replace(&path, this, that);
        let run = tool("pg-restore-verify").env("PG_BINDIR", &newest);
        run.arg(&path).run()
    };
    let (own, other) = ("SET work_mem TO '5MB'", "SET work_men TO '5MB'");
    let good = on_newest(own, own);
    expect_verdict(&good, "ok");
    assert!(of_status(&good.json_lines(), "ok").contains(&"database".into()));
    expect_verdict(&on_newest(own, other), "ok");
    for (this, that, finding) in [
        (own, "RESET work_mem       ", "database DATABASE PROPERTIES"),
        ("pg_monitor", "pg_monitos", "database ACL"),
    ] {
        let output = on_newest(this, that);
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), [finding], "{this}: {output:?}");
    }
}

#[test]
fn are_left_alone_on_a_server_that_others_use() {
    let shop = with_properties();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&shop, &["-Fc"], &path);
    let server = start(&ClusterOptions::default());
    let settings = |word: &str| {
        let mut client = server.connect("postgres").unwrap();
        let count = "select count(*) from pg_db_role_setting";
        let count: i64 = client.query_one(count, &[]).unwrap().get(0);
        assert_eq!(count, 0, "{word}");
    };
    settings("before");
    let conninfo = format!(
        "host={} port={} user=postgres dbname=postgres",
        server.socket_dir().display(),
        server.port()
    );
    let output = tool("pg-restore-verify")
        .args(["-d", &conninfo])
        .arg(&path)
        .run();
    expect_verdict(&output, "ok");
    let lines = output.json_lines();
    let said = lines.iter().find(|finding| finding["check"] == "database");
    let said = said.unwrap_or_else(|| panic!("nothing said: {output:?}"));
    assert_eq!(said["status"], "skipped", "{said}");
    settings("after");
}

/// Applications keep tokens in settings of their own.
#[test]
fn what_may_be_secret_of_a_setting_is_not_shown() {
    let shop = shop();
    shop.sql(&format!(
        "alter database {} set app.token to 'geheim'",
        shop.name()
    ));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&shop, &["-Fc"], &path);
    // No server knows it.
    replace(&path, "app.token", "apq_token");
    let output = verify(&path);
    expect_verdict(&output, "failed");
    assert!(output.stdout.contains("apq_token"), "{output:?}");
    for shown in [&output.stdout, &output.stderr] {
        assert!(!shown.contains("geheim"), "{output:?}");
    }
}

/// A script says it of its database before it fills it: from then on it is in force for every
/// session, of which only psql's own must be as the backup says.
#[test]
fn of_a_script_are_not_in_force_for_those_who_look() {
    let shop = with_properties();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for option in ["--create", "--inserts"] {
        dump(&shop, &["--create", option], &path);
        let script = fs::read_to_string(&path).unwrap();
        let mut changed = script.clone();
        for (this, that) in [
            (
                "SET statement_timeout TO '1h'",
                "SET statement_timeout TO '1ms'",
            ),
            (
                "SET work_mem TO '5MB'",
                "SET session_preload_libraries TO 'no_such_library'",
            ),
        ] {
            assert!(script.contains(this), "{script}");
            changed = changed.replace(this, that);
        }
        fs::write(&path, changed).unwrap();
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{option}: {output:?}");
        expect_verdict(&output, "ok");
    }
}

/// From 17 on. It runs for each session that comes, and we come often.
#[test]
fn of_a_trigger_on_login_that_writes() {
    let Some(newer) = tests::version(18, "pg_dump") else {
        return;
    };
    let database = Database::new();
    database.sql(
        "create table logins (at timestamptz default now(), who text);
         insert into logins (who) values ('me');
         create function note_login() returns event_trigger language plpgsql as
         $$ begin insert into public.logins (who) values (session_user); end $$;
         create materialized view m as select 1 a",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let trigger = "CREATE EVENT TRIGGER notes ON login EXECUTE FUNCTION public.note_login();\n\n\nALTER EVENT TRIGGER notes OWNER TO postgres;\n\n--\n-- PostgreSQL database dump complete";
    for options in [&["-Fp"][..], &["--inserts"], &["--create"]] {
        dump(&database, options, &path);
        let script = fs::read_to_string(&path).unwrap();
        let end = "--\n-- PostgreSQL database dump complete";
        let entry = "--\n-- Name: notes; Type: EVENT TRIGGER; Schema: -; Owner: postgres\n--\n\n";
        fs::write(&path, script.replacen(end, &format!("{entry}{trigger}"), 1)).unwrap();
        let run = tool("pg-restore-verify").env("PG_BINDIR", &newer);
        let output = run.arg(&path).run();
        assert_eq!(failed(&output), [""; 0], "{options:?}: {output:?}");
        expect_verdict(&output, "ok");
    }
}
