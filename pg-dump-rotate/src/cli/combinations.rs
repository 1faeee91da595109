//! Flags that make no sense together are refused: one that is silently passed over misleads.

use shared::{Error, Result};

use super::{Check, Job, Options};

impl Options {
    pub(super) fn check_combinations(&self) -> Result<()> {
        let job = match self.job {
            Job::BackUp => return self.refuse(&self.only_without_backup(), "a backup"),
            Job::List => "--list",
            Job::Rotate => "--rotate",
            Job::Check => "--check",
        };
        if let Some(flag) = self.only_of_backup() {
            return Err(Error::usage(format!(
                "{job} takes no backup, so {flag} has no place beside it"
            )));
        }
        let mut others = self.only_of_check();
        if self.job == Job::Check {
            others = self.only_of_rules();
        } else if self.job == Job::Rotate {
            others.extend(self.verify_checksums.then_some("--verify-checksums"));
        }
        self.refuse(&others, job)
    }

    fn refuse(&self, flags: &[&str], job: &str) -> Result<()> {
        match flags.first() {
            Some(flag) => Err(Error::usage(format!("{flag} has no place beside {job}"))),
            None => Ok(()),
        }
    }

    fn only_without_backup(&self) -> Vec<&'static str> {
        let mut flags = self.only_of_check();
        flags.extend(self.verify_checksums.then_some("--verify-checksums"));
        flags
    }

    fn only_of_check(&self) -> Vec<&'static str> {
        let Check {
            max_age,
            min_count,
            max_shrink_ratio,
        } = &self.check;
        let given = [
            ("--max-age", max_age.is_some()),
            ("--min-count", min_count.is_some()),
            ("--max-shrink", max_shrink_ratio.is_some()),
        ];
        those(&given)
    }

    fn only_of_rules(&self) -> Vec<&'static str> {
        let given = [
            ("--keep-min", self.policy.min > 0),
            ("a --keep rule", !self.policy.is_empty()),
        ];
        those(&given)
    }

    fn only_of_backup(&self) -> Option<&str> {
        let given = [
            ("--compress", self.compression.is_some()),
            ("--all-databases", self.all_databases),
            ("--no-role-passwords", self.no_role_passwords),
            ("--pg-dump", self.pg_dump.is_some()),
            ("--no-digest", self.no_digest),
            ("--source-counts or --source-digest", self.source.is_some()),
            ("--force", self.force),
        ];
        let selection = self.selection.first();
        let selection = selection.map(|argument| argument.split('=').next().unwrap_or_default());
        those(&given).first().copied().or(selection)
    }
}

fn those(given: &[(&'static str, bool)]) -> Vec<&'static str> {
    let given = given.iter().filter(|(_, given)| *given);
    given.map(|(flag, _)| *flag).collect()
}
