//! Which backups to keep: times and a policy in, a reason for each out. Touches nothing.
//!
//! The rules are those that users of restic know. Walking from the newest backup
//! to the oldest, each rule keeps the newest backup of each period (a clock hour,
//! a day, an ISO week, a month, a year; for `last`, each backup is a period of its
//! own) until it has kept as many as it may. Periods without a backup don't count.
//! Rules overlap: one backup may be kept by several, and each counts it. While a
//! rule isn't filled it also keeps the oldest backup. `within` keeps what is
//! younger than that, measured from the newest backup, so that a server that has
//! not been backed up for a while loses nothing. Periods are those of UTC.
//!
//! Beyond restic: a backup from the future (a clock was wrong once) is kept and
//! counted by no rule, so it takes nobody's place; the newest backup is always kept.

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
}

impl Policy {
    /// True when there is no rule: then nothing is ever deleted.
    pub fn is_empty(&self) -> bool {
        Self {
            min: 0,
            ..self.clone()
        } == Self::default()
    }

    fn rules(&self) -> [Rule; 6] {
        [
            Rule::new("last", self.last, |_| None),
            Rule::new("hourly", self.hourly, |at| Some(hour(at))),
            Rule::new("daily", self.daily, |at| Some(at.date().to_string())),
            Rule::new("weekly", self.weekly, |at| Some(week(at))),
            Rule::new("monthly", self.monthly, |at| Some(month(at))),
            Rule::new("yearly", self.yearly, |at| Some(at.year().to_string())),
        ]
    }
}

/// One rule on its way from the newest backup to the oldest.
struct Rule {
    name: &'static str,
    allowed: usize,
    kept: usize,
    /// Names the period; `None`: each backup is its own.
    period: fn(OffsetDateTime) -> Option<String>,
    latest: Option<String>,
}

impl Rule {
    fn new(
        name: &'static str,
        allowed: usize,
        period: fn(OffsetDateTime) -> Option<String>,
    ) -> Self {
        Self {
            name,
            allowed,
            kept: 0,
            period,
            latest: None,
        }
    }

    /// Why this rule keeps the next older backup, if it does.
    fn keeps(&mut self, taken_at: OffsetDateTime, is_oldest: bool) -> Option<String> {
        if self.kept == self.allowed {
            return None;
        }
        let period = (self.period)(taken_at);
        let is_newest_of_period = period.is_none() || period != self.latest;
        if !is_newest_of_period && !is_oldest {
            return None;
        }
        self.kept += 1;
        let oldest = if is_newest_of_period { "" } else { "oldest, " };
        let of = format!("{} of {}", self.kept, self.allowed);
        let reason = match &period {
            Some(period) => format!("{oldest}{} {period} ({of})", self.name),
            None => format!("{} ({of})", self.name),
        };
        self.latest = period;
        Some(reason)
    }
}

/// The reasons to keep each backup, in the order of `taken`, which is newest first.
/// One without a reason may go. An empty policy keeps everything.
pub fn reasons(policy: &Policy, taken: &[OffsetDateTime], now: OffsetDateTime) -> Vec<Vec<String>> {
    if policy.is_empty() {
        return vec![vec!["no rule given".into()]; taken.len()];
    }
    let future = taken.iter().take_while(|at| **at > now).count();
    let past = &taken[future..];
    let mut reasons = vec![vec!["taken in the future".to_string()]; future];
    let mut rules = policy.rules();
    for (position, at) in past.iter().enumerate() {
        let is_oldest = position + 1 == past.len();
        let within = policy.within.and_then(|d| within(d, past[0], *at));
        let by_rules = rules
            .iter_mut()
            .filter_map(|rule| rule.keeps(*at, is_oldest));
        reasons.push(by_rules.chain(within).collect());
    }
    for newest in [0, future] {
        if let Some(reasons) = reasons.get_mut(newest).filter(|reasons| reasons.is_empty()) {
            reasons.push("newest".into());
        }
    }
    reasons
}

fn within(span: Duration, newest: OffsetDateTime, taken_at: OffsetDateTime) -> Option<String> {
    (newest - taken_at < span).then(|| format!("within {}", units::human_duration(span)))
}

fn hour(at: OffsetDateTime) -> String {
    format!("{} {:02}h", at.date(), at.hour())
}

/// The ISO week, whose year near New Year is not the calendar's.
fn week(at: OffsetDateTime) -> String {
    let (year, week, _) = at.date().to_iso_week_date();
    format!("{year}-W{week:02}")
}

fn month(at: OffsetDateTime) -> String {
    format!("{}-{:02}", at.year(), u8::from(at.month()))
}

#[cfg(test)]
mod tests;
