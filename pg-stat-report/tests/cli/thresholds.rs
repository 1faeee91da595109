//! Thresholds from a file.

use std::fs;

use serde_json::json;
use tests::Output;

use crate::ground::{Ground, statuses};

fn run(ground: &Ground, config: &str, words: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checks.toml");
    fs::write(&path, config).unwrap();
    let path = path.display().to_string();
    ground.run(&[&["--config", &path], words].concat())
}

/// Status, check and object of each record.
fn said(output: &Output) -> Vec<String> {
    let records = output.json_lines();
    let checks = records
        .iter()
        .map(|record| record["check"].as_str().unwrap());
    let said = statuses(&records).into_iter().zip(checks);
    said.map(|((status, object), check)| {
        format!("{status} {check} {object}").trim_end().to_string()
    })
    .collect()
}

#[test]
fn a_file_of_thresholds() {
    let ground = Ground::new();
    ground.sql("create table a (i int); create table b (i int); create table \"old.b\" (i int)");
    ground.sql("alter database postgres connection limit 50");
    let config = r#"
        only = ["connections", "no_primary_key"]
        fail-on = "warning"
        [connections]
        warn = "never"
        crit = "never"
        [connections."database post*"]
        warn = "1%"
        [no_primary_key."public.\"old*"]
        skip = true
        [no_primary_key."public.b"]
        warn = "never"
        crit = 1
    "#;
    let output = run(&ground, config, &[]);
    let expected = [
        "critical no_primary_key public.b",
        "warning connections database postgres",
        "warning no_primary_key public.a",
    ];
    assert_eq!(said(&output), expected);
    let records = output.json_lines();
    let unseen = records[0]["unseen"].as_str().unwrap();
    assert!(
        unseen.ends_with("; public.\"old*"),
        "what is left out is said: {unseen}"
    );
    output.expect_code(1);
    // The command line goes before the file.
    let words = ["--only", "connections", "--fail-on", "critical"];
    let output = run(&ground, config, &words).expect_code(0);
    assert_eq!(said(&output), ["warning connections database postgres"]);
    assert_eq!(output.json_lines()[0]["warn"], json!(0.01));
    let more = [&words[..], &["--crit", "connections:database*=1%"]].concat();
    let output = run(&ground, config, &more).expect_code(1);
    assert_eq!(said(&output), ["critical connections database postgres"]);
    let skip = ["--skip", "connections,no_primary_key:public.*"];
    let output = run(&ground, config, &skip).expect_code(0);
    assert_eq!(said(&output), ["ok no_primary_key"]);
    // Whoever names a check gets it.
    let named = run(
        &ground,
        "skip = [\"connections\"]",
        &["--only", "connections"],
    );
    assert_eq!(
        said(&named.expect_code(0)),
        ["ok connections database postgres"]
    );
}

#[test]
fn a_file_that_is_wrong_is_refused() {
    let ground = Ground::new();
    let refused = |config: &str, named: &str| {
        let output = run(&ground, config, &[]).expect_code(2).expect_no_output();
        output.expect_error("checks.toml").expect_error(named);
    };
    refused("only = []\n[connections\nwarn = 1\n", "line 2");
    refused("[conections]\nwarn = 1\n", "did you mean connections?");
    refused(
        "[connections]\nwarn = \"lots\"\n",
        "connections.warn: a ratio is needed",
    );
    refused("[connections]\nwran = \"80%\"\n", "connections.wran");
    ground
        .run(&["--config", "/nonexistent.toml"])
        .expect_code(2)
        .expect_error("/nonexistent.toml");
}

#[test]
fn what_says_itself_how_bad_it_is_takes_no_threshold() {
    let ground = Ground::new();
    let listed = ground.run(&["--list-checks"]).json_lines();
    let (fixed, others): (Vec<_>, Vec<_>) = listed
        .iter()
        .map(|check| (check["check"].as_str().unwrap(), &check["unit"]))
        .partition(|(_, unit)| **unit == "state");
    let fixed: Vec<&str> = fixed.into_iter().map(|(check, _)| check).collect();
    let expected = [
        "standby",
        "unsafe_settings",
        "role_settings",
        "settings_advice",
    ];
    assert_eq!(fixed, expected);
    let expect_refused = |output: Output, check: &str| {
        let words = format!("{check} takes no threshold");
        let output = output.expect_code(2).expect_no_output();
        output
            .expect_error(&words)
            .expect_error(&format!("hint: --skip {check} "));
    };
    for check in fixed {
        for flag in ["--warn", "--crit"] {
            for thing in [format!("{check}=1"), format!("{check}:a*=never")] {
                expect_refused(ground.run(&[flag, &thing]), check);
            }
        }
        for config in [
            format!("[{check}]\nwarn = 1\n"),
            format!("[{check}.\"a*\"]\ncrit = \"never\"\n"),
        ] {
            expect_refused(run(&ground, &config, &[]), check);
        }
        let config = format!("[{check}.\"a*\"]\nskip = true\n");
        run(&ground, &config, &["--list-checks"]).expect_code(0);
    }
    let never = others
        .iter()
        .map(|(check, _)| format!("--warn={check}=never"));
    let never: Vec<String> = never.chain(["--list-checks".to_string()]).collect();
    let never: Vec<&str> = never.iter().map(String::as_str).collect();
    ground.run(&never).expect_code(0);
}

/// What can't be meant is said, and the report is made all the same.
#[test]
fn thresholds_that_can_t_be_meant() {
    let ground = Ground::new();
    ground.sql("create table w (i int)");
    let said = |words: &[&str]| ground.run(words).expect_code(0).stderr;
    let mixed = [
        "--only",
        "connections",
        "--warn",
        "connections=90%",
        "--crit",
        "connections=80%",
    ];
    assert!(
        said(&mixed).contains("connections: it is critical at 80.0 % already"),
        "{}",
        said(&mixed)
    );
    let never = said(&["--only", "connections", "--warn", "connections=120%"]);
    assert!(never.contains("no value of it is above 100 %"), "{never}");
    let sizes = |pattern: &str| {
        said(&[
            "--only",
            "table_size",
            "--warn",
            &format!("table_size:{pattern}=1GB"),
        ])
    };
    let nothing = sizes("PUBLIC.W");
    assert!(
        nothing.contains("table_size:PUBLIC.W fits none of the "),
        "{nothing}"
    );
    assert_eq!(sizes("public.w"), "");
    assert_eq!(sizes("public.*"), "");
    let skipped = said(&["--only", "sequences", "--skip", "sequences:public.x*"]);
    assert!(
        skipped.contains("sequences:public.x* fits none of the 0 things"),
        "{skipped}"
    );
    // Of what comes and goes nobody knows.
    assert_eq!(
        said(&["--only", "long_queries", "--warn", "long_queries:pid 1=1h"]),
        ""
    );
    let file = run(
        &ground,
        "only = [\"connections\"]\n[connections]\nwarn = 0.9\ncrit = 0.8",
        &[],
    );
    assert!(file.stderr.contains("at 80.0 % already"), "{}", file.stderr);
}
