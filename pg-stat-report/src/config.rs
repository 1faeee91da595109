//! A file of thresholds, in TOML: a table for each check, and within it one for each pattern of objects.
//!
//! Values are as on the command line, or numbers in the check's own unit.

use std::fs;
use std::path::Path;
use std::time::Duration;

use shared::{Context as _, Error, Result, units};
use toml::{Table, Value};

use crate::check::Check;
use crate::checks;
use crate::cli::FailOn;
use crate::limits::{self, Limit, Skipped};

/// What the file says.
#[derive(Debug, Default)]
pub struct Config {
    /// These checks only; empty: all.
    pub only: Vec<&'static Check>,
    /// Not these.
    pub skip: Vec<&'static Check>,
    /// Thresholds, those of single things last.
    pub limits: Vec<Limit>,
    /// Things that checks leave out.
    pub skipped: Vec<Skipped>,
    /// From where on the status is 1.
    pub fail_on: Option<FailOn>,
    /// How old statistics have to be.
    pub statistics_age: Option<Duration>,
}

impl Config {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let text = fs::read_to_string(path).context(name)?;
        Self::parse(&text).context(name)
    }

    /// What such a file says.
    pub fn parse(text: &str) -> Result<Self> {
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| {
                let before = text.get(..span.start).unwrap_or_default();
                format!("line {}: ", before.matches('\n').count() + 1)
            });
            Error::usage(format!("{}{}", line.unwrap_or_default(), error.message()))
        })?;
        Self::of(&table)
    }

    fn of(table: &Table) -> Result<Self> {
        let mut config = Self::default();
        for (key, value) in table {
            match (key.as_str(), value) {
                ("only", value) => config.only = names(key, value)?,
                ("skip", value) => {
                    for name in texts(key, value)? {
                        config.skip(name)?;
                    }
                }
                ("fail-on", value) => {
                    let fail_on = FailOn::from_name(text(key, value)?);
                    let needed = || refuse(key, "warning, critical, unknown or never is needed");
                    config.fail_on = Some(fail_on.ok_or_else(needed)?);
                }
                ("statistics-age", value) => {
                    let age = units::duration(text(key, value)?);
                    config.statistics_age =
                        Some(age.map_err(|error| refuse(key, error.message()))?);
                }
                (name, Value::Table(own)) => config.check(checks::find(name)?, own)?,
                (_, _) => {
                    let known =
                        "only, skip, fail-on, statistics-age, or a table that is called as a check";
                    return Err(refuse(key, &format!("there is no such key: {known}")));
                }
            }
        }
        Ok(config)
    }

    /// A whole check, or CHECK:PATTERN.
    fn skip(&mut self, name: &str) -> Result<()> {
        match Skipped::from_text(name)? {
            Ok(skipped) => self.skipped.push(skipped),
            Err(check) => self.skip.push(check),
        }
        Ok(())
    }

    /// The table of a check; what is said of single things goes before what is said of all.
    fn check(&mut self, check: &'static Check, table: &Table) -> Result<()> {
        let is_of_some = |value: &Value| value.is_table();
        for (key, value) in table.iter().filter(|(_, value)| !is_of_some(value)) {
            self.entry(check, None, key, value)?;
        }
        for (pattern, own) in table {
            for (key, value) in own.as_table().into_iter().flatten() {
                self.entry(check, Some(pattern), key, value)?;
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        check: &'static Check,
        pattern: Option<&str>,
        key: &str,
        value: &Value,
    ) -> Result<()> {
        let place = match pattern {
            Some(pattern) => format!("{}.{pattern:?}.{key}", check.name),
            None => format!("{}.{key}", check.name),
        };
        match (key, value) {
            ("warn" | "crit", value) => self.limits.push(Limit {
                check: check.name,
                pattern: pattern.map(str::to_string),
                is_crit: key == "crit",
                value: threshold(check, &place, value)?,
            }),
            ("skip", Value::Boolean(false)) => {}
            ("skip", Value::Boolean(true)) => match pattern {
                Some(pattern) => self.skipped.push(Skipped {
                    check: check.name,
                    pattern: pattern.to_string(),
                }),
                None => self.skip.push(check),
            },
            ("skip", _) => return Err(refuse(&place, "true or false is needed")),
            (_, _) => {
                let known = "warn, crit, skip, or a table that is called as the pattern of objects";
                return Err(refuse(&place, &format!("there is no such key: {known}")));
            }
        }
        Ok(())
    }
}

fn threshold(check: &Check, place: &str, value: &Value) -> Result<Option<f64>> {
    let place_of = || place.to_string();
    limits::expect_threshold(check).context(place_of)?;
    let number = match value {
        Value::String(text) => return limits::parse(check.unit, text).context(place_of),
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    let needed = || {
        refuse(
            place,
            "a number, or a text such as \"80%\", \"5min\" or \"never\" is needed",
        )
    };
    number.map(Some).ok_or_else(needed)
}

fn names(key: &str, value: &Value) -> Result<Vec<&'static Check>> {
    texts(key, value)?.into_iter().map(checks::find).collect()
}

fn texts<'a>(key: &str, value: &'a Value) -> Result<Vec<&'a str>> {
    let needed = || refuse(key, "a list of checks is needed, such as [\"growth\"]");
    let values = value.as_array().ok_or_else(needed)?.iter();
    values
        .map(|value| value.as_str().ok_or_else(needed))
        .collect()
}

fn text<'a>(key: &str, value: &'a Value) -> Result<&'a str> {
    value
        .as_str()
        .ok_or_else(|| refuse(key, "a text is needed"))
}

fn refuse(place: &str, why: &str) -> Error {
    Error::usage(format!("{place}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{connections, indexes};
    use crate::limits::Limits;

    fn config(text: &str) -> Result<Config> {
        Config::of(&toml::from_str(text).unwrap())
    }

    #[test]
    fn thresholds_of_checks_and_objects() {
        let text = r#"
            skip = ["growth", "unused_indexes:public.audit_*"]
            [connections."user app*"]
            warn = 0.5
            crit = "never"
            [connections]
            warn = "70%"
            [long_queries]
            crit = 60
        "#;
        let config = config(text).unwrap();
        let mut limits = Limits::default();
        limits.put_below(config.limits);
        let check = &connections::CHECK;
        assert_eq!(limits.of(check, None), (Some(0.7), check.crit));
        assert_eq!(limits.of(check, Some("user app")), (Some(0.5), None));
        let long = checks::find("long_queries").unwrap();
        assert_eq!(limits.of(long, Some("pid 1")).1, Some(60.0));
        config.skipped.into_iter().for_each(|one| limits.skip(one));
        assert!(limits.leaves_out(&indexes::UNUSED, Some("public.audit_x")));
        assert!(!limits.leaves_out(&indexes::UNUSED, Some("public.x")));
        assert!(!limits.leaves_out(&indexes::UNUSED, None));
        assert_eq!(config.skip[0].name, "growth");
    }

    #[test]
    fn the_command_line_goes_before_it() {
        let mut limits = Limits::default();
        let value = shared::cli::Value::new("--warn", "connections=60%");
        limits.set(&value, false).unwrap();
        limits.put_below(
            config("[connections]\nwarn = 0.7\ncrit = 0.8")
                .unwrap()
                .limits,
        );
        assert_eq!(limits.of(&connections::CHECK, None), (Some(0.6), Some(0.8)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            ("[conections]\nwarn = 1", "conections"),
            ("[connections]\nwran = 1", "connections.wran"),
            ("[connections]\nwarn = -1", "connections.warn"),
            ("[connections]\nwarn = \"x\"", "connections.warn"),
            ("[connections]\nwarn = []", "connections.warn"),
            ("[connections.\"a*\"]\nskip = 1", "connections.\"a*\".skip"),
            ("[connections.a.b]\nwarn = 1", "connections.\"a\".b"),
            ("connections = 1", "connections"),
            ("only = \"connections\"", "only"),
            ("skip = [\"conections\"]", "conections"),
            ("fail-on = \"often\"", "fail-on"),
            ("statistics-age = 7", "statistics-age"),
        ] {
            let error = config(text).unwrap_err();
            assert!(error.message().contains(named), "{text}: {error:?}");
        }
    }
}
