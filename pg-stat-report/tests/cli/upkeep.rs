//! Settings, roles, extensions, databases.

use serde_json::json;
use tests::{eventually, program};

use crate::ground::{Ground, alone, of, statuses};

#[test]
fn settings_that_lose_data() {
    let ground = Ground::with(&[
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("autovacuum", "on"),
    ]);
    assert_eq!(ground.statuses("unsafe_settings", &[]), alone("ok"));
    assert_eq!(ground.statuses("pending_restart", &[]), alone("ok"));
    ground.sql("alter system set max_files_per_process = 999");
    ground.sql("alter system set zero_damaged_pages = on");
    ground.sql("select pg_reload_conf()");
    eventually("the change is seen", || {
        ground.statuses("pending_restart", &[]) == of("warning", "max_files_per_process")
    });
    assert_eq!(
        ground.statuses("pending_restart", &["--crit", "pending_restart=1"]),
        of("critical", "max_files_per_process")
    );
    eventually("the bad one, too", || {
        ground.statuses("unsafe_settings", &[]) == of("critical", "zero_damaged_pages")
    });
    let remedy = ground.check("unsafe_settings", &[])[0]["remedy"]
        .as_str()
        .unwrap()
        .to_string();
    let psql = program("psql").server(&ground.cluster).args(["-X", "-q"]);
    let psql = psql.args(["-v", "ON_ERROR_STOP=1"]).stdin(remedy);
    psql.run().expect_code(0);
    eventually("the remedy helped", || {
        ground.statuses("unsafe_settings", &[]) == alone("ok")
    });
    // What one database alone has is not the server's to mend.
    ground.sql("alter database postgres set zero_damaged_pages = on");
    let record = &ground.check("unsafe_settings", &[])[0];
    assert_eq!(record["object"], "zero_damaged_pages");
    let remedy = record["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("-- it is set for"), "{remedy}");
    let careless = Ground::new();
    let names: Vec<String> = careless
        .statuses("unsafe_settings", &[])
        .into_iter()
        .map(|(status, name)| format!("{status} {name}"))
        .collect();
    assert_eq!(
        names,
        [
            "critical fsync",
            "critical full_page_writes",
            "warning autovacuum"
        ]
    );
    let rows = careless.rows("settings");
    let row = rows.iter().find(|row| row["name"] == "fsync").unwrap();
    assert_eq!(
        (&row["setting"], &row["default_setting"], &row["source"]),
        (&json!("off"), &json!("on"), &json!("command line"))
    );
    assert!(
        rows.iter()
            .all(|row| row["name"] != "default_transaction_read_only"),
        "our own"
    );
}

#[test]
fn passwords_run_out() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("password_expiry", &[]), alone("ok"));
    ground.sql("create role gone login valid until '2020-01-01'; create role group_of valid until '2020-01-01'; create role \"for ever\" login valid until 'infinity'");
    assert_eq!(
        ground.statuses("password_expiry", &[]),
        of("critical", "gone")
    );
    ground.sql("drop role gone");
    ground.sql(&format!(
        "create role soon login valid until '{}'",
        ground.value("select (now() + interval '3 days')::text")
    ));
    assert_eq!(
        ground.statuses("password_expiry", &[]),
        of("warning", "soon")
    );
    assert_eq!(
        ground.statuses("password_expiry", &["--warn", "password_expiry=1d"]),
        of("ok", "soon")
    );
    let rows = ground.rows("roles");
    let watcher = rows.iter().find(|row| row["role"] == "watcher").unwrap();
    assert_eq!(watcher["member_of"], json!(["pg_monitor"]));
    assert_eq!(watcher["may_login"], json!(true));
}

#[test]
fn extensions_that_are_behind() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("extensions", &[])[0].0, "ok");
    ground.sql("update pg_extension set extversion = '0.9' where extname = 'plpgsql'");
    let records = ground.check("extensions", &[]);
    assert_eq!(statuses(&records), of("warning", "plpgsql"));
    ground.sql("update pg_extension set extname = 'vanished' where extname = 'plpgsql'");
    let records = ground.check("extensions", &[]);
    assert!(
        records[0]["message"]
            .as_str()
            .unwrap()
            .contains("files are not on"),
        "{records:?}"
    );
}

#[test]
fn databases_their_size_and_collation() {
    let ground = Ground::new();
    let size = ground.value("select pg_database_size('postgres')::text");
    let rows = ground.rows("databases");
    let row = rows
        .iter()
        .find(|row| row["database"] == "postgres")
        .unwrap();
    assert_eq!(row["bytes"].to_string(), size);
    assert_eq!(
        ground.statuses("database_size", &["--crit", "database_size:postgres=1"]),
        of("critical", "postgres")
    );
    ground.sql("revoke connect on database postgres from public; grant connect on database postgres to nobody");
    ground.sql("create database closed");
    ground.sql("revoke connect on database closed from public");
    let blind = ground.check_as("nobody", "database_size", &["--crit", "database_size=1TB"]);
    assert_eq!(statuses(&blind), of("unknown", "closed"));
    assert_eq!(ground.statuses("collation_version", &[])[0].0, "ok");
    if ground.major() >= 15 {
        ground.sql("update pg_database set datcollversion = '0.1' where datname = 'postgres' ");
        let has_version = ground.value("select coalesce(pg_database_collation_actual_version(oid), '') from pg_database where datname = 'postgres'");
        let expected = if has_version.is_empty() {
            alone("ok")
        } else {
            of("warning", "postgres")
        };
        assert_eq!(ground.statuses("collation_version", &[]), expected);
    }
    let has_icu = "select (count(*) > 0)::text from pg_collation where collprovider = 'i'";
    if ground.major() >= 15 && ground.value(has_icu) == "true" {
        ground.sql("create database icu template template0 locale_provider icu icu_locale 'en'");
        ground.sql("update pg_database set datcollversion = '0.1' where datname = 'icu'");
        let only = ["--skip", "collation_version:postgres"];
        let own = |more: &[&str]| ground.statuses("collation_version", &[&only[..], more].concat());
        assert_eq!(own(&[]), of("warning", "icu"));
        assert_eq!(
            own(&["--crit", "collation_version=1"]),
            of("critical", "icu")
        );
    }
    let checksums = &ground.check("checksum_failures", &[])[0];
    assert_eq!(checksums["status"], "ok");
    let message = checksums["message"].as_str().unwrap();
    let are_kept = ground.value("select current_setting('data_checksums')") == "on";
    assert_eq!(
        message.contains("would not be seen"),
        !are_kept,
        "{message}"
    );
}

#[test]
fn blocks_that_were_not_in_shared_buffers() {
    let ground = Ground::with(&[("shared_buffers", "512kB")]);
    // Few blocks say nothing.
    assert!(
        ground
            .statuses("cache_hits", &["--warn", "cache_hits=100%"])
            .iter()
            .all(|(status, _)| status == "ok")
    );
    ground
        .sql("create table t as select i, repeat('x', 1000) as x from generate_series(1, 20000) i");
    ground.sql("do $$ begin for i in 1..60 loop perform count(*) from t; end loop; end $$");
    eventually("the blocks are counted", || {
        ground.statuses("cache_hits", &[]) == of("critical", "postgres")
    });
    assert_eq!(
        ground.statuses("cache_hits", &["--crit", "cache_hits=never"]),
        of("warning", "postgres")
    );
}

#[test]
fn checkpoints_before_their_time() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("checkpoints_requested", &[]), alone("ok"));
    eventually("enough were made", || {
        ground.sql("checkpoint");
        let row = &ground.rows("checkpoints")[0];
        row["timed"].as_i64().unwrap() + row["requested"].as_i64().unwrap() >= 20
    });
    assert_eq!(
        ground.statuses("checkpoints_requested", &[]),
        alone("warning")
    );
    assert_eq!(
        ground.statuses(
            "checkpoints_requested",
            &["--crit", "checkpoints_requested=10%"]
        ),
        alone("critical")
    );
}
