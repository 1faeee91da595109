//! The value of a flag, and what a tool may take it for.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::{Error, Result, units};

/// What the user gave for a flag. Every error names the flag and the value.
#[derive(Debug, Clone)]
pub struct Value {
    flag: String,
    text: OsString,
}

impl Value {
    /// The value `text` of the flag that the user calls `flag` (`--dir`, `-h`).
    pub fn new(flag: impl Into<String>, text: impl Into<OsString>) -> Self {
        Self {
            flag: flag.into(),
            text: text.into(),
        }
    }

    /// As it was typed.
    pub fn os(&self) -> &OsStr {
        &self.text
    }

    /// Itself, unless it is a URL, which may have a password in it and is not shown.
    pub fn unless_url(&self) -> Result<&Self> {
        match self.text.to_string_lossy().contains("://") {
            false => Ok(self),
            true => Err(Error::usage(format!("{} takes no URL", self.flag))
                .with_hint("a connection string is given with -d")),
        }
    }

    /// As a path, which need not be UTF-8.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.text)
    }

    /// As text; refused if it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        self.text
            .to_str()
            .ok_or_else(|| self.refuse("it is not valid UTF-8"))
    }

    /// As anything that can be read from text.
    pub fn parse<T>(&self) -> Result<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.text()?
            .parse()
            .map_err(|error: T::Err| self.refuse(&error.to_string()))
    }

    /// As a whole number, 0 or more.
    pub fn count(&self) -> Result<usize> {
        let text = self.text()?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(count) if digits => Ok(count),
            Err(_) if digits => Err(self.refuse("the number is too large")),
            _ => Err(self.refuse("a whole number is needed, such as 7")),
        }
    }

    /// As a span of time: `90s`, `26h`, `1h30m`.
    pub fn duration(&self) -> Result<Duration> {
        units::duration(self.text()?).map_err(|error| self.refuse(error.message()))
    }

    /// As a number of bytes: `512k`, `10MB`, `1GiB`.
    pub fn bytes(&self) -> Result<u64> {
        units::bytes(self.text()?).map_err(|error| self.refuse(error.message()))
    }

    /// As a percentage, with or without its sign: `10` or `10%`, 0 to 100.
    pub fn percent(&self) -> Result<f64> {
        let text = self.text()?;
        let number: Option<f64> = text.strip_suffix('%').unwrap_or(text).parse().ok();
        number
            .filter(|number| (0.0..=100.0).contains(number))
            .ok_or_else(|| self.refuse("a percentage is needed, such as 10%"))
    }

    /// The error that says why this value will not do.
    pub fn refuse(&self, why: &str) -> Error {
        Error::usage(format!("{} {:?}: {why}", self.flag, self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::new("--keep", text)
    }

    #[test]
    fn taken_for_what_the_tool_needs() {
        assert_eq!(value("7").count().unwrap(), 7);
        assert_eq!(value("1h").duration().unwrap().as_secs(), 3600);
        assert_eq!(value("1k").bytes().unwrap(), 1000);
        assert_eq!(value("0.5").parse::<f64>().unwrap(), 0.5);
        assert_eq!(value("10").percent().unwrap(), 10.0);
        assert_eq!(value("2.5%").percent().unwrap(), 2.5);
        assert_eq!(value("a/b").path(), PathBuf::from("a/b"));
    }

    #[test]
    fn a_url_is_refused_and_not_shown() {
        let error = value("postgresql://app:secret@db/app")
            .unless_url()
            .unwrap_err();
        assert_eq!(error.message(), "--keep takes no URL");
        assert!(value("app@example").unless_url().is_ok());
    }

    #[test]
    fn a_refusal_names_flag_and_value() {
        let whole = "a whole number is needed, such as 7";
        for (error, why) in [
            (value("x").count().unwrap_err(), whole),
            (value("-1").count().unwrap_err(), whole),
            (value("+1").count().unwrap_err(), whole),
            (value("").count().unwrap_err(), whole),
            (
                value("99999999999999999999").count().unwrap_err(),
                "the number is too large",
            ),
            (
                value("x").parse::<f64>().unwrap_err(),
                "invalid float literal",
            ),
            (
                value("3").duration().unwrap_err(),
                "a span of time is needed",
            ),
            (value("3x").bytes().unwrap_err(), "a size is needed"),
            (
                value("101%").percent().unwrap_err(),
                "a percentage is needed",
            ),
        ] {
            let start = format!(
                "--keep {:?}: {why}",
                error.message().split('"').nth(1).unwrap()
            );
            assert!(error.message().starts_with(&start), "{error}");
        }
    }
}
