//! Flags that make no sense together are refused: one that is silently passed over misleads.

use shared::{Error, Result};

use super::{Mode, Options};

impl Options {
    pub(super) fn check_combinations(&self) -> Result<()> {
        match self.mode {
            Mode::Live => self.refuse(&self.of_selection())?,
            // --database says which one of the many in it.
            Mode::PointInTime => {
                let others = self.of_selection();
                let others = others.iter().filter(|(_, flag)| *flag != "--database");
                self.refuse(&others.copied().collect::<Vec<_>>())?;
            }
            _ => self.check_selection()?,
        }
        if self.mode != Mode::Prove {
            self.refuse(&self.of_restore())?;
        }
        if matches!(self.mode, Mode::ArchiveOnly | Mode::List) {
            self.refuse(&self.of_checks())?;
        }
        if self.mode != Mode::PointInTime {
            let recovery = &self.recovery;
            let given = [
                (recovery.wal.is_some(), "--wal"),
                (recovery.target.is_some(), "--target-…"),
            ];
            if let Some(flag) = first(&given) {
                return Err(Error::usage(format!("{flag} goes with --base-backup only")));
            }
        }
        let after = &self.after;
        let depends = [
            (
                !self.choice.tables.is_empty() && !self.choice.schemas.is_empty(),
                "-n has no effect beside -t: -t 'schema.*' takes a schema's tables",
            ),
            (
                after.keep_for.is_some() && !after.keep,
                "--for goes with --keep only",
            ),
            (
                after.dry_run && after.promote.is_none(),
                "--dry-run goes with --promote only",
            ),
            (
                !after.accepted.is_empty() && after.promote.is_none(),
                "--accept goes with --promote only",
            ),
            (
                after.keep && after.promote.is_some(),
                "--keep and --promote exclude each other",
            ),
            (
                after.promote.is_some() && !self.choice.is_everything(),
                "--promote takes a whole backup: -t, -n and --where have no place beside it",
            ),
            (
                self.checks.max_difference.is_some() && self.checks.compare.is_none(),
                "--max-difference goes with --compare only",
            ),
        ];
        match first(&depends) {
            Some(problem) => Err(Error::usage(problem)),
            None => Ok(()),
        }
    }

    fn check_selection(&self) -> Result<()> {
        let selection = &self.selection;
        let files = !selection.operands.is_empty();
        if files == selection.latest.is_some() {
            let problem = match files {
                true => "--latest and operands exclude each other",
                false => "no backup was named",
            };
            return Err(Error::usage(problem)
                .with_hint("name backups, or --latest DIR, or - to read records from stdin"));
        }
        if selection.reads_stdin() && selection.operands.len() > 1 {
            return Err(Error::usage("- and other operands exclude each other"));
        }
        if files && (selection.database.is_some() || selection.label.is_some()) {
            return Err(Error::usage(
                "--label goes with --latest only, --database with --base-backup, too",
            ));
        }
        Ok(())
    }

    fn refuse(&self, given: &[(bool, &str)]) -> Result<()> {
        match first(given) {
            Some(flag) => Err(Error::usage(format!(
                "{flag} has no place beside {}",
                self.mode.flag()
            ))),
            None => Ok(()),
        }
    }

    fn of_selection(&self) -> Vec<(bool, &'static str)> {
        let selection = &self.selection;
        vec![
            (!selection.operands.is_empty(), "a backup"),
            (selection.latest.is_some(), "--latest"),
            (selection.database.is_some(), "--database"),
            (selection.label.is_some(), "--label"),
        ]
    }

    fn of_restore(&self) -> Vec<(bool, &'static str)> {
        let after = &self.after;
        vec![
            (!self.choice.is_everything(), "-t, -n or --where"),
            (after.keep && self.mode != Mode::PointInTime, "--keep"),
            (after.promote.is_some(), "--promote"),
            (self.memory.most.is_some(), "--memory"),
            (
                !self.preload.is_empty() && self.mode != Mode::PointInTime,
                "--preload",
            ),
            (self.checks.compare.is_some(), "--compare"),
        ]
    }

    fn of_checks(&self) -> Vec<(bool, &'static str)> {
        let checks = &self.checks;
        vec![
            (checks.deep, "--deep"),
            (!checks.expectations.is_empty(), "--expect"),
            (checks.file.is_some(), "--checks"),
        ]
    }
}

fn first<'a>(given: &[(bool, &'a str)]) -> Option<&'a str> {
    given
        .iter()
        .find(|(is_given, _)| *is_given)
        .map(|(_, flag)| *flag)
}
