//! What must hold for every flag table.

use super::common::OUTPUT;
use super::flag::Flag;
use super::parse::Options;
use super::tool::Tool;
use super::value::Value;
use super::{HELP_WIDTH, help, unhandled};
use crate::records::{Record, columns};
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

/// Checks that the manual has the fields of the tool's records `R`, in their order.
pub fn check_fields<R: Record>(tool: &Tool) -> Result<()> {
    let told: Vec<&str> = tool.fields.iter().map(|(name, _)| *name).collect();
    let fields = columns::<R>();
    if told != fields {
        return Err(Error::usage(format!(
            "the manual has the fields {told:?}, a record {fields:?}"
        )));
    }
    match tool.telling.iter().find(|name| !fields.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Error::usage(format!("no record has the field {name}"))),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Tool;

    #[derive(Default)]
    struct Taken;

    impl Options for Taken {
        fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
            match flag {
                "good" => value.count().map(drop),
                "other" => Ok(()),
                _ => Err(unhandled(flag)),
            }
        }
    }

    const GOOD: Tool = Tool::new("pg-try", "1", "try the checks")
        .connects()
        .flags(&[Flag::value("good", "N", "a number").short('g').default("1")]);

    fn problems(flags: &'static [Flag]) -> String {
        let error = check_table::<Taken>(&GOOD.flags(flags)).unwrap_err();
        error.message().to_string()
    }

    #[test]
    fn a_good_table() {
        check_table::<Taken>(&GOOD).unwrap();
    }

    #[test]
    fn each_rule_finds_its_breach() {
        const A: Flag = Flag::switch("good", "a switch");
        const B: Flag = Flag::switch("other", "a switch");
        const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890";
        const CASES: [(&[Flag], &str); 12] = [
            (&[B, B], "--other is there twice"),
            (&[B.short('q')], "--quiet and --other share a letter"),
            (
                &[A.short('x'), B.short('x')],
                "--other and --good share a letter",
            ),
            (
                &[Flag::switch("other", "")],
                "--other needs one line of help",
            ),
            (
                &[Flag::switch("other", "A sentence.")],
                "--other needs one line of help",
            ),
            (&[Flag::switch("Other", "x")], "--Other is no good name"),
            (&[B.group("")], "--other needs a group"),
            (
                &[Flag::value("other", "", "x")],
                "--other needs a name of one word",
            ),
            (&[B.default("1")], "--other is a switch"),
            (
                &[Flag::value("other", "X", "x").choices(&["a"]).default("b")],
                "not one of its choices",
            ),
            (
                &[Flag::switch("new", "x")],
                "--new is in the table, but nothing takes it",
            ),
            (
                &[Flag::value("good", "N", "x").default("many")],
                "a whole number is needed",
            ),
        ];
        for (flags, said) in CASES {
            let problems = problems(flags);
            assert!(problems.contains(said), "{said}: {problems}");
        }
        const WIDE: &[Flag] = &[Flag::value("other", LONG, "x")];
        assert_eq!(LONG.len(), 61);
        check_table::<Taken>(&GOOD.flags(WIDE)).unwrap();
        let example = GOOD.examples(&[(
            "x",
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678",
        )]);
        let error = check_table::<Taken>(&example).unwrap_err();
        assert!(error.message().contains("too long"), "{error}");
    }
}
