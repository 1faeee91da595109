//! A second reading of the rules, written another way (sets of periods instead of a walk, day
//! numbers instead of a calendar), that must agree on thousands of histories.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use time::UtcOffset;

use super::*;

/// Day numbers since 1970-01-01, a Thursday; months by counting them off.
fn periods(seconds: i64) -> [i64; 4] {
    let day = seconds.div_euclid(DAY);
    let monday_weeks = (day + 3).div_euclid(7);
    let (mut left, mut year, mut month) = (day, 1970, 0);
    let leap = |y: i64| y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    loop {
        let february = if leap(year) { 29 } else { 28 };
        let days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month];
        if left < days {
            break;
        }
        left -= days;
        month += 1;
        if month == 12 {
            (year, month) = (year + 1, 0);
        }
    }
    [day, monday_weeks, year * 12 + month as i64, year]
}

/// The periods of a backup: hour, day, week, month and year.
fn periods_of(candidate: &Candidate, utc: bool) -> [i64; 5] {
    let offset = i64::from(candidate.taken_at.offset().whole_seconds());
    let offset = if utc { 0 } else { offset };
    let seconds = candidate.taken_at.unix_timestamp();
    let [day, week, month, year] = periods(seconds + offset);
    // Sixty minutes from where the clock showed a full hour.
    let into_hour = (seconds + offset).rem_euclid(HOUR);
    [seconds - into_hour, day, week, month, year]
}

/// What the rules keep, by sets: of each of the newest N periods the best, the oldest of all if
/// there are fewer than N, and what stays in any case.
pub fn oracle(policy: &Policy, all: &[Candidate], now: OffsetDateTime) -> BTreeSet<usize> {
    let past: Vec<usize> = (0..all.len()).filter(|i| all[*i].taken_at <= now).collect();
    let mut keep: BTreeSet<usize> = (0..all.len()).filter(|i| all[*i].taken_at > now).collect();
    keep.extend((0..all.len()).find(|i| all[*i].trust != Trust::Failed));
    keep.extend((0..all.len()).find(|i| all[*i].trust == Trust::Proved));
    let Some(newest) = past.first() else {
        return keep;
    };
    let best = |of: &mut dyn Iterator<Item = usize>| {
        of.max_by_key(|i| (all[*i].trust, Reverse(*i))).into_iter()
    };
    let failed = |i: &usize| all[*i].trust == Trust::Failed;
    keep.insert(*newest);
    keep.extend(past.iter().find(|i| !failed(i)));
    keep.extend(past.iter().find(|i| all[**i].trust == Trust::Proved));
    keep.extend(past.iter().take(policy.last));
    let (bad, good): (Vec<usize>, Vec<usize>) = past.iter().partition(|i| failed(i));
    keep.extend(good.iter().chain(&bad).take(policy.min));
    let oldest = good.last().or(bad.last());
    if past.len() < policy.last {
        keep.extend(oldest);
    }
    let counts = [
        policy.hourly,
        policy.daily,
        policy.weekly,
        policy.monthly,
        policy.yearly,
    ];
    for (rule, count) in counts.into_iter().enumerate() {
        let mut members: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for i in &past {
            let period = periods_of(&all[*i], policy.utc)[rule];
            members.entry(period).or_default().push(*i);
        }
        let mut members: Vec<Vec<usize>> = members.into_values().collect();
        members.sort_by_key(|members| members[0]);
        for members in members.iter().take(count) {
            keep.extend(best(&mut members.iter().copied()));
        }
        if members.len() < count {
            keep.extend(oldest);
        }
    }
    if let Some(within) = policy.within {
        let after = |limit| past.iter().filter(move |i| all[**i].taken_at > limit);
        keep.extend(after(all[*newest].taken_at - within));
        if let [_, second, ..] = past[..]
            && after(all[*newest].taken_at - within).count() == 1
        {
            keep.extend(after(all[second].taken_at - within));
        }
        let seconds = |i: usize| all[i].taken_at.unix_timestamp();
        let taken: Vec<i64> = past.iter().map(|i| seconds(*i)).collect();
        let is_young = |last: &usize| is_young(&taken[..=*last], within.as_secs() as i64);
        if let Some(last) = (0..past.len()).rev().find(is_young) {
            keep.extend(&past[..=last]);
        }
    }
    keep
}

/// Whether the last of these is in the span when pauses are taken for gaps as there are others.
fn is_young(taken: &[i64], span: i64) -> bool {
    let gaps: Vec<i64> = taken.windows(2).map(|pair| pair[0] - pair[1]).collect();
    let is_pause = |gap: &i64| *gap * 5 >= span * 3;
    let as_long = |(place, gap): (usize, &i64)| match is_pause(gap) {
        true => {
            let newer = gaps[..place].iter();
            newer
                .filter(|gap| !is_pause(gap))
                .max()
                .copied()
                .unwrap_or(0)
        }
        false => *gap,
    };
    let age: i64 = gaps.iter().enumerate().map(as_long).sum();
    let pauses = gaps.iter().filter(|gap| is_pause(gap)).count();
    let is_rhythm = gaps.iter().filter(|gap| is_pause(gap)).all(|pause| {
        let others = gaps.iter().filter(|gap| !is_pause(gap));
        others.max().is_none_or(|longest| *pause >= 5 * longest)
    });
    age < span && pauses <= 5 && 4 * pauses <= gaps.len() && is_rhythm
}

/// Numbers that are the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, limit: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as i64
    }

    /// Irregular, with duplicates, gaps of years, bursts, now and then a future time, a server
    /// that moved to another zone, and some that were tried.
    fn history(&mut self) -> Vec<Candidate> {
        let spread = [HOUR, 3 * DAY, 60 * DAY, 1500 * DAY][self.below(4) as usize];
        let until = NOW.unix_timestamp() + [0, 0, 2 * DAY, 500 * DAY][self.below(4) as usize];
        let zones = [&[0][..], &[0], &[3600, 7200], &[19800, -34200, 50400]];
        let zones = zones[self.below(4) as usize];
        let trusts = [Trust::Untried, Trust::Proved, Trust::Failed];
        let tried = self.below(3);
        let count = self.below(60);
        let mut all: Vec<_> = (0..count)
            .map(|_| {
                let zone = zones[self.below(zones.len() as i64) as usize];
                Candidate {
                    taken_at: at(until - self.below(spread))
                        .to_offset(UtcOffset::from_whole_seconds(zone).unwrap()),
                    trust: trusts[self.below(tried + 1) as usize],
                }
            })
            .collect();
        all.sort_by_key(|candidate| Reverse(candidate.taken_at));
        all
    }

    fn policy(&mut self) -> Policy {
        let mut count = || [0, 0, 1, 2, 5, 14][self.below(6) as usize];
        let policy = policy(count(), count(), count(), count(), count(), count());
        let within = [None, None, Some(0), Some(HOUR), Some(10 * DAY)][self.below(5) as usize];
        Policy {
            within: within.map(|seconds| Duration::from_secs(seconds as u64)),
            min: [0, 0, 3][self.below(3) as usize],
            utc: self.below(4) == 0,
            ..policy
        }
    }
}

#[test]
fn agrees_with_a_second_reading_of_the_rules() {
    let mut numbers = Numbers(7);
    let mut decided = 0;
    for _ in 0..6_000 {
        let (all, policy) = (numbers.history(), numbers.policy());
        if policy.is_empty() {
            continue;
        }
        let expected: Vec<usize> = oracle(&policy, &all, NOW).into_iter().collect();
        assert_eq!(kept_of(&policy, &all, NOW), expected, "{policy:?} {all:?}");
        decided += all.len() - expected.len();
    }
    assert!(
        decided > 40_000,
        "only {decided} were given up: the histories test nothing"
    );
}

/// Whatever the policy: what has gone changes nothing for what stayed, except that one that is
/// oldest only because older ones went may be kept.
#[test]
fn a_second_rotation_finds_nothing_to_do() {
    let mut numbers = Numbers(11);
    for _ in 0..6_000 {
        let (all, policy) = (numbers.history(), numbers.policy());
        let left: Vec<Candidate> = kept_of(&policy, &all, NOW)
            .iter()
            .map(|i| all[*i])
            .collect();
        let again = kept_of(&policy, &left, NOW);
        assert_eq!(again.len(), left.len(), "{policy:?} {all:?}");
    }
}

/// A rule more, or a greater number, never costs a backup.
#[test]
fn a_rule_more_never_deletes_more() {
    let mut numbers = Numbers(13);
    for _ in 0..3_000 {
        let (all, policy) = (numbers.history(), numbers.policy());
        if policy.is_empty() {
            continue;
        }
        let more = Policy {
            last: policy.last + 1,
            min: policy.min + 1,
            ..policy.clone()
        };
        let kept = kept_of(&policy, &all, NOW);
        let kept_by_more = kept_of(&more, &all, NOW);
        assert!(
            kept.iter().all(|i| kept_by_more.contains(i)),
            "{policy:?} {all:?}"
        );
    }
}

#[test]
fn the_second_reading_knows_the_calendar() {
    for day in (0..40_000).step_by(7) {
        let time = at(day * DAY + 5 * HOUR);
        let [_, week, month, year] = periods(day * DAY + 5 * HOUR);
        let monday = at((week * 7 - 3) * DAY);
        assert_eq!(
            monday.date().to_iso_week_date().1,
            time.date().to_iso_week_date().1
        );
        assert_eq!(
            month,
            i64::from(time.year()) * 12 + i64::from(u8::from(time.month())) - 1
        );
        assert_eq!(year, i64::from(time.year()));
    }
}
