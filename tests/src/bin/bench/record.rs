//! `bench record FILE`: runs the whole of it, keeps what it printed in FILE with the machine, the versions and the
//! date, and says what has become slower since FILE was written.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// From so many times what it was on, a figure is told of: less comes and goes with the machine.
const SLOWER: f64 = 1.25;

/// Fails where the run did.
pub fn run(file: &Path, words: &[String]) -> ExitCode {
    let earlier = fs::read_to_string(file).unwrap_or_default();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(words)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut tables = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        println!("{line}");
        tables.push_str(&line);
        tables.push('\n');
    }
    let ended = child.wait().unwrap();
    let machine = machine();
    let since = slower(&earlier, &machine, &tables);
    let page = format!(
        "# Benchmarks\n\nWritten by `make bench`. {machine}\n\n{}\n\n{tables}",
        versions()
    );
    fs::write(file, page).unwrap();
    println!("\n{since}");
    match ended.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What the figures depend on most.
fn machine() -> String {
    let of = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let value = line.and_then(|rest| rest.split_once(':'));
        value.map_or("?".to_string(), |(_, value)| value.trim().to_string())
    };
    let memory = of("/proc/meminfo", "MemTotal");
    let kib: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(0.0);
    let system = said("uname", &["-sr"]);
    format!(
        "Machine: {}, {} cores, {:.0} GiB, {system}.",
        of("/proc/cpuinfo", "model name"),
        super::cores(),
        kib / 1024.0 / 1024.0
    )
}

/// Of what was measured, and the day.
fn versions() -> String {
    let mut text = format!(
        "Date: {}. Commit: {}. {}.",
        said("date", &["-u", "+%Y-%m-%d"]),
        said("git", &["describe", "--always", "--dirty"]),
        said("rustc", &["--version"])
    );
    for peer in ["gzip", "pigz", "squawk", "pgbadger", "check_postgres"] {
        let _ = write!(text, " {peer}: {}.", said(peer, &["--version"]));
    }
    text
}

/// The first line that a program prints.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let line = output.ok().and_then(|output| {
        let words = [output.stdout, output.stderr].concat();
        let words = String::from_utf8_lossy(&words).into_owned();
        words.lines().next().map(|line| line.trim().to_string())
    });
    line.unwrap_or_else(|| "not here".to_string())
}

/// What is slower than it was, in a line each. On another machine only ratios say something.
fn slower(earlier: &str, machine: &str, tables: &str) -> String {
    if earlier.is_empty() {
        return "There is nothing yet to compare this with.".to_string();
    }
    let is_same = earlier.contains(machine);
    let before = figures(earlier);
    let mut lines = String::new();
    for (place, now) in figures(tables) {
        let Some(then) = before.get(&place) else {
            continue;
        };
        let can_be_told = is_same || now.is_ratio;
        if can_be_told && then.value > 0.0 && now.value > then.value * SLOWER {
            let [table, row] = &place;
            let _ = writeln!(lines, "{table}: {row}: {} was {}", now.value, then.value);
        }
    }
    let than = match is_same {
        true => "before",
        false => "before, by its ratios, for that was another machine",
    };
    match lines.is_empty() {
        true => format!("Nothing is slower than {than}."),
        false => format!("Slower than {than}:\n{lines}"),
    }
}

#[derive(Debug, PartialEq)]
struct Figure {
    value: f64,
    /// It is held against a peer of the same run.
    is_ratio: bool,
}

/// Of each row of each table its ratio, or else its first figure.
fn figures(text: &str) -> BTreeMap<[String; 2], Figure> {
    let mut found = BTreeMap::new();
    let mut head: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(cells) = cells(line) else { continue };
        if lines.peek().is_some_and(|next| next.starts_with("|-")) {
            head = cells;
            continue;
        }
        let numbers = || cells.iter().enumerate().skip(1);
        let ratio = numbers().find(|(at, _)| head.get(*at).is_some_and(|name| name == "ratio"));
        let ratio = ratio.and_then(|(_, cell)| cell.parse().ok());
        let first = || numbers().find_map(|(_, cell)| cell.parse().ok());
        if let Some(value) = ratio.or_else(first) {
            let place = [head.join(" "), cells[0].clone()];
            let figure = Figure {
                value,
                is_ratio: ratio.is_some(),
            };
            found.insert(place, figure);
        }
    }
    found
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix("| ")?.strip_suffix('|')?;
    Some(
        inner
            .split('|')
            .map(|cell| cell.trim().to_string())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: &str = "Machine: a, 2 cores.\n
| Backups | s | ratio | MB |\n|---|--:|--:|--:|\n| gzip | 2.00 | 1.00 | 5 |\n| ours | 1.00 | 0.50 | 5 |\n
| start | ms |\n|---|--:|\n| ours --help | 2.00 |\n";

    #[test]
    fn what_is_slower_is_told_of_the_same_machine_and_ratios_of_another() {
        let now = THEN
            .replace("1.00 | 0.50", "3.00 | 0.70")
            .replace("2.00 |\n", "2.60 |\n");
        let all = slower(THEN, "Machine: a, 2 cores.", &now);
        assert_eq!(
            all,
            "Slower than before:\nBackups s ratio MB: ours: 0.7 was 0.5\nstart ms: ours --help: 2.6 was 2\n"
        );
        let ratios = slower(THEN, "Machine: b, 4 cores.", &now);
        assert!(
            ratios.contains("ours: 0.7 was 0.5") && !ratios.contains("--help"),
            "{ratios}"
        );
        let same = slower(THEN, "Machine: a, 2 cores.", THEN);
        assert_eq!(same, "Nothing is slower than before.");
    }
}
