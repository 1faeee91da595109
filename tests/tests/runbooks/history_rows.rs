//! The rows about migrations and what a server has of them.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Database, Output, ToolCommand, binary, program, tool};

const PRISMA: &str = "create table _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0);";

const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY);\n";
const POSTS: &str = "CREATE TABLE posts (id bigint PRIMARY KEY);\n";
const TAGS: &str = "CREATE TABLE tags (id bigint PRIMARY KEY);\n";

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn prisma() -> TempDir {
    project(&[
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        (
            "prisma/migrations/20250101000000_users/migration.sql",
            USERS,
        ),
        (
            "prisma/migrations/20250102000000_posts/migration.sql",
            POSTS,
        ),
        ("prisma/migrations/20250103000000_tags/migration.sql", TAGS),
    ])
}

fn run(folder: &TempDir, database: &Database, words: &[&str]) -> Output {
    at(folder, database, tool("pg-migrate-lint").args(words)).run()
}

fn at(folder: &TempDir, database: &Database, command: ToolCommand) -> ToolCommand {
    command.database(database).current_dir(folder.path())
}

/// Version and state of each migration.
fn states(output: &Output) -> Vec<String> {
    let state = |record: &Value| {
        let text = |field: &str| record[field].as_str().unwrap().to_string();
        format!("{} {}", text("version"), text("state"))
    };
    output.json_lines().iter().map(state).collect()
}

/// A row of Prisma's, with the checksum by the server's own function.
fn row(name: &str, text: &str, finished: &str, rolled_back: &str) -> String {
    let text = text.replace('\'', "''").replace('\n', "\\n");
    format!(
        "insert into _prisma_migrations (id, checksum, migration_name, finished_at, rolled_back_at)
         values (gen_random_uuid(), encode(sha256(convert_to(E'{text}', 'UTF8')), 'hex'), '{name}', {finished}, {rolled_back});"
    )
}

/// T04 and N03: "Once applied, migrations are immutable". Against the history table: by Prisma's checksum, and by the hash
/// that Drizzle keeps and never looks at.
#[test]
fn t04() {
    let (folder, database) = (prisma(), Database::new());
    let rows = [
        row("20250101000000_users", USERS, "now()", "null"),
        row("20250102000000_posts", POSTS, "now()", "null"),
    ];
    database.sql(&format!("{PRISMA}{}", rows.concat()));
    let well = run(&folder, &database, &["--status", "prisma"]).expect_code(0);
    assert_eq!(states(&well)[0], "20250101000000_users applied");
    let edited = folder
        .path()
        .join("prisma/migrations/20250101000000_users/migration.sql");
    fs::write(
        edited,
        USERS.replace("id bigint", "id bigint, phone text, id2 bigint"),
    )
    .unwrap();
    let seen = run(&folder, &database, &["--status", "prisma"]).expect_code(1);
    assert_eq!(states(&seen)[0], "20250101000000_users edited");
    assert_eq!(states(&seen)[1], "20250102000000_posts applied");

    let journal = json!({"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "when": 1, "tag": "0000_users", "breakpoints": true},
    ]});
    let folder = project(&[
        ("drizzle/meta/_journal.json", &journal.to_string()),
        ("drizzle/0000_users.sql", USERS),
    ]);
    let database = Database::new();
    let hash = program("sha256sum").stdin(POSTS).run().stdout[..64].to_string();
    database.sql(&format!(
        "create schema drizzle create table __drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
         insert into drizzle.__drizzle_migrations (hash, created_at) values ('{hash}', 1)"
    ));
    let seen = run(&folder, &database, &["--status", "drizzle"]).expect_code(1);
    assert_eq!(states(&seen), ["0000_users edited"]);
}

/// V12: `migrate --status`, `--dry-run`, `--target`: "applied, pending, failed, missing, out of order"; what is pending is
/// run by psql, up to a target.
#[test]
fn v12() {
    let folder = project(&[
        ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
        ("migrations/1_users.sql", USERS),
        ("migrations/2_posts.sql", POSTS),
        ("migrations/3_tags.sql", TAGS),
        (
            "migrations/4_more.sql",
            "ALTER TABLE tags ADD COLUMN name text;\n",
        ),
    ]);
    let database = Database::new();
    database.sql(
        "create table _sqlx_migrations (version bigint primary key, description text not null,
            installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
            execution_time bigint not null);
         insert into _sqlx_migrations
         select 1, 'users', now(), true, sha384(convert_to(E'CREATE TABLE users (id bigint PRIMARY KEY);\\n', 'UTF8')), 1;
         create table users (id bigint primary key)",
    );
    let seen = run(&folder, &database, &["--status", "migrations"]).expect_code(0);
    assert_eq!(
        states(&seen),
        ["1 applied", "2 pending", "3 pending", "4 pending"]
    );
    // The dry run is what would be run; the target is where the list ends.
    let lint = binary("pg-migrate-lint");
    let line = format!(
        "'{}' --pending migrations | jq -r 'select((.version | tonumber) <= 3).file' | xargs -n1 psql -q -1 -v ON_ERROR_STOP=1 -f",
        lint.display()
    );
    at(&folder, &database, program("sh").args(["-c", &line]))
        .run()
        .expect_code(0);
    let tables = "select string_agg(relname, ' ' order by relname) from pg_class where relkind = 'r' and relname in ('users', 'posts', 'tags')";
    assert_eq!(database.value(tables), "posts tags users");
    // One that failed, one that is not here, and one that comes late.
    database.sql(
        "insert into _sqlx_migrations values (3, 'tags', now(), false, '\\x00', 1), (9, 'gone', now(), true, '\\x00', 1)",
    );
    let seen = run(&folder, &database, &["--status", "migrations"]).expect_code(1);
    assert_eq!(
        states(&seen),
        [
            "1 applied",
            "2 out_of_order",
            "3 failed",
            "4 out_of_order",
            "9 missing_here"
        ]
    );
    let none = run(&folder, &database, &["--pending", "migrations"]).expect_code(1);
    assert_eq!(none.stdout, "", "{none:?}");
}

/// N07: "Migration failed in production": rows of _prisma_migrations that failed and that were marked as rolled back.
#[test]
fn n07() {
    let (folder, database) = (prisma(), Database::new());
    let rows = [
        row("20250101000000_users", USERS, "now()", "null"),
        row("20250102000000_posts", POSTS, "null", "now()"),
        row("20250103000000_tags", TAGS, "null", "null"),
    ];
    database.sql(&format!("{PRISMA}{}", rows.concat()));
    let seen = run(&folder, &database, &["--status", "prisma"]).expect_code(1);
    let expected = [
        "20250101000000_users applied",
        "20250102000000_posts rolled_back",
        "20250103000000_tags failed",
    ];
    assert_eq!(states(&seen), expected);
    // `prisma migrate resolve --rolled-back`
    database.sql("update _prisma_migrations set rolled_back_at = now() where finished_at is null");
    let next = run(&folder, &database, &["--pending", "prisma"]).expect_code(0);
    assert_eq!(
        states(&next),
        [
            "20250102000000_posts rolled_back",
            "20250103000000_tags rolled_back"
        ]
    );
}

/// A05: "read SQL, test, back up, deploy": each step only if the one before found nothing.
#[test]
fn a05() {
    let (folder, database) = (prisma(), Database::new());
    database.sql(&format!(
        "{PRISMA}{}",
        row("20250101000000_users", USERS, "now()", "null")
    ));
    let [lint, rotate] =
        ["pg-migrate-lint", "pg-dump-rotate"].map(|name| binary(name).display().to_string());
    let gate = format!(
        "'{lint}' -q prisma && '{lint}' -q --status prisma && '{rotate}' -q --dir backups --label pre-migration && echo deployed"
    );
    let pass = || at(&folder, &database, program("sh").args(["-c", &gate])).run();
    let well = pass().expect_code(0);
    assert!(well.stdout.ends_with("deployed\n"), "{well:?}");
    assert!(well.stdout.contains("\"action\":\"created\""), "{well:?}");
    database.sql("update _prisma_migrations set checksum = repeat('0', 64)");
    let stopped = pass().expect_code(1);
    assert!(
        !stopped.stdout.contains("deployed") && !stopped.stdout.contains("created"),
        "{stopped:?}"
    );
}
