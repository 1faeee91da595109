//! Who asks gets an answer: of what nothing was judged, of what the connection itself sets, of what is being done.

use tests::eventually;

use crate::ground::{Ground, alone, of, statuses};

#[test]
fn nothing_that_was_not_judged_is_well() {
    let ground = Ground::new();
    for format in ["jsonl", "openmetrics", "nagios"] {
        let words = [
            "--only",
            "connections",
            "--skip",
            "connections",
            "-o",
            format,
        ];
        let run = ground.run(&words);
        let code = if format == "nagios" { 3 } else { 2 };
        let run = run.expect_code(code);
        let (out, err) = (run.stdout, run.stderr);
        let said = if format == "nagios" { &out } else { &err };
        assert!(said.contains("no check is left to ask"), "{out}{err}");
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("checks.toml");
    std::fs::write(&config, "only = [\"connections\"]").unwrap();
    let config = config.to_str().unwrap();
    ground
        .run(&["--config", config, "--skip", "connections"])
        .expect_code(2);
    // A check that is for a pooler says so of a server, and beside others too.
    let pooler = ground.run(&["--only", "pooler_waits"]).expect_code(2);
    assert_eq!(statuses(&pooler.json_lines()), alone("unknown"));
    let both = ["--only", "pooler_waits,prepared_transactions"];
    let both = ground.run(&both).expect_code(2).json_lines();
    assert_eq!(statuses(&both), [of("unknown", ""), of("ok", "")].concat());
    let message = both[0]["message"].as_str().unwrap();
    assert!(message.contains("a pooler's console"), "{message}");
    let line = ground.run(&["--only", "pooler_waits", "-o", "nagios"]);
    let line = line.expect_code(3).stdout;
    assert!(line.starts_with("POSTGRES UNKNOWN - 0 critical"), "{line}");
}

#[test]
fn what_the_connection_sets() {
    let ground = Ground::new();
    ground.sql("create table \"Odd\" (i int); create table plain (i int)");
    // Names are what they are, whatever the role has them quoted.
    ground.sql("alter role app set quote_all_identifiers = on");
    let size = ["--warn", "table_size:public.plain=0"];
    let sized = ground.check_as("app", "table_size", &size);
    assert_eq!(statuses(&sized), of("warning", "public.plain"));
    // A limit that is not ours is not said to be.
    let mut holder = ground.client();
    holder
        .batch_execute("begin; lock table pg_catalog.pg_sequence")
        .unwrap();
    let limits = "-c lock_timeout=0 -c statement_timeout=100ms";
    let ended = ground.tool(&["--only", "sequences"]);
    let ended = ended.env("PGOPTIONS", limits).run().expect_code(2);
    let record = &ended.json_lines()[0];
    let message = record["message"].as_str().unwrap();
    let words = "before --timeout; options or PGOPTIONS set another statement_timeout";
    assert!(message.contains(words), "{message}");
    holder.batch_execute("rollback").unwrap();
    // Ours is for us: what the server has is advised on.
    ground.sql("alter system set enable_nestloop = off");
    ground.sql("select pg_reload_conf()");
    eventually("it is advised on", || {
        let rows = ground.rows("advice");
        rows.iter()
            .any(|row| row["setting"] == "enable_nestloop" && row["value"] == "off")
    });
    ground.sql("alter system reset enable_nestloop");
    ground.sql("select pg_reload_conf()");
    eventually("it is no more", || {
        let rows = ground.rows("advice");
        !rows.iter().any(|row| row["setting"] == "enable_nestloop")
    });
}

#[test]
fn what_is_being_done() {
    let ground = Ground::new();
    let run = ground.run(&["-v", "ping", "roles"]).expect_code(0);
    let said = run.stderr;
    for words in ["connecting as postgres", "it answers", "section roles: "] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let quiet = ground.run(&["ping", "roles"]).expect_code(0);
    assert_eq!(quiet.stderr, "");
}
