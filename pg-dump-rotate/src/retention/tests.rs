//! Tables worked out by hand, and a second reading of the rules, written another
//! way (sets of periods instead of a walk, day numbers instead of a calendar), that
//! must agree on thousands of histories.

use std::collections::BTreeSet;

use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-20 10:39:30 UTC);
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn kept(policy: &Policy, taken: &[OffsetDateTime]) -> Vec<usize> {
    let reasons = reasons(policy, taken, NOW);
    (0..taken.len())
        .filter(|i| !reasons[*i].is_empty())
        .collect()
}

/// `count` backups, one each `step` seconds, the newest now.
fn regular(count: i64, step: i64) -> Vec<OffsetDateTime> {
    (0..count)
        .map(|i| at(NOW.unix_timestamp() - i * step))
        .collect()
}

fn policy(
    last: usize,
    hourly: usize,
    daily: usize,
    weekly: usize,
    monthly: usize,
    yearly: usize,
) -> Policy {
    Policy {
        last,
        hourly,
        daily,
        weekly,
        monthly,
        yearly,
        within: None,
        min: 0,
    }
}

#[test]
fn no_rule_keeps_everything() {
    assert_eq!(kept(&Policy::default(), &regular(3, DAY)), [0, 1, 2]);
    assert!(Policy::default().is_empty());
}

#[test]
fn nothing_taken_is_nothing_to_decide() {
    assert!(reasons(&policy(1, 0, 0, 0, 0, 0), &[], NOW).is_empty());
}

#[test]
fn last_keeps_the_newest() {
    assert_eq!(kept(&policy(3, 0, 0, 0, 0, 0), &regular(5, DAY)), [0, 1, 2]);
    assert_eq!(
        kept(&policy(9, 0, 0, 0, 0, 0), &regular(5, DAY)),
        [0, 1, 2, 3, 4]
    );
}

#[test]
fn the_newest_of_each_day_is_kept_and_gaps_take_no_place() {
    let taken = [
        datetime!(2026-11-20 09:00 UTC),
        datetime!(2026-11-20 08:00 UTC),
        datetime!(2026-11-10 23:59:59 UTC),
        datetime!(2026-11-10 00:00 UTC),
        datetime!(2026-03-01 00:00 UTC),
        datetime!(2026-02-28 23:59:59 UTC),
        datetime!(2026-02-28 00:00 UTC),
    ];
    assert_eq!(kept(&policy(0, 0, 3, 0, 0, 0), &taken), [0, 2, 4]);
}

#[test]
fn weeks_are_iso_weeks_at_new_year() {
    let taken = [
        datetime!(2021-01-04 12:00 UTC), // Monday of W01
        datetime!(2021-01-03 12:00 UTC), // Sunday of 2020-W53
        datetime!(2021-01-01 12:00 UTC),
        datetime!(2020-12-31 12:00 UTC),
        datetime!(2020-12-28 12:00 UTC), // Monday of 2020-W53
        datetime!(2020-12-27 12:00 UTC), // Sunday of W52
    ];
    let reasons = reasons(&policy(0, 0, 0, 4, 0, 0), &taken, NOW);
    let expected = [
        "weekly 2021-W01 (1 of 4)",
        "weekly 2020-W53 (2 of 4)",
        "",
        "",
        "",
        "weekly 2020-W52 (3 of 4)",
    ];
    assert_eq!(
        reasons.iter().map(|r| r.join("; ")).collect::<Vec<_>>(),
        expected
    );
    let ends_of_2018 = [
        datetime!(2018-12-31 12:00 UTC),
        datetime!(2018-01-01 12:00 UTC),
    ];
    assert_eq!(week(ends_of_2018[0]), "2019-W01");
    assert_eq!(kept(&policy(0, 0, 0, 2, 0, 0), &ends_of_2018), [0, 1]);
}

#[test]
fn the_oldest_is_kept_while_a_rule_is_not_filled() {
    let taken = regular(10, HOUR / 2);
    let reasons = reasons(&policy(0, 0, 0, 0, 0, 3), &taken, NOW);
    assert_eq!(reasons[0], ["yearly 2026 (1 of 3)"]);
    assert_eq!(reasons[9], ["oldest, yearly 2026 (2 of 3)"]);
    assert_eq!(kept(&policy(0, 0, 0, 0, 0, 3), &taken), [0, 9]);
    assert_eq!(kept(&policy(0, 0, 0, 0, 0, 1), &taken), [0]);
}

#[test]
fn each_rule_counts_what_another_keeps_too() {
    let reasons = reasons(&policy(1, 1, 2, 1, 1, 1), &regular(3, DAY), NOW);
    let first = "last (1 of 1); hourly 2026-11-20 10h (1 of 1); daily 2026-11-20 (1 of 2); \
                 weekly 2026-W47 (1 of 1); monthly 2026-11 (1 of 1); yearly 2026 (1 of 1)";
    assert_eq!(reasons[0].join("; "), first);
    assert_eq!(reasons[1].join("; "), "daily 2026-11-19 (2 of 2)");
    assert_eq!(reasons[2].join("; "), "");
}

#[test]
fn the_usual_policy_settles_at_as_many_files_as_with_restic() {
    let usual = policy(0, 0, 7, 4, 12, 3);
    assert_eq!(kept(&usual, &regular(5 * 365, DAY)).len(), 21);
    assert_eq!(kept(&usual, &regular(10, DAY)).len(), 8);
    let stopped: Vec<_> = regular(100, DAY).split_off(40);
    assert_eq!(kept(&usual, &stopped)[..7], [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn within_is_measured_from_the_newest_backup() {
    let within = |days: u64| Policy {
        within: Some(Duration::from_secs(days * 86400)),
        ..Policy::default()
    };
    let stopped: Vec<_> = regular(100, DAY).split_off(40);
    assert_eq!(kept(&within(3), &stopped), [0, 1, 2]);
    assert_eq!(reasons(&within(3), &stopped, NOW)[2], ["within 3d"]);
    assert_eq!(kept(&within(1), &stopped), [0]);
}

#[test]
fn the_newest_is_never_given_up() {
    let nothing = Policy {
        within: Some(Duration::ZERO),
        ..Policy::default()
    };
    assert_eq!(kept(&nothing, &regular(4, DAY)), [0]);
    assert_eq!(reasons(&nothing, &regular(4, DAY), NOW)[0], ["newest"]);
    let mut taken = regular(4, DAY);
    taken.insert(0, NOW + time::Duration::days(1));
    assert_eq!(
        kept(&nothing, &taken),
        [0, 1],
        "one from the future doesn't stand in for it"
    );
}

#[test]
fn a_time_in_the_future_takes_nobodys_place() {
    let mut taken = regular(10, DAY);
    for jump in [400, 399, 1] {
        taken.insert(0, NOW + time::Duration::days(jump));
    }
    taken.sort_by(|a, b| b.cmp(a));
    for policy in [policy(2, 0, 0, 0, 0, 0), policy(0, 2, 2, 0, 0, 0)] {
        assert_eq!(kept(&policy, &taken), [0, 1, 2, 3, 4]);
    }
    let within = Policy {
        within: Some(Duration::from_secs(86400 * 2)),
        ..Policy::default()
    };
    assert_eq!(kept(&within, &taken), [0, 1, 2, 3, 4]);
}

#[test]
fn equal_times_are_backups_of_their_own_to_last_and_one_period_to_the_others() {
    let taken = [NOW, NOW, NOW, NOW - time::Duration::hours(1)];
    assert_eq!(kept(&policy(2, 0, 0, 0, 0, 0), &taken), [0, 1]);
    assert_eq!(kept(&policy(0, 1, 0, 0, 0, 0), &taken), [0]);
    assert_eq!(kept(&policy(0, 2, 0, 0, 0, 0), &taken), [0, 3]);
}

/// Day numbers since 1970-01-01, a Thursday; months by counting them off.
fn periods(seconds: i64) -> [i64; 5] {
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
    [
        seconds.div_euclid(HOUR),
        day,
        monday_weeks,
        year * 12 + month as i64,
        year,
    ]
}

/// What the rules keep, by sets: the newest of each of the newest N periods, and the oldest of
/// all if there are fewer than N.
fn oracle(policy: &Policy, taken: &[OffsetDateTime]) -> BTreeSet<usize> {
    let seconds: Vec<i64> = taken.iter().map(|t| t.unix_timestamp()).collect();
    let past: Vec<usize> = (0..taken.len()).filter(|i| taken[*i] <= NOW).collect();
    let mut keep: BTreeSet<usize> = (0..taken.len()).filter(|i| taken[*i] > NOW).collect();
    let (Some(newest), Some(oldest)) = (past.first(), past.last()) else {
        return keep;
    };
    keep.insert(*newest);
    keep.extend(past.iter().take(policy.last));
    let counts = [
        policy.hourly,
        policy.daily,
        policy.weekly,
        policy.monthly,
        policy.yearly,
    ];
    let periods: Vec<[i64; 5]> = seconds.iter().map(|s| periods(*s)).collect();
    for (rule, count) in counts.into_iter().enumerate() {
        let all: BTreeSet<i64> = past.iter().map(|i| periods[*i][rule]).collect();
        for period in all.iter().rev().take(count) {
            keep.extend(past.iter().find(|i| periods[**i][rule] == *period));
        }
        if all.len() < count {
            keep.insert(*oldest);
        }
    }
    if let Some(within) = policy.within {
        let limit = seconds[*newest] - within.as_secs() as i64;
        keep.extend(past.iter().filter(|i| seconds[**i] > limit));
    }
    keep
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as i64
    }

    /// Irregular, with duplicates, gaps of years, bursts, and now and then a future time.
    fn history(&mut self) -> Vec<OffsetDateTime> {
        let spread = [HOUR, 3 * DAY, 60 * DAY, 1500 * DAY][self.below(4) as usize];
        let until = NOW.unix_timestamp() + [0, 0, 2 * DAY, 500 * DAY][self.below(4) as usize];
        let count = self.below(60);
        let mut taken: Vec<_> = (0..count).map(|_| at(until - self.below(spread))).collect();
        taken.sort_by(|a, b| b.cmp(a));
        taken
    }

    fn policy(&mut self) -> Policy {
        let mut count = || [0, 0, 1, 2, 5, 14][self.below(6) as usize];
        let policy = policy(count(), count(), count(), count(), count(), count());
        let within = [None, None, Some(0), Some(HOUR), Some(10 * DAY)][self.below(5) as usize];
        let within = within.map(|seconds| Duration::from_secs(seconds as u64));
        Policy { within, ..policy }
    }
}

#[test]
fn agrees_with_a_second_reading_of_the_rules() {
    let mut numbers = Numbers(7);
    let mut decided = 0;
    for _ in 0..4_000 {
        let (taken, policy) = (numbers.history(), numbers.policy());
        if policy.is_empty() {
            continue;
        }
        let expected: Vec<usize> = oracle(&policy, &taken).into_iter().collect();
        assert_eq!(kept(&policy, &taken), expected, "{policy:?} {taken:?}");
        decided += taken.len() - expected.len();
    }
    assert!(
        decided > 30_000,
        "only {decided} were given up: the histories test nothing"
    );
}

#[test]
fn the_second_reading_knows_the_calendar() {
    for day in (0..40_000).step_by(7) {
        let time = at(day * DAY + 5 * HOUR);
        let [_, _, week, month, year] = periods(day * DAY + 5 * HOUR);
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
