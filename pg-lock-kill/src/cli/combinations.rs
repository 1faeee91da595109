//! Flags that make no sense together are refused: one that is silently passed over misleads.

use std::time::Duration;

use shared::{Error, Result};

use super::{Action, Manner, Options, Victims};

/// A look costs the server some milliseconds.
const SHORTEST: Duration = Duration::from_millis(100);

impl Options {
    pub(super) fn check_combinations(&self) -> Result<()> {
        let acts = self.action != Action::None;
        let (scope, watch) = (&self.scope, &self.watch);
        for (is_wrong, why) in [
            (
                scope.bare_pids && !scope.reads_stdin,
                "--bare-pids says what - on stdin is, and there is no -",
            ),
            (
                scope.reads_stdin && !acts,
                "- needs --cancel, --terminate or --escalate (with --dry-run, too)",
            ),
            (
                acts && scope.snapshot.is_some() && !self.manner.dry_run,
                "nobody of a saved snapshot can be ended: --dry-run says who would be",
            ),
            (
                scope.snapshot.is_some() && watch.every.is_some(),
                "--watch looks at a server, not at a saved snapshot",
            ),
            (
                scope.reads_stdin && self.victims.which.is_some(),
                "- names the victims: --victims has nothing to choose",
            ),
            (
                acts && self.victims.most == 0,
                "--max 0 ends nobody: --dry-run says who would be ended",
            ),
            (
                watch.every.is_some() && !acts,
                "--watch goes with --cancel, --terminate or --escalate (with --dry-run, too)",
            ),
            (
                watch.every.is_some_and(|every| every < SHORTEST),
                "--watch looks every 100ms at most",
            ),
            (
                scope.reads_stdin && watch.every.is_some(),
                "- names the sessions of one moment: it does not go with --watch",
            ),
            (
                watch.every.is_none() && (watch.lasting.is_some() || watch.on_clear),
                "--for and --on-clear go with --watch only",
            ),
            (
                !acts && self.manner.exec.is_some(),
                "--exec goes with --cancel, --terminate or --escalate only",
            ),
            (
                !acts && self.manner.dry_run,
                "--dry-run goes with --cancel, --terminate or --escalate: a listing does nothing",
            ),
            (
                (scope.save.as_deref()).is_some_and(|path| matches!(path.to_str(), Some("" | "-"))),
                "--save needs the name of a file",
            ),
            (
                acts && scope.fail_if_blocked,
                "--fail-if-blocked goes with a listing only",
            ),
        ] {
            if is_wrong {
                return Err(Error::usage(why));
            }
        }
        match self.only_acting() {
            Some(flag) if !acts => Err(Error::usage(format!(
                "{flag} goes with --cancel, --terminate or --escalate only: a listing shows all that match"
            ))),
            _ => Ok(()),
        }
    }

    /// A flag that says nothing to a listing.
    fn only_acting(&self) -> Option<&'static str> {
        let (victims, usual) = (&self.victims, Victims::default());
        let flags = [
            ("--victims", victims.which.is_some()),
            ("--max", victims.most != usual.most),
            ("--max-percent", victims.most_percent.is_some()),
            ("--grace", self.manner.grace != Manner::default().grace),
        ];
        flags
            .iter()
            .find(|(_, given)| *given)
            .map(|(flag, _)| *flag)
    }
}
