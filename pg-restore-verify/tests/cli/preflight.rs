//! What the server lacks is said before anything is restored.

use std::fs;

use shared::cluster::ClusterOptions;
use tests::{Database, start, tool};

use crate::backups::{dump, expect_verdict, failed, shop, verify};

#[test]
fn extensions_that_are_not_installed_are_named_with_their_packages() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&shop, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let more = "CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;\n\
                CREATE EXTENSION no_such_extension;\nCREATE SCHEMA app;";
    fs::write(&path, script.replacen("CREATE SCHEMA app;", more, 1)).unwrap();
    let output = verify(&path);
    let lacks: Vec<(String, String)> = output
        .json_lines()
        .iter()
        .filter(|line| line["check"] == "preflight")
        .map(|line| (line["object"].to_string(), line["message"].to_string()))
        .collect();
    if lacks.len() == 1 {
        // This machine has postgis.
        assert_eq!(lacks[0].0, "\"EXTENSION no_such_extension\"");
    } else {
        assert!(
            lacks.iter().any(|(object, message)| {
                object.contains("EXTENSION postgis") && message.contains("-postgis-3")
            }),
            "{output:?}"
        );
    }
    expect_verdict(&output, "skipped");
    assert!(!output.stdout.contains("\"restore\""), "{output:?}");
}

/// In an archive, and of the one that was there when it was dumped.
#[test]
fn tablespaces_that_a_named_server_lacks() {
    let source = start(&ClusterOptions::default());
    let mut client = source.connect("postgres").unwrap();
    if client
        .batch_execute("set allow_in_place_tablespaces = on")
        .is_err()
    {
        return; // 13 and 14 of old
    }
    client
        .batch_execute("create tablespace fast location ''")
        .unwrap();
    let database = Database::named(&source, "app");
    database.sql("create table t (a int) tablespace fast");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.dump");
    dump(&database, &["-Fc"], &path);
    expect_verdict(&verify(&path), "ok");
    let other = start(&ClusterOptions::default());
    let conninfo = format!("host={} user=postgres", other.socket_dir().display());
    let output = tool("pg-restore-verify")
        .args(["-d", &conninfo])
        .arg(&path)
        .run();
    expect_verdict(&output, "skipped");
    assert!(output.stdout.contains("TABLESPACE fast"), "{output:?}");
}

/// Of a part of a backup, an extension may be for the others only.
#[test]
fn an_extension_that_only_others_need() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&shop, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let entry = |name: &str, kind: &str, sql: &str| {
        format!(
            "--\n-- Name: {name}; Type: {kind}; Schema: public; Owner: postgres\n--\n\n{sql}\n\n\n"
        )
    };
    let schema = "--\n-- Name: app; Type: SCHEMA;";
    let extension = entry(
        "no_such_extension",
        "EXTENSION",
        "CREATE EXTENSION no_such_extension;",
    );
    let first = "--\n-- Name: orders; Type: TABLE; Schema: app;";
    let table = entry(
        "places",
        "TABLE",
        "CREATE TABLE public.places (a public.geometry);",
    );
    assert!(script.contains(schema));
    let script = script.replacen(schema, &format!("{extension}{schema}"), 1);
    assert!(script.contains(first));
    fs::write(&path, script.replacen(first, &format!("{table}{first}"), 1)).unwrap();
    let choose = |pattern: &str| {
        tool("pg-restore-verify")
            .args(["-t", pattern])
            .arg(&path)
            .run()
    };
    let output = choose("app.orders");
    expect_verdict(&output, "ok");
    assert!(output.stdout.contains("only what needs it"), "{output:?}");
    // And one that the chosen one needs.
    for (pattern, status) in [("places", 2), ("*.*", 1)] {
        let output = choose(pattern);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        let verdict = output.json_lines().last().unwrap().clone();
        assert_eq!(verdict["status"], "skipped", "{output:?}");
        let words = verdict["message"].as_str().unwrap();
        assert!(
            words.contains("lacks EXTENSION no_such_extension"),
            "{words}"
        );
        assert_eq!(output.code(), Some(status), "{output:?}");
    }
    let output = tool("pg-restore-verify")
        .args(["-n", "app"])
        .arg(&path)
        .run();
    expect_verdict(&output, "ok");
}
