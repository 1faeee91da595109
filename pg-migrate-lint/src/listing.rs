//! What rules there are, and what each is about.

use std::io::{BufWriter, Write as _};

use serde::{Deserialize, Serialize};
use shared::cli::Context;
use shared::records::Stdout;
use shared::{Error, Exit, Result};

use crate::rules::{self, Example, Rule};

/// What is to be said.
#[derive(Debug, Clone, Copy)]
pub enum Listing {
    /// Which rules there are.
    Rules,
    /// What one is about.
    Explain(&'static Rule),
}

/// A rule, as it is listed.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    rule: String,
    group: String,
    severity: String,
    is_default: bool,
    summary: String,
    versions: Option<String>,
}

impl Listing {
    /// Writes it.
    pub fn write(self, context: &Context) -> Result<Exit> {
        match self {
            Self::Rules => list(context)?,
            Self::Explain(rule) => explain(rule).map_err(Error::output)?,
        }
        Ok(Exit::Ok)
    }
}

fn list(context: &Context) -> Result<()> {
    let mut writer = context.records();
    for rule in rules::all() {
        writer.write(&Row {
            rule: rule.name.to_string(),
            group: rule.group.name().to_string(),
            severity: rule.severity.name().to_string(),
            is_default: rule.group.is_usual(),
            summary: rule.summary.to_string(),
            versions: (!rule.versions.is_empty()).then(|| rule.versions.to_string()),
        })?;
    }
    writer.finish()
}

/// A page for people.
fn explain(rule: &Rule) -> std::io::Result<()> {
    let mut out = BufWriter::new(Stdout::open());
    writeln!(out, "{}\n    {}\n", rule.name, rule.summary)?;
    let default = match rule.group.is_usual() {
        true => "",
        false => ", asked only if it or its group is named",
    };
    writeln!(
        out,
        "    {} ({}{default})",
        rule.severity.name(),
        rule.group.name()
    )?;
    if !rule.versions.is_empty() {
        writeln!(out, "    PostgreSQL {}", rule.versions)?;
    }
    for paragraph in rule.explanation.split("\n\n") {
        writeln!(out)?;
        for line in shared::printable::wrap(paragraph, 75) {
            writeln!(out, "    {line}")?;
        }
    }
    examples(&mut out, "What it finds", rule.bad)?;
    examples(&mut out, "What it does not find", rule.good)?;
    out.flush()
}

fn examples(
    out: &mut impl std::io::Write,
    title: &str,
    examples: &[Example],
) -> std::io::Result<()> {
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
            writeln!(
                out,
                "    -- {}, at the commit that --since names",
                example.layout
            )?;
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
fn folder(out: &mut impl std::io::Write, files: &[(&str, &str)]) -> std::io::Result<()> {
    for (name, text) in files {
        writeln!(out, "    {name}")?;
        for line in text.split_terminator('\n') {
            writeln!(out, "        {}", line.replace('\r', "\\r"))?;
        }
    }
    Ok(())
}

fn indented(out: &mut impl std::io::Write, text: &str) -> std::io::Result<()> {
    text.lines()
        .try_for_each(|line| writeln!(out, "    {line}"))
}
