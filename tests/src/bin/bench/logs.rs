//! A log of which one line in ten is a slow statement: what pg-stat-report takes for a megabyte of
//! it, beside pgbadger, and that both count the same.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{missed, timed};

/// Of what pgbadger reads, for it takes its time; and how much more of it we read.
const ENTRIES: u32 = 60_000;
const TIMES: usize = 15;
/// A core reads so much in a second.
const MB_PER_SECOND: f64 = 100.0;
/// pgbadger takes so many times as long for as much.
const RATIO: f64 = 20.0;
const PREFIX: &str = "%m [%p] %u@%d ";

/// Times both, by the processor's time.
pub fn run(tool: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let [small, large] = ["small.log", "large.log"].map(|name| folder.path().join(name));
    write(&small, 1);
    write(&large, TIMES);
    let ours = megabytes_a_second(&large, report(tool, &large, Stdio::null()));
    let slow = missed(ours < MB_PER_SECOND);
    println!(
        "\nLogs: pg-stat-report logs reads {ours:.0} MB a second of a core (target {MB_PER_SECOND}{slow})"
    );
    let json = folder.path().join("pgbadger.json");
    let mut badger = Command::new("pgbadger");
    badger.args(["-q", "-f", "stderr", "-p", PREFIX, "-x", "json", "-o"]);
    badger.args([&json, &small]).stdout(Stdio::null());
    if Command::new("pgbadger").arg("--version").output().is_err() {
        return println!("pgbadger is not here to compare with");
    }
    let theirs = megabytes_a_second(&small, badger);
    let ratio = ours / theirs;
    let slow = missed(ratio < RATIO);
    println!("pgbadger reads {theirs:.1}: ours is {ratio:.0} times as fast (target {RATIO}{slow})");
    let output = report(tool, &small, Stdio::piped()).output().unwrap();
    let counts = (statements(&output.stdout), of_pgbadger(&json));
    let differ = missed(counts.0 != counts.1);
    println!("statements counted: {} and {}{differ}", counts.0, counts.1);
}

fn report(tool: &Path, log: &Path, stdout: Stdio) -> Command {
    let mut command = Command::new(tool);
    command
        .arg("logs")
        .stdin(File::open(log).unwrap())
        .stdout(stdout);
    command
}

fn megabytes_a_second(log: &Path, command: Command) -> f64 {
    let (_, cpu, _) = timed(command);
    fs::metadata(log).unwrap().len() as f64 / 1e6 / cpu.as_secs_f64()
}

fn statements(records: &[u8]) -> u64 {
    let rows = String::from_utf8_lossy(records);
    let rows = rows
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let counts = rows
        .filter(|row| row["kind"] == "statement")
        .map(|row| row["count"].as_u64().unwrap());
    counts.sum()
}

fn of_pgbadger(json: &Path) -> u64 {
    let report: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    report["overall_stat"]["queries_number"]
        .as_u64()
        .unwrap_or_default()
}

/// The same entries several times over.
fn write(path: &Path, times: usize) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    for _ in 0..times {
        for number in 0..ENTRIES {
            let head = format!(
                "2026-11-21 {:02}:{:02}:{:02}.{:03} UTC [{}] app@shop ",
                number / 36_000 % 24,
                number / 600 % 60,
                number / 10 % 60,
                number % 10 * 100,
                1000 + number % 300
            );
            writeln!(out, "{head}{}", entry(number, &head)).unwrap();
        }
    }
    out.flush().unwrap();
}

fn entry(number: u32, head: &str) -> String {
    let table = ["orders", "customers", "items", "invoices"][number as usize / 10 % 4];
    match number % 10 {
        0 => format!(
            "LOG:  duration: {}.123 ms  statement: SELECT id, status FROM {table}\n\tWHERE customer_id = {number} AND note = 'x{number}'\n\tORDER BY created_at DESC LIMIT 10",
            100 + number % 5000
        ),
        1 => format!("ERROR:  duplicate key value violates unique constraint \"{table}_pkey\"\n{head}DETAIL:  Key (id)=({number}) already exists.\n{head}STATEMENT:  INSERT INTO {table} VALUES ({number})"),
        2..=4 => format!("LOG:  connection received: host=10.0.0.{} port={}", number % 250, 30_000 + number % 30_000),
        5..=7 => "LOG:  connection authorized: user=app database=shop application_name=web SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)".into(),
        _ => format!("LOG:  disconnection: session time: 0:00:{:02}.250 user=app database=shop host=10.0.0.{}", number % 60, number % 250),
    }
}
