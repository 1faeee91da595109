//! The sample application: its database, its migrations, its runner, and those who use it meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use postgres::{Client, NoTls};
use shared::cluster::{Cluster, ClusterOptions};
use tempfile::TempDir;
use tests::{Database, ToolCommand, binary, program, sample_files, start, write_script};

/// A runner like golang-migrate: each file as a whole, and how far it came. Before the first it waits until the
/// application has written, and does what `$1` says.
const RUNNER: &str = r#"#!/bin/sh
set -e
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d app "$@"; }
seen=$(sql -c 'SELECT max(id) FROM app.customers')
until [ "$(sql -c 'SELECT max(id) FROM app.customers')" -gt "$seen" ]; do sleep 0.1; done
[ -z "$1" ] || sql -c "$1"
for file in $(ls migrations/*.up.sql | sort -t / -k 2n); do
	version=${file#migrations/} version=${version%%_*}
	[ "$version" -gt "$(sql -c 'SELECT version FROM schema_migrations')" ] || continue
	sql -c "UPDATE schema_migrations SET version = $version, dirty = true"
	sql -1 -f "$file"
	sql -c 'UPDATE schema_migrations SET dirty = false'
done
"#;

/// A server with the sample database, and a folder with all that a team has of it.
pub struct Shop {
    pub folder: TempDir,
    pub cluster: Cluster,
}

impl Shop {
    /// The sample's files are its first migrations, and applied.
    pub fn new() -> Self {
        let cluster = start(&ClusterOptions::default());
        let folder = tempfile::tempdir().unwrap();
        let shop = Self { folder, cluster };
        for folder in ["migrations", "tmp"] {
            fs::create_dir(shop.path(folder)).unwrap();
        }
        for (number, file) in sample_files().iter().enumerate() {
            let text = fs::read_to_string(file).unwrap();
            let name = format!("{}_sample.up.sql", number + 1);
            let text = format!("SET sample.rows = 100;\n{text}\n");
            fs::write(shop.path("migrations").join(name), text).unwrap();
        }
        write_script(shop.path("migrate"), RUNNER);
        // It stays with the server: what a failed deployment puts in its place is another one.
        let database = Database::named(&shop.cluster, "app");
        database.load_sample();
        database.sql(&format!(
            "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
             INSERT INTO schema_migrations VALUES ({}, false);
             CREATE ROLE shop LOGIN BYPASSRLS; GRANT ALL ON SCHEMA app, ext TO shop;
             GRANT ALL ON ALL TABLES IN SCHEMA app TO shop; GRANT ALL ON ALL SEQUENCES IN SCHEMA app TO shop",
            sample_files().len()
        ));
        std::mem::forget(database);
        shop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One more migration, with its way back.
    pub fn migration(&self, name: &str, up: &str, down: &str) {
        let folder = self.path("migrations");
        let up = format!("SET lock_timeout = '10min';\n{up}\n");
        fs::write(folder.join(format!("{name}.up.sql")), up).unwrap();
        fs::write(folder.join(format!("{name}.down.sql")), down).unwrap();
    }

    /// The script as a team would run it: the tools are on PATH, the server is libpq's.
    pub fn script(&self, name: &str) -> ToolCommand {
        let tools = TOOLS.map(binary);
        let path = format!(
            "{}:{}",
            tools[0].parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("scripts")
            .join(name);
        let run = program("sh")
            .arg(script)
            .args(["app", "migrations", "backups"]);
        let run = run
            .server(&self.cluster)
            .env("PATH", path)
            .env("APPLICATION", "shop");
        run.env("TMPDIR", self.path("tmp"))
            .current_dir(self.folder.path())
    }

    /// Where the application connects to, as a program of this name.
    pub fn conninfo(&self, name: &str) -> String {
        let (folder, port) = (self.cluster.socket_dir().display(), self.cluster.port());
        format!("host={folder} port={port} user=shop dbname=app application_name={name}")
    }

    /// A session of the application, in a transaction in which it ran this.
    pub fn left_open(&self, name: &str, statement: &str) -> Client {
        let mut session = Client::connect(&self.conninfo(name), NoTls).unwrap();
        session
            .batch_execute(&format!("BEGIN; {statement}"))
            .unwrap();
        session
    }

    /// What a query says in the live database.
    pub fn value(&self, query: &str) -> String {
        self.of("app", query)
    }

    pub fn of(&self, database: &str, query: &str) -> String {
        let mut client = self.cluster.connect(database).unwrap();
        let rows = client.simple_query(query).unwrap();
        let row = rows.iter().find_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        row.and_then(|row| row.get(0))
            .unwrap_or_default()
            .to_string()
    }

    /// The records that a step left.
    pub fn records(&self, name: &str) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path(name)).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

const TOOLS: [&str; 5] = [
    "pg-dump-rotate",
    "pg-restore-verify",
    "pg-migrate-lint",
    "pg-lock-kill",
    "pg-stat-report",
];

/// What the application did until now.
#[derive(Default)]
pub struct Traffic {
    /// Customers whose COMMIT was answered.
    pub written: AtomicU64,
    /// Statements and connections that failed.
    pub failed: AtomicU64,
    over: AtomicBool,
}

impl Traffic {
    /// New customers and looks at them, one after the other, for as long as the work takes. What fails is tried again
    /// by a new connection.
    pub fn during<T>(&self, shop: &Shop, work: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            scope.spawn(|| self.go_on(shop));
            let _end = End(self);
            work()
        })
    }

    fn go_on(&self, shop: &Shop) {
        let to = shop.conninfo("web");
        let mut session = None;
        while !self.over.load(Ordering::Relaxed) {
            let done = match &mut session {
                None => Client::connect(&to, NoTls).map(|client| session = Some(client)),
                Some(client) => client
                    .batch_execute("INSERT INTO app.customers (email, name) VALUES (gen_random_uuid() || '@example.com', 'traffic'); SELECT count(*) FROM app.customers")
                    .map(|()| {
                        self.written.fetch_add(1, Ordering::Relaxed);
                    }),
            };
            if done.is_err() {
                session = None;
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
            // There are others on this machine.
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

/// The work is over, also where it panics.
struct End<'a>(&'a Traffic);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}
