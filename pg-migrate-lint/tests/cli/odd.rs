//! Input that nobody should write.

use crate::ground::{lint, of};

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
