//! What there is to be asked for.

use serde::{Deserialize, Serialize};
use shared::cli::Context;
use shared::{Exit, Result};

use crate::checks::CHECKS;
use crate::section::Reach;
use crate::sections::SECTIONS;

/// A section as `--list-sections` shows it.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    section: String,
    answers: String,
    costs: String,
    needs: String,
    per: String,
}

/// A check as `--list-checks` shows it.
#[derive(Debug, Serialize, Deserialize)]
struct ListedCheck {
    check: String,
    finds: String,
    unit: String,
    warn: Option<f64>,
    crit: Option<f64>,
    sections: String,
    unseen: String,
}

/// A list of what there is.
#[derive(Debug, Clone, Copy)]
pub enum Listing {
    /// `--list-sections`
    Sections,
    /// `--list-checks`
    Checks,
}

impl Listing {
    /// Writes it.
    pub fn write(self, context: &Context) -> Result<Exit> {
        match self {
            Self::Sections => list_sections(context),
            Self::Checks => list_checks(context),
        }
    }
}

fn list_checks(context: &Context) -> Result<Exit> {
    let mut writer = context.records();
    for check in CHECKS {
        let sections: Vec<&str> = check.sections.iter().map(|section| section.name).collect();
        writer.write(&ListedCheck {
            check: check.name.into(),
            finds: check.finds.into(),
            unit: check.unit.name().into(),
            warn: check.warn,
            crit: check.crit,
            sections: sections.join(", "),
            unseen: check.unseen.into(),
        })?;
    }
    writer.finish()?;
    Ok(Exit::Ok)
}

fn list_sections(context: &Context) -> Result<Exit> {
    let mut writer = context.records();
    for section in SECTIONS {
        writer.write(&Listed {
            section: section.name.into(),
            answers: section.answers.into(),
            costs: section.costs.into(),
            needs: section.needs.into(),
            per: match section.reach {
                Reach::Server => "server".into(),
                Reach::Database => "database".into(),
            },
        })?;
    }
    writer.finish()?;
    Ok(Exit::Ok)
}
