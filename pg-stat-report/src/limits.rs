//! Thresholds: those of the checks, and what the command line says instead.

use std::time::Duration;

use shared::cli::Value;
use shared::{Error, Result, units};

use crate::check::{Check, Unit};
use crate::checks;

/// What was said of thresholds, in the order in which it was.
#[derive(Debug, Default)]
pub struct Limits {
    said: Vec<Limit>,
    /// So old statistics must be before what they don't count was never used.
    pub statistics_age: Duration,
}

#[derive(Debug)]
struct Limit {
    check: &'static str,
    /// Of these things only; `*` stands for any text.
    pattern: Option<String>,
    is_crit: bool,
    /// None: never.
    value: Option<f64>,
}

impl Limits {
    /// Takes `CHECK=VALUE` or `CHECK:PATTERN=VALUE`.
    pub fn set(&mut self, value: &Value, is_crit: bool) -> Result<()> {
        let text = value.text()?;
        let needed = "CHECK=VALUE is needed, such as connections=80%";
        let (thing, number) = text.rsplit_once('=').ok_or_else(|| value.refuse(needed))?;
        let (name, pattern) = match thing.split_once(':') {
            Some((name, pattern)) => (name, Some(pattern.to_string())),
            None => (thing, None),
        };
        let check = checks::find(name)?;
        let number = match number {
            "never" => None,
            number => {
                Some(parse(check.unit, number).map_err(|error| value.refuse(error.message()))?)
            }
        };
        self.said.push(Limit {
            check: check.name,
            pattern,
            is_crit,
            value: number,
        });
        Ok(())
    }

    /// From where on a thing is a warning, and from where on critical.
    pub fn of(&self, check: &Check, object: Option<&str>) -> (Option<f64>, Option<f64>) {
        let said = |is_crit: bool| {
            let fits = |limit: &&Limit| {
                limit.check == check.name
                    && limit.is_crit == is_crit
                    && limit
                        .pattern
                        .as_deref()
                        .is_none_or(|pattern| object.is_some_and(|object| matches(pattern, object)))
            };
            self.said.iter().rev().find(fits).map(|limit| limit.value)
        };
        (
            said(false).unwrap_or(check.warn),
            said(true).unwrap_or(check.crit),
        )
    }
}

fn parse(unit: Unit, text: &str) -> Result<f64> {
    let number = || {
        let number = text.parse::<f64>().ok();
        number.filter(|number| number.is_finite() && *number >= 0.0)
    };
    match unit {
        Unit::Ratio => {
            let percent = text.strip_suffix('%').map(|text| text.parse::<f64>());
            let ratio = match percent {
                Some(percent) => percent.ok().map(|percent| percent / 100.0),
                None => number(),
            };
            let ratio = ratio.filter(|ratio| ratio.is_finite() && *ratio >= 0.0);
            ratio.ok_or_else(|| Error::usage("a ratio is needed, such as 80% or 0.8"))
        }
        Unit::Seconds => units::duration(text).map(|time| time.as_secs_f64()),
        Unit::Bytes => units::bytes(text).map(|bytes| bytes as f64),
        Unit::Count => number().ok_or_else(|| Error::usage("a number is needed")),
    }
}

/// Whether a text fits a pattern, in which `*` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::connections;

    fn limits(said: &[(&str, bool)]) -> Limits {
        let mut limits = Limits::default();
        for (text, is_crit) in said {
            limits.set(&Value::new("--warn", *text), *is_crit).unwrap();
        }
        limits
    }

    #[test]
    fn the_last_that_fits_wins() {
        let check = &connections::CHECK;
        let said = [
            ("connections=50%", false),
            ("connections:web*=0.25", false),
            ("connections=never", true),
        ];
        let limits = limits(&said);
        assert_eq!(limits.of(check, None), (Some(0.5), None));
        assert_eq!(limits.of(check, Some("webshop")), (Some(0.25), None));
        assert_eq!(limits.of(check, Some("shop")), (Some(0.5), None));
    }

    #[test]
    fn what_is_no_threshold() {
        for text in [
            "",
            "connections",
            "nothing=1",
            "connections=x",
            "connections=-1%",
            "connections=NaN",
        ] {
            let refused = Limits::default().set(&Value::new("--warn", text), false);
            assert!(refused.is_err(), "{text}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axc", false),
            ("*a", "aba", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
