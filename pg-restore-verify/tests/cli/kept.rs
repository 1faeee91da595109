//! `--keep`: the restored database stays.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::Value;
use shared::cluster::ClusterOptions;
use tests::{ToolCommand, eventually, processes_with, program, start, tool};

use crate::backups::{dump, expect_verdict, shop};

fn kept(lines: &[Value]) -> String {
    let kept = lines.iter().find(|line| line["check"] == "kept").unwrap();
    assert_eq!(kept["status"], "ok");
    kept["actual"].as_str().unwrap().to_string()
}

fn count(conninfo: &str) -> ToolCommand {
    let query = "select count(*) from app.orders";
    program("psql").args(["-XAt", "-d", conninfo, "-c", query])
}

#[test]
fn on_a_throw_away_server_until_a_signal() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.dump");
    dump(&shop, &["-Fc"], &path);
    let temporary = tempfile::tempdir().unwrap();
    let all = Permissions::from_mode(0o1777);
    fs::set_permissions(temporary.path(), all).unwrap();
    let run = tool("pg-restore-verify").args(["--keep"]).arg(&path);
    let mut run = run.env("TMPDIR", temporary.path()).start();
    let mut lines: Vec<Value> = Vec::new();
    eventually("the verdict", || {
        lines = run
            .lines()
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines.last().is_some_and(|line| line["check"] == "verdict")
    });
    let conninfo = kept(&lines);
    assert_eq!(count(&conninfo).run().expect_code(0).stdout, "500\n");
    assert!(!run.has_ended());
    run.signal(Signal::TERM);
    let output = run.finish();
    assert_eq!(output.code(), None, "{output:?}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn on_a_throw_away_server_for_a_while() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.dump");
    dump(&shop, &["-Fc"], &path);
    let run = tool("pg-restore-verify").args(["--keep", "--for", "1s"]);
    let output = run.arg(&path).run();
    expect_verdict(&output, "ok");
    let conninfo = kept(&output.json_lines());
    assert_eq!(count(&conninfo).run().code(), Some(2));
}

#[test]
fn on_a_named_server_until_somebody_drops_it() {
    let cluster = start(&ClusterOptions::default());
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.dump");
    dump(&shop, &["-Fc"], &path);
    let verify = || {
        let conninfo = format!("host={} user=postgres", cluster.socket_dir().display());
        tool("pg-restore-verify").args(["-d", &conninfo])
    };
    let output = verify().arg("--keep").arg(&path).run();
    expect_verdict(&output, "ok");
    let conninfo = kept(&output.json_lines());
    let (_, name) = conninfo.split_once("dbname=").unwrap();
    assert_eq!(processes_with(&format!("caretaker of {name}")), [0; 0]);
    // The next run leaves it, and the role that was made for it.
    expect_verdict(&verify().arg(&path).run(), "ok");
    assert_eq!(count(&conninfo).run().expect_code(0).stdout, "500\n");
    let mut client = cluster.connect("postgres").unwrap();
    let roles = "select count(*) from pg_roles where rolname = 'shop_owner'";
    let mut count = |sql: &str| client.query_one(sql, &[]).unwrap().get::<_, i64>(0);
    assert_eq!(count(roles), 1);
    let databases = "select count(*) from pg_database where datname like 'pg\\_restore\\_verify%'";
    assert_eq!(count(databases), 1);
    // Anybody gets in.
    client.batch_execute("create role anybody login").unwrap();
    let anybody = conninfo.replace("user=postgres", "user=anybody");
    let one = program("psql").args(["-XAt", "-d", &anybody, "-c", "select 1"]);
    one.run().expect_code(0);
    let usage = verify().args(["--keep", "--for", "1s"]).arg(&path).run();
    usage.expect_error("--for goes with");
}
