//! Why a backup is kept: little in memory, since there may be a hundred thousand, and in words when
//! they are wanted.

use time::OffsetDateTime;

use super::{Candidate, Period, Policy, local};
use shared::units;

/// One reason to keep a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    NoRule,
    Future,
    Rule {
        period: Period,
        /// It is this many-th that the rule keeps.
        count: u32,
        /// It is no period's, but kept while the rule isn't filled.
        is_oldest: bool,
    },
    Within,
    Newest,
    NotFailed,
    Proved,
    Min {
        count: u32,
    },
}

impl Reason {
    fn words(self, policy: &Policy, taken_at: OffsetDateTime) -> String {
        match self {
            Self::NoRule => "no rule given".into(),
            Self::Future => "taken in the future".into(),
            Self::Rule {
                period,
                count,
                is_oldest,
            } => {
                let oldest = if is_oldest { "oldest, " } else { "" };
                let (name, of) = (period.rule(), period.allowed(policy));
                let period = period.named(taken_at);
                format!("{oldest}{name}{period} ({count} of {of})")
            }
            Self::Within => {
                let span = policy.within.unwrap_or_default();
                format!("within {}", units::human_duration(span))
            }
            Self::Newest => "newest".into(),
            Self::NotFailed => "newest that has not failed".into(),
            Self::Proved => "newest that was proved".into(),
            Self::Min { count } => format!("min ({count} of {})", policy.min),
        }
    }
}

/// The reasons to keep each of some candidates, by their places.
#[derive(Debug, Default)]
pub struct Reasons(Vec<(u32, Reason)>);

impl Reasons {
    /// Of a candidate those that were told first come first.
    pub(super) fn new(mut all: Vec<(u32, Reason)>) -> Self {
        all.sort_by_key(|(place, _)| *place);
        Self(all)
    }

    /// Whether there is one to keep the candidate at this place.
    pub fn keep(&self, place: usize) -> bool {
        !self.of(place).is_empty()
    }

    /// Those of the candidate at this place, in words; empty when there is none.
    pub fn words(&self, place: usize, policy: &Policy, candidate: &Candidate) -> String {
        let taken_at = local(candidate, policy.utc);
        let mut words = String::new();
        for (_, reason) in self.of(place) {
            if !words.is_empty() {
                words.push_str("; ");
            }
            words.push_str(&reason.words(policy, taken_at));
        }
        words
    }

    /// Adds those of other candidates, which come after so many.
    pub fn add(&mut self, mut others: Self, after: usize) {
        let after = number(after);
        others.0.iter_mut().for_each(|(place, _)| *place += after);
        match self.0.is_empty() {
            true => *self = others,
            false => self.0.append(&mut others.0),
        }
    }

    fn of(&self, place: usize) -> &[(u32, Reason)] {
        let place = number(place);
        let start = self.0.partition_point(|(other, _)| *other < place);
        let count = self.0[start..]
            .iter()
            .take_while(|(other, _)| *other == place)
            .count();
        &self.0[start..start + count]
    }
}

/// Of one of some backups: nobody has as many as don't fit.
pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl Period {
    /// The one that a time is in, with a space before it.
    pub(super) fn named(self, local: OffsetDateTime) -> String {
        let date = local.date();
        match self {
            Self::Each => String::new(),
            Self::Hour => format!(" {date} {:02}h{}", local.hour(), offset(local)),
            Self::Day => format!(" {date}"),
            Self::Week => {
                let (year, week, _) = date.to_iso_week_date();
                format!(" {year}-W{week:02}")
            }
            Self::Month => format!(" {}-{:02}", date.year(), u8::from(date.month())),
            Self::Year => format!(" {}", date.year()),
        }
    }
}

/// Only an hour needs it, and only where it isn't UTC: `+02:00`.
fn offset(local: OffsetDateTime) -> String {
    let (hours, minutes, _) = local.offset().as_hms();
    match local.offset().whole_seconds() {
        0 => String::new(),
        seconds => {
            let sign = if seconds < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", hours.abs(), minutes.abs())
        }
    }
}
