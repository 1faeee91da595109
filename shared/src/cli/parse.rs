//! From the words of the command line to a tool's options: lexopt splits them,
//! the flag table decides what they are.
//!
//! A flag that does not repeat may be given twice with the same value; with two
//! different ones it is refused, since whichever was dropped might have been the
//! one that mattered.

use std::ffi::{OsStr, OsString};

use lexopt::Arg;

use super::common::{Common, OUTPUT};
use super::flag::Flag;
use super::suggest::nearest;
use super::tool::Tool;
use super::value::Value;
use super::{completion, help, man};
use crate::{Error, Result};

/// What a tool makes of its own flags.
pub trait Options: Default {
    /// Takes one flag of the table, in the order of the command line; flags with
    /// a default that the user did not give come first. The arm for every other
    /// name is `_ => Err(cli::unhandled(flag))`.
    fn set(&mut self, flag: &str, value: &Value) -> Result<()>;

    /// Takes one operand; called only if the table says that there are any.
    fn operand(&mut self, value: OsString) -> Result<()> {
        Err(unexpected(&value))
    }

    /// Takes one word after `--`; called only if the table says that these are
    /// no operands.
    fn passed(&mut self, word: OsString) -> Result<()> {
        Err(unexpected(&word))
    }

    /// Looks at the whole: what is missing, what excludes each other.
    fn check(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Parsed<O> {
    /// To do the job.
    Run(O, Common),
    /// To print this and no more: help, version, man page, completion.
    Print(String),
}

/// Reads the command line, without the program's name.
pub fn parse<O: Options>(
    tool: &Tool,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Parsed<O>> {
    let mut line = Line::new(tool);
    match line.read(words)? {
        Some(text) => Ok(Parsed::Print(text)),
        None => line.apply(),
    }
}

/// The format of the tool's own that a command line asks for, as far as that can be told where it is wrong: the
/// last word of its that stands as the value of `-o`.
pub fn format_meant(tool: &Tool, words: &[OsString]) -> Option<&'static str> {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let is_meant = |place: usize, format: &str| {
        let Some(flag) = words[place].strip_suffix(format) else {
            return false;
        };
        let is_flag = |word: &str| match word.strip_prefix("--") {
            Some(long) => long == OUTPUT,
            None => word.starts_with('-') && word.ends_with('o'),
        };
        match flag {
            "" => place > 0 && is_flag(&words[place - 1]),
            attached => is_flag(attached.strip_suffix('=').unwrap_or(attached)),
        }
    };
    let mut places = (0..words.len()).rev();
    places.find_map(|place| {
        let mut formats = tool.formats.iter().copied();
        formats.find(|format| is_meant(place, format))
    })
}

/// The words of a command line, told apart.
struct Line<'a> {
    tool: &'a Tool,
    flags: Vec<Flag>,
    given: Vec<(Flag, Value)>,
    operands: Vec<OsString>,
    passed: Vec<OsString>,
}

impl<'a> Line<'a> {
    fn new(tool: &'a Tool) -> Self {
        Self {
            tool,
            flags: tool.all_flags(),
            given: Vec::new(),
            operands: Vec::new(),
            passed: Vec::new(),
        }
    }

    /// Reads all words; the text to print instead, if a flag asks for one.
    fn read(&mut self, words: impl IntoIterator<Item = OsString>) -> Result<Option<String>> {
        let mut parser = lexopt::Parser::from_args(words);
        parser.set_short_equals(false);
        loop {
            if let Some(rest) = after_dashes(&mut parser) {
                self.rest(rest)?;
                return Ok(None);
            }
            let Some(arg) = parser.next().map_err(usage)? else {
                return Ok(None);
            };
            let (flag, name) = match arg {
                Arg::Value(word) => {
                    self.operand(word)?;
                    continue;
                }
                Arg::Long(long) => (self.long(long)?, format!("--{long}")),
                Arg::Short(letter) => (self.short(letter)?, format!("-{letter}")),
            };
            let value = self.value(&flag, name, &mut parser)?;
            if let Some(text) = self.special(&flag, &value) {
                return Ok(Some(text));
            }
            self.give(flag, value)?;
        }
    }

    fn rest(&mut self, words: Vec<OsString>) -> Result<()> {
        if self.tool.passes.is_some() {
            self.passed = words;
            return Ok(());
        }
        words.into_iter().try_for_each(|word| self.operand(word))
    }

    fn operand(&mut self, word: OsString) -> Result<()> {
        if self.tool.operands.is_none() {
            return Err(unexpected(&word));
        }
        self.operands.push(word);
        Ok(())
    }

    fn long(&self, long: &str) -> Result<Flag> {
        if let Some(flag) = self.flags.iter().find(|flag| flag.long == long) {
            return Ok(*flag);
        }
        let shown = self.flags.iter().filter(|flag| !flag.hidden);
        let error = Error::usage(format!("there is no flag --{long}"));
        Err(match nearest(long, shown.map(|flag| flag.long)) {
            Some(near) => error.with_hint(format!("did you mean --{near}?")),
            None => error.with_hint(format!("{} --help shows them all", self.tool.name)),
        })
    }

    fn short(&self, letter: char) -> Result<Flag> {
        let known = self.flags.iter().find(|flag| flag.short == Some(letter));
        known.copied().ok_or_else(|| {
            Error::usage(format!("there is no flag -{letter}"))
                .with_hint(format!("{} --help shows them all", self.tool.name))
        })
    }

    /// The value that belongs to a flag; an empty one for a switch.
    fn value(&self, flag: &Flag, name: String, parser: &mut lexopt::Parser) -> Result<Value> {
        let Some(metavar) = flag.value else {
            let attached = name.starts_with("--").then(|| parser.optional_value());
            return match attached.flatten() {
                Some(_) => Err(Error::usage(format!("{name} takes no value"))),
                None => Ok(Value::new(name, "")),
            };
        };
        let value = match parser.optional_value() {
            Some(value) => value,
            None => self.next_word(flag, &name, metavar, parser)?,
        };
        let value = Value::new(name, value);
        self.check_choice(flag, &value)?;
        Ok(value)
    }

    /// The word after the flag: not another flag, which would mean that the
    /// value was forgotten.
    fn next_word(
        &self,
        flag: &Flag,
        name: &str,
        metavar: &str,
        parser: &mut lexopt::Parser,
    ) -> Result<OsString> {
        match parser.value() {
            Ok(word) if !self.is_flag(&word) => Ok(word),
            Ok(word) => Err(self.missing(name, metavar).with_detail(format!(
                "the word after it is {word:?}; if that is the value, write --{}={}",
                flag.long,
                word.display()
            ))),
            Err(_) => Err(self.missing(name, metavar)),
        }
    }

    fn missing(&self, name: &str, metavar: &str) -> Error {
        Error::usage(format!("{name} needs a value: {name} {metavar}")).with_hint(format!(
            "usage: {}; --help shows all flags",
            self.tool.usage()
        ))
    }

    fn is_flag(&self, word: &OsStr) -> bool {
        let Some(word) = word.to_str() else {
            return false;
        };
        let short = |flag: &Flag| {
            flag.short.is_some_and(|c| {
                word.strip_prefix('-')
                    .is_some_and(|rest| rest.chars().eq([c]))
            })
        };
        let long = |flag: &Flag| word.strip_prefix("--") == Some(flag.long);
        word == "--" || self.flags.iter().any(|flag| long(flag) || short(flag))
    }

    fn check_choice(&self, flag: &Flag, value: &Value) -> Result<()> {
        let choices = self.tool.choices(flag);
        if choices.is_empty() || choices.iter().any(|choice| value.os() == *choice) {
            return Ok(());
        }
        Err(value.refuse(&format!("it must be one of {}", choices.join(", "))))
    }

    fn special(&self, flag: &Flag, value: &Value) -> Option<String> {
        match flag.long {
            "help" => Some(help::text(self.tool)),
            "version" => Some(format!("{} {}\n", self.tool.name, self.tool.version)),
            "generate" => Some(match value.os().to_str() {
                Some("bash") => completion::bash(self.tool),
                Some("zsh") => completion::zsh(self.tool),
                Some("fish") => completion::fish(self.tool),
                _ => man::page(self.tool),
            }),
            _ => None,
        }
    }

    fn give(&mut self, flag: Flag, value: Value) -> Result<()> {
        let before = self.given.iter().find(|(given, _)| given.long == flag.long);
        match before {
            Some((_, first)) if !flag.repeats && first.os() != value.os() => {
                let [first, second] = [first.os(), value.os()].map(shown);
                Err(Error::usage(format!(
                    "--{} is given twice: {first} and {second}",
                    flag.long
                )))
            }
            Some(_) if !flag.repeats => Ok(()),
            _ => {
                self.given.push((flag, value));
                Ok(())
            }
        }
    }

    /// Hands everything over: defaults, what was given, operands.
    fn apply<O: Options>(self) -> Result<Parsed<O>> {
        let mut options = O::default();
        let mut common = Common::default();
        for (flag, value) in self.defaults().iter().chain(&self.given) {
            match self.tool.flags.iter().any(|own| own.long == flag.long) {
                true => options.set(flag.long, value)?,
                false => common.set(flag.long, value)?,
            }
        }
        for word in self.operands {
            options.operand(word)?;
        }
        for word in self.passed {
            options.passed(word)?;
        }
        options.check()?;
        Ok(Parsed::Run(options, common))
    }

    fn defaults(&self) -> Vec<(Flag, Value)> {
        let absent = |flag: &&Flag| !self.given.iter().any(|(given, _)| given.long == flag.long);
        let mut defaults = Vec::new();
        for flag in self.flags.iter().filter(absent) {
            if let Some(default) = flag.default {
                defaults.push((*flag, Value::new(format!("--{}", flag.long), default)));
            }
        }
        defaults
    }
}

/// The words after `--`, once the parser stands before it.
fn after_dashes(parser: &mut lexopt::Parser) -> Option<Vec<OsString>> {
    let mut words = parser.try_raw_args()?;
    words.next_if(|word| word == "--")?;
    Some(words.collect())
}

fn unexpected(word: &OsStr) -> Error {
    let error = Error::usage(format!("there is no operand {}", shown(word)));
    match may_be_secret(word) {
        true => error.with_hint("a connection string is given with -d"),
        false => error,
    }
}

/// A word of the command line in a message, unless it may hold a password.
fn shown(word: &OsStr) -> String {
    match may_be_secret(word) {
        true => "(what looks like a connection string)".into(),
        false => format!("{word:?}"),
    }
}

fn may_be_secret(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    text.contains('@') || text.contains("://") || text.contains("password")
}

fn usage(error: lexopt::Error) -> Error {
    Error::usage(error.to_string())
}

#[cfg(test)]
mod tests;
