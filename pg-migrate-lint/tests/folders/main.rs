//! Folders of frameworks as a user names them: each in its own manner of laying out migrations,
//! with a table that the first one makes and the second one locks.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod ends;
mod fixes;

use std::fs;

use tempfile::TempDir;
use tests::{Output, tool};

const MAKE: &str = "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(20));\n";
const WIDEN: &str =
    "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN email TYPE varchar(40);\n";
const INDEX: &str = "CREATE INDEX by_email ON users (email);\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn lint(folder: &TempDir, arguments: &[&str]) -> Output {
    let run = tool("pg-migrate-lint").args(["--skip", "timeouts"]);
    run.args(arguments).current_dir(folder.path()).run()
}

/// File, line and rule of each finding, and of the places in its file that it speaks of as well.
fn places(output: &Output) -> Vec<String> {
    let mut places = Vec::new();
    for record in output.json_lines() {
        let text = |name: &str| record[name].as_str().unwrap().to_string();
        let (file, rule) = (text("file"), text("rule"));
        let others = record["elsewhere"].as_array().cloned().unwrap_or_default();
        let others = others
            .iter()
            .filter(|place| place["file"] == record["file"]);
        let all = std::iter::once(&record).chain(others);
        places.extend(all.map(|place| format!("{file}:{} {rule}", place["line"])));
    }
    places
}

/// A framework's folder of three migrations: their files, and how it shows itself.
struct Shape {
    named: &'static str,
    files: [&'static str; 3],
    /// What stands before and behind the SQL.
    around: (&'static str, &'static str),
    marks: &'static [(&'static str, &'static str)],
}

const JOURNAL: &str = r#"{"version": "7", "dialect": "postgresql", "entries": [
    {"idx": 0, "when": 1, "tag": "0000_a", "breakpoints": true},
    {"idx": 1, "when": 2, "tag": "0001_b", "breakpoints": true},
    {"idx": 2, "when": 3, "tag": "0002_c", "breakpoints": true}]}"#;

const SHAPES: &[Shape] = &[
    Shape {
        named: "Prisma",
        files: [
            "m/20250101000000_a/migration.sql",
            "m/20250102000000_b/migration.sql",
            "m/20250103000000_c/migration.sql",
        ],
        around: ("", ""),
        marks: &[("m/migration_lock.toml", "provider = \"postgresql\"\n")],
    },
    Shape {
        named: "Drizzle",
        files: ["m/0000_a.sql", "m/0001_b.sql", "m/0002_c.sql"],
        around: ("", ""),
        marks: &[("m/meta/_journal.json", JOURNAL)],
    },
    Shape {
        named: "sqlx",
        files: [
            "migrations/1_a.sql",
            "migrations/2_b.sql",
            "migrations/3_c.sql",
        ],
        around: ("", ""),
        marks: &[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")],
    },
    Shape {
        named: "golang-migrate",
        files: ["m/1_a.up.sql", "m/2_b.up.sql", "m/3_c.up.sql"],
        around: ("", ""),
        marks: &[
            ("m/3_c.down.sql", "DROP TABLE users;\n"),
            (
                "go.mod",
                "require github.com/golang-migrate/migrate/v4 v4.17.0\n",
            ),
        ],
    },
    Shape {
        named: "Flyway",
        files: ["m/V1__a.sql", "m/V2__b.sql", "m/V3__c.sql"],
        around: ("", ""),
        marks: &[],
    },
    Shape {
        named: "dbmate",
        files: ["m/1_a.sql", "m/2_b.sql", "m/3_c.sql"],
        around: ("-- migrate:up\n", "-- migrate:down\nDROP TABLE users;\n"),
        marks: &[],
    },
    Shape {
        named: "plain files",
        files: ["m/1_a.sql", "m/2_b.sql", "m/10_c.sql"],
        around: ("", ""),
        marks: &[],
    },
];

impl Shape {
    fn build(&self) -> TempDir {
        let (before, behind) = self.around;
        let texts = [MAKE, WIDEN, INDEX].map(|sql| format!("{before}{sql}{behind}"));
        let files = self
            .files
            .iter()
            .copied()
            .zip(texts.iter().map(String::as_str));
        let files: Vec<_> = files.chain(self.marks.iter().copied()).collect();
        folder(&files)
    }

    fn line(&self) -> usize {
        1 + self.around.0.matches('\n').count()
    }
}

#[test]
fn each_layout_is_seen_and_its_history_known() {
    for shape in SHAPES {
        let folder = shape.build();
        let place = format!("{}:{} index-not-concurrent", shape.files[2], shape.line());
        let root = shape.files[0].split('/').next().unwrap();
        let whole = lint(&folder, &["-v", root]).expect_code(1);
        assert!(
            whole.stderr.contains(shape.named),
            "{}\n{whole:?}",
            shape.named
        );
        assert_eq!(
            places(&whole),
            std::slice::from_ref(&place),
            "{}\n{whole:?}",
            shape.named
        );
        // A file alone: that the type is only made wider is known from the one before.
        let widened = lint(&folder, &[shape.files[1]]).expect_code(0);
        assert_eq!(widened.stdout, "", "{}", shape.named);
        let index = lint(&folder, &[shape.files[2]]).expect_code(1);
        assert_eq!(
            places(&index),
            std::slice::from_ref(&place),
            "{}",
            shape.named
        );
        let since = lint(&folder, &["--since", shape.files[1], root]).expect_code(1);
        assert_eq!(places(&since), [place], "{}", shape.named);
    }
}

#[test]
fn a_list_may_name_what_is_gone_and_what_is_no_sql() {
    let folder = folder(&[("m/1_a.sql", MAKE), ("m/2_b.sql", INDEX)]);
    let listed = |list: &str| {
        let run = tool("pg-migrate-lint").args(["--skip", "timeouts", "--files-from", "-"]);
        run.current_dir(folder.path()).stdin(list).run()
    };
    let seen = listed("m/0_gone.sql\nREADME.md\nm/2_b.sql\n").expect_code(1);
    assert_eq!(places(&seen), ["m/2_b.sql:1 index-not-concurrent"]);
    // No commit ever had it: its name may be mistyped.
    let said = "warning: m/0_gone.sql is not there: it is taken for deleted";
    assert!(seen.stderr.contains(said), "{seen:?}");
    assert_eq!(seen.stderr.lines().count(), 1, "{seen:?}");
    listed("").expect_code(0).expect_no_output();
    let seen = listed("elsewhere/2_b.sql\n")
        .expect_code(0)
        .expect_no_output();
    seen.expect_error("none of the 1 files of the list is there");
}

#[test]
fn a_timeout_that_is_missing_everywhere_is_said_once_and_hides_nothing_new() {
    let add = |column: &str| format!("ALTER TABLE users ADD COLUMN {column} int;\n");
    let (a, b, c) = (add("a"), add("b"), add("c"));
    let files = [("m/1_make.sql", MAKE), ("m/2_a.sql", &a), ("m/3_b.sql", &b)];
    let folder = folder(&files);
    let run = |words: &[&str]| {
        let run = tool("pg-migrate-lint").args(["--rule", "missing-lock-timeout"]);
        run.args(words).current_dir(folder.path()).run()
    };
    let whole = run(&["m"]).expect_code(0);
    assert_eq!(places(&whole), ["m/2_a.sql:1 missing-lock-timeout"]);
    let record = &whole.json_lines()[0];
    let message = record["message"].as_str().unwrap();
    assert!(
        message.ends_with("so does 1 other statement, also in m/3_b.sql"),
        "{message}"
    );
    assert_eq!(record["elsewhere"][0]["file"], "m/3_b.sql");
    assert_eq!(record["elsewhere"].as_array().unwrap().len(), 1);
    // What the baseline knows by the first of them it knows of each, and of no other.
    fs::write(folder.path().join("known.jsonl"), &whole.stdout).unwrap();
    run(&["m", "--baseline", "known.jsonl"])
        .expect_code(0)
        .expect_no_output();
    fs::write(folder.path().join("m/4_c.sql"), &c).unwrap();
    let new = run(&["m", "--baseline", "known.jsonl"]);
    assert_eq!(places(&new), ["m/4_c.sql:1 missing-lock-timeout"]);
    assert_eq!(new.json_lines()[0]["elsewhere"], serde_json::Value::Null);
    assert_eq!(places(&run(&["m", "--since", "m/3_b.sql"])), places(&new));
    // A comment speaks for its own file.
    let silenced = format!("-- pg-migrate-lint: ignore missing-lock-timeout nobody uses it\n{a}");
    fs::write(folder.path().join("m/2_a.sql"), silenced).unwrap();
    let others = run(&["m"]);
    assert_eq!(places(&others), ["m/3_b.sql:1 missing-lock-timeout"]);
    assert_eq!(others.json_lines()[0]["elsewhere"][0]["file"], "m/4_c.sql");
}

#[test]
fn several_projects_know_nothing_of_each_other() {
    let folder = folder(&[
        (
            "a/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        ("a/migrations/20250101000000_a/migration.sql", MAKE),
        ("b/db/1_b.sql", &format!("-- migrate:up\n{WIDEN}")),
    ]);
    let seen = lint(&folder, &["."]).expect_code(0);
    let expected = ["b/db/1_b.sql:3 type-change-rewrites"];
    assert_eq!(places(&seen), expected, "{seen:?}");
}

#[test]
fn the_way_back_has_to_be_sql_and_nothing_else() {
    let down = "-- migrate:down\nDROP TABLE users;\nDROP TABEL users;\n";
    let folder = folder(&[("m/1_a.sql", &format!("-- migrate:up\n{MAKE}{down}"))]);
    let seen = lint(&folder, &["m"]).expect_code(1);
    assert_eq!(places(&seen), ["m/1_a.sql:5 syntax"]);
}

#[test]
fn what_is_wrong_with_a_folder_is_a_finding_like_any_other() {
    let twice = "-- migrate:up\nSELECT 1;\n";
    let files = [("m/1_a.sql", twice), ("m/1_b.sql", twice)];
    let folder = folder(&files);
    let seen = lint(&folder, &["m"]).expect_code(1);
    assert_eq!(places(&seen), ["m/1_b.sql:1 duplicate-version"]);
    assert_eq!(
        lint(&folder, &["--skip", "folder", "m"])
            .expect_code(0)
            .stdout,
        ""
    );
    fs::write(folder.path().join("known.jsonl"), &seen.stdout).unwrap();
    lint(&folder, &["--baseline", "known.jsonl", "m"])
        .expect_code(0)
        .expect_no_output();
    let silenced =
        format!("-- pg-migrate-lint: ignore-file duplicate-version both are applied\n{twice}");
    fs::write(folder.path().join("m/1_b.sql"), silenced).unwrap();
    lint(&folder, &["m"]).expect_code(0).expect_no_output();
    fs::write(folder.path().join("m/1_b.sql"), twice).unwrap();
    fs::write(
        folder.path().join("pg-migrate-lint.toml"),
        "[severity]\nduplicate-version = \"info\"\n",
    )
    .unwrap();
    lint(&folder, &["m"]).expect_code(0);
}

#[test]
fn a_layout_can_be_named_on_the_line_and_in_the_file() {
    let twice = [("m/1_a.sql", "SELECT 1;\n"), ("m/1_b.sql", "SELECT 1;\n")];
    let folder = folder(&twice);
    let named = lint(&folder, &["--layout", "sqlx", "m"]).expect_code(1);
    assert_eq!(places(&named), ["m/1_b.sql:1 duplicate-version"]);
    fs::write(
        folder.path().join("pg-migrate-lint.toml"),
        "layout = \"sqlx\"\n",
    )
    .unwrap();
    assert_eq!(
        places(&lint(&folder, &["m"]).expect_code(1)),
        places(&named)
    );
    fs::write(
        folder.path().join("pg-migrate-lint.toml"),
        "layout = \"sqlxx\"\n",
    )
    .unwrap();
    lint(&folder, &["m"])
        .expect_code(2)
        .expect_error("there is no layout \"sqlxx\"");
}

#[test]
fn an_index_that_a_later_migration_makes_is_not_missed() {
    let make = "CREATE TABLE orders (id int PRIMARY KEY, user_id bigint REFERENCES users, by bigint REFERENCES users);\n\
                CREATE TABLE notes (id int PRIMARY KEY, user_id bigint REFERENCES users);\n\
                CREATE TABLE tags (id int PRIMARY KEY, user_id bigint REFERENCES users);\n\
                CREATE TABLE logs (id int PRIMARY KEY, user_id bigint REFERENCES users);\n";
    let later = "ALTER TABLE notes RENAME COLUMN user_id TO owner;\nALTER TABLE notes RENAME TO papers;\n\
                 CREATE INDEX CONCURRENTLY ON papers (owner);\nDROP TABLE tags;\nALTER TABLE logs RENAME TO lines;\n\
                 CREATE INDEX CONCURRENTLY ON orders (user_id);\n";
    let folder = folder(&[
        ("m/1_a.sql", MAKE),
        ("m/2_b.sql", make),
        ("m/3_c.sql", later),
    ]);
    let run = |words: &[&str]| {
        let all = [&["--rule", "foreign-key-without-index"], words].concat();
        places(&lint(&folder, &all).expect_code(0))
    };
    let at = |line: usize| format!("m/2_b.sql:{line} foreign-key-without-index");
    // Of orders one index is still missing; logs has none by its new name either.
    assert_eq!(run(&["m"]), [at(1), at(4)]);
    // What comes later is not known where it is not read.
    assert_eq!(run(&["m/2_b.sql"]), [at(1), at(2), at(3), at(4)]);
}
