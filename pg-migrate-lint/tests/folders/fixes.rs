//! Fixes written into the files of a framework: what they say is done, and the folder linted again.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Database, program};

use super::{MAKE, folder, lint};

/// A framework's folder: how the SQL of a migration becomes a file, and how the next ones are called.
struct Project {
    named: &'static str,
    /// The first, the second.
    files: [&'static str; 2],
    /// What stands before and behind the SQL.
    around: (&'static str, &'static str),
    marks: &'static [(&'static str, &'static str)],
    /// What the fix of CREATE INDEX in the second one has: all files that it names, and a line of one of them.
    names: &'static [&'static str],
    line: &'static str,
}

const PROJECTS: &[Project] = &[
    Project {
        named: "golang-migrate",
        files: ["m/000001_a.up.sql", "m/000002_b.up.sql"],
        around: ("", ""),
        marks: &[
            ("m/000001_a.down.sql", "DROP TABLE users;\n"),
            ("m/000002_b.down.sql", BACK),
        ],
        names: &[
            "m/000002_b.up.sql",
            "m/000003_by_email.up.sql",
            "m/000003_by_email.down.sql",
            "m/000002_b.down.sql",
        ],
        line: "-- DROP INDEX CONCURRENTLY by_email;",
    },
    Project {
        named: "goose",
        files: ["m/00001_a.sql", "m/00002_b.sql"],
        around: ("-- +goose Up\n", "-- +goose Down\n"),
        marks: &[],
        names: &["m/00002_b.sql", "m/00003_by_email.sql"],
        line: "-- +goose NO TRANSACTION",
    },
    Project {
        named: "sql-migrate",
        files: ["m/1_a.sql", "m/2_b.sql"],
        around: ("-- +migrate Up\n", "-- +migrate Down\n"),
        marks: &[],
        names: &["m/2_b.sql", "m/3_by_email.sql"],
        line: "-- +migrate Up notransaction",
    },
    Project {
        named: "dbmate",
        files: ["m/20250101000000_a.sql", "m/20250131235959_b.sql"],
        around: ("-- migrate:up\n", "-- migrate:down\n"),
        marks: &[],
        names: &["m/20250131235959_b.sql", "m/20250201000000_by_email.sql"],
        line: "-- migrate:up transaction:false",
    },
    Project {
        named: "tern",
        files: ["m/001_a.sql", "m/002_b.sql"],
        around: ("", "---- create above / drop below ----\n"),
        marks: &[],
        names: &["m/002_b.sql", "m/003_by_email.sql"],
        line: "---- tern: disable-tx ----",
    },
    Project {
        named: "sqlx",
        files: ["migrations/1_a.sql", "migrations/2_b.sql"],
        around: ("", ""),
        marks: &[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")],
        names: &["migrations/2_b.sql", "migrations/3_by_email.sql"],
        line: "-- no-transaction",
    },
    Project {
        named: "PrairieLearn",
        files: ["m/20250101000000_a.sql", "m/20250102000000_b.sql"],
        around: ("", ""),
        marks: &[(
            "package.json",
            "{\"dependencies\": {\"@prairielearn/migrations\": \"1\"}}\n",
        )],
        names: &["m/20250102000000_b.sql", "m/20250102000001_by_email.sql"],
        line: "-- prairielearn:migrations NO TRANSACTION",
    },
    Project {
        named: "Prisma",
        files: [
            "m/20250101000000_a/migration.sql",
            "m/20250102000000_b/migration.sql",
        ],
        around: ("", ""),
        marks: &[("m/migration_lock.toml", "provider = \"postgresql\"\n")],
        names: &[
            "m/20250102000000_b/migration.sql",
            "m/20250102000001_by_email/migration.sql",
        ],
        line: "-- alone in its file: Prisma has no transaction around one statement",
    },
    Project {
        named: "Supabase",
        files: [
            "supabase/migrations/20250101000000_a.sql",
            "supabase/migrations/20250102000000_b.sql",
        ],
        around: ("", ""),
        marks: &[],
        names: &[
            "supabase/migrations/20250102000000_b.sql",
            "supabase/migrations/20250102000001_by_email.sql",
        ],
        line: "-- alone in its file: Supabase has no transaction around one statement",
    },
    Project {
        named: "diesel",
        files: [
            "m/2025-01-01-000000_a/up.sql",
            "m/2025-01-02-000000_b/up.sql",
        ],
        around: ("", ""),
        marks: &[
            ("diesel.toml", ""),
            ("m/2025-01-01-000000_a/down.sql", "DROP TABLE users;\n"),
            ("m/2025-01-02-000000_b/down.sql", BACK),
        ],
        names: &[
            "m/2025-01-02-000000_b/up.sql",
            "m/2025-01-02-000001_by_email/up.sql",
            "m/2025-01-02-000001_by_email/down.sql",
            "m/2025-01-02-000001_by_email/metadata.toml",
            "m/2025-01-02-000000_b/down.sql",
        ],
        line: "-- run_in_transaction = false",
    },
    Project {
        named: "Flyway",
        files: ["m/V1__a.sql", "m/V2__b.sql"],
        around: ("", ""),
        marks: &[],
        names: &["m/V2__b.sql", "m/V3__by_email.sql"],
        line: "CREATE INDEX CONCURRENTLY by_email ON users (email);",
    },
];

/// What undoes them.
const BACK: &str = "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;\n\
    ALTER TABLE users DROP CONSTRAINT one;\n\
    ALTER TABLE users DROP CONSTRAINT known;\n\
    DROP INDEX by_email;\n";

/// One statement that is well, and four that need other transactions.
const CHANGES: &str = "SET lock_timeout = '2s';\n\
    CREATE INDEX by_email ON users (email);\n\
    ALTER TABLE users ADD CONSTRAINT known CHECK (id > 0);\n\
    ALTER TABLE users ADD CONSTRAINT one UNIQUE (email);\n\
    ALTER TABLE users ALTER COLUMN email SET NOT NULL;\n";

impl Project {
    fn build(&self, changes: &str) -> TempDir {
        let (before, behind) = self.around;
        let back = if behind.is_empty() { "" } else { BACK };
        let texts = [(MAKE, ""), (changes, back)];
        let texts = texts.map(|(sql, back)| format!("{before}{sql}{behind}{back}"));
        let texts = texts.iter().map(String::as_str);
        let files = self.files.iter().copied().zip(texts);
        let files: Vec<_> = files.chain(self.marks.iter().copied()).collect();
        folder(&files)
    }

    fn root(&self) -> &str {
        let root = self.files[0]
            .split_once("/20")
            .or(self.files[0].rsplit_once('/'));
        root.unwrap().0
    }

    fn errors(&self, folder: &TempDir) -> Vec<Value> {
        let said = lint(folder, &["--pg-version", "15", self.root()]).json_lines();
        let is_error = |record: &Value| record["severity"] == "error";
        said.into_iter().filter(is_error).collect()
    }
}

fn write(folder: &TempDir, files: &Value) {
    for file in files.as_array().expect("a fix in files") {
        let path = folder.path().join(file["path"].as_str().unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file["text"].as_str().unwrap()).unwrap();
    }
}

fn names(fix: &str) -> Vec<&str> {
    let lines = fix
        .lines()
        .filter_map(|line| line.strip_prefix("-- file: "));
    lines.map(|line| line.split(',').next().unwrap()).collect()
}

#[test]
fn a_fix_names_the_files_of_its_layout_and_marks_them() {
    for project in PROJECTS {
        let errors = project.errors(&project.build(CHANGES));
        let index = errors
            .iter()
            .find(|record| record["rule"] == "index-not-concurrent");
        let fix = index.expect("the index")["fix"].as_str().unwrap();
        assert_eq!(names(fix), project.names, "{}: {fix}", project.named);
        assert!(
            fix.lines().any(|line| line == project.line),
            "{}: {fix}",
            project.named
        );
        assert!(
            fix.contains(", without the statement; the rest stays"),
            "{fix}"
        );
    }
}

#[test]
fn what_is_written_into_the_files_is_not_found_again_and_nothing_else_is() {
    for project in PROJECTS {
        // Both with other statements and alone.
        let alone = CHANGES.split_inclusive('\n').skip(1);
        for changes in alone.chain([CHANGES]) {
            let folder = project.build(changes);
            let mut before = project.errors(&folder);
            assert!(!before.is_empty(), "{}: {changes}", project.named);
            while let Some(first) = before.first() {
                write(&folder, &first["fix_files"]);
                let after = project.errors(&folder);
                let kind = |records: &[Value]| {
                    let kinds = records
                        .iter()
                        .map(|record| format!("{} {}", record["rule"], record["message"]));
                    kinds.collect::<Vec<_>>()
                };
                assert_eq!(
                    kind(&after),
                    kind(&before[1..]),
                    "{}: {first:#}",
                    project.named
                );
                before = after;
            }
        }
    }
}

#[test]
fn a_fix_in_files_is_sql_that_psql_runs() {
    for project in PROJECTS {
        for record in project.errors(&project.build(CHANGES)) {
            let database = Database::new();
            database.sql(MAKE);
            let psql = program("psql").args(["-qX", "-v", "ON_ERROR_STOP=1", "-d"]);
            let run = psql
                .arg(database.conninfo())
                .stdin(record["fix"].as_str().unwrap())
                .run();
            run.expect_code(0);
        }
    }
}

#[test]
fn of_several_fixes_one_has_files_and_all_of_them_begin_at_what_is_there() {
    let changes = "CREATE INDEX a ON users (email);\nCREATE INDEX b ON users (id);\n";
    // The first may not be divided for sure.
    let unsure = format!("CREATE INDEX c ON users (id);\nCOMMENT ON INDEX c IS '';\n{changes}");
    for (changes, given) in [
        (changes, vec![true]),
        // What has files is said by itself.
        (&unsure, vec![false, true]),
    ] {
        let project = &PROJECTS[5];
        let errors = project.errors(&project.build(changes));
        let others = errors
            .iter()
            .flat_map(|record| record["elsewhere"].as_array().cloned().unwrap_or_default());
        let all: Vec<_> = errors.iter().cloned().chain(others).collect();
        assert_eq!(all.len(), changes.matches("CREATE INDEX").count());
        let numbers = all.iter().map(|place| {
            let fix = place["fix"].as_str().unwrap();
            names(fix)[1].split('_').next().unwrap().to_string()
        });
        assert!(
            numbers.into_iter().all(|number| number == "migrations/3"),
            "{errors:#?}"
        );
        let has: Vec<_> = errors
            .iter()
            .map(|record| !record["fix_files"].is_null())
            .collect();
        assert_eq!(has, given, "{errors:#?}");
    }
}

#[test]
fn a_fix_that_can_not_be_files_says_why() {
    let people = "-- written by hand, one file after the other: what is in no migration comes between them, and a run of all files waits for neither batches nor a release";
    let comment = "CREATE INDEX a ON users (id);\nCOMMENT ON INDEX a IS '';\n";
    let path = "SET search_path = s;\nCREATE INDEX a ON users (id);\n";
    for (changes, why) in [
        (
            comment,
            "-- written by hand, since line 2 may need what it does, or change what it is of, and would have to go along behind it",
        ),
        (
            path,
            "-- written by hand, since line 1 may decide what it means, and would have to go with it",
        ),
        ("ALTER TABLE users RENAME COLUMN email TO mail;\n", people),
    ] {
        let project = &PROJECTS[5];
        let said = lint(&project.build(changes), &["migrations"]).json_lines();
        let fix = said[0]["fix"].as_str().unwrap();
        assert_eq!(fix.lines().next().unwrap(), why);
        assert_eq!(said[0]["fix_files"], Value::Null);
    }
}

#[test]
fn where_the_runner_has_no_way_the_fix_says_who_runs_it() {
    let changes = "CREATE INDEX by_email ON users (email);\n";
    let folder = folder(&[
        ("m/V1__a.sql", MAKE),
        ("m/V2__b.sql", changes),
        ("Cargo.toml", "[dependencies]\nrefinery = \"0.8\"\n"),
    ]);
    let said = lint(&folder, &["m"]).json_lines();
    let index = said
        .iter()
        .find(|record| record["rule"] == "index-not-concurrent")
        .unwrap();
    let expected = "-- by psql before m/V2__b.sql is run, since refinery runs each file in a transaction; the file then \
                    says IF NOT EXISTS\nCREATE INDEX CONCURRENTLY by_email ON users (email);\n";
    assert_eq!(index["fix"], expected.trim_end());
    assert_eq!(index["fix_files"], Value::Null);
}

#[test]
fn a_command_that_makes_the_files_is_named_and_no_file_is_written() {
    let journal = r#"{"entries": [{"when": 1, "tag": "0000_a"}, {"when": 2, "tag": "0001_b"}]}"#;
    let changes = "ALTER TABLE users ADD CONSTRAINT known CHECK (id > 0);\n";
    let files = [
        ("m/0000_a.sql", MAKE),
        ("m/0001_b.sql", changes),
        ("m/meta/_journal.json", journal),
    ];
    let folder = folder(&files);
    let said = lint(&folder, &["m"]).json_lines();
    let fix = said[0]["fix"].as_str().unwrap();
    let expected = "-- file: m/0001_b.sql, in place of the statement\n\
        ALTER TABLE users ADD CONSTRAINT known CHECK (id > 0) NOT VALID;\n\
        -- file: m/0002_validate_known.sql\n\
        -- made by `drizzle-kit generate --custom --name=validate_known`\n\
        -- in a deployment of its own: Drizzle runs all that is pending in one transaction\n\
        ALTER TABLE users VALIDATE CONSTRAINT known;";
    assert_eq!(fix, expected);
    assert_eq!(said[0]["fix_files"], Value::Null);
}

#[test]
fn where_each_statement_is_by_itself_a_fix_is_as_it_was() {
    let changes = "ALTER TABLE users ADD CONSTRAINT known CHECK (id > 0);\n";
    let folder = folder(&[("m/1_a.sql", MAKE), ("m/2_b.sql", changes)]);
    let said = lint(&folder, &["m"]).json_lines();
    let expected = "ALTER TABLE users ADD CONSTRAINT known CHECK (id > 0) NOT VALID;\n\
        -- in a later transaction\nALTER TABLE users VALIDATE CONSTRAINT known;";
    assert_eq!(said[0]["fix"], expected);
    assert_eq!(said[0]["fix_files"], Value::Null);
}

#[test]
fn markers_are_not_said_twice_and_an_empty_way_back_stays_one() {
    let make = "-- migrate:up\nCREATE TABLE t (k text);\n\n-- migrate:down\nDROP TABLE t;\n";
    for (change, expected) in [
        (
            "-- migrate:up transaction:false\nCREATE INDEX tk ON t (k);\n\n-- migrate:down\nDROP INDEX tk;\n",
            vec![
                "-- migrate:up transaction:false",
                "-- migrate:down transaction:false",
            ],
        ),
        (
            "-- migrate:up\nCREATE TABLE u (a int);\nCREATE INDEX tk ON t (k);\n\n-- migrate:down\n",
            vec![
                "-- migrate:up",
                "-- migrate:down",
                "-- migrate:up transaction:false",
                "-- migrate:down transaction:false",
            ],
        ),
    ] {
        let folder = folder(&[
            ("m/20250101000000_a.sql", make),
            ("m/20250102000000_b.sql", change),
        ]);
        let said = lint(&folder, &["--rule", "index-not-concurrent", "m"]).json_lines();
        let files = said[0]["fix_files"].as_array().expect("a fix in files");
        let texts = files.iter().map(|file| file["text"].as_str().unwrap());
        let markers: Vec<_> = texts
            .flat_map(str::lines)
            .filter(|line| line.starts_with("-- migrate"))
            .collect();
        assert_eq!(markers, expected, "{files:#?}");
    }
}
