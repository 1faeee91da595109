//! What must hold for every flag table.

use super::common::OUTPUT;
use super::flag::Flag;
use super::parse::Options;
use super::tool::Tool;
use super::value::Value;
use super::{HELP_WIDTH, help, unhandled};
use crate::{Error, Result};

/// Checks a tool's table against the rules of all tables and against its
/// [`Options`]; the error names everything that is wrong. For a unit test.
pub fn check_table<O: Options>(tool: &Tool) -> Result<()> {
    let flags = tool.all_flags();
    let mut problems = Vec::new();
    for (index, flag) in flags.iter().enumerate() {
        let earlier = &flags[..index];
        problems.extend(names(flag, earlier));
        problems.extend(texts(flag));
        problems.extend(defaults(tool, flag));
    }
    problems.extend(tool.flags.iter().filter_map(untaken::<O>));
    problems.extend(long_lines(tool));
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::usage(problems.join("; "))),
    }
}

fn names(flag: &Flag, earlier: &[Flag]) -> Vec<String> {
    let mut problems = Vec::new();
    let long = flag.long;
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if long.len() < 2 || !long.chars().all(lower) || long.starts_with('-') {
        problems.push(format!("--{long} is no good name"));
    }
    if earlier.iter().any(|other| other.long == long) {
        problems.push(format!("--{long} is there twice"));
    }
    let same = |other: &&Flag| flag.short.is_some() && other.short == flag.short;
    if let Some(other) = earlier.iter().find(same) {
        problems.push(format!("--{long} and --{} share a letter", other.long));
    }
    problems
}

fn texts(flag: &Flag) -> Vec<String> {
    let mut problems = Vec::new();
    let long = flag.long;
    if flag.help.trim().is_empty() || flag.help.contains('\n') || flag.help.ends_with('.') {
        problems.push(format!(
            "--{long} needs one line of help without a full stop"
        ));
    }
    if flag.group.is_empty() {
        problems.push(format!("--{long} needs a group"));
    }
    if flag
        .value
        .is_some_and(|metavar| metavar.is_empty() || metavar.contains(' '))
    {
        problems.push(format!("--{long} needs a name of one word for its value"));
    }
    if flag.value.is_none() && (!flag.choices.is_empty() || flag.default.is_some()) {
        problems.push(format!(
            "--{long} is a switch and has no choices or default"
        ));
    }
    problems
}

fn defaults(tool: &Tool, flag: &Flag) -> Option<String> {
    let choices = tool.choices(flag);
    let default = flag.default?;
    let known = choices.is_empty() || choices.contains(&default);
    (!known).then(|| format!("--{}: its default is not one of its choices", flag.long))
}

/// A flag that `set` does not know, or whose default it refuses.
fn untaken<O: Options>(flag: &Flag) -> Option<String> {
    let choice = flag.choices.first().copied();
    let text = flag.default.or(choice).unwrap_or("1");
    let value = Value::new(format!("--{}", flag.long), text);
    let error = O::default().set(flag.long, &value).err()?;
    let refused = error.message() == unhandled(flag.long).message();
    let bad = refused || flag.default.is_some() || (choice.is_some() && flag.long != OUTPUT);
    bad.then(|| error.message().to_string())
}

fn long_lines(tool: &Tool) -> Vec<String> {
    let text = help::text(tool);
    let long = text
        .lines()
        .filter(|line| line.chars().count() > HELP_WIDTH);
    long.map(|line| format!("--help has a line that is too long: {line}"))
        .collect()
}
