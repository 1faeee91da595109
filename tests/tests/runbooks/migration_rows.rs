//! The rows about migrations before they are run.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Output, program, tool};

/// A repository of these files.
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        put(folder.path(), name, text);
    }
    folder
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn lint(folder: &TempDir, arguments: &[&str]) -> Output {
    let run = tool("pg-migrate-lint").args(arguments);
    run.current_dir(folder.path()).run()
}

/// File, line and rule of each finding.
fn places(output: &Output) -> Vec<String> {
    let records = output.json_lines();
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let place = |record: &Value| {
        let (file, rule) = (text(&record["file"]), text(&record["rule"]));
        format!("{file}:{}: {rule}", record["line"])
    };
    records.iter().map(place).collect()
}

/// The finding of a rule.
fn of(output: &Output, rule: &str) -> Value {
    let records = output.json_lines();
    let found = records.into_iter().find(|record| record["rule"] == rule);
    found.unwrap_or_else(|| panic!("no {rule}\n{output:?}"))
}

fn git(folder: &TempDir, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let run = program("git").args(identity).args(arguments);
    run.current_dir(folder.path()).run().expect_code(0);
}

/// A repository with what these files are commited on main, on a branch.
fn branched(files: &[(&str, &str)]) -> TempDir {
    let folder = project(files);
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "main"]);
    git(&folder, &["checkout", "-q", "-b", "branch"]);
    folder
}

const USERS: &str = "SET lock_timeout = '2s';
CREATE TABLE users (id bigint PRIMARY KEY, name text, email text);
";

/// T01, `cat drizzle/migrations/0001_*.sql`: "Check for correct table/column names, proper data types,
/// indexes and constraints, no data loss operations".
#[test]
fn t01() {
    let journal = json!({"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "when": 1, "tag": "0000_init", "breakpoints": true},
        {"idx": 1, "when": 2, "tag": "0001_wise_hulk", "breakpoints": true},
    ]});
    let folder = project(&[
        ("drizzle/migrations/meta/_journal.json", &journal.to_string()),
        ("drizzle/migrations/0000_init.sql", USERS),
        (
            "drizzle/migrations/0001_wise_hulk.sql",
            "ALTER TABLE \"users\" ALTER COLUMN \"id\" SET DATA TYPE integer;--> statement-breakpoint
CREATE INDEX \"by_email\" ON \"users\" (\"email\");--> statement-breakpoint
ALTER TABLE \"users\" DROP COLUMN \"name\";
",
        ),
    ]);
    let seen = lint(&folder, &["drizzle/migrations/0001_wise_hulk.sql"]).expect_code(1);
    let rewrite = of(&seen, "type-change-rewrites");
    assert_eq!(rewrite["file"], "drizzle/migrations/0001_wise_hulk.sql");
    assert_eq!(rewrite["line"], 1);
    assert_eq!(rewrite["lock"], "AccessExclusiveLock");
    assert_eq!(rewrite["effect"], "rewrite");
    assert_eq!(rewrite["blocks"], "reads+writes");
    assert!(rewrite["fix"].is_string(), "{rewrite}");
    let narrow = of(&seen, "narrowing-type");
    assert_eq!(narrow["severity"], "error");
    let index = of(&seen, "index-not-concurrent");
    assert_eq!(index["lock"], "ShareLock");
    assert_eq!(index["effect"], "scan");
    assert_eq!(index["blocks"], "writes");
    let concurrently = "CREATE INDEX CONCURRENTLY \"by_email\" ON \"users\" (\"email\")";
    assert_eq!(
        index["statement"],
        concurrently.replace("CONCURRENTLY ", "")
    );
    assert!(
        index["fix"].as_str().unwrap().contains(concurrently),
        "{index}"
    );
    assert_eq!(of(&seen, "drop-column")["line"], 3);
}

/// T02: "One logical change per migration", "Add indexes in separate migrations".
#[test]
fn t02() {
    let folder = project(&[
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        (
            "prisma/migrations/20250101000000_users/migration.sql",
            USERS,
        ),
        (
            "prisma/migrations/20250102000000_verified/migration.sql",
            "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN email_verified BOOLEAN DEFAULT FALSE;
CREATE INDEX idx_users_email_verified ON users(email_verified);
",
        ),
    ]);
    let together = lint(&folder, &["prisma"]).expect_code(1);
    let held = of(&together, "lock-held-during-work");
    assert_eq!(held["line"], 3);
    assert_eq!(held["blocks"], "reads+writes");
    put(
        folder.path(),
        "prisma/migrations/20250102000000_verified/migration.sql",
        "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN email_verified BOOLEAN DEFAULT FALSE;
",
    );
    put(
        folder.path(),
        "prisma/migrations/20250103000000_index/migration.sql",
        "CREATE INDEX CONCURRENTLY idx_users_email_verified ON users(email_verified);\n",
    );
    let apart = lint(&folder, &["prisma"]).expect_code(0);
    assert_eq!(places(&apart), Vec::<String>::new());
}

/// T03, `UPDATE users SET role = 'User' WHERE role IS NULL` as data migration.
#[test]
fn t03() {
    let folder = project(&[
        ("db/001_users.sql", USERS),
        (
            "db/002_role.sql",
            "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN role text;
UPDATE users SET role = 'User' WHERE role IS NULL;
",
        ),
    ]);
    let seen = lint(
        &folder,
        &["--rule", "unbatched-write,schema-and-data-mixed", "db"],
    );
    let expected = ["unbatched-write", "schema-and-data-mixed"];
    assert_eq!(
        places(&seen),
        expected.map(|rule| format!("db/002_role.sql:3: {rule}"))
    );
    assert_eq!(of(&seen, "unbatched-write")["lock"], "RowExclusiveLock");
}

/// T04: "Don't modify existing migrations. Once applied, migrations are immutable". Against git: what main
/// has is applied.
#[test]
fn t04() {
    let name = "prisma/migrations/20250101000000_users/migration.sql";
    let folder = branched(&[
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        (name, USERS),
        (
            "prisma/migrations/20250102000000_gone/migration.sql",
            "SELECT 1;\n",
        ),
    ]);
    let unchanged = lint(&folder, &["--since", "main", "prisma"]).expect_code(0);
    assert_eq!(places(&unchanged), Vec::<String>::new());
    put(
        folder.path(),
        name,
        &USERS.replace("email text", "email text, phone text"),
    );
    fs::remove_dir_all(folder.path().join("prisma/migrations/20250102000000_gone")).unwrap();
    let edited = lint(&folder, &["--since", "main", "prisma"]).expect_code(1);
    let gone = "prisma/migrations/20250102000000_gone/migration.sql";
    let mut seen = places(&edited);
    seen.sort();
    assert_eq!(
        seen,
        [
            format!("{name}:1: edited-migration"),
            format!("{gone}:1: removed-migration")
        ]
    );
    let message = of(&edited, "edited-migration")["message"].to_string();
    assert!(
        message.contains("main") && message.contains("checksum"),
        "{message}"
    );
}

/// G01: "Your migration: 0005_add_feature_a.sql. Colleague's migration (merged first): 0005_add_feature_b.sql".
#[test]
fn g01() {
    let folder = project(&[
        ("migrations/0004_users.sql", USERS),
        ("migrations/0005_add_feature_a.sql", "SELECT 1;\n"),
        ("migrations/0005_add_feature_b.sql", "SELECT 2;\n"),
    ]);
    let seen = lint(&folder, &["--layout", "sqlx", "migrations"]).expect_code(1);
    assert_eq!(
        places(&seen),
        ["migrations/0005_add_feature_b.sql:1: duplicate-version"]
    );
    // Two branches: what the other one merged first is found though it is not here.
    let folder = branched(&[("migrations/0004_users.sql", USERS)]);
    git(&folder, &["checkout", "-q", "main"]);
    put(
        folder.path(),
        "migrations/0005_add_feature_b.sql",
        "SELECT 2;\n",
    );
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "feature b"]);
    git(&folder, &["checkout", "-q", "branch"]);
    put(
        folder.path(),
        "migrations/0005_add_feature_a.sql",
        "SELECT 1;\n",
    );
    let seen = lint(
        &folder,
        &["--layout", "sqlx", "--since", "main", "migrations"],
    )
    .expect_code(1);
    let message = &of(&seen, "duplicate-version")["message"];
    assert!(
        message.as_str().unwrap().contains("0005_add_feature_b.sql"),
        "{message}"
    );
    // One that comes before what is applied.
    put(folder.path(), "migrations/0003_late.sql", "SELECT 3;\n");
    let seen = lint(
        &folder,
        &["--layout", "sqlx", "--since", "main", "migrations"],
    )
    .expect_code(1);
    assert_eq!(
        of(&seen, "version-out-of-order")["file"],
        "migrations/0003_late.sql"
    );
    // And a number that is missing, where the runner counts.
    let folder = project(&[
        (
            "m/001_a.sql",
            "SELECT 1;\n---- create above / drop below ----\nSELECT 1;\n",
        ),
        (
            "m/003_c.sql",
            "SELECT 1;\n---- create above / drop below ----\nSELECT 1;\n",
        ),
    ]);
    let seen = lint(&folder, &["m"]).expect_code(1);
    assert_eq!(places(&seen), ["m/003_c.sql:1: version-gap"]);
}

/// G02: "Always use conditional statements": IF NOT EXISTS, DO blocks. Off unless asked.
#[test]
fn g02() {
    let bare = "CREATE TABLE users (id int PRIMARY KEY);
CREATE TYPE status_type AS ENUM ('active', 'inactive');
CREATE INDEX users_email_idx ON users (id);
";
    let guarded = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text);
DO $$ BEGIN
  CREATE TYPE status_type AS ENUM ('active', 'inactive');
EXCEPTION
  WHEN duplicate_object THEN null;
END $$;
CREATE INDEX IF NOT EXISTS users_email_idx ON users (email);
";
    let folder = project(&[("bare.sql", bare), ("guarded.sql", guarded)]);
    let asked = |file: &str| places(&lint(&folder, &["--rule", "idempotence", file]));
    let expected = [1, 2, 3].map(|line| format!("bare.sql:{line}: not-repeatable"));
    assert_eq!(asked("bare.sql"), expected);
    assert_eq!(asked("guarded.sql"), Vec::<String>::new());
    let unasked = lint(&folder, &["bare.sql"]);
    assert!(!unasked.stdout.contains("not-repeatable"), "{unasked:?}");
}

/// G03: "Use descriptive names: `add_user_avatar_column`", not `update_schema`.
#[test]
fn g03() {
    let folder = project(&[
        ("db/0004_add_user_profiles.sql", "SELECT 1;\n"),
        ("db/0005_update_schema.sql", "SELECT 1;\n"),
    ]);
    let seen = lint(&folder, &["--rule", "vague-name", "db"]).expect_code(0);
    assert_eq!(places(&seen), ["db/0005_update_schema.sql:1: vague-name"]);
    // A name that Drizzle made up is nobody's fault.
    let journal = json!({"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "when": 1, "tag": "0000_update", "breakpoints": true},
    ]});
    let folder = project(&[
        ("drizzle/meta/_journal.json", &journal.to_string()),
        ("drizzle/0000_update.sql", "SELECT 1;\n"),
    ]);
    let seen = lint(&folder, &["--rule", "vague-name", "drizzle"]).expect_code(0);
    assert_eq!(places(&seen), Vec::<String>::new());
}

/// G04: "Include metadata at the top of each migration". Off unless asked.
#[test]
fn g04() {
    let header = "-- Migration: User Profile Feature
-- Created: 2025-01-15
-- Description: Add user_profiles table with avatar and bio fields
SELECT 1;
";
    let folder = project(&[
        ("db/0001_users.sql", header),
        ("db/0002_bare.sql", "-- CreateTable\nSELECT 1;\n"),
    ]);
    let seen = lint(&folder, &["--rule", "missing-header", "db"]).expect_code(0);
    assert_eq!(places(&seen), ["db/0002_bare.sql:1: missing-header"]);
    assert_eq!(
        places(&lint(&folder, &["db"]).expect_code(0)),
        Vec::<String>::new()
    );
}

/// G09: adding, removing and renaming columns, in phases.
#[test]
fn g09() {
    let folder = project(&[
        (
            "db/1_safe.sql",
            "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN IF NOT EXISTS bio TEXT;
ALTER TABLE users ADD COLUMN IF NOT EXISTS active BOOLEAN DEFAULT true;
",
        ),
        (
            "db/2_backfill.sql",
            "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN IF NOT EXISTS status TEXT;
ALTER TABLE users ALTER COLUMN status SET NOT NULL;
",
        ),
        (
            "db/3_removed.sql",
            "SET lock_timeout = '2s';\nALTER TABLE users DROP COLUMN IF EXISTS old_field;\n",
        ),
        (
            "db/4_renamed.sql",
            "SET lock_timeout = '2s';\nALTER TABLE accounts RENAME TO user_accounts;\n",
        ),
    ]);
    let seen = lint(&folder, &["db"]).expect_code(1);
    let places = places(&seen);
    assert!(
        !places.iter().any(|place| place.contains("1_safe")),
        "{places:?}"
    );
    for place in [
        "db/2_backfill.sql:3: set-not-null-scans",
        "db/3_removed.sql:2: drop-column",
        "db/4_renamed.sql:2: rename-object",
    ] {
        assert!(places.contains(&place.to_string()), "{place}\n{places:?}");
    }
    // The phases, with the user's own names; 18 needs one less.
    let phases = ["NOT VALID", "VALIDATE CONSTRAINT", "SET NOT NULL"];
    for (version, phases) in [("17", &phases[..]), ("18", &phases[..2])] {
        let seen = lint(&folder, &["--pg-version", version, "db"]);
        let fix = of(&seen, "set-not-null-scans")["fix"].to_string();
        for phase in phases {
            assert!(fix.contains(phase) && fix.contains("status"), "{fix}");
        }
    }
}

/// G12: reference data with ON CONFLICT DO NOTHING.
#[test]
fn g12() {
    let insert = "INSERT INTO roles (name) VALUES ('admin')";
    let folder = project(&[
        ("seed/1.sql", &format!("{insert};\n")),
        (
            "seed/2.sql",
            &format!("{insert} ON CONFLICT (name) DO NOTHING;\n"),
        ),
    ]);
    let seen = lint(&folder, &["--rule", "insert-without-conflict", "seed"]).expect_code(0);
    assert_eq!(places(&seen), ["seed/1.sql:1: insert-without-conflict"]);
}

/// G17, a migration timeout: without one every query on the table waits behind a migration that waits.
#[test]
fn g17() {
    let alter = "ALTER TABLE users ADD COLUMN bio text;\n";
    let folder = project(&[
        ("db/1_none.sql", alter),
        (
            "db/2_set.sql",
            &format!("SET lock_timeout = '2s';\n{alter}"),
        ),
        (
            "db/3_endless.sql",
            &format!("SET lock_timeout = 0;\n{alter}"),
        ),
    ]);
    let seen = lint(
        &folder,
        &["--rule", "timeouts", "--skip", "correctness", "db"],
    );
    // What is said once in a run is said last.
    let expected = [
        "db/3_endless.sql:2: endless-lock-timeout",
        "db/1_none.sql:1: missing-lock-timeout",
    ];
    assert_eq!(places(&seen), expected);
    // Who sets it for the role says so.
    put(
        folder.path(),
        "pg-migrate-lint.toml",
        "lock_timeout_is_set = true\n",
    );
    let seen = lint(
        &folder,
        &["--rule", "missing-lock-timeout", "db/1_none.sql"],
    );
    assert_eq!(places(&seen), Vec::<String>::new());
}

/// G18, the job in CI: only the changed files, as annotations, and a status that stops the merge.
#[test]
fn g18() {
    let folder = branched(&[
        ("migrations/0001_users.sql", USERS),
        (
            "migrations/0002_old.sql",
            "CREATE INDEX old ON users (name);\n",
        ),
        ("migrations/0003_gone.sql", "SELECT 1;\n"),
    ]);
    put(
        folder.path(),
        "migrations/0004_index.sql",
        "CREATE INDEX by_email ON users (email);\n",
    );
    fs::remove_file(folder.path().join("migrations/0003_gone.sql")).unwrap();
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "an index"]);
    let job = |format: &str| {
        let tool = tests::binary("pg-migrate-lint");
        let line = format!(
            "git diff --name-only main -- migrations | {} --skip timeouts --files-from - -o {format}",
            tool.display()
        );
        program("sh")
            .args(["-c", &line])
            .current_dir(folder.path())
            .run()
            .expect_code(1)
    };
    let annotations = job("github");
    let start = "::error file=migrations/0004_index.sql,line=1,col=1,endLine=1,title=index-not-concurrent::";
    assert!(annotations.stdout.starts_with(start), "{annotations:?}");
    assert_eq!(annotations.stdout.lines().count(), 1, "{annotations:?}");
    assert_eq!(annotations.stderr, "");
    let sarif: Value = serde_json::from_str(&job("sarif").stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["ruleId"], "index-not-concurrent");
    assert!(
        job("table")
            .stdout
            .contains("migrations/0004_index.sql:1:1: error: ")
    );
    // Nothing new: nothing to say, though the old index is as bad as it was.
    let seen = lint(&folder, &["--since", "branch", "migrations"]).expect_code(0);
    assert_eq!(seen.stdout, "");
}

/// N04: "Safe (no downtime)" and "Requires care", each line of it.
#[test]
fn n04() {
    let rules = |sql: &str| {
        let timeout = match sql.contains("CONCURRENTLY") {
            true => "",
            false => "SET lock_timeout = '2s';\n",
        };
        let sql = format!("{timeout}{sql}\n");
        let folder = project(&[("0001_users.sql", USERS), ("0002_change.sql", &sql)]);
        let seen = lint(&folder, &["0002_change.sql"]).json_lines();
        let worth = seen.iter().filter(|record| record["severity"] != "info");
        worth
            .map(|record| record["rule"].as_str().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    for safe in [
        "ALTER TABLE users ADD COLUMN bio text;",
        "CREATE TABLE posts (id bigint PRIMARY KEY);",
        "CREATE INDEX CONCURRENTLY by_email ON users (email);",
        "ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '') NOT VALID;",
        "ALTER TABLE users ADD COLUMN status text NOT NULL DEFAULT 'active';",
    ] {
        assert_eq!(rules(safe), Vec::<String>::new(), "{safe}");
    }
    for (care, rule) in [
        (
            "CREATE INDEX by_email ON users (email);",
            "index-not-concurrent",
        ),
        (
            "ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '');",
            "check-without-not-valid",
        ),
        (
            "ALTER TABLE users ADD COLUMN status text NOT NULL;",
            "required-column",
        ),
        (
            "ALTER TABLE users RENAME COLUMN name TO full_name;",
            "rename-column",
        ),
        ("ALTER TABLE users DROP COLUMN name;", "drop-column"),
    ] {
        assert!(
            rules(care).contains(&rule.to_string()),
            "{care}: {:?}",
            rules(care)
        );
    }
}

/// N05, the three migrations of "Multi-step column rename": what is still wrong with each is said.
#[test]
fn n05() {
    let folder = project(&[
        ("db/0_users.sql", USERS),
        (
            "db/1_add.sql",
            "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN full_name TEXT;\nUPDATE users SET full_name = name;\n",
        ),
        (
            "db/2_not_null.sql",
            "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN full_name SET NOT NULL;\n",
        ),
        (
            "db/3_drop.sql",
            "SET lock_timeout = '2s';\nALTER TABLE users DROP COLUMN name;\n",
        ),
    ]);
    let seen = places(&lint(&folder, &["db"]).expect_code(1));
    let expected = [
        "db/1_add.sql:3: unbatched-write",
        "db/2_not_null.sql:2: set-not-null-scans",
        "db/3_drop.sql:2: drop-column",
    ];
    assert_eq!(seen, expected);
    // The rename in one step that they stand for.
    let rename = "SET lock_timeout = '2s';\nALTER TABLE users RENAME COLUMN name TO full_name;\n";
    put(folder.path(), "db/1_add.sql", rename);
    let seen = lint(&folder, &["db/1_add.sql"]);
    let fix = of(&seen, "rename-column");
    assert!(fix["fix"].to_string().contains("full_name"), "{fix}");
}

/// N06: `rollback.sql` beside `migration.sql`; that it is missing is said where it is asked for. Off unless asked.
#[test]
fn n06() {
    let with = "prisma/migrations/20250101000000_users";
    let without = "prisma/migrations/20250102000000_posts/migration.sql";
    let folder = project(&[
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        (&format!("{with}/migration.sql"), USERS),
        (&format!("{with}/down.sql"), "DROP TABLE users;\n"),
        (without, "CREATE TABLE posts (id bigint PRIMARY KEY);\n"),
    ]);
    let seen = lint(&folder, &["--rule", "missing-down", "prisma"]).expect_code(0);
    assert_eq!(places(&seen), [format!("{without}:1: missing-down")]);
    // The way back drops on purpose: nothing is said about that.
    assert_eq!(
        places(&lint(&folder, &["prisma"]).expect_code(0)),
        Vec::<String>::new()
    );
    fs::rename(
        folder.path().join(format!("{with}/down.sql")),
        folder.path().join(format!("{with}/rollback.sql")),
    )
    .unwrap();
    let seen = lint(&folder, &["--rule", "missing-down", "prisma"]).expect_code(0);
    assert_eq!(places(&seen), [format!("{without}:1: missing-down")]);
}

/// A06, "Use transactions where possible": and where it is not.
#[test]
fn a06() {
    let folder = project(&[
        ("sql/V1__users.sql", USERS),
        (
            "sql/V2__index.sql",
            "CREATE TABLE posts (id bigint PRIMARY KEY);\nCREATE INDEX CONCURRENTLY by_email ON users (email);\n",
        ),
    ]);
    let seen = places(&lint(&folder, &["--layout", "flyway", "sql"]).expect_code(1));
    assert_eq!(seen, ["sql/V2__index.sql:2: mixed-transaction"]);
    // By itself it is fine, since Flyway then leaves the transaction out.
    put(
        folder.path(),
        "sql/V2__index.sql",
        "CREATE INDEX CONCURRENTLY by_email ON users (email);\n",
    );
    let seen = places(&lint(&folder, &["--layout", "flyway", "sql"]).expect_code(0));
    assert_eq!(seen, Vec::<String>::new());
    // The same statement under a runner that always begins one.
    let tern = "CREATE INDEX CONCURRENTLY by_email ON users (email);\n---- create above / drop below ----\nDROP INDEX by_email;\n";
    let folder = project(&[("m/001_index.sql", tern)]);
    let seen = places(&lint(&folder, &["m"]).expect_code(1));
    assert_eq!(seen, ["m/001_index.sql:1: cannot-run-in-transaction"]);
}

/// N16: indexes for foreign keys.
#[test]
fn n16() {
    let posts =
        "CREATE TABLE posts (id bigint PRIMARY KEY, author_id bigint REFERENCES users (id));\n";
    let folder = project(&[
        ("db/1_users.sql", USERS),
        (
            "db/2_posts.sql",
            &format!("SET lock_timeout = '2s';\n{posts}"),
        ),
    ]);
    let seen = lint(&folder, &["--rule", "foreign-key-without-index", "db"]);
    assert_eq!(
        places(&seen),
        ["db/2_posts.sql:2: foreign-key-without-index"]
    );
    let fix = of(&seen, "foreign-key-without-index")["fix"].to_string();
    assert!(fix.contains("author_id"), "{fix}");
    let indexed = format!("SET lock_timeout = '2s';\n{posts}CREATE INDEX ON posts (author_id);\n");
    put(folder.path(), "db/2_posts.sql", &indexed);
    let seen = lint(&folder, &["--rule", "foreign-key-without-index", "db"]).expect_code(0);
    assert_eq!(places(&seen), Vec::<String>::new());
}
