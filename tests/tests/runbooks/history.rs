//! Projects of migrations, and what a server has of them.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Database, Output, ToolCommand, tool};

pub const PRISMA: &str = "create table _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0);";

pub const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY);\n";

pub const POSTS: &str = "CREATE TABLE posts (id bigint PRIMARY KEY);\n";

pub const TAGS: &str = "CREATE TABLE tags (id bigint PRIMARY KEY);\n";

pub fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

pub fn prisma() -> TempDir {
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

pub fn run(folder: &TempDir, database: &Database, words: &[&str]) -> Output {
    at(folder, database, tool("pg-migrate-lint").args(words)).run()
}

pub fn at(folder: &TempDir, database: &Database, command: ToolCommand) -> ToolCommand {
    command.database(database).current_dir(folder.path())
}

/// Version and state of each migration.
pub fn states(output: &Output) -> Vec<String> {
    let state = |record: &Value| {
        let text = |field: &str| record[field].as_str().unwrap().to_string();
        format!("{} {}", text("version"), text("state"))
    };
    output.json_lines().iter().map(state).collect()
}

/// A row of Prisma's, with the checksum by the server's own function.
pub fn row(name: &str, text: &str, finished: &str, rolled_back: &str) -> String {
    let text = text.replace('\'', "''").replace('\n', "\\n");
    format!(
        "insert into _prisma_migrations (id, checksum, migration_name, finished_at, rolled_back_at)
         values (gen_random_uuid(), encode(sha256(convert_to(E'{text}', 'UTF8')), 'hex'), '{name}', {finished}, {rolled_back});"
    )
}
