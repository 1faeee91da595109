//! Times the tools beside what they replace, on one machine, in one run.
//!
//!     bench [ROWS]
//!     bench lint
//!     bench locks
//!     bench logs
//!     bench rehearse
//!     bench status
//!     bench stats
//!     bench disk [ROWS]
//!     bench record FILE [the words of another]...
//!
//! `record` keeps what it prints in FILE, and says what is slower than what was there.
//! `disk` is only what a verification takes of it; `locks` are only those of pg-lock-kill, `stats` and `logs` only those of pg-stat-report, `lint`, `rehearse` and `status` only those of pg-migrate-lint, which need no rows.
//!
//! Each round runs every command once; the median of the rounds is shown. ROWS
//! (7,000,000 if not given, more than a GB) are of about 160 bytes in a dump. Where a target is set, the ratio to
//! what it is set against is shown beside it; what counts is a machine that does nothing else. It
//! ends with 1 where a target was missed.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

#[path = "bench/disk.rs"]
mod disk;
#[path = "bench/lint.rs"]
mod lint;
#[path = "bench/locks.rs"]
mod locks;
#[path = "bench/logs.rs"]
mod logs;
#[path = "bench/migrations.rs"]
mod migrations;
#[path = "bench/record.rs"]
mod record;
#[path = "bench/restores.rs"]
mod restores;
#[path = "bench/rotation.rs"]
mod rotation;
#[path = "bench/stats.rs"]
mod stats;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::{Program, set_environment};
use tests::{Database, start};

const ROUNDS: usize = 3;
/// What a proof may take of its restore's time.
const PROOF: f64 = 0.40;
const FLOOR: &str = "pg_dump >/dev/null";
const GZIP: &str = "pg_dump | gzip";
const PIGZ: &str = "pg_dump | pigz -p2";
const DIRECTORY: &str = "pg_dump -Fd -j2, compressed alike";

/// Whether a target was missed.
static MISSED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if let [word, file, rest @ ..] = &words[..]
        && word == "record"
    {
        return record::run(Path::new(file), rest);
    }
    run();
    match MISSED.load(Ordering::Relaxed) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// What is said of a target that was missed, which is noted.
fn missed(is_missed: bool) -> &'static str {
    MISSED.fetch_or(is_missed, Ordering::Relaxed);
    match is_missed {
        true => ", MISSED",
        false => "",
    }
}

fn run() {
    let mut words = env::args().skip(1);
    let word = words.next();
    let tool = |name| env::current_exe().unwrap().with_file_name(name);
    match word.as_deref() {
        Some("lint") => return lint::run(&tool("pg-migrate-lint")),
        Some("locks") => return locks::run(&tool("pg-lock-kill")),
        Some("stats") => return stats::run(&tool("pg-stat-report")),
        Some("rehearse") => return migrations::rehearse(&tool("pg-migrate-lint")),
        Some("status") => return migrations::status(&tool("pg-migrate-lint")),
        Some("logs") => return logs::run(&tool("pg-stat-report")),
        _ => {}
    }
    let (word, disk_only) = match word.as_deref() {
        Some("disk") => (words.next(), true),
        _ => (word, false),
    };
    let rows = word.map_or(7_000_000, |rows| rows.parse().expect("a number of rows"));
    let bench = Bench::new(rows);
    println!(
        "PostgreSQL {}, {} cores, {rows} rows\n",
        bench.cluster.version(),
        cores()
    );
    if disk_only {
        return restores::disk_alone(&bench);
    }
    bench.backups();
    bench.rotation();
    restores::restores(&bench);
    locks::run(&bench.tool("pg-lock-kill"));
    stats::run(&bench.tool("pg-stat-report"));
    logs::run(&bench.tool("pg-stat-report"));
    lint::run(&bench.tool("pg-migrate-lint"));
    migrations::rehearse(&bench.tool("pg-migrate-lint"));
    migrations::status(&bench.tool("pg-migrate-lint"));
    bench.starts();
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

struct Bench {
    cluster: &'static Cluster,
    tools: PathBuf,
    folder: tempfile::TempDir,
    pg_dump: Program,
}

/// A command and the times it took.
struct Row {
    name: &'static str,
    command: Box<dyn Fn() -> Measured>,
    times: Vec<Measured>,
    targets: Vec<Target>,
    /// The most memory that its process may have.
    most_mib: Option<u64>,
}

/// What a command's time is to be at most of another's.
struct Target {
    peer: &'static str,
    ratio: f64,
}

#[derive(Clone, Copy)]
struct Measured {
    time: Duration,
    /// Of the command and all that it started; the server's is not in it.
    cpu: Duration,
    bytes: u64,
    peak_kib: u64,
    /// The part of a verification's time that its restore took.
    restore: Option<Duration>,
}

impl Bench {
    fn new(rows: u64) -> Self {
        let cluster: &'static Cluster = Box::leak(Box::new(start(&ClusterOptions::default())));
        let database = Database::named(cluster, "bench");
        load(&database, rows);
        std::mem::forget(database);
        Self {
            cluster,
            tools: env::current_exe().unwrap().parent().unwrap().to_path_buf(),
            folder: tempfile::tempdir().unwrap(),
            pg_dump: Program::find("pg_dump", None).unwrap(),
        }
    }

    /// A command as a row; what it wrote is the size of `output`, if it names a file
    /// or a folder.
    fn row(
        &self,
        name: &'static str,
        program: &Path,
        arguments: &[&str],
        output: &'static str,
    ) -> Row {
        self.row_on(self.cluster, name, program, arguments, output)
    }

    /// The same where the environment leads to another server.
    fn row_on(
        &self,
        cluster: &Cluster,
        name: &'static str,
        program: &Path,
        arguments: &[&str],
        output: &'static str,
    ) -> Row {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let program = program.to_path_buf();
        let place = self.folder.path().to_path_buf();
        let environment = cluster.environment();
        let pg_dump = self.pg_dump.path().to_path_buf();
        let run = move || {
            let written = place.join(output);
            if !output.is_empty() {
                let _ = fs::remove_dir_all(&written);
                let _ = fs::remove_file(&written);
            }
            let mut command = Command::new(&program);
            command.args(&arguments).current_dir(&place);
            set_environment(&mut command, environment.clone());
            command.env("PGDATABASE", "bench").env("PG_DUMP", &pg_dump);
            let (time, cpu, peak_kib) = timed(command);
            let bytes = if output.is_empty() { 0 } else { size(&written) };
            Measured {
                time,
                cpu,
                bytes,
                peak_kib,
                restore: None,
            }
        };
        Row {
            name,
            command: Box::new(run),
            times: Vec::new(),
            targets: Vec::new(),
            most_mib: None,
        }
    }

    fn tool(&self, name: &str) -> PathBuf {
        self.tools.join(name)
    }

    fn backups(&self) {
        let sh = Path::new("sh");
        let rotate = self.tool("pg-dump-rotate");
        let pg_dump = self.pg_dump.path();
        // What we take for directories too.
        let compress = match self.pg_dump.version.major {
            16.. => "--compress=zstd:3",
            _ => "--compress=2",
        };
        let piped = |name, command: &str, file| {
            let command = format!("\"$PG_DUMP\" | {command} >{file}");
            self.row(name, sh, &["-c", &command], file)
        };
        let mut rows = vec![
            self.row(FLOOR, pg_dump, &["--file=/dev/null"], ""),
            piped(GZIP, "gzip", "dump.gz"),
        ];
        if has_pigz() {
            rows.push(piped(PIGZ, "pigz -p2", "dump.pigz.gz"));
        }
        let directory = ["-Fd", "-j2", compress, "--file=folder"];
        rows.extend([
            self.row(
                "pg-dump-rotate -F plain",
                &rotate,
                &["-F", "plain", "--dir", "plain"],
                "plain",
            )
            .at_most(0.40, GZIP)
            .at_most(0.65, PIGZ),
            self.row("pg_dump -Fc", pg_dump, &["-Fc", "--file=dump"], "dump"),
            self.row("pg-dump-rotate", &rotate, &["--dir", "custom"], "custom")
                .at_most(0.30, GZIP)
                .at_most(1.6, FLOOR),
            self.row(DIRECTORY, pg_dump, &directory, "folder"),
            self.row(
                "pg-dump-rotate -F directory -j2",
                &rotate,
                &["-F", "directory", "-j2", "--dir", "directory"],
                "directory",
            )
            .at_most(1.05, DIRECTORY),
            self.row("pg_dump -Ft", pg_dump, &["-Ft", "--file=tar"], "tar"),
            self.row(
                "pg-dump-rotate -F tar",
                &rotate,
                &["-F", "tar", "--dir", "tars"],
                "tars",
            )
            .at_most(1.05, "pg_dump -Ft"),
        ]);
        table("Backups", rows);
    }

    fn rotation(&self) {
        let like = backup_in(&self.folder.path().join("custom"));
        rotation::run(&self.tool("pg-dump-rotate"), Path::new(&like));
    }

    fn starts(&self) {
        println!("| start | ms |\n|---|--:|");
        for name in [
            "pg-dump-rotate",
            "pg-restore-verify",
            "pg-lock-kill",
            "pg-stat-report",
        ] {
            let mut times: Vec<Duration> = (0..100)
                .map(|_| {
                    let mut command = Command::new(self.tool(name));
                    command.arg("--help").stdout(Stdio::null());
                    let began = Instant::now();
                    command.status().unwrap();
                    began.elapsed()
                })
                .collect();
            times.sort();
            println!(
                "| {name} --help | {:.2} |",
                times[50].as_secs_f64() * 1000.0
            );
        }
    }
}

impl Row {
    /// Sets a target.
    fn at_most(mut self, ratio: f64, peer: &'static str) -> Self {
        self.targets.push(Target { peer, ratio });
        self
    }

    /// Sets how much memory its process may have.
    fn within_mib(self, most: u64) -> Self {
        Self {
            most_mib: Some(most),
            ..self
        }
    }
}

fn has_pigz() -> bool {
    let found = Command::new("pigz").arg("--version").output();
    found.is_ok_and(|output| output.status.success())
}

/// As pgbench has them, and rows full of text and JSON.
fn load(database: &Database, rows: u64) {
    database.sql(&format!(
        "create table docs as
             select i as id, md5(i::text) as name, repeat(md5((i * 7)::text), 3) as body,
                    jsonb_build_object('k', i, 't', md5((i * 3)::text)) as attributes,
                    now() - i * interval '1 second' as at
             from generate_series(1, {rows} / 2) i;
         alter table docs add primary key (id);
         create index on docs (name);
         create table accounts as
             select i as aid, i % 10 as bid, (random() * 10000)::int as abalance, ''::char(84) as filler
             from generate_series(1, {rows} / 4) i;
         create table entries as
             select i as id, i % 1000 as account, (random() * 100000)::numeric(12, 2) as amount,
                    gen_random_uuid() as reference, now() - i * interval '1 minute' as at
             from generate_series(1, {rows} / 4) i;
         alter table entries add primary key (id);
         create index on entries (account);
         analyze"
    ));
}

/// Runs every row once in each round, then prints the medians; the first row is
/// what the others are compared with.
fn table(title: &str, mut rows: Vec<Row>) {
    for _ in 0..ROUNDS {
        for row in &mut rows {
            let measured = (row.command)();
            row.times.push(measured);
        }
    }
    let head = "s | ratio | CPU s | MB | peak MB of the tool | of its peers, and at most";
    println!("| {title} | {head} |\n|---|--:|--:|--:|--:|--:|---|");
    let seconds = |row: &Row| median(&row.times).time.as_secs_f64();
    for row in &rows {
        let measured = median(&row.times);
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.1} | {:.0} | {} |",
            row.name,
            seconds(row),
            seconds(row) / seconds(&rows[0]),
            measured.cpu.as_secs_f64(),
            measured.bytes as f64 / 1e6,
            measured.peak_kib as f64 / 1024.0,
            judged(row, &rows)
        );
        if let Some(restore) = measured.restore {
            parts(measured.time, restore);
        }
    }
    println!();
}

/// What a verification's time went into: its restore, and all else, which is to be at most
/// [`PROOF`] of that.
fn parts(time: Duration, restore: Duration) {
    let (restore, rest) = (restore.as_secs_f64(), (time - restore).as_secs_f64());
    let ratio = rest / restore;
    let missed = missed(ratio > PROOF);
    println!("| … its restore, read a second time meanwhile | {restore:.2} | | | | | |");
    println!(
        "| … start, proof, end | {rest:.2} | | | | | {ratio:.2} of its restore (≤ {PROOF:.2}{missed}) |"
    );
}

/// How a row does against its targets.
fn judged(row: &Row, rows: &[Row]) -> String {
    let seconds = |row: &Row| median(&row.times).time.as_secs_f64();
    let judge = |target: &Target| {
        let peer = rows.iter().find(|peer| peer.name == target.peer)?;
        let ratio = seconds(row) / seconds(peer);
        let missed = missed(ratio > target.ratio);
        Some(format!(
            "{ratio:.2} of {} (≤ {:.2}{missed})",
            target.peer, target.ratio
        ))
    };
    let mut judged: Vec<String> = row.targets.iter().filter_map(judge).collect();
    if let Some(most) = row.most_mib {
        let peak = median(&row.times).peak_kib >> 10;
        let missed = missed(peak > most);
        judged.push(format!("{peak} MB (≤ {most}{missed})"));
    }
    judged.join(", ")
}

fn median(times: &[Measured]) -> Measured {
    let mut sorted = times.to_vec();
    sorted.sort_by_key(|measured| measured.time);
    sorted[sorted.len() / 2]
}

/// How long it took, the time of processors that it took, and the most memory that the process
/// itself had, in KiB.
fn timed(mut command: Command) -> (Duration, Duration, u64) {
    command.stdout(Stdio::null());
    let words = format!("{command:?}");
    let cpu_before = cpu_of_children();
    let began = Instant::now();
    let (ended, peak) = watched(&mut command, Duration::from_millis(2));
    let time = began.elapsed();
    assert!(ended.success(), "{words}: {ended}");
    (time, cpu_of_children() - cpu_before, peak)
}

/// Runs it, looking at its memory so often: how it ended, and the most that it had, in KiB.
fn watched(command: &mut Command, often: Duration) -> (ExitStatus, u64) {
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        peak = peak.max(peak_kib(&status));
        if let Some(ended) = child.try_wait().unwrap() {
            return (ended, peak);
        }
        thread::sleep(often);
    }
}

/// What all children that have ended took, with their own: fields of /proc/self/stat, in hundredths
/// of a second.
fn cpu_of_children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(13).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn peak_kib(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The size of a file, or of all in a folder.
fn size(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| size(&entry.path())).sum(),
        Err(_) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
    }
}

/// The size of a file, or of the largest in a folder.
fn largest(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries
            .flatten()
            .map(|entry| largest(&entry.path()))
            .max()
            .unwrap_or(0),
        Err(_) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
    }
}

fn backup_in(folder: &Path) -> String {
    let paths = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let largest = paths.max_by_key(|path| largest(path)).unwrap();
    largest.display().to_string()
}
