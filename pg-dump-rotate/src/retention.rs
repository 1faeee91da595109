//! Which backups to keep: times, proofs and a policy in, a reason for each out. Touches nothing.
//!
//! The rules are those that users of restic know. Each keeps one backup of each of the newest N
//! periods that have any (a clock hour, a day, an ISO week, a month, a year; for `last`, each
//! backup is a period of its own). Rules overlap: one backup may be kept by several, and each
//! counts it. While a rule isn't filled it also keeps the oldest backup. `within` keeps what is
//! younger than that, measured from the newest backup, however long ago that was.
//!
//! Beyond restic: a pause in which no backups were taken, or a clock that jumped ahead, does not cost
//! what was kept until then. A gap of three fifths of `within` or more counts only as much as the
//! longest of the other gaps since: the newest five such, where there are three others for each. Where
//! the newest backup is alone in that span, it is measured from the one before as well.
//!
//! Periods are those of local time where and when each backup was taken. An hour is sixty
//! minutes, so the one that autumn shows twice is two.
//!
//! Of a period the newest backup that was proved to restore is kept, or else the newest; one that was tried and did not restore is the last choice. A backup from the future (a
//! clock was wrong once) is kept and counted by no rule, so it takes nobody's place. Whatever the
//! rules say, these stay: the newest, the newest that has not failed to restore, the newest that
//! was proved, and as many more as `min` says.

mod reason;

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use time::{OffsetDateTime, UtcOffset};

pub use reason::Reasons;
use reason::{Reason, number};

/// So many pauses are passed over: who takes backups once in a while means them.
const PAUSES: usize = 5;
/// So many other gaps there are to be for each pause, or there is no rhythm that it interrupts.
const OTHERS: usize = 3;
/// So many times as long as any other gap a pause is.
const LONGER: i32 = 5;

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
        let has_none = |period: &Period| period.allowed(self) == 0;
        self.within.is_none() && Period::ALL.iter().all(has_none)
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

/// The reasons to keep each backup, by their places in `candidates`, which is newest first.
/// One without a reason may go. An empty policy keeps everything.
pub fn reasons(policy: &Policy, candidates: &[Candidate], now: OffsetDateTime) -> Reasons {
    if policy.is_empty() {
        let all = 0..number(candidates.len());
        return Reasons::new(all.map(|place| (place, Reason::NoRule)).collect());
    }
    let future = candidates.iter().take_while(|c| c.taken_at > now).count();
    let mut reasons: Vec<(u32, Reason)> = Vec::new();
    reasons.extend((0..number(future)).map(|place| (place, Reason::Future)));
    let past = &candidates[future..];
    for period in Period::ALL {
        let kept = keeps(period, policy, past);
        reasons.extend(kept.map(|(place, reason)| (number(future + place), reason)));
    }
    if let Some(span) = policy.within {
        let within = number(future)..number(future + within(past, span));
        reasons.extend(within.map(|place| (place, Reason::Within)));
    }
    let mut is_kept = vec![false; candidates.len()];
    reasons
        .iter()
        .for_each(|(place, _)| is_kept[*place as usize] = true);
    for (place, reason) in always(policy, candidates, future) {
        if !std::mem::replace(&mut is_kept[place], true) {
            reasons.push((number(place), reason));
        }
    }
    Reasons::new(reasons)
}

/// How many of the newest are in the span.
fn within(past: &[Candidate], span: Duration) -> usize {
    let since = |newest: &Candidate| {
        let younger = |c: &&Candidate| newest.taken_at - c.taken_at < span;
        past.iter().take_while(younger).count()
    };
    let by_time = match past {
        [] => 0,
        [newest, before, ..] if since(newest) == 1 => since(before),
        [newest, ..] => since(newest),
    };
    by_time.max(within_without_pauses(past, span))
}

/// The same where a pause takes no longer than other gaps.
fn within_without_pauses(past: &[Candidate], span: Duration) -> usize {
    let pause = (span / 5).saturating_mul(3);
    let (mut age, mut longest) = (time::Duration::ZERO, time::Duration::ZERO);
    let mut shortest = time::Duration::MAX;
    let (mut pauses, mut others, mut count) = (0, 0, 0);
    for (place, pair) in past.windows(2).enumerate() {
        let gap = pair[0].taken_at - pair[1].taken_at;
        if gap < pause {
            others += 1;
            longest = longest.max(gap);
            age += gap;
        } else {
            pauses += 1;
            shortest = shortest.min(gap);
            age += longest;
        }
        if age >= span || pauses > PAUSES {
            break;
        }
        let is_rhythm = longest.saturating_mul(LONGER) <= shortest;
        if is_rhythm && pauses * OTHERS <= others {
            count = place + 2;
        }
    }
    count
}

/// What stays whatever the rules say.
fn always(policy: &Policy, candidates: &[Candidate], future: usize) -> Vec<(usize, Reason)> {
    let mut all = Vec::new();
    // One from the future doesn't stand in for the newest of those whose time makes sense.
    for start in [0, future] {
        let newest = |trust: Trust| {
            let mut rest = candidates.iter().enumerate().skip(start);
            rest.find(|(_, c)| c.trust >= trust).map(|(at, _)| at)
        };
        let named = [
            (newest(Trust::Failed), Reason::Newest),
            (newest(Trust::Untried), Reason::NotFailed),
            (newest(Trust::Proved), Reason::Proved),
        ];
        let found = named.into_iter();
        all.extend(found.filter_map(|(at, reason)| Some((at?, reason))));
    }
    let has_failed = |at: &usize| candidates[*at].trust == Trust::Failed;
    let past = future..candidates.len();
    let by_trust = past.clone().filter(|at| !has_failed(at));
    let by_trust = by_trust.chain(past.filter(has_failed));
    let counted = (1..=number(policy.min)).zip(by_trust);
    all.extend(counted.map(|(count, at)| (at, Reason::Min { count })));
    all
}

/// Which a rule keeps and why, in the order in which it counts them: the newest period first.
fn keeps(
    period: Period,
    policy: &Policy,
    past: &[Candidate],
) -> impl Iterator<Item = (usize, Reason)> + use<> {
    let allowed = period.allowed(policy);
    let (newest, best) = match period {
        // Each is a period of its own.
        Period::Each => (past.len().min(allowed), Vec::new()),
        _ => (0, best_of_each(period, allowed, policy.utc, past)),
    };
    let is_kept = |at: &usize| *at < newest || best.contains(at);
    let oldest = oldest(past).filter(|at| newest + best.len() < allowed && !is_kept(at));
    let all = (0..newest).chain(best).chain(oldest).enumerate();
    all.map(move |(count, place)| {
        let count = number(count + 1);
        let is_oldest = Some(place) == oldest;
        let reason = Reason::Rule {
            period,
            count,
            is_oldest,
        };
        (place, reason)
    })
}

/// The best of each of so many periods.
fn best_of_each(period: Period, allowed: usize, utc: bool, past: &[Candidate]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    let mut place = HashMap::new();
    if allowed == 0 {
        return kept;
    }
    for (position, candidate) in past.iter().enumerate() {
        let key = period.key(local(candidate, utc));
        match place.get(&key) {
            None if kept.len() < allowed => {
                place.insert(key, kept.len());
                kept.push(position);
            }
            Some(place) if past[kept[*place]].trust < candidate.trust => {
                kept[*place] = position;
            }
            _ => {}
        }
    }
    kept
}

/// When it was taken, in the zone whose periods count.
fn local(candidate: &Candidate, utc: bool) -> OffsetDateTime {
    match utc {
        true => candidate.taken_at.to_offset(UtcOffset::UTC),
        false => candidate.taken_at,
    }
}

/// The oldest that has not failed to restore, or else the oldest.
fn oldest(past: &[Candidate]) -> Option<usize> {
    let good = past.iter().rposition(|c| c.trust != Trust::Failed);
    good.or(past.len().checked_sub(1))
}

/// What a rule keeps one of each of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Each,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    const ALL: [Self; 6] = [
        Self::Each,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Year,
    ];

    /// The rule's name.
    fn rule(self) -> &'static str {
        match self {
            Self::Each => "last",
            Self::Hour => "hourly",
            Self::Day => "daily",
            Self::Week => "weekly",
            Self::Month => "monthly",
            Self::Year => "yearly",
        }
    }

    /// How many of them count.
    fn allowed(self, policy: &Policy) -> usize {
        match self {
            Self::Each => policy.last,
            Self::Hour => policy.hourly,
            Self::Day => policy.daily,
            Self::Week => policy.weekly,
            Self::Month => policy.monthly,
            Self::Year => policy.yearly,
        }
    }

    /// Two backups with the same key are of the same period, unless each is one.
    fn key(self, local: OffsetDateTime) -> impl Hash + Eq + use<> {
        let date = local.date();
        match self {
            Self::Each => (0, 0),
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
}

#[cfg(test)]
mod tests;
