//! A server that archives its WAL, and physical backups of it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Database, Output, ToolCommand, eventually, private_folder, program, start, tool};

/// How many rows the table has when the first backup is taken.
pub const ROWS: u64 = 100;

/// A server with a database `app`, whose table `t` grows.
pub struct Site {
    pub cluster: Cluster,
    folder: TempDir,
}

impl Site {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(settings: &[(&str, &str)]) -> Self {
        // Made before the server, whose user has to be able to write to it.
        let uid = match rustix::process::geteuid().is_root() {
            true => tests::cluster().socket_dir().metadata().unwrap().uid(),
            false => rustix::process::geteuid().as_raw(),
        };
        let folder = private_folder(uid);
        let wal = folder.path().join("wal");
        fs::create_dir(&wal).unwrap();
        std::os::unix::fs::chown(&wal, Some(uid), None).unwrap();
        let archive = format!("cp \"%p\" {}/.%f && mv {0}/.%f {0}/%f", wal.display());
        let own = [
            ("wal_level", "replica"),
            ("max_wal_senders", "4"),
            ("archive_mode", "on"),
            ("archive_command", archive.as_str()),
        ];
        let settings = own.iter().chain(settings);
        let cluster = start(&ClusterOptions {
            settings: settings
                .map(|(n, v)| (n.to_string(), v.to_string()))
                .collect(),
            ..ClusterOptions::default()
        });
        let site = Self { cluster, folder };
        std::mem::forget(Database::named(&site.cluster, "app"));
        let rows = format!(
            "create table t (a serial primary key, b text);
             insert into t (b) select repeat(md5(g::text), 40) from generate_series(1, {ROWS}) g"
        );
        site.sql(&rows);
        site
    }

    pub fn sql(&self, statements: &str) {
        let mut client = self.cluster.connect("app").unwrap();
        client.batch_execute(statements).expect(statements);
    }

    pub fn value(&self, query: &str) -> String {
        let mut client = self.cluster.connect("app").unwrap();
        client.query_one(query, &[]).expect(query).get(0)
    }

    /// Adds one row.
    pub fn add(&self) {
        self.sql("insert into t (b) values ('later')");
    }

    /// Where the WAL is archived.
    pub fn wal(&self) -> PathBuf {
        self.folder.path().join("wal")
    }

    /// A path for something else.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends the current file of WAL, and waits until it is archived; its name.
    pub fn archive(&self) -> String {
        self.sql("create table if not exists switched (); drop table switched");
        let name = self.value("select pg_walfile_name(pg_switch_wal())");
        eventually("it is archived", || self.wal().join(&name).exists());
        name
    }

    /// Takes a physical backup into the folder of this name.
    pub fn back_up(&self, name: &str, options: &[&str]) -> PathBuf {
        let path = self.path(name);
        let major = Some(self.cluster.version().major);
        let found = Program::find("pg_basebackup", major).unwrap();
        let backup = program(found.path()).server(&self.cluster);
        let backup = backup
            .args(["--no-password", "--checkpoint=fast", "-D"])
            .arg(&path);
        backup.args(options).run().expect_code(0);
        path
    }

    /// The tool on a backup and this server's archive.
    pub fn recover(&self, backup: &Path) -> ToolCommand {
        recover(backup).arg("--wal").arg(self.wal())
    }
}

/// The tool on a physical backup.
pub fn recover(backup: &Path) -> ToolCommand {
    tool("pg-restore-verify").arg("--base-backup").arg(backup)
}

/// The findings of a check.
pub fn of(output: &Output, check: &str) -> Vec<Value> {
    let lines = output.json_lines();
    lines
        .into_iter()
        .filter(|finding| finding["check"] == check)
        .collect()
}

/// It recovered, and the table has so many rows.
#[track_caller]
pub fn expect_rows(output: &Output, rows: u64) {
    assert_eq!(output.code(), Some(0), "{output:?}");
    let table = of(output, "rows");
    let table = table
        .iter()
        .find(|finding| finding["object"] == "app.public.t");
    let table = table.unwrap_or_else(|| panic!("the table was not read\n{output:?}"));
    assert_eq!(table["actual"], format!("{rows} rows"), "{output:?}");
    assert_eq!(of(output, "verdict")[0]["status"], "ok");
}

/// It did not verify, for this check, with these words in its message or object.
#[track_caller]
pub fn expect_failure(output: &Output, check: &str, words: &str) {
    assert_eq!(output.code(), Some(1), "{output:?}");
    let failed = of(output, check);
    let shown = format!(
        "{:?}",
        failed
            .iter()
            .filter(|f| f["status"] == "failed")
            .collect::<Vec<_>>()
    );
    assert!(shown.contains(words), "no {words:?} in {shown}\n{output:?}");
    assert_eq!(of(output, "verdict")[0]["status"], "failed", "{output:?}");
}
