//! In which formats it is told.

use serde_json::Value;
use tests::tool;

use crate::ground::Ground;

#[test]
fn nagios_gets_one_line_and_its_own_status() {
    let ground = Ground::new();
    let run =
        |words: &[&str]| ground.run(&[&["-o", "nagios", "--only", "connections"], words].concat());
    let output = run(&[]).expect_code(0);
    assert!(
        output.stdout.starts_with(
            "POSTGRES OK - 0 critical, 0 warning, 0 unknown, 1 ok | 'connections'=0.0"
        ),
        "{output:?}"
    );
    assert!(output.stdout.ends_with(";0.8;0.95\n"), "{output:?}");
    let output = run(&["--warn", "connections=0"]).expect_code(1);
    assert!(
        output
            .stdout
            .starts_with("POSTGRES WARNING - 0 critical, 1 warning"),
        "{output:?}"
    );
    let output = run(&["--crit", "connections=0"]).expect_code(2);
    assert!(
        output.stdout.starts_with("POSTGRES CRITICAL - 1 critical"),
        "{output:?}"
    );
    let _other = ground.client();
    let nobody = ground
        .run_as("nobody", &["-o", "nagios", "--only", "connections"])
        .expect_code(3);
    assert!(
        nobody.stdout.starts_with("POSTGRES UNKNOWN - "),
        "{nobody:?}"
    );
    let gone = tool("pg-stat-report")
        .args(["-o", "nagios", "-h", "/nonexistent"])
        .run()
        .expect_code(2);
    assert!(
        gone.stdout.starts_with("POSTGRES CRITICAL - 1 critical"),
        "{gone:?}"
    );
    assert_eq!(gone.stdout.lines().count(), 1);
    // A wrong command line, too, wherever the format stands.
    for words in [
        &["-o", "nagios", "--nonsense"][..],
        &["--only", "conections", "-onagios"],
        &["--warn", "connections=many", "--output=nagios"],
        &["-qo", "nagios", "nosection"],
        &["nosection", "--output", "nagios"],
    ] {
        let refused = tool("pg-stat-report").args(words).run().expect_code(3);
        assert!(
            refused.stdout.starts_with("POSTGRES UNKNOWN - "),
            "{refused:?}"
        );
        assert_eq!(refused.stdout.lines().count(), 1, "{refused:?}");
    }
    for words in [
        &["--nonsense"][..],
        &["-d", "nagios", "--nonsense"],
        &["-o", "json", "nagios"],
    ] {
        let refused = tool("pg-stat-report").args(words).run().expect_code(2);
        refused.expect_no_output();
    }
    // What it can't begin with it says there, too.
    let unread = run(&["--baseline", "/nonexistent/file"]).expect_code(3);
    let line = "POSTGRES UNKNOWN - /nonexistent/file: No such file or directory\n";
    assert_eq!(unread.stdout, line);
}

#[test]
fn every_section_in_every_format() {
    let ground = Ground::with(&[("shared_preload_libraries", "pg_stat_statements")]);
    ground.sql("create extension pg_stat_statements");
    let listed = tool("pg-stat-report")
        .arg("--list-sections")
        .run()
        .json_lines();
    let names: Vec<&str> = listed
        .iter()
        .map(|row| row["section"].as_str().unwrap())
        .filter(|name| !["growth", "drift", "pgbouncer"].contains(name))
        .collect();
    for format in ["jsonl", "json", "table"] {
        let output = ground
            .run(&[&names[..], &["-o", format]].concat())
            .expect_code(0);
        assert!(!output.stdout.is_empty());
    }
    for name in &names {
        let output = ground.run(&[name, "-o", "csv"]).expect_code(0);
        assert!(
            output.stdout.starts_with("section,target,taken_at,"),
            "{output:?}"
        );
    }
    let array = ground.run(&["ping", "server", "-o", "json"]).expect_code(0);
    let rows: Vec<Value> = serde_json::from_str(&array.stdout).unwrap();
    assert_eq!(rows.len(), 2);
    ground
        .run(&["ping", "server", "-o", "csv"])
        .expect_code(2)
        .expect_error("one section");
}

/// The text of the OpenMetrics, judged by their grammar as far as a textfile collector cares.
#[test]
fn openmetrics_for_a_textfile_collector() {
    let ground = Ground::new();
    ground.sql("create table \"odd \"\"name\\\" (i int)");
    let output = ground
        .run(&[
            "-o",
            "openmetrics",
            "--skip",
            "slow_queries,unsafe_settings,lost_sessions",
        ])
        .expect_code(0);
    let mut families = Vec::new();
    let mut samples = std::collections::HashSet::new();
    for line in output.stdout.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let words: Vec<&str> = rest.splitn(3, ' ').collect();
            match words[0] {
                "HELP" => families.push(words[1].to_string()),
                "TYPE" => assert_eq!(
                    (words[1], words[2]),
                    (families.last().unwrap().as_str(), "gauge")
                ),
                "UNIT" => assert!(words[1].ends_with(&format!("_{}", words[2])), "{line}"),
                _ => assert_eq!(line, "# EOF"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        assert_eq!(
            name,
            families.last().unwrap(),
            "samples of a family stand together"
        );
        assert!(value.parse::<f64>().unwrap().is_finite());
        assert!(
            samples.insert(series.to_string()),
            "{series} is there twice"
        );
    }
    let mut distinct = families.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), families.len());
    assert!(output.stdout.ends_with("# EOF\n"));
    let target = format!("target=\"{}:5432\"", ground.cluster.socket_dir().display());
    assert!(
        output
            .stdout
            .contains(&format!("pg_stat_report_connections_ratio{{{target}}} 0.0")),
        "{output:?}"
    );
    assert!(
        output.stdout.contains(&format!(
            "pg_stat_report_status{{check=\"wraparound\",{target},"
        )),
        "{output:?}"
    );
    let odd = r#"object="public.\"odd \"\"name\\\"""#;
    assert!(output.stdout.contains(odd), "{odd}\n{output:?}");
    ground
        .run(&["ping", "-o", "openmetrics"])
        .expect_code(2)
        .expect_no_output();
    ground
        .run(&[
            "--only",
            "connections",
            "--crit",
            "connections=0",
            "-o",
            "openmetrics",
        ])
        .expect_code(1);
}
