//! A folder that breaks each rule about folders, and one that does not.

use crate::rules::Example;

/// Of one rule.
pub struct Pair {
    /// What it finds.
    pub bad: &'static [Example],
    /// What it does not find.
    pub good: &'static [Example],
}

/// A file with a statement that does not matter.
const fn named(name: &'static str) -> (&'static str, &'static str) {
    (name, "")
}

macro_rules! pairs {
    ($($rule:ident bad $bad:expr, good $good:expr;)*) => {
        $(pub const $rule: Pair = Pair { bad: &[$bad], good: &[$good] };)*
    };
}

pairs! {
    DUPLICATE_VERSION
        bad Example::folder("sqlx", &[named("1_users.sql"), named("2_orders.sql"), named("2_plans.sql")]),
        good Example::folder("sqlx", &[named("1_users.sql"), named("2_orders.sql"), named("3_plans.sql")]);
    VERSION_GAP
        bad Example::folder("tern", &[named("001_users.sql"), named("003_orders.sql")]),
        good Example::folder("tern", &[named("001_users.sql"), named("002_orders.sql")]);
    VERSION_OUT_OF_ORDER
        bad Example::folder("golang-migrate", &[named("1_users.up.sql"), named("10_orders.up.sql"), named("9_plans.up.sql")])
            .since(&[named("1_users.up.sql"), named("10_orders.up.sql")]),
        good Example::folder("golang-migrate", &[named("1_users.up.sql"), named("10_orders.up.sql"), named("11_plans.up.sql")])
            .since(&[named("1_users.up.sql"), named("10_orders.up.sql")]);
    LEXICAL_ORDER
        bad Example::folder("supabase", &[named("10_orders.sql"), named("2_users.sql")]),
        good Example::folder("supabase", &[named("02_users.sql"), named("10_orders.sql")]);
    INVALID_VERSION
        bad Example::folder("sqlx", &[named("1_users.sql"), named("init_schema.sql")]),
        good Example::folder("sqlx", &[named("1_users.sql"), named("2_init_schema.sql")]);
    SKIPPED_FILE
        bad Example::folder("flyway", &[named("V1__users.sql"), named("V2_orders.sql")]),
        good Example::folder("flyway", &[named("V1__users.sql"), named("V2__orders.sql")]);
    MISSING_MARKER
        bad Example::folder("goose", &[
            ("1_users.sql", "-- +goose Up\nCREATE TABLE users (id bigint);\n"),
            ("2_orders.sql", "CREATE TABLE orders (id bigint);\n"),
        ]),
        good Example::folder("goose", &[
            ("1_users.sql", "-- +goose Up\nCREATE TABLE users (id bigint);\n"),
            ("2_orders.sql", "-- +goose Up\nCREATE TABLE orders (id bigint);\n"),
        ]);
    SPLIT_BODY
        bad Example::folder("goose", &[(
            "1_touch.sql",
            "-- +goose Up\nCREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  NEW.at = now();\n  RETURN NEW;\nEND $$;\n",
        )]),
        good Example::folder("goose", &[(
            "1_touch.sql",
            "-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  NEW.at = now();\n  RETURN NEW;\nEND $$;\n-- +goose StatementEnd\n",
        )]);
    MIXED_TRANSACTION
        bad Example::folder("flyway", &[(
            "V1__orders.sql",
            "ALTER TABLE orders ADD COLUMN paid_at timestamptz;\nCREATE INDEX CONCURRENTLY orders_paid ON orders (paid_at);\n",
        )]),
        good Example::folder("flyway", &[
            ("V1__orders.sql", "ALTER TABLE orders ADD COLUMN paid_at timestamptz;\n"),
            ("V2__orders_paid.sql", "CREATE INDEX CONCURRENTLY orders_paid ON orders (paid_at);\n"),
        ]);
    JOURNAL_WITHOUT_FILE
        bad Example::folder("drizzle", &[("meta/_journal.json", TWO_ENTRIES), named("0000_users.sql")]),
        good Example::folder("drizzle", &[("meta/_journal.json", TWO_ENTRIES), named("0000_users.sql"), named("0001_orders.sql")]);
    FILE_WITHOUT_JOURNAL
        bad Example::folder("drizzle", &[
            ("meta/_journal.json", TWO_ENTRIES),
            named("0000_users.sql"),
            named("0001_orders.sql"),
            named("0002_plans.sql"),
        ]),
        good Example::folder("drizzle", &[("meta/_journal.json", TWO_ENTRIES), named("0000_users.sql"), named("0001_orders.sql")]);
    JOURNAL_NOT_INCREASING
        bad Example::folder("drizzle", &[
            (
                "meta/_journal.json",
                "{\"dialect\": \"postgresql\", \"entries\": [\n  {\"idx\": 0, \"when\": 1735700000000, \"tag\": \"0000_users\"},\n  {\"idx\": 1, \"when\": 1735600000000, \"tag\": \"0001_orders\"}\n]}\n",
            ),
            named("0000_users.sql"),
            named("0001_orders.sql"),
        ]),
        good Example::folder("drizzle", &[("meta/_journal.json", TWO_ENTRIES), named("0000_users.sql"), named("0001_orders.sql")]);
    OTHER_DATABASE
        bad Example::folder("prisma", &[("migration_lock.toml", "provider = \"mysql\"\n"), named("20250101000000_users/migration.sql")]),
        good Example::folder("prisma", &[("migration_lock.toml", "provider = \"postgresql\"\n"), named("20250101000000_users/migration.sql")]);
    FOLDER_WITHOUT_MIGRATION
        bad Example::folder("prisma", &[named("20250101000000_users/migration.sql"), named("20250102000000_orders/README.md")]),
        good Example::folder("prisma", &[named("20250101000000_users/migration.sql"), named("20250102000000_orders/migration.sql")]);
    PLAN_WITHOUT_SCRIPT
        bad Example::folder("sqitch", &[("sqitch.plan", PLAN), named("deploy/users.sql"), named("revert/users.sql")]),
        good PLANNED;
    SCRIPT_WITHOUT_PLAN
        bad Example::folder("sqitch", &[
            ("sqitch.plan", PLAN),
            named("deploy/users.sql"),
            named("deploy/orders.sql"),
            named("deploy/plans.sql"),
            named("revert/users.sql"),
            named("revert/orders.sql"),
        ]),
        good PLANNED;
    BROKEN_CHAIN
        bad Example::folder("graphile-migrate", &[
            ("committed/000001.sql", "--! Previous: -\n--! Hash: sha1:31f4\n--! AllowInvalidHash\n\nCREATE TABLE users (id bigint);\n"),
            ("committed/000002.sql", "--! Previous: sha1:77aa\n--! Hash: sha1:9b20\n--! AllowInvalidHash\n\nCREATE TABLE orders (id bigint);\n"),
            named("current.sql"),
        ]),
        good Example::folder("graphile-migrate", &[
            ("committed/000001.sql", "--! Previous: -\n--! Hash: sha1:31f4\n--! AllowInvalidHash\n\nCREATE TABLE users (id bigint);\n"),
            ("committed/000002.sql", "--! Previous: sha1:31f4\n--! Hash: sha1:9b20\n--! AllowInvalidHash\n\nCREATE TABLE orders (id bigint);\n"),
            named("current.sql"),
        ]);
    EDITED_MIGRATION
        bad Example::folder("sqlx", &[("1_users.sql", "CREATE TABLE users (id bigint, name text);\n")])
            .since(&[("1_users.sql", "CREATE TABLE users (id bigint);\n")]),
        good Example::folder("sqlx", &[("1_users.sql", "CREATE TABLE users (id bigint);\n"), ("2_name.sql", "ALTER TABLE users ADD COLUMN name text;\n")])
            .since(&[("1_users.sql", "CREATE TABLE users (id bigint);\n")]);
    REMOVED_MIGRATION
        bad Example::folder("sqlx", &[named("1_users.sql"), named("3_plans.sql")]).since(&[named("1_users.sql"), named("2_orders.sql")]),
        good Example::folder("sqlx", &[named("1_users.sql"), named("2_orders.sql"), named("3_drop_orders.sql")])
            .since(&[named("1_users.sql"), named("2_orders.sql")]);
    CRLF_LINE_ENDINGS
        bad Example::folder("sqlx", &[("1_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\r\n")]),
        good Example::folder("sqlx", &[("1_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n")]);
    MISSING_DOWN
        bad Example::folder("golang-migrate", &[named("1_users.up.sql")]),
        good Example::folder("golang-migrate", &[named("1_users.up.sql"), named("1_users.down.sql")]);
    MISSING_HEADER
        bad Example::folder("sqlx", &[("1_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n")]),
        good Example::folder("sqlx", &[("1_users.sql", "-- Whoever may log in, for the new shop.\nCREATE TABLE users (id bigint PRIMARY KEY);\n")]);
    VAGUE_NAME
        bad Example::folder("sqlx", &[named("42_update.sql")]),
        good Example::folder("sqlx", &[named("42_orders_add_shipped_at.sql")]);
}

const TWO_ENTRIES: &str = "{\"dialect\": \"postgresql\", \"entries\": [\n  {\"idx\": 0, \"when\": 1735600000000, \"tag\": \"0000_users\"},\n  {\"idx\": 1, \"when\": 1735700000000, \"tag\": \"0001_orders\"}\n]}\n";

const PLAN: &str =
    "users 2025-01-01T00:00:00Z A <a@b.c>\norders [users] 2025-01-02T00:00:00Z A <a@b.c>\n";

const PLANNED: Example = Example::folder(
    "sqitch",
    &[
        ("sqitch.plan", PLAN),
        named("deploy/users.sql"),
        named("deploy/orders.sql"),
        named("revert/users.sql"),
        named("revert/orders.sql"),
    ],
);
