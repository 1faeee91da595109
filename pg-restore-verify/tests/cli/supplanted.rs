//! What `--promote` looks at before it begins: what the live database is like, what depends on it,
//! and what the role may do.

use std::fs;

use shared::cluster::ClusterOptions;
use tests::{Output, start};

use crate::backups::{expect_verdict, of_status};
use crate::place::Place;

/// Refused before anything was restored, and nothing has changed.
#[track_caller]
fn expect_untried(place: &Place, output: &Output, words: &[&str]) {
    assert_eq!(output.code(), Some(2), "{output:?}");
    for word in words {
        assert!(output.stderr.contains(word), "{word}: {output:?}");
    }
    assert_eq!(output.json_lines().len(), 1, "{output:?}");
    assert_eq!(
        (place.users("my app"), place.before()),
        ("3".into(), "".into())
    );
    assert!(!place.databases().contains("pg_restore_verify"));
}

/// A server that can decode its WAL.
pub fn logical() -> Place {
    let settings = [("wal_level", "logical"), ("max_wal_senders", "4")];
    Place::on(start(&ClusterOptions {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..ClusterOptions::default()
    }))
}

#[test]
fn a_replication_slot_would_stay_behind() {
    let place = logical();
    let slot = "select pg_create_logical_replication_slot('cdc', 'test_decoding')";
    let made = place.cluster.connect("my app").unwrap().query(slot, &[]);
    // Its plugin is in a package of its own here and there.
    let slot = slot.replace("test_decoding", "pgoutput");
    made.or_else(|_| place.cluster.connect("my app").unwrap().query(&slot, &[]))
        .unwrap();
    place.sql(
        "postgres",
        "select pg_create_physical_replication_slot('standby')",
    );
    for more in [&[][..], &["--dry-run"]] {
        let output = place.promote(more, &place.backup());
        expect_untried(
            &place,
            &output,
            &["slots are for it: 'cdc'", "pg_drop_replication_slot"],
        );
    }
    place.sql("my app", "select pg_drop_replication_slot('cdc')");
    expect_verdict(&place.promote(&[], &place.backup()), "ok");
}

#[test]
fn a_prepared_transaction_would_stay_behind() {
    let place = Place::on(start(&ClusterOptions {
        settings: vec![("max_prepared_transactions".into(), "5".into())],
        ..ClusterOptions::default()
    }));
    place.sql(
        "my app",
        "begin; create table later (); prepare transaction 'it''s mine'",
    );
    let output = place.promote(&["--dry-run"], &place.backup());
    let words = ["open in it: 'it''s mine'", "ROLLBACK PREPARED"];
    expect_untried(&place, &output, &words);
}

/// The copy of a live database, made with these options, and the plain dump of it that says nothing
/// of them.
fn recreated(place: &Place, options: &str) -> std::path::PathBuf {
    let path = place.folder.path().join("plain.sql");
    let plain = place.dump_as(&["-Fp", "my app"]);
    fs::copy(plain, &path).unwrap();
    for sql in [
        "drop database \"my app\"".to_string(),
        format!("create database \"my app\" owner app template template0 {options}"),
    ] {
        place.sql("postgres", &sql);
    }
    place.sql(
        "my app",
        "create table users as select generate_series(1, 2) id; alter table users owner to app",
    );
    path
}

#[track_caller]
fn expect_unlike(place: &Place, output: &Output, differences: &[&str]) {
    expect_verdict(output, "skipped");
    let skipped = of_status(&output.json_lines(), "skipped");
    for one in differences {
        let one = format!("{one} my app");
        assert!(skipped.contains(&one), "{one}: {output:?}");
    }
    assert_eq!(
        (place.users("my app"), place.before()),
        ("2".into(), "".into())
    );
}

/// What a dump says of encoding and locale the live database must be like.
#[test]
fn another_encoding_or_locale_is_refused() {
    let place = Place::new();
    // Of a cluster with UTF8 and C.UTF-8 or the like.
    let archive = place.folder.path().join("archive");
    fs::copy(place.backup(), &archive).unwrap();
    recreated(&place, "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'");
    let output = place.promote(&[], &archive);
    let lines = output.json_lines();
    let encoding = lines.iter().find(|line| line["check"] == "encoding");
    let encoding = encoding.unwrap_or_else(|| panic!("{output:?}"));
    assert_eq!(encoding["expected"], "LATIN1");
    assert_eq!(encoding["actual"], "UTF8");
    expect_unlike(&place, &output, &["encoding"]);
    let accepted = ["--accept", "encoding", "--accept", "locale"];
    let output = place.promote(&accepted, &archive);
    expect_verdict(&output, "ok");
    assert!(output.stdout.contains("accepted: encoding"), "{output:?}");
    assert_eq!(place.users("my app"), "500");
}

const PROPERTIES: &str = "select concat_ws('|', pg_encoding_to_char(encoding), datcollate, datctype, \
     to_jsonb(d) ->> 'datlocprovider', to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale', \
     to_jsonb(d) ->> 'daticurules', spcname) \
     from pg_database d join pg_tablespace t on t.oid = dattablespace where datname = 'my app'";

/// A plain dump without a manifest says nothing of locale and tablespace: they are the live one's.
#[test]
fn what_a_backup_does_not_say_is_as_it_was() {
    let place = Place::new();
    let space = place.tablespace("fast");
    let major = place.cluster.version().major;
    let mut variants = vec![format!(
        "lc_collate 'C' lc_ctype 'C' encoding 'UTF8' tablespace {space}"
    )];
    match major {
        ..=14 => {}
        15 => variants.push("locale_provider icu icu_locale 'de-AT'".into()),
        _ => variants.push("locale_provider icu icu_locale 'de' icu_rules '& a < g'".into()),
    }
    if major >= 17 {
        variants.push("locale_provider builtin builtin_locale 'C.UTF-8'".into());
    }
    for variant in variants {
        let plain = recreated(&place, &variant);
        let properties = place.value("postgres", PROPERTIES);
        let output = place.promote(&["--accept", "origin"], &plain);
        expect_verdict(&output, "ok");
        assert_eq!(place.value("postgres", PROPERTIES), properties, "{variant}");
        assert_eq!(place.users("my app"), "3");
        let before = place.before();
        place.sql("postgres", &format!("drop database \"{before}\""));
        // An archive says what its database was like.
        let archive = place.dump(&["my app"]);
        expect_verdict(&place.promote(&["--dry-run"], &archive), "ok");
    }
}

/// The script of a whole database names its locale.
#[test]
fn what_a_script_says_of_its_locale_counts() {
    let place = Place::new();
    recreated(&place, "lc_collate 'C' lc_ctype 'C'");
    let script = place.folder.path().join("create.sql");
    let dumped = place.dump_as(&["-Fp", "--create", "my app"]);
    fs::copy(dumped, &script).unwrap();
    recreated(&place, "lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'");
    let output = place.promote(&[], &script);
    expect_unlike(&place, &output, &["locale"]);
    let lines = output.json_lines();
    let locale = lines.iter().find(|line| line["check"] == "locale").unwrap();
    assert!(
        locale["actual"].as_str().unwrap().contains("LC_COLLATE C,"),
        "{output:?}"
    );
}

/// Whoever may log in, owns the database, and may create others.
fn owner(place: &Place) {
    for sql in [
        "create role keeper login createdb",
        "create role stranger login",
        "grant app to keeper",
        // What only its grantor can grant again is another test's.
        "set role reader; revoke connect on database \"my app\" from auditor",
        "grant connect on database \"my app\" to stranger",
        "alter role reader in database \"my app\" reset application_name",
    ] {
        place.sql("postgres", sql);
    }
}

#[test]
fn by_an_owner_who_is_no_superuser() {
    let place = Place::new();
    owner(&place);
    let properties = place.properties("my app");
    let by_owner = ["-U", "keeper"];
    let all = place.databases();
    // Each right that is missing is named before anything is done.
    for (deny, words, allow) in [
        (
            "alter role keeper nocreatedb",
            "may not create and rename",
            "alter role keeper createdb",
        ),
        (
            "revoke app from keeper",
            "it belongs to \"app\"",
            "grant app to keeper",
        ),
        (
            "set role reader; grant connect on database \"my app\" to auditor",
            "granted by reader",
            "set role reader; revoke connect on database \"my app\" from auditor",
        ),
    ] {
        place.sql("postgres", deny);
        for more in [&by_owner[..], &["-U", "keeper", "--dry-run"]] {
            expect_untried(&place, &place.promote(more, &place.backup()), &[words]);
        }
        place.sql("postgres", allow);
    }
    let mut others = place.session("stranger", "my app").unwrap();
    let output = place.promote(&by_owner, &place.backup());
    expect_untried(&place, &output, &["sessions in it of stranger"]);
    let mut superuser = place.cluster.connect("my app").unwrap();
    place.sql("postgres", "grant pg_signal_backend to keeper");
    let output = place.promote(&by_owner, &place.backup());
    expect_untried(&place, &output, &["sessions in it of postgres"]);
    superuser.batch_execute("select 1").unwrap();
    others.batch_execute("select 1").unwrap();
    drop(superuser);
    assert_eq!(place.databases(), all);
    let output = place.promote(&by_owner, &place.backup());
    expect_verdict(&output, "ok");
    assert!(others.batch_execute("select 1").is_err());
    assert_eq!(place.users("my app"), "500");
    assert_eq!(place.properties("my app"), properties);
    assert_eq!(place.properties(&place.before()), properties);
}

/// What is given to the new database is tried before anybody's session is ended.
#[test]
fn what_may_not_be_given_is_found_out_before() {
    let place = Place::new();
    owner(&place);
    let mut session = place.session("app", "my app").unwrap();
    for (deny, words, allow) in [
        (
            "alter role stranger in database \"my app\" set work_mem = '6MB'",
            "can't be replaced",
            "alter role stranger in database \"my app\" reset work_mem",
        ),
        (
            "alter database \"my app\" set log_min_duration_statement = 5",
            "log_min_duration_statement",
            "alter database \"my app\" reset log_min_duration_statement",
        ),
    ] {
        place.sql("postgres", deny);
        let all = place.databases();
        for more in [&["-U", "keeper"][..], &["-U", "keeper", "--dry-run"]] {
            let output = place.promote(more, &place.backup());
            assert_eq!(output.code(), Some(2), "{output:?}");
            assert!(output.stderr.contains(words), "{output:?}");
            assert!(output.stderr.contains("superuser"), "{output:?}");
        }
        assert_eq!(place.databases(), all);
        session.batch_execute("select 1").unwrap();
        // A superuser may.
        expect_verdict(&place.promote(&["--dry-run"], &place.backup()), "ok");
        place.sql("postgres", allow);
    }
}

/// A tablespace that the role may not use.
#[test]
fn where_it_may_not_create_any() {
    let place = Place::new();
    owner(&place);
    let space = place.tablespace("fast");
    place.sql(
        "postgres",
        &format!("alter database \"my app\" set tablespace {space}"),
    );
    let output = place.promote(&["-U", "keeper"], &place.backup());
    let words = ["may not create any", "GRANT CREATE ON TABLESPACE"];
    expect_untried(&place, &output, &words);
    let accepted = ["-U", "keeper", "--accept", "tablespace"];
    let output = place.promote(&accepted, &place.backup());
    expect_verdict(&output, "ok");
    assert!(place.value("postgres", PROPERTIES).ends_with("|pg_default"));
    assert!(output.stdout.contains("accepted: tablespace"), "{output:?}");
}

#[test]
fn names_that_no_database_can_have() {
    let place = Place::new();
    for name in ["", &"ä".repeat(32)] {
        let output = place.promoting_as(name, &[]);
        assert_eq!(output.code(), Some(2), "{output:?}");
        assert!(output.stderr.contains("--promote"), "{output:?}");
    }
    // Of those that have one, the server's limit is kept, also by the old one's name.
    for name in [
        "ä".repeat(31) + "x",
        "Quote\"d 'name' \\ $1 %I".to_string(),
        "x\ny".to_string(),
    ] {
        let quoted = name.replace('"', "\"\"");
        place.sql("postgres", &format!("create database \"{quoted}\""));
        for _ in 0..2 {
            let output = place.promoting_as(&name, &["--accept", "origin"]);
            expect_verdict(&output, "ok");
            assert_eq!(place.users(&name), "500");
        }
        let kept = "select count(*)::text from pg_database where datname ~ '_before_2.*Z(_2)?$'";
        assert_eq!(place.value("postgres", kept), "2");
        let names = place.names("~ '_before_2'");
        for kept in names {
            let quoted = kept.replace('"', "\"\"");
            place.sql("postgres", &format!("drop database \"{quoted}\""));
        }
    }
}

#[test]
fn a_standby_is_refused() {
    let primary = tests::primary();
    let place = Place::on(primary);
    let standby = tests::Standby::of(&place.cluster, &[]);
    let output = tests::tool("pg-restore-verify")
        .args(["-d", &standby.conninfo_of("my app"), "--promote", "my app"])
        .arg(place.backup())
        .run();
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("is a standby"), "{output:?}");
}
