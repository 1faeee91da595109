//! What a run is compared with.

use shared::cli::Context;
use shared::{Error, Result};

use super::Baseline;
use super::state::State;
use crate::cli::Options;
use crate::look::{Part, Seen};
use crate::row::Row;
use crate::section::Section;
use crate::sections::{drift, growth};

/// What there is to compare with.
#[derive(Debug)]
pub enum Earlier {
    /// Nothing, and nobody asked for it.
    Nothing,
    /// What `--baseline` names.
    Given(Baseline),
    /// What `--state` names, and what was in it, if there was a run before.
    Kept(State, Option<Baseline>),
}

impl Earlier {
    /// Reads what the command line names.
    pub fn open(options: &Options, context: &Context) -> Result<Self> {
        if let Some(path) = &options.state {
            let state = State::new(path)?;
            let baseline = state.read()?;
            return Ok(Self::Kept(state, baseline));
        }
        let given = options.baseline.as_ref();
        given.map_or(Ok(Self::Nothing), |path| {
            Baseline::read(path, context).map(Self::Given)
        })
    }

    /// Whether there is something to do at all.
    pub fn is_asked(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// What has changed since then.
    pub fn compare(&self, seen: &Seen, options: &Options) -> [Part; 2] {
        let part = |section: &'static Section, rows: Result<Vec<Row>>| Part {
            section,
            database: None,
            rows,
        };
        let compared = self.known(&seen.origin.target);
        match compared {
            Some(baseline) => [
                baseline.compare(seen, options.disk),
                part(&drift::SECTION, baseline.drift(seen)),
            ],
            None => [&growth::SECTION, &drift::SECTION]
                .map(|section| part(section, Err(self.why_nothing()))),
        }
    }

    /// What is known of this server from before.
    fn known(&self, target: &str) -> Option<&Baseline> {
        match self {
            Self::Given(baseline) => Some(baseline),
            Self::Kept(_, baseline) => {
                let known = baseline.as_ref();
                known.filter(|baseline| baseline.knows(target))
            }
            Self::Nothing => None,
        }
    }

    /// Says since when things are there, as far as earlier reports have them.
    pub fn date(&self, seen: &mut Seen) {
        if let Some(baseline) = self.known(&seen.origin.target) {
            baseline.date(seen);
        }
    }

    fn why_nothing(&self) -> Error {
        if self.is_asked() {
            return Error::new(
                "this is the first run of this server that --state keeps: the next one has something to compare with",
            );
        }
        Error::new("there is no earlier report to compare with").with_hint(
            "--state FILE keeps one by itself; --baseline FILE names the records of an earlier run",
        )
    }

    /// Keeps what was seen, for the next run.
    pub fn keep(self, seen: &[Result<Seen>]) -> Result<()> {
        let Self::Kept(state, compared) = self else {
            return Ok(());
        };
        if seen.iter().all(Result::is_err) {
            return Ok(());
        }
        // It is read again, as others may have written it meanwhile: two of it take much room.
        drop(compared);
        state.save(seen.iter().flatten())
    }
}
