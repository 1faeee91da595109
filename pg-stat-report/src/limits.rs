//! Thresholds: those of the checks, and what the command line or a file says instead; and which things are
//! left out.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::cli::Value;
use shared::{Error, Result, units};

use crate::check::{Check, Unit};
use crate::{checks, words};

/// So old statistics must be before what they don't count was never used.
const STATISTICS_AGE: Duration = Duration::from_secs(7 * 86_400);

/// What was said of thresholds, in the order in which it was.
#[derive(Debug)]
pub struct Limits {
    said: Vec<Limit>,
    skipped: Vec<Skipped>,
    /// So old statistics must be before what they don't count was never used.
    pub statistics_age: Duration,
}

/// A threshold.
#[derive(Debug)]
pub struct Limit {
    /// Of which check.
    pub check: &'static str,
    /// Of these things only; `*` stands for any text.
    pub pattern: Option<String>,
    /// Critical, and not a warning.
    pub is_crit: bool,
    /// None: never.
    pub value: Option<f64>,
}

/// Things that a check leaves out.
#[derive(Debug)]
pub struct Skipped {
    /// Which check.
    pub check: &'static str,
    /// Those whose name fits; `*` stands for any text.
    pub pattern: String,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            said: Vec::new(),
            skipped: Vec::new(),
            statistics_age: STATISTICS_AGE,
        }
    }
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
        expect_threshold(check)?;
        let number = parse(check.unit, number).map_err(|error| value.refuse(error.message()))?;
        self.said.push(Limit {
            check: check.name,
            pattern,
            is_crit,
            value: number,
        });
        Ok(())
    }

    /// Leaves things out.
    pub fn skip(&mut self, skipped: Skipped) {
        self.skipped.push(skipped);
    }

    /// Takes what a file says: the command line goes before it.
    pub fn put_below(&mut self, limits: Vec<Limit>) {
        self.said.splice(0..0, limits);
    }

    /// Whether a check leaves this thing out.
    pub fn leaves_out(&self, check: &Check, object: Option<&str>) -> bool {
        let mut patterns = self.left_out(check);
        object.is_some_and(|object| patterns.any(|pattern| matches(pattern, object)))
    }

    /// What a check leaves out.
    pub fn left_out(&self, check: &Check) -> impl Iterator<Item = &str> {
        let own = self.skipped.iter().filter(|one| one.check == check.name);
        own.map(|one| one.pattern.as_str())
    }

    /// What was said of single things of a check, each pattern once.
    pub fn patterns<'a>(&'a self, check: &'a Check) -> BTreeSet<&'a str> {
        let own = self.said.iter().filter(|limit| limit.check == check.name);
        let said = own.filter_map(|limit| limit.pattern.as_deref());
        said.chain(self.left_out(check)).collect()
    }

    /// What was said of a check's thresholds, and can't be meant so.
    pub fn doubts(&self, check: &Check) -> BTreeSet<String> {
        let own = self.said.iter().filter(|limit| limit.check == check.name);
        own.filter_map(|limit| self.doubt(check, limit)).collect()
    }

    fn doubt(&self, check: &Check, limit: &Limit) -> Option<String> {
        let pattern = limit.pattern.as_deref();
        let name = match pattern {
            Some(pattern) => format!("{}:{pattern}", check.name),
            None => check.name.to_string(),
        };
        let value = limit.value?;
        if check.unit == Unit::Share && value > 1.0 {
            let always = if check.is_low_bad { "always" } else { "never" };
            return Some(format!(
                "{name}: no value of it is above 100 %, so that {} means {always}",
                words::percent(value)
            ));
        }
        let (Some(warn), Some(crit)) = self.of(check, pattern) else {
            return None;
        };
        let is_mixed_up = if check.is_low_bad {
            warn < crit
        } else {
            warn > crit
        };
        is_mixed_up.then(|| {
            let of = |value| words::of_unit(check.unit, value);
            format!(
                "{name}: it is critical at {} already, and never a warning, for which {} is said",
                of(crit),
                of(warn)
            )
        })
    }

    /// Whether anything was said of a check's thresholds.
    pub fn are_said(&self, check: &Check) -> bool {
        self.said.iter().any(|limit| limit.check == check.name)
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

impl Skipped {
    /// Of `CHECK:PATTERN`; the check itself of `CHECK`.
    pub fn from_text(text: &str) -> Result<std::result::Result<Self, &'static Check>> {
        Ok(match text.split_once(':') {
            Some((name, pattern)) => Ok(Self {
                check: checks::find(name)?.name,
                pattern: pattern.to_string(),
            }),
            None => Err(checks::find(text)?),
        })
    }
}

/// Refuses to set thresholds of a check that has none.
pub fn expect_threshold(check: &Check) -> Result<()> {
    let name = check.name;
    match check.unit {
        Unit::State => Err(Error::usage(format!(
            "{name} takes no threshold: what it finds says how bad it is"
        ))
        .with_hint(format!(
            "--skip {name} leaves it out, --skip {name}:PATTERN the objects whose name fits"
        ))),
        _ => Ok(()),
    }
}

/// A value in this unit; none: never.
pub fn parse(unit: Unit, text: &str) -> Result<Option<f64>> {
    if text == "never" {
        return Ok(None);
    }
    let number = || {
        let number = text.parse::<f64>().ok();
        number.filter(|number| number.is_finite() && *number >= 0.0)
    };
    let value = match unit {
        Unit::Ratio | Unit::Share => {
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
        Unit::Count | Unit::State => number().ok_or_else(|| Error::usage("a number is needed")),
    };
    value.map(Some)
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
    fn what_can_t_be_meant() {
        let doubts = |name: &str, said: &[(&str, bool)]| {
            let check = checks::find(name).unwrap();
            let doubts = limits(said).doubts(check).into_iter();
            doubts.collect::<Vec<_>>().join("; ")
        };
        let mixed = [("connections=90%", false), ("connections=80%", true)];
        assert_eq!(
            doubts("connections", &mixed),
            "connections: it is critical at 80.0 % already, and never a warning, for which 90.0 % is said"
        );
        let of_some = [("table_size:a*=2MB", false), ("table_size=1MB", true)];
        assert_eq!(
            doubts("table_size", &of_some),
            "table_size:a*: it is critical at 1.0 MB already, and never a warning, for which 2.0 MB is said"
        );
        assert_eq!(
            doubts("connections", &[("connections=120%", true)]),
            "connections: no value of it is above 100 %, so that 120.0 % means never"
        );
        let low = [("cache_hits=70%", false), ("cache_hits=99%", true)];
        assert!(doubts("cache_hits", &low).contains("never a warning"));
        for (name, said) in [
            (
                "dead_rows",
                [("dead_rows=200%", false), ("dead_rows=9", true)],
            ),
            (
                "connections",
                [("connections=90%", false), ("connections=90%", true)],
            ),
            (
                "connections",
                [("connections=99%", false), ("connections=never", true)],
            ),
            (
                "cache_hits",
                [("cache_hits=99%", false), ("cache_hits=70%", true)],
            ),
        ] {
            assert_eq!(doubts(name, &said), "", "{said:?}");
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
