//! A project of migrations with a live database.

use std::fs;

use tempfile::TempDir;
use tests::Database;

const HISTORY: &str = "create table _sqlx_migrations
    (version bigint primary key, description text not null, installed_on timestamptz not null default now(),
     success boolean not null, checksum bytea not null, execution_time bigint not null);";

const ORDERS: &str = "create table orders (id bigint primary key, customer int, note text);";

const WIDER: &str = "alter table orders alter column customer type bigint;";

pub fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("migrations")).unwrap();
    for (name, text) in [
        ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
        ("migrations/1_orders.sql", ORDERS),
        ("migrations/2_wider.sql", WIDER),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A live database with the first migration and many rows.
pub fn live() -> Database<'static> {
    let database = Database::new();
    let applied = format!(
        "insert into _sqlx_migrations values (1, 'orders', now(), true, sha384('{ORDERS}'), 1)"
    );
    let rows = "insert into orders select g, g, repeat('x', 100) from generate_series(1, 5000) g";
    database.sql(&[HISTORY, ORDERS, rows, ";", &applied].concat());
    database
}

pub const KIND: &str = "select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = 'orders'::regclass and attname = 'customer'";
