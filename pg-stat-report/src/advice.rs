//! Advice on settings: facts in, verdicts out, each with its reason. What depends on the machine's memory is
//! unknown where that is.

mod facts;
mod memory;
mod pool;
mod ram;
mod work;

pub use facts::Facts;

use crate::words;

/// What is said of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It fits.
    Ok,
    /// Another value is likely better.
    Consider,
    /// It is wrong.
    Warning,
    /// What it depends on is not known.
    Unknown,
}

/// Advice on one setting.
#[derive(Debug)]
pub struct Advice {
    /// Which.
    pub setting: String,
    /// What it is.
    pub value: Option<String>,
    /// What is better.
    pub advised: Option<String>,
    /// How much better.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

impl Verdict {
    /// As rows have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Consider => "consider",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
        }
    }
}

/// All advice.
pub fn of(facts: &Facts) -> Vec<Advice> {
    let mut all = memory::advice(facts);
    all.extend(work::advice(facts));
    all.extend(pool::advice(facts));
    all
}

impl Advice {
    /// On this setting, whose value is in the facts.
    fn on(facts: &Facts, setting: &str, verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            setting: setting.to_string(),
            value: facts.setting(setting).map(|own| own.value.clone()),
            advised: None,
            verdict,
            reason: reason.into(),
        }
    }

    /// Better so.
    fn better(mut self, advised: impl Into<String>) -> Self {
        self.advised = Some(advised.into());
        self
    }

    /// What puts it in force.
    pub fn takes(&self, facts: &Facts) -> Option<&'static str> {
        let setting = facts.setting(&self.setting)?;
        Some(match setting.needs_restart {
            true => "restart",
            false => "reload",
        })
    }

    /// What sets it; a comment where a person has to decide: what needs a restart, or is a list that others are in.
    pub fn remedy(&self, facts: &Facts) -> Option<String> {
        let (setting, advised) = (facts.setting(&self.setting)?, self.advised.as_ref()?);
        let name = &self.setting;
        if setting.source == "command line" {
            return Some(format!(
                "-- it is on the server's command line: {name} = {advised} belongs there"
            ));
        }
        if name == "shared_preload_libraries" {
            return Some(format!(
                "-- {name} = '{advised}' in postgresql.conf, then restart"
            ));
        }
        let value = shared::dump::quote_literal(advised);
        Some(match setting.needs_restart {
            // What else runs on the machine, and when it may restart, a person knows.
            true => format!(
                "-- ALTER SYSTEM SET {name} = {value}; -- then restart, where it suits the machine"
            ),
            false => format!("ALTER SYSTEM SET {name} = {value}; SELECT pg_reload_conf();"),
        })
    }
}

/// As postgresql.conf has it: whole units, rounded down.
fn bytes(bytes: f64) -> String {
    const MEGABYTE: f64 = 1_048_576.0;
    const GIGABYTE: f64 = 1024.0 * MEGABYTE;
    match bytes {
        bytes if bytes >= 10.0 * GIGABYTE => format!("{:.0}GB", (bytes / GIGABYTE).floor()),
        bytes => format!("{:.0}MB", (bytes / MEGABYTE).floor().max(1.0)),
    }
}

/// Bytes in words.
fn said(bytes: f64) -> String {
    words::bytes(bytes)
}

#[cfg(test)]
mod tests;
