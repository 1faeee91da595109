//! Tables worked out by hand.

use time::macros::datetime;

use super::*;

mod properties;
mod years;

const NOW: OffsetDateTime = datetime!(2026-11-20 10:39:30 UTC);
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// None of which was tried.
fn untried(taken: &[OffsetDateTime]) -> Vec<Candidate> {
    let candidate = |at: &OffsetDateTime| Candidate {
        taken_at: *at,
        trust: Trust::Untried,
    };
    taken.iter().map(candidate).collect()
}

fn why(policy: &Policy, taken: &[OffsetDateTime]) -> Vec<String> {
    why_of(policy, &untried(taken))
}

/// The reasons of each, in words.
fn why_of(policy: &Policy, candidates: &[Candidate]) -> Vec<String> {
    let reasons = reasons(policy, candidates, NOW);
    let all = candidates.iter().enumerate();
    all.map(|(place, candidate)| reasons.words(place, policy, candidate))
        .collect()
}

fn kept(policy: &Policy, taken: &[OffsetDateTime]) -> Vec<usize> {
    kept_of(policy, &untried(taken), NOW)
}

fn kept_of(policy: &Policy, candidates: &[Candidate], now: OffsetDateTime) -> Vec<usize> {
    let reasons = reasons(policy, candidates, now);
    (0..candidates.len()).filter(|i| reasons.keep(*i)).collect()
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
        ..Policy::default()
    }
}

#[test]
fn no_rule_keeps_everything() {
    assert_eq!(kept(&Policy::default(), &regular(3, DAY)), [0, 1, 2]);
    assert!(Policy::default().is_empty());
}

#[test]
fn nothing_taken_is_nothing_to_decide() {
    assert!(why(&policy(1, 0, 0, 0, 0, 0), &[]).is_empty());
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
    let reasons = why(&policy(0, 0, 0, 4, 0, 0), &taken);
    let expected = [
        "weekly 2021-W01 (1 of 4)",
        "weekly 2020-W53 (2 of 4)",
        "",
        "",
        "",
        "weekly 2020-W52 (3 of 4)",
    ];
    assert_eq!(reasons, expected);
    let ends_of_2018 = [
        datetime!(2018-12-31 12:00 UTC),
        datetime!(2018-01-01 12:00 UTC),
    ];
    assert_eq!(Period::Week.named(ends_of_2018[0]), " 2019-W01");
    assert_eq!(kept(&policy(0, 0, 0, 2, 0, 0), &ends_of_2018), [0, 1]);
}

#[test]
fn the_oldest_is_kept_while_a_rule_is_not_filled() {
    let taken = regular(10, HOUR / 2);
    let reasons = why(&policy(0, 0, 0, 0, 0, 3), &taken);
    assert_eq!(reasons[0], "yearly 2026 (1 of 3)");
    assert_eq!(reasons[9], "oldest, yearly 2026 (2 of 3)");
    assert_eq!(kept(&policy(0, 0, 0, 0, 0, 3), &taken), [0, 9]);
    assert_eq!(kept(&policy(0, 0, 0, 0, 0, 1), &taken), [0]);
}

#[test]
fn each_rule_counts_what_another_keeps_too() {
    let reasons = why(&policy(1, 1, 2, 1, 1, 1), &regular(3, DAY));
    let first = "last (1 of 1); hourly 2026-11-20 10h (1 of 1); daily 2026-11-20 (1 of 2); \
                 weekly 2026-W47 (1 of 1); monthly 2026-11 (1 of 1); yearly 2026 (1 of 1)";
    assert_eq!(reasons[0], first);
    assert_eq!(reasons[1], "daily 2026-11-19 (2 of 2)");
    assert_eq!(reasons[2], "");
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
    assert_eq!(why(&within(3), &stopped)[2], "within 3d");
    assert_eq!(kept(&within(1), &stopped), [0, 1], "the newest is alone");
    // After sixty days without any, or with a clock that is wrong by as much.
    let mut again = regular(100, DAY).split_off(60);
    again.insert(0, NOW);
    assert_eq!(kept(&within(30), &again), (0..=30).collect::<Vec<_>>());
    // What was kept before goes as the new ones come, and with the thirtieth the last of it.
    for new in 1..30 {
        again.iter_mut().for_each(|at| *at -= time::Duration::DAY);
        again.insert(0, NOW);
        let all: Vec<usize> = (0..30.max(new + 1)).collect();
        assert_eq!(kept(&within(30), &again), all, "{new}");
    }
    again.iter_mut().for_each(|at| *at -= time::Duration::DAY);
    again.insert(0, NOW);
    assert_eq!(kept(&within(30), &again), (0..30).collect::<Vec<_>>());
    let alone = [NOW, NOW - time::Duration::days(60)];
    assert_eq!(kept(&within(30), &alone), [0, 1]);
    assert_eq!(kept(&within(30), &[NOW]), [0]);
}

#[test]
fn what_is_rare_is_not_kept_for_ever() {
    let within = |hours: u64| Policy {
        within: Some(Duration::from_secs(hours * 3600)),
        ..Policy::default()
    };
    for (hours, every, expected) in [
        (24, DAY, 2),
        (36, DAY, 2),
        (48, DAY, 2),
        (48, DAY - 1, 3),
        (72, DAY, 3),
        (30 * 24, 7 * DAY, 5),
        (30 * 24, 14 * DAY, 3),
        (30 * 24, 60 * DAY, 2),
    ] {
        let kept = kept(&within(hours), &regular(40, every));
        assert_eq!(kept.len(), expected, "{hours} h, each {every} s");
    }
    // Every hour once, and then every other month.
    let mut taken = regular(40, 60 * DAY);
    let hourly = taken[39] - time::Duration::days(60);
    taken.extend((0..500).map(|hours| hourly - time::Duration::hours(hours)));
    assert_eq!(kept(&within(30 * 24), &taken), [0, 1]);
    assert_eq!(kept(&within(30 * 24), &taken[35..]).len(), 505);
    assert_eq!(kept(&within(30 * 24), &taken[34..]), [0, 1]);
    // Without a rhythm that it would interrupt.
    let taken = [0, 6, 8, 29, 31, 90].map(|days| NOW - time::Duration::days(days));
    assert_eq!(kept(&within(30 * 24), &taken), [0, 1, 2, 3]);
    // What only other rules keep of older ones is none of its own.
    let mut taken = regular(30 * 24 + 1, HOUR);
    taken.extend((2..9).map(|months| NOW - time::Duration::days(30 * months)));
    assert_eq!(kept(&within(30 * 24), &taken).len(), 30 * 24);
}

#[test]
fn the_newest_is_never_given_up() {
    let nothing = Policy {
        within: Some(Duration::ZERO),
        ..Policy::default()
    };
    assert_eq!(kept(&nothing, &regular(4, DAY)), [0]);
    assert_eq!(why(&nothing, &regular(4, DAY))[0], "newest");
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

#[test]
fn days_begin_where_the_clock_says() {
    let taken = [
        datetime!(2026-11-20 00:30 +01:00),
        datetime!(2026-11-19 23:30 +01:00),
        datetime!(2026-11-19 00:30 +01:00),
        datetime!(2026-11-18 23:30 +01:00),
    ];
    let daily = policy(0, 0, 2, 0, 0, 0);
    assert_eq!(kept(&daily, &taken), [0, 1]);
    assert_eq!(why(&daily, &taken)[0], "daily 2026-11-20 (1 of 2)");
    let utc = Policy { utc: true, ..daily };
    assert_eq!(kept(&utc, &taken), [0, 2]);
    assert_eq!(why(&utc, &taken)[0], "daily 2026-11-19 (1 of 2)");
}

#[test]
fn the_hour_that_autumn_shows_twice_is_two() {
    let taken = [
        datetime!(2026-10-25 02:45 +01:00),
        datetime!(2026-10-25 02:15 +01:00),
        datetime!(2026-10-25 02:45 +02:00),
        datetime!(2026-10-25 02:15 +02:00),
    ];
    let reasons = why(&policy(0, 9, 0, 0, 0, 0), &taken);
    assert_eq!(reasons[0], "hourly 2026-10-25 02h+01:00 (1 of 9)");
    assert_eq!(reasons[1], "");
    assert_eq!(reasons[2], "hourly 2026-10-25 02h+02:00 (2 of 9)");
    assert_eq!(reasons[3], "oldest, hourly 2026-10-25 02h+02:00 (3 of 9)");
    let india = [
        datetime!(2026-10-25 10:15 +05:30),
        datetime!(2026-10-25 10:00 +05:30),
        datetime!(2026-10-25 09:59 +05:30),
    ];
    assert_eq!(kept(&policy(0, 2, 0, 0, 0, 0), &india), [0, 2]);
}

/// Newest first, an hour apart, all of one day: `p`roved, `f`ailed, or not tried.
fn tried(words: &str) -> Vec<Candidate> {
    let candidate = |(hours, word): (usize, char)| Candidate {
        taken_at: NOW - time::Duration::hours(hours as i64),
        trust: match word {
            'p' => Trust::Proved,
            'f' => Trust::Failed,
            _ => Trust::Untried,
        },
    };
    words.chars().enumerate().map(candidate).collect()
}

#[test]
fn of_a_period_the_newest_proved_one_is_kept_and_a_failed_one_last() {
    for (words, policy, expected) in [
        ("-p-p-", policy(0, 0, 1, 0, 0, 0), &[0, 1][..]),
        ("f--", policy(0, 0, 1, 0, 0, 0), &[0, 1]),
        ("ff-pf", policy(0, 0, 1, 0, 0, 0), &[0, 2, 3]),
        ("fff", policy(0, 0, 1, 0, 0, 0), &[0]),
        ("ff---", policy(2, 0, 0, 0, 0, 0), &[0, 1, 2]),
        ("---p-p", policy(1, 0, 0, 0, 0, 0), &[0, 3]),
        ("---f", policy(0, 0, 2, 0, 0, 0), &[0, 2]),
    ] {
        assert_eq!(kept_of(&policy, &tried(words), NOW), expected, "{words}");
    }
    let words = why_of(&policy(1, 0, 0, 0, 0, 0), &tried("f-p"));
    let expected = [
        "last (1 of 1)",
        "newest that has not failed",
        "newest that was proved",
    ];
    assert_eq!(words, expected);
}

#[test]
fn so_many_of_the_newest_stay_under_any_rule() {
    let min = |min| Policy {
        min,
        ..policy(1, 0, 0, 0, 0, 0)
    };
    assert_eq!(kept(&min(3), &regular(5, DAY)), [0, 1, 2]);
    let reasons = why(&min(3), &regular(5, DAY));
    assert_eq!(
        reasons[..3],
        ["last (1 of 1)", "min (2 of 3)", "min (3 of 3)"]
    );
    // Those that failed to restore come last here, too.
    assert_eq!(kept_of(&min(2), &tried("ff---"), NOW), [0, 2, 3]);
    assert_eq!(kept_of(&min(4), &tried("ff---"), NOW), [0, 2, 3, 4]);
    let mut future = regular(5, DAY);
    future.insert(0, NOW + time::Duration::days(9));
    assert_eq!(kept(&min(3), &future), [0, 1, 2, 3]);
    let alone = Policy {
        min: 3,
        ..Policy::default()
    };
    assert!(alone.is_empty());
}
