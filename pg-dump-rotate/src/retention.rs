//! Which backups to keep: times, proofs and a policy in, a reason for each out. Touches nothing.
//!
//! The rules are those that users of restic know. Each keeps one backup of each of the newest N
//! periods that have any (a clock hour, a day, an ISO week, a month, a year; for `last`, each
//! backup is a period of its own). Rules overlap: one backup may be kept by several, and each
//! counts it. While a rule isn't filled it also keeps the oldest backup. `within` keeps what is
//! younger than that, measured from the newest backup, however long ago that was. Where the newest
//! is alone in that span, as the first one after a pause is, or one taken while the clock was far
//! ahead, it is measured from the one before as well: the first backup after a pause, untried, does
//! not cost what was kept until then. From the second one on it is measured from the newest alone.
//!
//! Periods are those of local time where and when each backup was taken. An hour is sixty
//! minutes, so the one that autumn shows twice is two.
//!
//! Beyond restic: of a period the newest backup that was proved to restore is kept, or else the
//! newest; one that was tried and did not restore is the last choice. A backup from the future (a
//! clock was wrong once) is kept and counted by no rule, so it takes nobody's place. Whatever the
//! rules say, these stay: the newest, the newest that has not failed to restore, the newest that
//! was proved, and as many more as `min` says.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use shared::units;
use time::OffsetDateTime;

/// How many of what to keep; zero and `None` are rules that aren't there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    pub last: usize,
    pub hourly: usize,
    pub daily: usize,
    pub weekly: usize,
    pub monthly: usize,
    pub yearly: usize,
    pub within: Option<Duration>,
    /// So many of the newest stay, whatever the rules say. By itself it is no rule.
    pub min: usize,
    /// Periods are those of UTC, whatever the clock showed.
    pub utc: bool,
}

impl Policy {
    /// True when there is no rule: then nothing is ever deleted.
    pub fn is_empty(&self) -> bool {
        self.within.is_none() && self.rules().iter().all(|rule| rule.allowed == 0)
    }

    fn rules(&self) -> [Rule; 6] {
        let rule = |name, allowed, period| Rule {
            name,
            allowed,
            period,
        };
        [
            rule("last", self.last, Period::Each),
            rule("hourly", self.hourly, Period::Hour),
            rule("daily", self.daily, Period::Day),
            rule("weekly", self.weekly, Period::Week),
            rule("monthly", self.monthly, Period::Month),
            rule("yearly", self.yearly, Period::Year),
        ]
    }
}

/// What the rules weigh of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// When it was taken, as the clock there showed it.
    pub taken_at: OffsetDateTime,
    pub trust: Trust,
}

/// Whether a backup restores; the better is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// It was tried and didn't.
    Failed,
    /// It was not tried.
    Untried,
    /// It was tried and did.
    Proved,
}

/// The reasons to keep each backup, in the order of `candidates`, which is newest first.
/// One without a reason may go. An empty policy keeps everything.
pub fn reasons(policy: &Policy, candidates: &[Candidate], now: OffsetDateTime) -> Vec<Vec<String>> {
    if policy.is_empty() {
        return vec![vec!["no rule given".into()]; candidates.len()];
    }
    let future = candidates.iter().take_while(|c| c.taken_at > now).count();
    let mut reasons = vec![vec!["taken in the future".to_string()]; future];
    reasons.resize(candidates.len(), Vec::new());
    let past = &candidates[future..];
    for rule in policy.rules() {
        for (position, reason) in rule.keeps(past, policy.utc) {
            reasons[future + position].push(reason);
        }
    }
    if let Some(span) = policy.within {
        let count = within(past, span);
        let reason = format!("within {}", units::human_duration(span));
        let within = &mut reasons[future..future + count];
        within.iter_mut().for_each(|all| all.push(reason.clone()));
    }
    for (position, reason) in always(policy, candidates, future) {
        if reasons[position].is_empty() {
            reasons[position].push(reason);
        }
    }
    reasons
}

/// How many of the newest are in the span.
fn within(past: &[Candidate], span: Duration) -> usize {
    let since = |newest: &Candidate| {
        let younger = |c: &&Candidate| newest.taken_at - c.taken_at < span;
        past.iter().take_while(younger).count()
    };
    match past {
        [] => 0,
        [newest, before, ..] if since(newest) == 1 => since(before),
        [newest, ..] => since(newest),
    }
}

/// What stays whatever the rules say.
fn always(policy: &Policy, candidates: &[Candidate], future: usize) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    // One from the future doesn't stand in for the newest of those whose time makes sense.
    for start in [0, future] {
        let newest = |trust: Trust| {
            let mut rest = candidates.iter().enumerate().skip(start);
            rest.find(|(_, c)| c.trust >= trust).map(|(at, _)| at)
        };
        let named = [
            (newest(Trust::Failed), "newest"),
            (newest(Trust::Untried), "newest that has not failed"),
            (newest(Trust::Proved), "newest that was proved"),
        ];
        let found = named.into_iter();
        all.extend(found.filter_map(|(at, name)| Some((at?, name.to_string()))));
    }
    let mut by_trust: Vec<usize> = (future..candidates.len()).collect();
    by_trust.sort_by_key(|at| candidates[*at].trust == Trust::Failed);
    for (count, at) in by_trust.into_iter().take(policy.min).enumerate() {
        all.push((at, format!("min ({} of {})", count + 1, policy.min)));
    }
    all
}

/// One rule.
struct Rule {
    name: &'static str,
    allowed: usize,
    period: Period,
}

impl Rule {
    /// Which it keeps and why, in the order in which it counts them: the newest period first.
    fn keeps(&self, past: &[Candidate], utc: bool) -> Vec<(usize, String)> {
        let local = |c: &Candidate| match utc {
            true => c.taken_at.to_offset(time::UtcOffset::UTC),
            false => c.taken_at,
        };
        let mut kept: Vec<usize> = Vec::new();
        let mut place = HashMap::new();
        for (position, candidate) in past.iter().enumerate() {
            if self.allowed == 0 {
                break;
            }
            let key = self.period.key(local(candidate), position);
            match place.get(&key) {
                None if kept.len() < self.allowed => {
                    place.insert(key, kept.len());
                    kept.push(position);
                }
                Some(place) if past[kept[*place]].trust < candidate.trust => {
                    kept[*place] = position;
                }
                _ => {}
            }
        }
        let oldest = oldest(past).filter(|at| kept.len() < self.allowed && !kept.contains(at));
        let named = |(count, position): (usize, &usize)| {
            let oldest = if Some(*position) == oldest {
                "oldest, "
            } else {
                ""
            };
            let period = self.period.named(local(&past[*position]));
            let of = format!("{} of {}", count + 1, self.allowed);
            (*position, format!("{oldest}{}{period} ({of})", self.name))
        };
        kept.iter().chain(&oldest).enumerate().map(named).collect()
    }
}

/// The oldest that has not failed to restore, or else the oldest.
fn oldest(past: &[Candidate]) -> Option<usize> {
    let good = past.iter().rposition(|c| c.trust != Trust::Failed);
    good.or(past.len().checked_sub(1))
}

#[derive(Clone, Copy)]
enum Period {
    Each,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    /// Two backups with the same key are of the same period.
    fn key(self, local: OffsetDateTime, position: usize) -> impl Hash + Eq + use<> {
        let date = local.date();
        match self {
            Self::Each => (position as i64, 0),
            // Where it begins in UTC: the hour that clocks show twice begins twice.
            Self::Hour => (local.truncate_to_hour().unix_timestamp(), 0),
            Self::Day => (i64::from(date.to_julian_day()), 0),
            Self::Week => {
                let (year, week, _) = date.to_iso_week_date();
                (i64::from(year), week)
            }
            Self::Month => (i64::from(date.year()), u8::from(date.month())),
            Self::Year => (i64::from(date.year()), 0),
        }
    }

    /// In words, with a space before them.
    fn named(self, local: OffsetDateTime) -> String {
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

#[cfg(test)]
mod tests;
