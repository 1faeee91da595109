//! Flags that make no sense together are refused: one that is silently passed over misleads.

use shared::backup::Format;
use shared::{Error, Result};

use super::{Check, Job, Options, passed};

impl Options {
    pub(super) fn check_combinations(&self) -> Result<()> {
        let job = match self.job {
            Job::BackUp => {
                self.refuse(&self.only_without_backup(), "a backup")?;
                return self.check_backup();
            }
            Job::List => "--list",
            Job::Rotate => "--rotate",
            Job::Check => "--check",
        };
        if let Some(flag) = self.only_of_backup() {
            return Err(Error::usage(format!(
                "{job} takes no backup, so {flag} has no place beside it"
            )));
        }
        if let Some(words) = self.of_all_databases() {
            return Err(Error::usage(words));
        }
        let mut others = self.only_of_check();
        match self.job {
            Job::Check => others = self.only_of_rules(),
            Job::Rotate => others.extend(self.verify_checksums.then_some("--verify-checksums")),
            Job::List | Job::BackUp => {}
        }
        if self.job != Job::Rotate {
            others.extend(self.dry_run.then_some("--dry-run"));
        }
        self.refuse(&others, job)
    }

    fn refuse(&self, flags: &[&str], job: &str) -> Result<()> {
        match flags.first() {
            Some(flag) => Err(Error::usage(format!("{flag} has no place beside {job}"))),
            None => Ok(()),
        }
    }

    /// What contradicts itself in a backup.
    fn check_backup(&self) -> Result<()> {
        let has = |flag: &str| self.selection.iter().any(|given| given == flag);
        let is_single = self.databases.len() < 2 && !self.all_databases;
        let contradictions = [
            (
                has("--schema-only") && has("--data-only"),
                "--schema-only and --data-only exclude each other",
            ),
            (
                has("--blobs") && has("--no-blobs"),
                "--blobs and --no-blobs exclude each other",
            ),
            (
                self.no_role_passwords && !self.globals,
                "--no-role-passwords is about --globals, which is not given",
            ),
            (
                self.no_digest && self.source.is_some(),
                "--no-digest leaves nothing to compare the source with",
            ),
            (
                self.jobs > 1 && is_single && self.format() != Format::Directory,
                "--jobs is for several databases, or for the tables of -F directory",
            ),
        ];
        if !self.adopted.is_empty() && !is_single {
            let words = "--match is for one database: whose the others' backups are can't be told";
            let hint = "give one -d, or rotate them apart with --rotate --match";
            return Err(Error::usage(words).with_hint(hint));
        }
        let contradiction = contradictions.iter().find(|(is_so, _)| *is_so);
        match contradiction
            .map(|(_, words)| *words)
            .or_else(|| self.of_all_databases())
        {
            Some(words) => Err(Error::usage(words)),
            None => passed::check_all(&self.selection),
        }
    }

    /// What contradicts --all-databases, or itself without it.
    fn of_all_databases(&self) -> Option<&'static str> {
        match self.all_databases {
            true if self.databases.len() > 1 => {
                Some("--all-databases takes one -d at most: where to connect")
            }
            false if !self.excluded.is_empty() => {
                Some("--exclude-database is about --all-databases, which is not given")
            }
            _ => None,
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

    /// A check may ask the server what there should be.
    fn only_of_backup(&self) -> Option<&str> {
        let asks = self.job == Job::Check && self.all_databases;
        let given = [
            ("--format", self.format.is_some()),
            ("--compress", self.compression.is_some()),
            ("--jobs", self.jobs > 1),
            ("--all-databases", self.all_databases && !asks),
            ("--no-role-passwords", self.no_role_passwords),
            ("--pg-dump", self.pg_dump.is_some() && !asks),
            ("--no-digest", self.no_digest),
            ("--source-counts or --source-digest", self.source.is_some()),
            ("--force", self.force),
            ("--restrict-key", !self.unrecorded.is_empty()),
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
