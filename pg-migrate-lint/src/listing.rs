//! What rules there are, and what each is about.

use serde::{Deserialize, Serialize};
use shared::cli::Context;
use shared::{Error, Exit, Result};

use crate::page;
use crate::rules::{self, Rule};

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
            Self::Explain(rule) => page::write(rule).map_err(Error::output)?,
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
