//! What is said once, and what is not said at all.

use serde_json::{Value, json};

use crate::ground::{lint, of, rules};

#[test]
fn a_missing_timeout_is_said_once_in_a_file() {
    let sql = "alter table a add column x int; alter table b add column x int; alter table c drop column x;";
    let records = of(sql, &["--rule", "timeouts"]).expect_code(0).json_lines();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["object"], json!("a"));
    assert_eq!(records[0]["lock"], json!("AccessExclusiveLock"));
    assert_eq!(records[0]["blocks"], json!("reads+writes"));
}

#[test]
fn one_cause_is_said_once() {
    let rules = |sql: &str| -> Vec<String> {
        let records = of(sql, &["--in-transaction", "yes"]).json_lines();
        let said = records
            .iter()
            .map(|record| record["rule"].as_str().unwrap());
        said.map(str::to_string).collect()
    };
    // That everybody waits is what the rule about the index says.
    assert_eq!(rules("create index i on t (a);"), ["index-not-concurrent"]);
    assert_eq!(rules("drop index i;"), ["drop-index-not-concurrent"]);
    assert_eq!(
        rules("drop index i; alter table t add column a int;"),
        ["drop-index-not-concurrent", "missing-lock-timeout"]
    );
    // A timeout ends the wait for the second table too.
    assert_eq!(
        rules("alter table a add column x int; alter table b add column x int;"),
        ["missing-lock-timeout"]
    );
    assert_eq!(
        rules("alter table a add column x int references c; alter table b add column x int;"),
        ["missing-lock-timeout"]
    );
    // Whoever waits for the first table waits for the lock on the second, and for the work.
    let both = "set local lock_timeout = 0; alter table a alter x type text; alter table b alter x type text;";
    let said = rules(both);
    assert!(
        said.contains(&"lock-held-during-work".to_string()),
        "{said:?}"
    );
    assert!(
        !said.contains(&"several-tables-locked".to_string()),
        "{said:?}"
    );
    // What reads a table is told together with the lock that is held on it meanwhile.
    let indexes =
        "alter table t add column a int; create index i on t (a); create index j on t (b);";
    assert_eq!(
        rules(indexes),
        ["lock-held-during-work", "missing-lock-timeout"]
    );
    let records = of(indexes, &["--in-transaction", "yes"]).json_lines();
    let [held, _] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!(held["blocks"], json!("reads+writes"));
    for (place, name) in [(held, "i"), (&held["elsewhere"][0], "j")] {
        let fix = place["fix"].as_str().unwrap();
        assert!(fix.contains(&format!("CONCURRENTLY {name} on t")), "{fix}");
    }
    // A table that goes is waited for by nobody.
    assert_eq!(rules("drop table a; drop table b;"), ["drop-table"]);
    let dropped = "drop function f(), g() cascade;";
    assert_eq!(rules(dropped), ["drop-cascade"]);
}

/// The lines of findings, and of the places that they speak of as well.
fn lines(records: &[Value]) -> Vec<u64> {
    let others = |record: &Value| record["elsewhere"].as_array().cloned().unwrap_or_default();
    let all = records
        .iter()
        .flat_map(|record| [vec![record.clone()], others(record)].concat());
    all.map(|place| place["line"].as_u64().unwrap()).collect()
}

#[test]
fn one_consequence_is_said_once_in_a_file_and_each_place_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["--rule", "index-not-concurrent", "a.sql"];
    let run = |sql: &str, more: &[&str]| {
        std::fs::write(folder.path().join("a.sql"), sql).unwrap();
        let words = [&words, more].concat();
        lint(&words).current_dir(folder.path()).run()
    };
    let three = "create index i on t (a);\ncreate index j on t (b);\ncreate index k on u (c);\n";
    let records = run(three, &[]).expect_code(1).json_lines();
    assert_eq!(records.len(), 1, "{records:?}");
    let words = "CREATE INDEX keeps writes to t waiting until the index is built; likewise line 2, u (line 3)";
    assert_eq!(records[0]["message"], json!(words));
    let last = &records[0]["elsewhere"][1];
    assert_eq!((&last["line"], &last["object"]), (&json!(3), &json!("u")));
    assert!(
        last["fix"]
            .as_str()
            .unwrap()
            .contains("CONCURRENTLY k on u (c)"),
        "{last}"
    );
    // What a comment silences speaks for nobody.
    let silenced = format!("-- pg-migrate-lint: ignore locks it is tiny\n{three}");
    assert_eq!(lines(&run(&silenced, &[]).json_lines()), [3, 4]);
    // Nor does what a baseline knows.
    let known = records
        .iter()
        .map(|record| format!("{record}\n"))
        .collect::<String>();
    std::fs::write(folder.path().join("known.jsonl"), known).unwrap();
    let baseline = ["--baseline", "known.jsonl"];
    run(three, &baseline).expect_code(0).expect_no_output();
    let four = format!("{three}create index l on u (d);\n");
    assert_eq!(lines(&run(&four, &baseline).json_lines()), [4]);
    // What is SARIF's has them as well.
    let sarif = run(three, &["-o", "sarif"]).stdout;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let related = &sarif["runs"][0]["results"][0]["relatedLocations"];
    assert_eq!(
        related[1]["physicalLocation"]["region"]["startLine"],
        json!(3)
    );
}

#[test]
fn a_lock_held_is_said_once_in_a_transaction_and_what_a_comment_silences_does_not_count() {
    let held = |sql: &str| -> Vec<u64> {
        let output = of(sql, &["--rule", "lock-held-during-work"]);
        lines(&output.json_lines())
    };
    let two = "begin;\nalter table a add column x int;\nupdate b set y = 1;\nupdate c set y = 1;\ncommit;\n";
    assert_eq!(held(two), [3]);
    assert_eq!(held(&two.repeat(2)), [3, 8]);
    let silenced = two.replace(
        "update b",
        "-- pg-migrate-lint: ignore lock-held-during-work it is tiny\nupdate b",
    );
    assert_eq!(held(&silenced), [5]);
    // Readers wait from here on too.
    let worse = "begin;\ncreate trigger t after insert on a execute function f();\nupdate b set y = 1;\n\
        alter table a add column x int;\nupdate c set y = 1;\ncommit;\n";
    assert_eq!(held(worse), [3, 5]);
}

#[test]
fn comments_silence_rules_and_say_why() {
    let sql = "
        -- pg-migrate-lint: ignore drop-table nobody reads it any more
        drop table a;
        drop table b; -- pg-migrate-lint: ignore data-loss moved to the archive
        drop table c;
        -- pg-migrate-lint: ignore drop-table
        drop table d;
        -- pg-migrate-lint: ignore truncate this one is tiny
        select 1;";
    let records = of(sql, &["--skip", "timeouts"]).expect_code(1).json_lines();
    let said: Vec<_> = records
        .iter()
        .map(|record| {
            (
                lines(std::slice::from_ref(record)),
                record["rule"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (vec![5, 7], "drop-table"),
        (vec![6], "suppression"),
        (vec![8], "suppression"),
    ];
    assert_eq!(said, expected);
    let file =
        "-- pg-migrate-lint: ignore-file drop-table a file of scratch\ndrop table a; drop table b;";
    assert!(rules(file, &[]).is_empty());
}

#[test]
fn a_baseline_leaves_out_what_was_known_wherever_it_moved() {
    let folder = tempfile::tempdir().unwrap();
    let (file, known) = (
        folder.path().join("a.sql"),
        folder.path().join("known.jsonl"),
    );
    let words = |words: &[&str]| lint(words).current_dir(folder.path());
    std::fs::write(&file, "drop table a;\n").unwrap();
    words(&["a.sql"]).stdout_to(&known).run().expect_code(1);
    std::fs::write(&file, "select 1;\n\ndrop   table a;\ndrop table b;\n").unwrap();
    let output = words(&["a.sql", "--baseline", "known.jsonl", "--skip", "timeouts"]).run();
    let records = output.expect_code(1).json_lines();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["object"], json!("b"));
}

#[test]
fn severity_decides_the_status() {
    let warning = "alter table users rename a to b;";
    of(warning, &[]).expect_code(0);
    of(warning, &["--fail-on", "warning"]).expect_code(1);
    of("drop table a;", &[]).expect_code(1);
    of("drop table a;", &["--fail-on", "never"]).expect_code(0);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("pg-migrate-lint.toml"),
        "[severity]\ndrop-table = \"info\"\n",
    )
    .unwrap();
    lint(&["-"])
        .stdin("drop table a;")
        .current_dir(folder.path())
        .run()
        .expect_code(0);
    std::fs::write(
        folder.path().join("pg-migrate-lint.toml"),
        "drop-table = \"info\"\n",
    )
    .unwrap();
    lint(&["-"])
        .stdin("drop table a;")
        .current_dir(folder.path())
        .run()
        .expect_error("drop-table: there is no such key");
}

#[test]
fn a_folder_in_place_of_settings_is_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = lint(&["--config", ".", "-"])
        .current_dir(folder.path())
        .run();
    let refused = refused.expect_error("--config . is a folder");
    assert!(
        refused
            .stderr
            .contains("hint: name a file, such as ./pg-migrate-lint.toml"),
        "{refused:?}"
    );
}

#[test]
fn a_folder_is_read_in_order_and_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, sql: &str| std::fs::write(folder.path().join(name), sql).unwrap();
    write("001.sql", "create table t (name varchar(10));");
    write("002.sql", "alter table t alter name type varchar(20);");
    write("003.sql", "alter table t alter name type varchar(5);");
    let output = lint(&["--rule", "type-change-rewrites", "."])
        .current_dir(folder.path())
        .run();
    let records = output.expect_code(1).json_lines();
    assert_eq!(records.len(), 1);
    assert!(records[0]["file"].as_str().unwrap().ends_with("003.sql"));
}

#[test]
fn a_sequence_that_stays_behind_is_said_once_in_a_file() {
    let sql = "create table plans (id serial primary key, name text);
        insert into plans (id, name) values (1, 'free');
        insert into plans (id, name) values (2, 'pro');";
    assert_eq!(rules(sql, &[]), ["sequence-behind"]);
}

#[test]
fn a_table_exchanged_for_its_copy_loses_rows_unless_writers_are_kept_out() {
    let exchange = "create table fresh (id bigint primary key);
        insert into fresh select id from users;
        drop table users;
        alter table fresh rename to users;";
    let severity = |sql: &str| {
        let records = of(sql, &["--rule", "drop-table"]).json_lines();
        assert_eq!(records.len(), 1, "{records:?}");
        records[0]["severity"].clone()
    };
    assert_eq!(severity(&format!("begin; {exchange} commit;")), "error");
    let locked = format!("begin; lock table users in share mode; {exchange} commit;");
    assert_eq!(severity(&locked), "warning");
    // Nobody writes to it by the name that it got.
    let renamed =
        "alter table users rename to users_old; create table users (id bigint primary key);
        insert into users select id from users_old; drop table users_old;";
    assert_eq!(severity(renamed), "warning");
    assert_eq!(severity(&format!("begin; {renamed} commit;")), "warning");
    // A lock of a transaction that is over keeps nobody out.
    let over = format!("begin; lock table users in share mode; commit; begin; {exchange} commit;");
    assert_eq!(severity(&over), "error");
}

#[test]
fn what_is_refused_takes_no_lock() {
    let sql = "create table users (id bigint primary key);";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1_users.sql"), sql).unwrap();
    std::fs::write(folder.path().join("2_key.sql"), "drop index users_pkey;").unwrap();
    let words = [".", "--skip", "timeouts"];
    let records = lint(&words).current_dir(folder.path()).run().json_lines();
    let said: Vec<_> = records.iter().map(|record| &record["rule"]).collect();
    assert_eq!(said, ["drop-refused"]);
}
