//! Takes backups of good databases with every major version of PostgreSQL that is installed, and
//! sees whether pg-restore-verify says of each that it is good: on a server of its own major, of
//! every newer one, and where a newer pg_dump took it.
//!
//!     majors
//!     majors take FOLDER      (what it runs for each version, found by PG_BINDIR)
//!
//! Looks below /usr/lib/postgresql/NN/bin, /opt/pg/NN/bin and target/postgresql/NN/bin.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use serde_json::Value;
use shared::cluster::ClusterOptions;
use shared::programs::{Program, set_environment};
use tests::{Database, start, versions};

const FORMATS: [&str; 4] = ["-Fc", "-Fd", "-Ft", "-Fp"];

fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    match (words.next(), words.next()) {
        (Some(word), Some(folder)) if word == "take" => {
            take(Path::new(&folder));
            ExitCode::SUCCESS
        }
        (None, _) => compare(),
        _ => panic!("majors, or majors take FOLDER"),
    }
}

/// Takes backups of the sample and of pgbench's tables, on a server of the version that PG_BINDIR
/// has, by its pg_dump and, with a manifest, by pg-dump-rotate.
fn take(folder: &Path) {
    let cluster = start(&ClusterOptions::default());
    let program = |name: &str| {
        let found = Program::find(name, None).expect("PostgreSQL's programs");
        let mut command = Command::new(found.path());
        set_environment(&mut command, cluster.environment());
        command
    };
    let databases = ["sample", "bench"].map(|name| Database::named(&cluster, name));
    databases[0].load_sample();
    succeed(program("pgbench").args(["--quiet", "--initialize", "--foreign-keys", "bench"]));
    succeed(program("pgbench").args(["--no-vacuum", "--transactions=50", "bench"]));
    for database in &databases {
        for format in FORMATS {
            let path = folder.join(format!("{}{format}", database.name()));
            succeed(
                program("pg_dump")
                    .args([format, database.name(), "--file"])
                    .arg(path),
            );
        }
        let mut rotate = Command::new(tool("pg-dump-rotate"));
        succeed(
            rotate
                .args(["-d", &database.conninfo(), "--dir"])
                .arg(folder.join("rotated")),
        );
    }
    // By every newer pg_dump, too.
    for (major, programs) in versions().range(cluster.version().major + 1..) {
        fs::create_dir_all(folder.join("newer")).expect("a folder");
        for format in ["-Fc", "-Fp"] {
            let mut pg_dump = Command::new(programs.join("pg_dump"));
            set_environment(&mut pg_dump, cluster.environment());
            let path = folder
                .join("newer")
                .join(format!("sample{format}by{major}"));
            succeed(pg_dump.args(["sample", format, "--file"]).arg(path));
        }
    }
}

/// A tool beside us, where Cargo puts both.
fn tool(name: &str) -> PathBuf {
    let program = env::current_exe().expect("our own path");
    program.with_file_name(name)
}

fn succeed(command: &mut Command) {
    let output = command.output().expect("the command can be run");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}");
}

fn compare() -> ExitCode {
    let installed = versions();
    let folder = tempfile::tempdir().expect("a folder");
    let mut alarms = 0;
    println!(
        "{:<8}{:<20}{:>8}{:>7}{:>14}{:>9}",
        "taken", "restored", "backups", "good", "other words", "seconds"
    );
    for (major, programs) in &installed {
        let taken = folder.path().join(major.to_string());
        fs::create_dir(&taken).expect("a folder");
        let mut command = Command::new(env::current_exe().expect("our own path"));
        succeed(command.arg("take").arg(&taken).env("PG_BINDIR", programs));
        let mut backups = backups_in(&taken);
        backups.extend(backups_in(&taken.join("rotated")));
        for (on, programs) in installed.range(major..) {
            let verified = Verified::of(&backups, &[("PG_BINDIR", programs.into())]);
            alarms += verified.tell(*major, &on.to_string());
        }
        let newer = backups_in(&taken.join("newer"));
        if !newer.is_empty() {
            // All versions at once, as on a machine where they are installed.
            let path = env::join_paths(installed.values()).expect("no colons");
            let path = [path, env::var_os("PATH").unwrap_or_default()].join(&OsString::from(":"));
            let verified = Verified::of(&newer, &[("PATH", path)]);
            alarms += verified.tell(*major, "own, by newer ones");
        }
    }
    match alarms {
        0 => println!("no false alarm"),
        _ => println!("{alarms} false alarms"),
    }
    ExitCode::from(u8::from(alarms > 0 || installed.is_empty()))
}

/// Backups in a folder, not what lies beside them.
fn backups_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            !matches!(name, "rotated" | "newer")
                && !name.ends_with(".json")
                && !name.ends_with(".sha256")
                && !name.starts_with('.')
        })
        .collect();
    paths.sort();
    paths
}

/// What the tool says of some backups.
struct Verified {
    verdicts: Vec<Value>,
    failed: Vec<Value>,
    /// Definitions that two versions write in different words.
    otherwise: usize,
    words: String,
    seconds: f64,
}

impl Verified {
    fn of(backups: &[PathBuf], environment: &[(&str, OsString)]) -> Self {
        let began = Instant::now();
        let mut command = Command::new(tool("pg-restore-verify"));
        command.arg("--no-record").args(backups);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().expect("pg-restore-verify");
        let text = String::from_utf8(output.stdout).expect("text");
        let findings: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a record"))
            .collect();
        let is = |finding: &&Value, check: &str, status: &str| {
            finding["check"] == check && finding["status"] == status
        };
        Self {
            otherwise: findings
                .iter()
                .filter(|f| is(f, "schema", "skipped"))
                .count(),
            verdicts: findings
                .iter()
                .filter(|f| f["check"] == "verdict")
                .cloned()
                .collect(),
            failed: findings
                .iter()
                .filter(|f| f["status"] == "failed")
                .cloned()
                .collect(),
            words: String::from_utf8_lossy(&output.stderr).into_owned(),
            seconds: began.elapsed().as_secs_f64(),
        }
    }

    /// Tells of them; how many were not found good.
    fn tell(&self, major: u32, on: &str) -> usize {
        let good = self
            .verdicts
            .iter()
            .filter(|verdict| verdict["status"] == "ok")
            .count();
        println!(
            "{major:<8}{on:<20}{:>8}{good:>7}{:>14}{:>9.1}",
            self.verdicts.len(),
            self.otherwise,
            self.seconds
        );
        for failed in &self.failed {
            println!("  {failed}");
        }
        if self.verdicts.is_empty() {
            println!("  {}", self.words);
            return 1;
        }
        self.verdicts.len() - good
    }
}
