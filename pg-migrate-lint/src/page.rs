//! The page of a rule: what it finds, why that matters, and the way around it.

use std::io::{self, BufWriter, Write};

use shared::records::Stdout;

use crate::example;
use crate::rules::{Example, Rule};

/// So many examples are shown of what is found, and of what is not: the first are those that are met most.
const SHOWN: usize = 3;

/// Writes it for people.
pub fn write(rule: &'static Rule) -> io::Result<()> {
    let mut out = BufWriter::new(Stdout::open());
    writeln!(out, "{}\n    {}\n", rule.name, rule.summary)?;
    let default = match rule.group.is_usual() {
        true => "",
        false => ", asked only if it or its group is named",
    };
    let severity = rule.severity.name();
    writeln!(out, "    {severity} ({}{default})", rule.group.name())?;
    if !rule.versions.is_empty() {
        writeln!(out, "    PostgreSQL {}", rule.versions)?;
    }
    for paragraph in rule.explanation.split("\n\n") {
        writeln!(out)?;
        for line in shared::printable::wrap(paragraph, 75) {
            writeln!(out, "    {line}")?;
        }
    }
    let bad = shown(rule.bad);
    examples(&mut out, "What it finds", bad)?;
    if let Some((message, fix)) = bad.iter().find_map(|bad| instead(rule, bad)) {
        writeln!(out, "\nWhat it says, and what to write instead\n")?;
        for line in shared::printable::wrap(&message, 75) {
            writeln!(out, "    {line}")?;
        }
        writeln!(out)?;
        indented(&mut out, &fix)?;
    }
    examples(&mut out, "What it does not find", shown(rule.good))?;
    let name = rule.name;
    writeln!(
        out,
        "\nWhere it is well as it is\n\n    -- pg-migrate-lint: ignore {name} REASON"
    )?;
    out.flush()
}

fn shown(examples: &[Example]) -> &[Example] {
    &examples[..examples.len().min(SHOWN)]
}

/// The message and the fix of an example, if it has one.
fn instead(rule: &'static Rule, bad: &Example) -> Option<(String, String)> {
    let found = example::found(&[rule], bad, bad.version);
    let finding = found.into_iter().find(|finding| finding.fix.is_some())?;
    let fix = finding.fix?.text();
    Some((finding.message, fix))
}

fn examples(out: &mut impl Write, title: &str, examples: &[Example]) -> io::Result<()> {
    if !examples.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    for example in examples {
        writeln!(out)?;
        if !example.before.is_empty() {
            writeln!(out, "    -- an earlier migration")?;
            indented(out, example.before)?;
            writeln!(out, "    -- this one")?;
        }
        if example.in_transaction {
            writeln!(out, "    -- in one transaction")?;
        }
        indented(out, example.sql)?;
        if !example.earlier.is_empty() {
            let layout = example.layout;
            writeln!(out, "    -- {layout}, at the commit that --since names")?;
            folder(out, example.earlier)?;
            writeln!(out, "    -- now")?;
        } else if !example.files.is_empty() {
            writeln!(out, "    -- {}", example.layout)?;
        }
        folder(out, example.files)?;
    }
    Ok(())
}

/// The names of files, with what is in them where that matters.
fn folder(out: &mut impl Write, files: &[(&str, &str)]) -> io::Result<()> {
    for (name, text) in files {
        writeln!(out, "    {name}")?;
        for line in text.split_terminator('\n') {
            writeln!(out, "        {}", line.replace('\r', "\\r"))?;
        }
    }
    Ok(())
}

fn indented(out: &mut impl Write, text: &str) -> io::Result<()> {
    text.lines()
        .try_for_each(|line| writeln!(out, "    {line}"))
}
