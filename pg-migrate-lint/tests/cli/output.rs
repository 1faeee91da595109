//! What is written, in each format.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::ground::{lint, of};

const SQL: &str = "select 1;\n  create index i on \"Ü\" (a);\n";

#[test]
fn places_count_from_one_in_characters() {
    let record = of(SQL, &["--rule", "locks"])
        .expect_code(1)
        .json_lines()
        .remove(0);
    assert_eq!(record["line"], json!(2));
    assert_eq!(record["column"], json!(3));
    assert_eq!(record["end_line"], json!(2));
    assert_eq!(record["end_column"], json!(28));
    assert_eq!(record["effect"], json!("scan"));
    assert_eq!(record["blocks"], json!("writes"));
    let fix = record["fix"].as_str().unwrap();
    assert!(
        fix.ends_with("create index CONCURRENTLY i on \"Ü\" (a);"),
        "{fix}"
    );
}

#[test]
fn annotations_are_one_line_each() {
    let output = of(SQL, &["--rule", "locks", "-o", "github"]).expect_code(1);
    assert_eq!(output.stdout.lines().count(), 1);
    assert!(
        output
            .stdout
            .starts_with("::error file=-,line=2,col=3,endLine=2,title=index-not-concurrent::")
    );
    assert!(output.stdout.contains("%0A"));
}

#[test]
fn sarif_is_one_document() {
    let output = of(SQL, &["--rule", "locks", "-o", "sarif"]).expect_code(1);
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(document["version"], json!("2.1.0"));
    let run = &document["runs"][0];
    let result = &run["results"][0];
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(
        run["tool"]["driver"]["rules"][index]["id"],
        result["ruleId"]
    );
    assert_eq!(result["level"], json!("error"));
    let empty = of("select 1;", &["-o", "sarif"]).expect_code(0);
    let document: Value = serde_json::from_str(&empty.stdout).unwrap();
    assert_eq!(document["runs"][0]["results"], json!([]));
}

#[test]
fn gitlab_gets_one_array_of_what_it_can_tell_apart() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "select 1;\nselec 1;\nselec   1;\nalter table b rename c to d;";
    std::fs::write(folder.path().join("a.sql"), sql).unwrap();
    let words = ["./a.sql", "--skip", "timeouts", "-o", "gitlab"];
    let output = lint(&words).current_dir(folder.path()).run();
    let report: Value = serde_json::from_str(&output.expect_code(1).stdout).unwrap();
    let report = report.as_array().unwrap();
    let shown: Vec<_> = report
        .iter()
        .map(|violation| {
            let location = &violation["location"];
            assert_eq!(location["path"], json!("a.sql"));
            assert!(violation["description"].as_str().unwrap().len() > 10);
            (
                location["lines"]["begin"].as_u64().unwrap(),
                violation["check_name"].as_str().unwrap(),
                violation["severity"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (2, "syntax", "critical"),
        (3, "syntax", "critical"),
        (4, "rename-column", "major"),
    ];
    assert_eq!(shown, expected);
    let fingerprints: HashSet<_> = report
        .iter()
        .map(|violation| violation["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(fingerprints.len(), report.len());
    let empty = of("select 1;", &["-o", "gitlab"]).expect_code(0);
    assert_eq!(empty.stdout, "[]\n");
}

#[test]
fn people_see_the_line_and_the_way_around() {
    let output = of(SQL, &["--rule", "locks", "-o", "table"]).expect_code(1);
    assert!(
        output
            .stdout
            .contains("  2 |   create index i on \"Ü\" (a);"),
        "{output:?}"
    );
    assert!(output.stdout.contains("ShareLock on"), "{output:?}");
}

#[test]
fn every_rule_is_listed_and_explained() {
    let rules = lint(&["--list-rules"]).run().expect_code(0).json_lines();
    assert!(rules.len() > 50);
    for rule in rules {
        let name = rule["rule"].as_str().unwrap();
        let page = lint(&["--explain", name]).run().expect_code(0);
        assert!(page.stdout.starts_with(name));
        assert!(page.stdout.contains("What it does not find"), "{page:?}");
    }
    let page = lint(&["--explain", "index-not-concurrent"]).run();
    let (_, way) = page.stdout.split_once("what to write instead").unwrap();
    assert!(
        way.contains("CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);"),
        "{page:?}"
    );
    let comment = "-- pg-migrate-lint: ignore index-not-concurrent REASON";
    assert!(way.ends_with(&format!("    {comment}\n")), "{page:?}");
    lint(&["--explain", "nothing"])
        .run()
        .expect_error("there is no rule \"nothing\"");
}

#[test]
fn what_is_assumed_of_unknown_tables_is_said_once_and_on_stderr() {
    let sql = "CREATE INDEX i ON a (b);\nCREATE INDEX j ON a (c);\nDROP TABLE s.\"B\";\n\
               CREATE TABLE own (id int PRIMARY KEY, n int);\nALTER TABLE own ADD CHECK (n > 0);\n";
    let said = of(sql, &["--skip", "timeouts"]).expect_code(1);
    let note = "pg-migrate-lint: note: nothing is known of a and s.\"B\", which are taken for tables in use: \
                no migration that was read makes them\n";
    assert_eq!(said.stderr, note);
    assert_eq!(said.json_lines().len(), 2);
    assert_eq!(of(sql, &["--skip", "timeouts", "-q"]).stderr, "");
    let one = of("DROP TABLE a;", &["--skip", "timeouts"]);
    assert!(
        one.stderr
            .contains("nothing is known of a, which is taken for a table in use"),
        "{one:?}"
    );
}

#[test]
fn nothing_is_assumed_where_all_tables_are_known_or_nothing_is_found() {
    let known = "CREATE TABLE t (id int PRIMARY KEY); DROP TABLE t; COMMENT ON TABLE u IS 'x';";
    assert_eq!(of(known, &[]).stderr, "");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, sql: &str| std::fs::write(folder.path().join(name), sql).unwrap();
    file("1_a.sql", "CREATE TABLE t (id int PRIMARY KEY, n int);\n");
    file("2_b.sql", "CREATE INDEX i ON t (n);\n");
    let run = lint(&["2_b.sql"])
        .current_dir(folder.path())
        .run()
        .expect_code(1);
    assert_eq!(run.stderr, "");
}
