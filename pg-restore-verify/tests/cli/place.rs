//! A server where a database was backed up, and what `--promote` does there.

use std::path::{Path, PathBuf};

use postgres::Client;
use shared::cluster::{Cluster, ClusterOptions};
use tempfile::TempDir;
use tests::{Output, ToolCommand, program, start, tool};

/// A server with a database that was backed up before something went wrong in it.
pub struct Place {
    pub cluster: Cluster,
    pub folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self::on(start(&ClusterOptions::default()))
    }

    pub fn on(cluster: Cluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { cluster, folder };
        for sql in [
            "create role app login",
            "create role reader login",
            "create role auditor",
            "create database \"my app\" owner app",
            "revoke all on database \"my app\" from public",
            "grant connect on database \"my app\" to reader with grant option",
            "set role reader; grant connect on database \"my app\" to auditor",
            "alter database \"my app\" connection limit 50",
            "comment on database \"my app\" is 'it''s live'",
            "alter database \"my app\" set search_path = \"$user\", public, \"odd, name\"",
            "alter database \"my app\" set work_mem = '5MB'",
            "alter database \"my app\" set temp_tablespaces = ''",
            "alter role reader in database \"my app\" set application_name = 'a, b'",
        ] {
            place.sql("postgres", sql);
        }
        place.sql("my app", "create table users as select generate_series(1, 500) id; alter table users owner to app");
        place.dump(&["my app"]);
        place.sql("my app", "delete from users where id > 3");
        place
    }

    pub fn sql(&self, database: &str, sql: &str) {
        let mut client = self.cluster.connect(database).unwrap();
        client
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub fn dump(&self, options: &[&str]) -> PathBuf {
        self.dump_as(&[&["-Fc"], options].concat())
    }

    pub fn dump_as(&self, options: &[&str]) -> PathBuf {
        let pg_dump = shared::programs::Program::find("pg_dump", None).unwrap();
        let command = program(pg_dump.path()).server(&self.cluster);
        let command = command.arg("-f").arg(self.backup());
        command.args(options).run().expect_code(0);
        self.backup()
    }

    /// Takes backups into the folder.
    pub fn rotate(&self, options: &[&str]) {
        let conninfo = format!(
            "host={} user=postgres dbname='my app'",
            self.cluster.socket_dir().display()
        );
        let run = tool("pg-dump-rotate").args(["-q", "--dir"]);
        let run = run.arg(self.folder.path()).args(["-d", &conninfo]);
        run.args(options).run().expect_code(0);
    }

    /// Promotes the newest backup in the folder.
    pub fn promote_latest(&self, more: &[&str]) -> Output {
        let folder = self.folder.path().to_str().unwrap();
        let options = [&["--latest", folder, "--no-record"], more].concat();
        self.promote(&options, Path::new(""))
    }

    pub fn backup(&self) -> PathBuf {
        self.folder.path().join("app.dump")
    }

    pub fn promote(&self, more: &[&str], backup: &Path) -> Output {
        self.promoting(more, backup).run()
    }

    pub fn promoting(&self, more: &[&str], backup: &Path) -> ToolCommand {
        let conninfo = format!(
            "host={} dbname='my app'",
            self.cluster.socket_dir().display()
        );
        let run = tool("pg-restore-verify").args(["-d", &conninfo, "--promote", "my app"]);
        // Unless -U says otherwise.
        let run = run.env("PGUSER", "postgres").args(more);
        match backup.as_os_str().is_empty() {
            true => run,
            false => run.arg(backup),
        }
    }

    /// The same by way of another database.
    pub fn promoting_from(&self, database: &str, more: &[&str]) -> Output {
        let folder = self.cluster.socket_dir().display();
        let conninfo = format!("host={folder} user=postgres dbname={database}");
        let run = tool("pg-restore-verify").args(["-d", &conninfo, "--promote", "my app"]);
        run.args(more).arg(self.backup()).run()
    }

    /// Promotes the backup to another name.
    pub fn promoting_as(&self, name: &str, more: &[&str]) -> Output {
        let conninfo = format!("host={} user=postgres", self.cluster.socket_dir().display());
        let run = tool("pg-restore-verify").args(["-d", &conninfo, "--promote", name]);
        run.args(more).arg(self.backup()).run()
    }

    /// Makes a tablespace.
    pub fn tablespace(&self, name: &str) -> String {
        let folder = self.cluster.socket_dir().join(name);
        let uid =
            std::os::unix::fs::MetadataExt::uid(&self.cluster.socket_dir().metadata().unwrap());
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::chown(&folder, Some(uid), Some(uid)).unwrap();
        let place = folder.display();
        self.sql(
            "postgres",
            &format!("create tablespace {name} location '{place}'"),
        );
        name.to_string()
    }

    /// The databases whose names meet the condition.
    pub fn names(&self, condition: &str) -> Vec<String> {
        let sql = format!("select datname::text from pg_database where datname {condition}");
        let rows = self.cluster.connect("postgres").unwrap().query(&sql, &[]);
        rows.unwrap().iter().map(|row| row.get(0)).collect()
    }

    pub fn value(&self, database: &str, query: &str) -> String {
        let mut client = self.cluster.connect(database).unwrap();
        let row = client.query_one(query, &[]).unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    pub fn users(&self, database: &str) -> String {
        self.value(database, "select count(*)::text from users")
    }

    /// The databases with their properties, the numbers that they have left out.
    pub fn databases(&self) -> String {
        self.value(
            "postgres",
            "select string_agg(line, e'\\n' order by line) from (
                 select concat_ws(' ', datname, datdba::regrole,
                                  (select array_agg(a::text order by a::text) from unnest(datacl) a), datallowconn, datconnlimit,
                                  shobj_description(d.oid, 'pg_database'),
                                  (select array_agg((setrole::regrole, setconfig)::text order by setrole)
                                   from pg_db_role_setting where setdatabase = d.oid))
                 from pg_database d) as lines (line)",
        )
    }

    /// The properties of one.
    pub fn properties(&self, name: &str) -> String {
        let line = self.databases();
        let line = line
            .lines()
            .find(|line| line.starts_with(&format!("{name} app")));
        line.unwrap_or_default()[name.len()..].to_string()
    }

    pub fn before(&self) -> String {
        self.value("postgres", "select string_agg(datname, ',') from pg_database where datname like 'my app\\_before\\_%'")
    }

    /// Connects as this role.
    pub fn session(&self, role: &str, database: &str) -> Result<Client, postgres::Error> {
        let mut config = postgres::Config::new();
        config.host_path(self.cluster.socket_dir()).user(role);
        config.dbname(database).connect(postgres::NoTls)
    }
}
