//! Years of rotations, each after a new backup, as cron does them: what is left is looked at
//! every time.

use std::collections::BTreeSet;

use time::UtcOffset;

use super::properties::{Numbers, oracle};
use super::*;

/// Berlin's time, by the rule of the European Union: from the last Sunday of March, 01:00 UTC,
/// to that of October two hours ahead, else one.
fn berlin(seconds: i64) -> OffsetDateTime {
    let utc = at(seconds);
    let change = |month| {
        let last = time::Date::from_calendar_date(utc.year(), month, 31).unwrap();
        let sunday = last - time::Duration::days(last.weekday().number_days_from_sunday().into());
        sunday.midnight().assume_utc() + time::Duration::hours(1)
    };
    let is_summer = change(time::Month::March) <= utc && utc < change(time::Month::October);
    utc.to_offset(UtcOffset::from_hms(if is_summer { 2 } else { 1 }, 0, 0).unwrap())
}

/// Rotates after each of these backups, with the clock showing its time or what `clock` makes of
/// it; looks at what is there after each.
fn rotate_after_each(
    policy: &Policy,
    backups: impl Iterator<Item = Candidate>,
    mut look: impl FnMut(&[Candidate], &Candidate),
) -> Vec<Candidate> {
    let mut there: Vec<Candidate> = Vec::new();
    for new in backups {
        there.insert(there.partition_point(|c| c.taken_at > new.taken_at), new);
        let kept = kept_of(policy, &there, new.taken_at);
        there = kept.into_iter().map(|i| there[i]).collect();
        look(&there, &new);
    }
    there
}

fn untried_at(taken_at: OffsetDateTime) -> Candidate {
    Candidate {
        taken_at,
        trust: Trust::Untried,
    }
}

const USUAL: Policy = Policy {
    last: 0,
    hourly: 24,
    daily: 7,
    weekly: 4,
    monthly: 12,
    yearly: 3,
    within: None,
    min: 0,
    utc: false,
};

#[test]
fn ten_years_of_hourly_backups() {
    let start = at(1_458_000_000).date(); // 2016-03-15, to 2026: leap years and twenty changes of the clock
    let start = start.midnight().assume_utc().unix_timestamp();
    let mut left: Vec<Candidate> = Vec::new();
    for hour in 0..10 * 365 * 24 {
        let new = untried_at(berlin(start + hour * HOUR));
        left.insert(0, new);
        // In turn at each hour of the day.
        if hour % 7 != 0 {
            continue;
        }
        let kept = kept_of(&USUAL, &left, new.taken_at);
        left = kept.into_iter().map(|i| left[i]).collect();
        let newest: Vec<i64> = left.iter().map(|c| c.taken_at.unix_timestamp()).collect();
        let in_row = newest.windows(2).take_while(|w| w[0] - w[1] == HOUR);
        let in_row = in_row.count() as i64 + 1;
        assert!(in_row >= (hour + 1).min(24), "{}", new.taken_at);
        assert!(left.len() <= 24 + 6 + 4 + 12 + 3, "{}", new.taken_at);
    }
    let days: BTreeSet<_> = left.iter().map(|c| c.taken_at.date()).collect();
    let today = left[0].taken_at.date();
    for ago in 0..7 {
        assert!(days.contains(&(today - time::Duration::days(ago))));
    }
    // What is kept of a day, a month, a year that is over is the last hour of its clock.
    for candidate in left.iter().filter(|c| c.taken_at.date() < today).skip(24) {
        assert_eq!(candidate.taken_at.hour(), 23, "{}", candidate.taken_at);
    }
    let years: Vec<_> = left.iter().map(|c| c.taken_at.year()).collect();
    assert_eq!(years.last(), Some(&(left[0].taken_at.year() - 2)));
}

#[test]
fn every_day_through_a_change_of_the_clock_and_a_leap_day_has_its_backup() {
    let daily = policy(0, 0, 30, 0, 0, 0);
    for (day, midnight) in [
        ("the clock goes back", datetime!(2026-10-26 00:00 UTC)),
        ("the clock goes on", datetime!(2026-03-30 00:00 UTC)),
        ("a leap day", datetime!(2028-03-01 00:00 UTC)),
        ("a new year", datetime!(2027-01-02 00:00 UTC)),
    ] {
        let end = midnight.unix_timestamp() + 5 * DAY;
        // Every ten minutes, at odd seconds, for twelve days.
        let backups = (0..12 * 144).map(|i| untried_at(berlin(end - 12 * DAY + i * 600 + 7)));
        let left = rotate_after_each(&daily, backups, |_, _| {});
        let days: Vec<_> = left.iter().map(|c| c.taken_at.date()).collect();
        let distinct: BTreeSet<_> = days.iter().collect();
        assert!(distinct.len() >= 12, "{day}: {days:?}");
        assert_eq!(days.len() - distinct.len(), 1, "{day}: the oldest is kept");
        for pair in left[..left.len() - 1].windows(2) {
            let next = pair[1].taken_at.date().next_day();
            assert_eq!(next, Some(pair[0].taken_at.date()), "{day}");
        }
    }
}

/// One wrong time, years or days off either way, in a life of daily backups: what a right clock
/// would have kept of the others is there in the end, but for the day that it claims to be of.
#[test]
fn clocks_that_jump_shorten_nothing() {
    let daily = policy(0, 0, 7, 0, 0, 0);
    let start = NOW.unix_timestamp() - 60 * DAY;
    let life = |wrong_one: i64, by: i64| {
        let mut there: Vec<Candidate> = Vec::new();
        for day in 0..60 {
            let clock = start + day * DAY + if day == wrong_one { by } else { 0 };
            let new = untried_at(at(clock));
            there.insert(there.partition_point(|c| c.taken_at > new.taken_at), new);
            let kept = kept_of(&daily, &there, new.taken_at);
            there = kept.into_iter().map(|i| there[i]).collect();
            assert!(
                there.contains(&new),
                "the newest made is kept, {wrong_one} by {by}"
            );
        }
        there
    };
    for wrong_one in [0, 10, 30, 55, 59] {
        for by in [900 * DAY, 2 * DAY + HOUR, -2 * DAY - HOUR, -900 * DAY] {
            let left = life(wrong_one, by);
            let date = at(start + wrong_one * DAY + by).date();
            let right = (0..60).filter(|day| *day != wrong_one);
            let right = right.filter(|day| at(start + day * DAY).date() != date);
            for day in right.rev().take(6) {
                let is_it = |c: &Candidate| c.taken_at == at(start + day * DAY);
                assert!(left.iter().any(is_it), "{day}; {wrong_one} by {by}");
            }
        }
    }
}

/// Up to five wrong times in a life of daily backups, in a row or each another one, ahead or back: at
/// each moment those are there that a right clock would have kept, and when it is right again, too.
#[test]
fn wrong_times_cost_nothing_within_a_span() {
    let within = |days: u64| Policy {
        within: Some(Duration::from_secs(days * 86400)),
        ..Policy::default()
    };
    let jumps: [fn(i64) -> i64; 5] = [
        |_| 900 * DAY,
        |_| 20 * DAY,
        |wrong| (1 + wrong) * 90 * DAY,
        |wrong| (9 - wrong) * 50 * DAY,
        |wrong| -(wrong + 2) * 40 * DAY,
    ];
    let start = NOW.unix_timestamp() - 200 * DAY;
    for (jump, by) in jumps.into_iter().enumerate() {
        for (wrong, days) in [1, 2, 3, 5]
            .into_iter()
            .flat_map(|wrong| [(wrong, 16), (wrong, 30)])
        {
            let mut there: Vec<Candidate> = Vec::new();
            for day in 0..120 {
                let is_wrong = (60..60 + wrong).contains(&day);
                let clock = start + day * DAY + if is_wrong { by(day - 60) } else { 0 };
                let new = untried_at(at(clock));
                there.insert(there.partition_point(|c| c.taken_at > new.taken_at), new);
                let kept = kept_of(&within(days), &there, new.taken_at);
                there = kept.into_iter().map(|i| there[i]).collect();
                let right = (0..=day).rev().take(days as usize);
                for right in right.filter(|day| !(60..60 + wrong).contains(day)) {
                    let is_it = |c: &Candidate| c.taken_at == at(start + right * DAY);
                    let case = format!("jump {jump}, {wrong} within {days}: {right} on {day}");
                    assert!(there.iter().any(is_it), "{case}");
                }
            }
            assert!(there.len() <= days as usize + 5, "{}", there.len());
        }
    }
}

/// At each moment of an irregular life, with backups tried at random: what a rotation leaves is
/// what the second reading leaves, and the good ones are safe.
#[test]
fn a_life_with_proofs() {
    let mut numbers = Numbers(3);
    for _ in 0..8 {
        let mut clock = NOW.unix_timestamp() - 900 * DAY;
        let mut there: Vec<Candidate> = Vec::new();
        for _ in 0..300 {
            clock += 600 + numbers.below(4 * DAY);
            there.insert(0, untried_at(berlin(clock)));
            if numbers.below(3) == 0 {
                let which = numbers.below(there.len().min(5) as i64) as usize;
                there[which].trust = [Trust::Proved, Trust::Failed][numbers.below(2) as usize];
            }
            let now = there[0].taken_at;
            let kept = kept_of(&USUAL, &there, now);
            let expected: Vec<usize> = oracle(&USUAL, &there, now).into_iter().collect();
            assert_eq!(kept, expected);
            for trust in [Trust::Failed, Trust::Untried, Trust::Proved] {
                let newest = there.iter().position(|c| c.trust >= trust);
                assert!(newest.is_none_or(|newest| kept.contains(&newest)));
            }
            there = kept.into_iter().map(|i| there[i]).collect();
        }
    }
}
