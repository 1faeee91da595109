use super::*;

fn records() -> Vec<Record> {
    let record = |value| serde_json::from_value(value).unwrap();
    vec![
        record(serde_json::json!({
            "pid": 4711, "blocking": 2, "frees": 2, "lock": "AccessExclusiveLock",
            "target": "shop.stock", "user": "etl", "database": "app", "application_name": "nightly",
            "backend_type": "client backend", "state": "idle in transaction",
            "state_age_seconds": 4.0, "result": "not_applicable", "cheaper_pid": 4712,
            "message": "it is idle in transaction and runs no statement that could be cancelled: \
                        --terminate ends it",
            "query": "/* app:web */ select 1 from shop.stock where id = 1 and somewhere = 'else'",
        })),
        record(serde_json::json!({
            "pid": 4712, "depth": 1, "blocked_by": 4711, "block": "hard", "blocking": 1,
            "waiting_seconds": 2.5, "lock": "ShareLock", "target": "transaction 7, row (0,1) of shop.stock",
            "user": "web", "database": "app", "state": "active", "query": "update shop.stock",
        })),
        record(serde_json::json!({
            "pid": 0, "blocking": 1, "gid": "it's", "database": "app", "user": "etl",
            "backend_type": "prepared transaction", "remedy": "ROLLBACK PREPARED 'it''s'",
        })),
    ]
}

fn end(pid: i32) -> String {
    format!("echo '{{\"pid\":{pid}}}' | pg-lock-kill - --terminate")
}

#[test]
fn nothing_that_matters_is_cut() {
    for width in [30, 40, 59, 60, 80, 99, 119, 250] {
        let lines = lines(&records(), Some(width), end);
        assert!(
            lines.iter().all(
                |line| printable::width(line) <= width || *line == format!("    {}", end(4712))
            ),
            "{width}: {lines:#?}"
        );
        let words: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
        let text = words.join(" ").replace("  ", "").replace(' ', "");
        for told in [
            "shop.stock",
            "idle in transaction for 4.0s",
            "runs no statement that could be cancelled: --terminate ends it",
            "the end of 4712 would free about as many and lose less",
            r#""pid":4712"#,
            "in the database app: ROLLBACK PREPARED 'it''s'",
            "etl@app",
        ] {
            let once = text.matches(&told.replace(' ', "")).count() == 1;
            assert!(
                once || told.len() < 20 || width >= 60,
                "{width}: {told}: {lines:#?}"
            );
            assert!(
                text.contains(&told.replace(' ', "")),
                "{width}: {told}: {lines:#?}"
            );
        }
    }
}

#[test]
fn a_line_for_each_where_there_is_room() {
    let text = lines(&records()[1..2], None, end);
    assert_eq!(
        text,
        [
            "pid   waits  blocks  frees  who      what",
            "4712   2.5s       1         web@app  wants row (0,1) of shop.stock (Share) | update shop.stock",
        ]
    );
}

#[test]
fn lines_lead_to_those_beside() {
    let depths = [0, 1, 2, 2, 1, 2, 3, 0, 1];
    let records: Vec<Record> = depths
        .iter()
        .enumerate()
        .map(|(pid, depth)| {
            serde_json::from_value(serde_json::json!({"pid": pid, "depth": depth})).unwrap()
        })
        .collect();
    let expected = [
        "0",
        "├ 1",
        "│ ├ 2",
        "│ └ 3",
        "└ 4",
        "  └ 5",
        "    └ 6",
        "7",
        "└ 8",
    ];
    assert_eq!(branches(&records), expected);
}

#[test]
fn a_statement_is_cut_at_its_end() {
    let mut one = records().remove(1);
    one.query = Some(format!("/* app:web */ select {}", "x".repeat(300)));
    let text = lines(&[one], None, end);
    assert!(text[1].contains("| /* app:web */ select xxx"), "{text:?}");
}
