//! The page on the least rights: each block of SQL makes the command below it work, and no line of it is too many.

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;

use postgres::Client;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, binary, eventually, program, start};

/// What the page says of one use of a tool.
struct Section {
    title: String,
    /// The statements that make a role, the first of which creates it.
    statements: Vec<String>,
    commands: String,
}

impl Section {
    fn tool(&self) -> &str {
        self.title.split([' ', ',']).next().unwrap()
    }

    fn role(&self) -> &str {
        self.statements[0]
            .split(' ')
            .nth(2)
            .unwrap()
            .trim_end_matches(';')
    }
}

fn sections() -> Vec<Section> {
    let page = include_str!("../../docs/privileges.md");
    let sections = page.split("\n## ").skip(1).map(|text| {
        let block = |language: &str| {
            let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
            rest.split("```").next().unwrap().to_string()
        };
        Section {
            title: text.lines().next().unwrap().to_string(),
            statements: block("sql").lines().map(str::to_string).collect(),
            commands: block("sh"),
        }
    });
    sections.collect()
}

/// What the tables are that somebody else has, and the place of what the commands read and write.
const SHOP: &str = "
    create schema amcheck; create extension amcheck schema amcheck;
    create extension pg_stat_statements;
    revoke create on schema public from public;
    grant create on database app to shop_owner;
    set role shop_owner;
    create schema shop;
    create table shop.customers (id int primary key, name text);
    create table shop.orders (id serial primary key, customer int references shop.customers);
    create index on shop.orders (customer);
    create table shop.schema_migrations (version bigint primary key, dirty boolean not null);
    insert into shop.customers values (1, 'one'), (2, 'two');
    insert into shop.orders (customer) values (1), (2), (2);
    insert into shop.schema_migrations values (1, false);
    analyze shop.customers, shop.orders, shop.schema_migrations";

/// What comes once the role is there.
const LATER: &str = "set role shop_owner; create table shop.later (id serial primary key)";

/// Rows that a policy may hide.
const HIDING: &str = "alter table shop.orders enable row level security";

/// Both who sits on a table and who waits for it, which only the tool that ends them bears.
struct Queue {
    head: Client,
    waiter: thread::JoinHandle<()>,
}

impl Queue {
    fn new(database: &Database<'_>) -> Self {
        let lock = "set role shop_owner; begin; lock table shop.orders";
        let mut head = session(database.cluster(), "shop_owner");
        head.batch_execute(lock).unwrap();
        let mut waiting = session(database.cluster(), "shop_owner");
        // It is given up once the test is over, or goes on once the head is ended.
        let waiter = thread::spawn(move || drop(waiting.batch_execute("select from shop.orders")));
        eventually("it waits", || {
            database.value("select count(*) from pg_locks where not granted") == "1"
        });
        Self { head, waiter }
    }

    fn end(self) {
        drop(self.head);
        self.waiter.join().unwrap();
    }
}

/// A session in `app` of somebody else than the section's role.
fn session(cluster: &Cluster, role: &str) -> Client {
    let mut config = postgres::Config::new();
    config.host_path(cluster.socket_dir()).port(cluster.port());
    config.user(role).dbname("app");
    config.connect(postgres::NoTls).unwrap()
}

/// The section's commands by its role, which has all that the page gives it but one line.
fn trial(cluster: &Cluster, section: &Section, without: Option<usize>) -> Output {
    let database = Database::named(cluster, "app");
    database.sql(SHOP);
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path(), &database);
    if section.title == "pg-dump-rotate" {
        database.sql(HIDING);
    }
    for (number, statement) in section.statements.iter().enumerate() {
        if Some(number) != without {
            database.sql(statement);
        }
    }
    database.sql(LATER);
    let promotes = section.title.ends_with("--promote");
    let visitor = promotes.then(|| session(cluster, "visitor"));
    let blocks = section.title.starts_with("pg-lock-kill");
    let queue = blocks.then(|| Queue::new(&database));
    let output = run(cluster, section, folder.path());
    drop(visitor);
    if let Some(queue) = queue {
        queue.end();
    }
    tidy(cluster, section.role());
    output
}

/// A backup, and a migration that was run.
fn prepare(folder: &Path, database: &Database<'_>) {
    let dump = program("pg_dump").args(["-Fc", "-n", "shop", "-f", "app.dump", "app"]);
    dump.database(database)
        .current_dir(folder)
        .run()
        .expect_code(0);
    fs::create_dir(folder.join("migrations")).unwrap();
    for (way, sql) in [
        ("up", "CREATE TABLE t (id bigint);"),
        ("down", "DROP TABLE t;"),
    ] {
        fs::write(folder.join(format!("migrations/0001_t.{way}.sql")), sql).unwrap();
    }
}

fn run(cluster: &Cluster, section: &Section, folder: &Path) -> Output {
    let tools = binary(section.tool())
        .parent()
        .unwrap()
        .display()
        .to_string();
    let path = format!("{tools}:{}", std::env::var("PATH").unwrap());
    let script = format!("set -e\n{}", section.commands);
    program("sh")
        .args(["-c", &script])
        .env("PATH", path)
        .server(cluster)
        .env("PGUSER", section.role())
        .current_dir(folder)
        .run()
}

/// Leaves the server as it was, for the next.
fn tidy(cluster: &Cluster, role: &str) {
    let mut client = cluster.connect("postgres").unwrap();
    let databases = "select datname from pg_database where datname like 'app%'";
    for row in client.query(databases, &[]).unwrap() {
        let name: String = row.get(0);
        let drop = format!("drop database \"{name}\" with (force)");
        client.batch_execute(&drop).unwrap();
    }
    client
        .batch_execute(&format!("drop owned by {role}; drop role {role}"))
        .unwrap();
}

fn server() -> Cluster {
    // What is unsafe would be found.
    let settings = [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("autovacuum", "on"),
        ("shared_preload_libraries", "pg_stat_statements"),
    ];
    let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
    let cluster = start(&ClusterOptions {
        settings: settings.to_vec(),
        ..ClusterOptions::default()
    });
    let roles = "create role shop_owner login; create role visitor login";
    cluster
        .connect("postgres")
        .unwrap()
        .batch_execute(roles)
        .unwrap();
    cluster
}

/// 13 has no role that reads everything.
fn is_there(cluster: &Cluster, section: &Section) -> bool {
    let asks = section
        .statements
        .iter()
        .any(|line| line.contains("pg_read_all_data"));
    cluster.version().major >= 14 || !asks
}

/// The section with one attribute less of its role.
fn less(section: &Section) -> Option<Section> {
    let (_, attribute) = section.statements[0].split_once(" LOGIN ")?;
    let mut statements = section.statements.clone();
    statements[0] = statements[0].replace(&format!(" {attribute}"), ";");
    Some(Section {
        title: section.title.clone(),
        statements,
        commands: section.commands.clone(),
    })
}

/// Every line that the page has of this tool is needed, and no other.
fn hold(tool: &str) {
    let cluster = server();
    let sections = sections();
    let of_tool = |section: &&Section| section.tool() == tool && is_there(&cluster, section);
    let mut wrong = Vec::new();
    for section in sections.iter().filter(of_tool) {
        let title = &section.title;
        let output = trial(&cluster, section, None);
        if output.code() != Some(0) {
            wrong.push(format!("{title}: {output:?}"));
        }
        for (number, line) in section.statements.iter().enumerate().skip(1) {
            if trial(&cluster, section, Some(number)).code() == Some(0) {
                wrong.push(format!("{title}: goes without {line}"));
            }
        }
        let less = less(section);
        if less.is_some_and(|less| trial(&cluster, &less, None).code() == Some(0)) {
            wrong.push(format!("{title}: goes without its attributes"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const TOOLS: [&str; 5] = [
    "pg-dump-rotate",
    "pg-restore-verify",
    "pg-lock-kill",
    "pg-stat-report",
    "pg-migrate-lint",
];

#[test]
fn the_page_has_every_tool_and_no_other() {
    let found: BTreeSet<String> = sections()
        .iter()
        .map(|section| section.tool().to_string())
        .collect();
    assert_eq!(found, TOOLS.map(str::to_string).into());
}

#[test]
fn of_pg_dump_rotate() {
    hold(TOOLS[0]);
}

#[test]
fn of_pg_restore_verify() {
    hold(TOOLS[1]);
}

#[test]
fn of_pg_lock_kill() {
    hold(TOOLS[2]);
}

#[test]
fn of_pg_stat_report() {
    hold(TOOLS[3]);
}

#[test]
fn of_pg_migrate_lint() {
    hold(TOOLS[4]);
}
