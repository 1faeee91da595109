//! The restore itself: what it needs, and every error of it.

mod archive;
mod batch;
mod bounds;
mod data;
mod foreign;
mod left_out;
mod loading;
mod locale;
mod refusal;
mod script;
mod sessions;
mod stand_ins;
mod target;
mod units;
mod withheld;

use std::time::Duration;

use shared::Result;
use shared::dump::{QualifiedName, Toc};

pub use archive::restore_archive;
pub use bounds::Reach;
pub use foreign::HeldOff;
pub use locale::Locale;
pub use refusal::{
    Blame, Harmless, LABELS, Refusal, is_about_label_provider, may_be_of_end, server_gone,
};
pub use script::restore_script;
pub use stand_ins::{of_archive as stand_in_for, schema as stand_in_schema};
pub use target::{DATABASE, Target};
pub use withheld::{Doubt, Withheld};

use crate::choice::{Chosen, References};
use crate::cli::Choice;
use crate::contents::Contents;
use crate::rows::Early;
use crate::tables;

/// A backup that was restored, as well as it could be.
pub struct Restored {
    /// What the backup holds.
    pub contents: Contents,
    /// What the server refused.
    pub refusals: Vec<Refusal>,
    /// Why the backup could not be read to its end.
    pub damage: Option<String>,
    /// How long the restore took.
    pub took: Duration,
    /// What was chosen of the backup.
    pub chosen: Chosen,
    /// What refers from there to the rest.
    pub references: References,
    /// Rows that were read back before its end.
    pub early: Option<Early>,
}

impl Restored {
    /// What is left of these contents when only what was chosen is looked at.
    fn new(
        mut contents: Contents,
        chosen: Chosen,
        refusals: Vec<Refusal>,
        damage: Option<String>,
        took: Duration,
    ) -> Self {
        let references = References::of(&contents, &chosen);
        contents.retain(&chosen);
        Self {
            contents,
            refusals,
            damage,
            took,
            chosen,
            references,
            early: None,
        }
    }

    fn with_early(self, early: Option<Early>) -> Self {
        Self { early, ..self }
    }
}

/// Which part of a backup to restore.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// As the user said it.
    pub choice: &'a Choice,
    /// Whether the backup itself may be of a part only, and lack what that needs.
    pub is_partial: bool,
    /// An archive's table of contents.
    pub toc: Option<&'a Toc>,
}

/// Notes tables for which the backup announces rows and has none: they are empty, but for a
/// partition whose rows it has under the name of the table at the top.
fn note_empty(
    contents: &mut Contents,
    announced: impl Iterator<Item = QualifiedName>,
    target: &Target,
) -> Result<()> {
    if !contents.has_inserts() {
        return Ok(());
    }
    let known = tables::restored(&mut target.connect()?)?;
    let is_elsewhere = |table: &QualifiedName| {
        let root = known.get(table).and_then(|known| known.root.as_ref());
        root.is_some_and(|root| contents.tables.contains_key(root))
    };
    let empty: Vec<_> = announced.filter(|table| !is_elsewhere(table)).collect();
    contents.note_empty(empty.into_iter());
    Ok(())
}
