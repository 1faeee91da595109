//! `--list`: what there is.

use shared::backup::{self, Backup, State};
use shared::cli::Context;
use shared::time;
use shared::{Exit, Result};

use crate::cli::Options;
use crate::record::Record;
use crate::rotate;

/// Every backup in the folder, newest first; with rules, what they would do with it.
pub fn run(options: &Options, context: &Context) -> Result<Exit> {
    let backups = backup::list(&options.absolute_dir()?)?;
    let now = time::now();
    let verdicts = match options.policy.is_empty() {
        true => Vec::new(),
        false => rotate::judge_all(&options.policy, backups.clone(), now),
    };
    let mut records = context.records::<Record>();
    for backup in backups.iter().filter(|backup| options.lists(backup)) {
        let verdict = verdicts
            .iter()
            .find(|verdict| verdict.backup.path == backup.path);
        let record = Record::of("listed", backup, now);
        let record = match (verdict, &backup.state) {
            (Some(verdict), _) => record.because(verdict.reason()),
            (None, State::Damaged(why)) => record.because(why),
            (None, _) => record,
        };
        records.write(&record)?;
    }
    records.finish()?;
    Ok(Exit::Ok)
}

impl Options {
    /// With --label only what has that label.
    fn lists(&self, backup: &Backup) -> bool {
        let label = backup.manifest.as_ref().and_then(|m| m.label.as_ref());
        self.label.is_none() || self.label.as_ref() == label
    }
}
