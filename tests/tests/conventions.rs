//! What holds for every tool: the contract that pipelines rely on.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value};
use tests::{Output, tool};

mod sample;

use sample::{Sample, Table, samples};

#[test]
fn every_tool_is_looked_at() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap());
    let mut tools: Vec<String> = folders
        .filter(|entry| entry.path().join("src/cli.rs").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.starts_with("pg-"))
        .collect();
    tools.push("numbers".to_string());
    tools.sort();
    let mut looked_at: Vec<String> = samples().iter().map(|sample| sample.tool.into()).collect();
    looked_at.sort();
    assert_eq!(looked_at, tools);
}

#[test]
fn help() {
    for sample in samples() {
        let output = tool(sample.tool).arg("--help").run().expect_code(0);
        assert_eq!(output.stderr, "", "{output:?}");
        let usage = format!("\nUsage: {} ", sample.tool);
        for part in [&usage, "\nExit status:\n  0  ", "\nExamples:\n  # "] {
            assert!(output.stdout.contains(part), "{part}\n{output:?}");
        }
        for line in output.stdout.lines() {
            assert!(line.chars().count() <= 79, "{line}\n{output:?}");
            assert_eq!(line, line.trim_end(), "{output:?}");
        }
        // What all tools have comes last, in the same order.
        let common = ["Connection", "Output", "Help", "Examples", "Exit status"];
        let headings = output
            .stdout
            .lines()
            .filter_map(|line| line.strip_suffix(':'));
        let headings: Vec<&str> = headings.filter(|line| !line.starts_with(' ')).collect();
        let last = headings.iter().filter(|heading| common.contains(heading));
        assert!(last.eq(common.iter()), "{headings:?}");
        let first = headings.iter().position(|heading| common.contains(heading));
        let after = &headings[first.unwrap()..];
        let is_own =
            |heading: &&str| !common.contains(heading) && !heading.starts_with("The manual");
        assert!(!after.iter().any(is_own), "{headings:?}");
        let short = tool(sample.tool).arg("-?").run().expect_code(0);
        assert_eq!(short.stdout, output.stdout);
    }
}

#[test]
fn version() {
    for sample in samples() {
        for flag in ["--version", "-V"] {
            let output = tool(sample.tool).arg(flag).run().expect_code(0);
            let version = format!("{} {}\n", sample.tool, env!("CARGO_PKG_VERSION"));
            assert_eq!(output.stdout, version, "{output:?}");
            assert_eq!(output.stderr, "", "{output:?}");
        }
    }
}

#[test]
fn a_bad_flag() {
    for sample in samples() {
        let output = tool(sample.tool).arg("--hlep").run().expect_code(2);
        let output = output.expect_no_output();
        let said = format!(
            "{0}: error: there is no flag --hlep\n{0}: hint: did you mean --help?\n",
            sample.tool
        );
        assert_eq!(output.stderr, said);
    }
}

#[test]
fn h_without_a_host() {
    for sample in samples() {
        let output = tool(sample.tool).arg("-h").run().expect_code(2);
        let output = output.expect_no_output();
        let host = format!("{}: error: -h needs a value: -h HOST\n", sample.tool);
        let usage = format!("{0}: hint: usage: {0} ", sample.tool);
        if flags(&sample).contains(&"--host".to_string()) {
            assert!(output.stderr.starts_with(&host), "{output:?}");
            assert!(output.stderr.contains(&usage), "{output:?}");
        }
    }
}

/// What `yes | head -1` ends `yes` with: quiet, and no success under pipefail.
const SIGPIPE: i32 = 13;

#[test]
fn a_reader_that_went_away() {
    for sample in samples() {
        for format in FORMATS {
            let output = sample.records().args(["-o", format]).stdout_closed().run();
            assert_eq!(output.signal(), Some(SIGPIPE), "{output:?}");
            assert_eq!(output.stderr, "");
        }
        let output = tool(sample.tool).arg("--help").stdout_closed().run();
        assert_eq!(output.signal(), Some(SIGPIPE), "{output:?}");
        assert_eq!(output.stderr, "");
    }
}

#[test]
fn a_full_disk() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    for sample in samples() {
        let formats = FORMATS.map(|format| sample.records().args(["-o", format]));
        let help = tool(sample.tool).arg("--help");
        for command in formats.into_iter().chain([help]) {
            let output = command.stdout_to("/dev/full").run().expect_code(2);
            let said = "error: could not write to standard output: No space left on device\n";
            assert_eq!(output.stderr, format!("{}: {said}", sample.tool));
        }
    }
}

#[test]
fn no_standard_output() {
    for sample in samples() {
        let formats = FORMATS.map(|format| sample.records().args(["-o", format]));
        let help = tool(sample.tool).arg("--help");
        for command in formats.into_iter().chain([help]) {
            let output = command.without_stdout().run().expect_code(2);
            let said = "error: could not write to standard output: Bad file descriptor\n";
            assert_eq!(output.stderr, format!("{}: {said}", sample.tool));
        }
        // What is thrown away on purpose is no error.
        let thrown = tool(sample.tool).arg("--help").stdout_to("/dev/null");
        thrown.run().expect_code(0);
    }
}

#[test]
fn nothing_on_stdout_from_a_tool_that_fails() {
    for sample in samples() {
        for format in FORMATS {
            let output = sample.failure().args(["-o", format]).run();
            let output = output.expect_code(2).expect_no_output();
            let start = format!("{}: error: ", sample.tool);
            assert!(output.stderr.starts_with(&start), "{output:?}");
            let prefix = format!("{}: ", sample.tool);
            assert!(
                output.stderr.lines().all(|line| line.starts_with(&prefix)),
                "{output:?}"
            );
        }
    }
}

const FORMATS: [&str; 4] = ["jsonl", "json", "csv", "table"];

#[test]
fn the_same_records_in_every_format() {
    for sample in samples() {
        let run = |format: &str| {
            let output = sample.records().args(["-o", format]).run();
            output.expect_code(sample.status)
        };
        let [lines, array, csv, table] = FORMATS.map(run);
        let records = lines.json_lines();
        assert!(records.len() > 1, "too few to tell\n{lines:?}");
        let names: Vec<String> = object(&records[0]).keys().cloned().collect();
        let rows = |records: &[Value]| records.iter().map(cells).collect();
        let stable = &without(&sample, &names, rows(&records));
        let parsed: Vec<Value> = serde_json::from_str(&array.stdout).unwrap();
        assert_eq!(
            &without(&sample, &names, rows(&parsed)),
            stable,
            "{array:?}"
        );
        let parsed = csv_rows(&csv, &names);
        assert_eq!(&without(&sample, &names, parsed), stable, "{csv:?}");
        let lines = || table.stdout.lines();
        match sample.table {
            Table::Columns => same_table(&table, &names, stable),
            Table::Drawing => assert_eq!(lines().count(), records.len() + 1, "{table:?}"),
            Table::Excerpts(first) => {
                let firsts = lines().filter(|line| line.starts_with(first));
                assert_eq!(firsts.count(), records.len(), "{table:?}");
            }
        }
        let plain = sample.records().run().expect_code(sample.status);
        let plain = without(&sample, &names, rows(&plain.json_lines()));
        assert_eq!(&plain, stable, "JSON Lines are what a pipe gets");
    }
}

/// The rows with an empty cell in the columns that differ from run to run.
fn without(sample: &Sample, names: &[String], mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    for row in &mut rows {
        assert_eq!(row.len(), names.len(), "{row:?}");
        for (name, cell) in names.iter().zip(row) {
            if sample.varying.contains(&name.as_str()) {
                cell.clear();
            }
        }
    }
    rows
}

fn object(record: &Value) -> &Map<String, Value> {
    record.as_object().unwrap()
}

fn cells(record: &Value) -> Vec<String> {
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    object(record).values().map(cell).collect()
}

fn csv_rows(output: &Output, names: &[String]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(output.bytes.as_slice());
    let header: Vec<&str> = reader.headers().unwrap().iter().collect();
    assert_eq!(header, names, "{output:?}");
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| row.iter().map(str::to_string).collect())
        .collect()
}

/// What a table has of a cell: of a list its items, of an object the texts in it.
fn words(cell: &str) -> Vec<String> {
    let all = |value: &Value| match value {
        Value::Object(fields) => fields
            .values()
            .filter_map(Value::as_str)
            .map(str::to_string)
            .collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    };
    match serde_json::from_str(cell) {
        Ok(Value::Array(items)) => items.iter().flat_map(all).collect(),
        Ok(object @ Value::Object(_)) => all(&object),
        _ => vec![cell.to_string()],
    }
}

fn same_table(output: &Output, names: &[String], rows: &[Vec<String>]) {
    let mut lines = output.stdout.lines();
    let header: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(header, names, "{output:?}");
    assert_eq!(lines.clone().count(), rows.len(), "{output:?}");
    for (line, row) in lines.zip(rows) {
        for cell in row.iter().flat_map(|cell| words(cell)) {
            let cell = shared::printable::line(&cell);
            assert!(line.contains(cell.trim()), "{cell} in {line}\n{output:?}");
        }
    }
}

/// The long flags that the help shows.
fn flags(sample: &Sample) -> Vec<String> {
    let help = tool(sample.tool).arg("--help").run().stdout;
    let column = |line: &str| line.strip_prefix("  ")?.get(4..).map(str::to_string);
    let flags = help
        .lines()
        .filter_map(column)
        .filter(|rest| rest.starts_with("--"));
    flags
        .map(|rest| rest.split_whitespace().next().unwrap().to_string())
        .collect()
}

fn generated(sample: &Sample, what: &str) -> String {
    let output = tool(sample.tool).args(["--generate", what]).run();
    output.expect_code(0).stdout
}

#[test]
fn the_man_page_names_every_flag() {
    for sample in samples() {
        let page = generated(&sample, "man");
        assert!(page.starts_with(".TH "), "{page}");
        for flag in flags(&sample) {
            let escaped = format!("\\fB{}\\fR", flag.replace('-', "\\-"));
            assert!(page.contains(&escaped), "{escaped}\n{page}");
        }
        // The page has no date, so that the same source gives the same page.
        if let Some(said) = judged("mandoc", &["-Tlint", "-Wwarning"], &page) {
            let said: Vec<&str> = said
                .lines()
                .filter(|line| !line.contains("missing date"))
                .collect();
            assert!(said.is_empty(), "{said:?}\n{page}");
        }
        if let Some(said) = judged("groff", &["-man", "-Tutf8", "-ww", "-z"], &page) {
            assert_eq!(said, "", "{page}");
        }
    }
}

#[test]
fn the_man_page_has_every_part_and_leads_to_pages_that_are_there() {
    let samples = samples();
    for sample in &samples {
        let page = generated(sample, "man");
        let headings: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix(".SH "))
            .collect();
        let mut places = Vec::new();
        for heading in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXIT STATUS",
            "ENVIRONMENT",
            "FILES",
            "EXAMPLES",
        ] {
            let place = headings.iter().position(|found| *found == heading);
            places.push(place.unwrap_or_else(|| panic!("no {heading}\n{page}")));
        }
        assert!(places.is_sorted(), "{headings:?}");
        if !sample.tool.starts_with("pg-") {
            continue;
        }
        let also = page.split_once("\n.SH SEE ALSO\n").unwrap().1;
        for line in also.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [".BR", name, _] = words[..] else {
                panic!("{line}")
            };
            let name = name.replace("\\-", "-");
            let ours = name.starts_with("pg-");
            assert!(name != sample.tool, "{page}");
            assert!(
                !ours || samples.iter().any(|other| other.tool == name),
                "{name}"
            );
        }
    }
}

#[test]
fn bash_completes_every_flag_and_its_choices() {
    for sample in samples() {
        let script = generated(&sample, "bash");
        let offered = completed(&sample, &script, &["--"]);
        let mut offered: Vec<&str> = offered.split(' ').collect();
        let mut flags = flags(&sample);
        offered.sort_unstable();
        flags.sort_unstable();
        // A line of the description may begin with a flag.
        flags.dedup();
        assert_eq!(offered, flags);
        assert_eq!(completed(&sample, &script, &["--outp"]), "--output");
        assert!(completed(&sample, &script, &["-o", "js"]).starts_with("jsonl json"));
        assert!(completed(&sample, &script, &["--output", "=", "ta"]).starts_with("table"));
        assert!(completed(&sample, &script, &["--output", "="]).contains("csv"));
        assert_eq!(completed(&sample, &script, &["--", "--outp"]), "");
    }
}

/// What bash offers for the last of the words.
fn completed(sample: &Sample, script: &str, words: &[&str]) -> String {
    let function = format!("_{}", sample.tool.replace('-', "_"));
    let script = format!(
        "{script}\nCOMP_WORDS=(\"$0\" \"$@\")\nCOMP_CWORD=$#\n{function}\necho \"${{COMPREPLY[*]}}\""
    );
    let output = tests::program("bash")
        .args(["-uc", &script, sample.tool])
        .args(words)
        .run()
        .expect_code(0);
    assert_eq!(output.stderr, "", "{output:?}");
    output.stdout.trim_end().to_string()
}

#[test]
fn zsh_and_fish_take_their_completions() {
    for sample in samples() {
        let zsh = generated(&sample, "zsh");
        let fish = generated(&sample, "fish");
        for flag in flags(&sample) {
            assert!(zsh.contains(&flag), "{flag}\n{zsh}");
            let long = format!("-l {} ", flag.trim_start_matches('-'));
            assert!(fish.contains(&long), "{flag}\n{fish}");
        }
        let load = format!(
            "autoload -U compinit; compinit -D -u; {zsh}\nprint $_comps[{}]",
            sample.tool
        );
        if let Some(said) = judged("zsh", &["-f"], &load) {
            assert_eq!(said.trim(), format!("_{}", sample.tool.replace('-', "_")));
        }
        let offer = format!("{fish}\ncomplete -C '{} --outp'", sample.tool);
        if let Some(said) = judged("fish", &["--no-config"], &offer) {
            assert!(said.starts_with("--output"), "{said}");
        }
    }
}

/// What a program says of a text, if the program is installed here.
fn judged(program: &str, arguments: &[&str], text: &str) -> Option<String> {
    if Command::new(program).arg("--version").output().is_err() {
        let _ = writeln_stderr(&format!("{program} is not installed: not asked"));
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text");
    fs::write(&file, text).unwrap();
    let home = folder.path().as_os_str();
    let output = tests::program(program)
        .env("HOME", home)
        .args(arguments)
        .arg(&file)
        .run();
    Some(output.stdout + &output.stderr)
}

fn writeln_stderr(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    writeln!(std::io::stderr(), "{text}")
}
