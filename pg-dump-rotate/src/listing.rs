//! `--list`: what there is.

use std::collections::HashMap;
use std::path::PathBuf;

use shared::backup::{self, Backup, State};
use shared::cli::Context;
use shared::time::{self, Time};
use shared::{Exit, Result};

use crate::cli::Options;
use crate::record::Record;
use crate::rotate::{self, Verdict};

/// Every backup in the folder, newest first; with rules, what they would do with it.
pub fn run(options: &Options, context: &Context) -> Result<Exit> {
    let backups = backup::list(&options.absolute_dir()?)?;
    let now = time::now();
    let reasons = reasons(options, &backups, now);
    let database = rotate::database(options, context)?;
    let mut records = context.records::<Record>();
    let is_meant = |backup: &&Backup| options.lists(backup, database.as_deref());
    for backup in backups.iter().filter(is_meant) {
        let record = Record::of("listed", backup, now);
        let record = match (reasons.get(&backup.path), &backup.state) {
            (Some(reason), _) => record.because(reason),
            (None, State::Damaged(why)) => record.because(why),
            (None, _) => record,
        };
        records.write(&record)?;
    }
    records.finish()?;
    Ok(Exit::Ok)
}

/// What the rules would do with each; nothing where there are none.
fn reasons(options: &Options, backups: &[Backup], now: Time) -> HashMap<PathBuf, String> {
    if options.policy.is_empty() {
        return HashMap::new();
    }
    let verdicts = rotate::judge_all(&options.policy, backups.to_vec(), now);
    let reason = |verdict: Verdict| (verdict.backup.path.clone(), verdict.reason());
    verdicts.into_iter().map(reason).collect()
}

impl Options {
    /// With --label only what has that label, with -d only what is of that database.
    fn lists(&self, backup: &Backup, database: Option<&str>) -> bool {
        let manifest = backup.manifest.as_ref();
        let label = manifest.and_then(|manifest| manifest.label.as_ref());
        let of = manifest.and_then(|manifest| manifest.database.as_deref());
        (self.label.is_none() || self.label.as_ref() == label)
            && (database.is_none() || database == of)
    }
}
