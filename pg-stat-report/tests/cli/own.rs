//! A server whose files are at hand: it can crash, and what is in its files can be changed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use postgres::{Client, Config, NoTls};
use serde_json::Value;
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Running, ToolCommand, another_user, eventually, private_folder, program, tool};

/// The server, and its files. Dropped, it is killed and gone.
pub struct Own {
    // Dropped in this order: first the server, then its files.
    server: Option<Running>,
    folder: TempDir,
}

impl Own {
    /// Makes its files. It does not run yet.
    pub fn new(words: &[&str]) -> Self {
        let uid = another_user().unwrap_or_else(|| rustix::process::geteuid().as_raw());
        let own = Self {
            server: None,
            folder: private_folder(uid),
        };
        let base = ["-U", "postgres", "-A", "trust", "--no-sync", "-D"];
        let initdb = own.program("initdb").args(base).arg(own.data());
        initdb.args(words).run().expect_code(0);
        own
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of the programs of its version, run by its user.
    pub fn program(&self, name: &str) -> ToolCommand {
        let server = Program::find("postgres", None).unwrap();
        let found = Program::find(name, Some(server.version.major)).unwrap();
        let command = program(found.path()).current_dir(self.folder.path());
        match another_user() {
            Some(uid) => command.as_user(uid),
            None => command,
        }
    }

    /// Starts it, with these settings.
    pub fn start(&mut self, settings: &[&str]) {
        let socket = format!("unix_socket_directories={}", self.folder.path().display());
        let base = [
            socket.as_str(),
            "listen_addresses=",
            "port=5432",
            "fsync=off",
            "autovacuum=off",
        ];
        let settings = base
            .iter()
            .chain(settings)
            .flat_map(|setting| ["-c", setting]);
        let server = self.program("postgres").arg("-D").arg(self.data());
        self.server = Some(server.args(settings).start());
        eventually("the server starts", || self.try_connect().is_some());
    }

    /// Ends it: `fast` as one should, `immediate` as a crash does.
    pub fn stop(&mut self, mode: &str) {
        let stop = self.program("pg_ctl").args(["-D"]).arg(self.data());
        stop.args(["-m", mode, "-w", "stop"]).run().expect_code(0);
        let ended = self.server.take().unwrap();
        ended.finish();
    }

    /// Writes a file of its data, where there was none.
    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.data().join(name);
        fs::write(&path, content).unwrap();
        give(&path, &self.data());
    }

    pub fn sql(&self, statements: &str) {
        let mut client = self.try_connect().unwrap();
        client.batch_execute(statements).expect(statements);
    }

    pub fn value(&self, query: &str) -> String {
        let mut client = self.try_connect().unwrap();
        client.query_one(query, &[]).expect(query).get(0)
    }

    /// The tool, to look at it.
    pub fn tool(&self, words: &[&str]) -> ToolCommand {
        let command = tool("pg-stat-report").args(["-h"]).arg(self.folder.path());
        let command = command.args(["-p", "5432", "-U", "postgres", "-d", "postgres"]);
        command.args(words)
    }

    /// The records or rows that the tool writes.
    pub fn report(&self, words: &[&str]) -> Vec<Value> {
        self.tool(words).run().json_lines()
    }

    /// The records of one check.
    pub fn check(&self, check: &str, more: &[&str]) -> Vec<Value> {
        self.report(&[&["--only", check], more].concat())
    }

    fn try_connect(&self) -> Option<Client> {
        let mut config = Config::new();
        config.host_path(self.folder.path()).port(5432);
        config
            .user("postgres")
            .dbname("postgres")
            .connect(NoTls)
            .ok()
    }
}

/// To the user who has the other one.
fn give(path: &Path, like: &Path) {
    let owner = like.metadata().unwrap();
    std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
}
