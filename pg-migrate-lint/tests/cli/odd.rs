//! Input that nobody should write.

use serde_json::json;

use crate::ground::{lint, of};

#[test]
fn bytes_of_zero_are_an_error_where_they_stand() {
    for (sql, column) in [("\0\0\0", 1), ("select 1; \0 select 2;", 11)] {
        let output = of(sql, &[]);
        let found = output.expect_code(1).json_lines();
        let zero = found
            .iter()
            .find(|record| record["rule"] == "syntax")
            .expect("a finding");
        assert_eq!(
            (&zero["line"], &zero["column"]),
            (&json!(1), &json!(column))
        );
    }
}

#[test]
fn malformed_input_costs_one_finding_for_each_statement() {
    for sql in [
        "'",
        "\"",
        "$$",
        "/*",
        "(",
        "\\",
        "select 1; ;; ; select",
        "\0\0",
        "create table (",
        "{{",
        "${",
        ":'",
    ] {
        let output = of(sql, &[]);
        assert!(matches!(output.code(), Some(0 | 1)), "{sql}: {output:?}");
        assert_eq!(output.stderr, "", "{sql}");
    }
    let deep = format!("select {}1{};", "(".repeat(5000), ")".repeat(5000));
    assert!(matches!(of(&deep, &[]).code(), Some(0 | 1)));
    // Bytes of every sort, none of which is luck.
    let mut state = 7_u32;
    for _ in 0..50 {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"'\"$;()\\{}/*-:\n aecopy\xff\x00"[(state >> 24) as usize % 23]
        })
        .take(300)
        .collect();
        let output = lint(&["-"]).stdin(bytes.clone()).run();
        assert!(
            matches!(output.code(), Some(0 | 1)),
            "{bytes:?}: {output:?}"
        );
    }
}

#[test]
fn what_can_not_be_read_is_said() {
    lint(&["/nowhere.sql"]).run().expect_error("/nowhere.sql");
    lint(&[]).run().expect_error("no migration was named");
    let folder = tempfile::tempdir().unwrap();
    lint(&["."])
        .current_dir(folder.path())
        .run()
        .expect_error("no SQL files in");
}

/// The server runs both: neither is an error.
#[test]
fn what_is_beyond_us_is_unseen_and_no_error() {
    let sum = format!("select {};", vec!["1"; 1500].join("+"));
    let output = of(&sum, &[]).expect_code(0);
    let rules: Vec<_> = output
        .json_lines()
        .iter()
        .map(|line| line["rule"].clone())
        .collect();
    assert_eq!(rules, ["unseen-code"]);
    // Where the first row of a great INSERT ends is not always seen.
    let rows = vec!["(E'it\\'s (', 'x')"; 6000].join(",\n");
    let output = of(&format!("insert into t (a, b) values {rows};"), &[]).expect_code(0);
    assert_eq!(output.stdout, "");
}

#[test]
fn a_function_is_looked_into_where_it_is_called_whatever_it_takes_and_returns() {
    for (head, rest) in [
        ("f(wanted int) returns boolean", "return wanted = 1;"),
        ("f(wanted int, out number int)", "number := wanted;"),
        ("f(wanted int) returns setof int", "return next wanted;"),
        (
            "f(wanted int) returns table (n int)",
            "return query select wanted;",
        ),
        ("f(int) returns users", "return null;"),
    ] {
        let sql = format!(
            "create function {head} language plpgsql as $$ begin\n  truncate users;\n  {rest}\nend $$;\nselect f(1);"
        );
        let records = of(&sql, &["--skip", "timeouts"]).json_lines();
        let rules: Vec<_> = records.iter().map(|record| &record["rule"]).collect();
        assert_eq!(rules, ["truncate"], "{head}");
    }
}

#[test]
fn what_is_said_of_a_statement_in_a_block_shows_no_more_than_it() {
    let sql = "do $$ begin\n  if true then\n    drop table a;\n  end if;\nend $$;";
    let records = of(sql, &[]).json_lines();
    let ends: Vec<_> = records
        .iter()
        .map(|record| (&record["line"], &record["end_line"], &record["statement"]))
        .collect();
    assert_eq!(ends, [(&json!(3), &json!(3), &json!("drop table a"))]);
}
