//! What a session must be like, as the command line says it.

use std::time::Duration;

use regex::Regex;
use shared::Result;
use shared::cli::Value;

use crate::filters::Network;
use crate::snapshot::Mode;

/// The states of pg_stat_activity.
const STATES: [&str; 7] = [
    "active",
    "idle",
    "idle in transaction",
    "idle in transaction (aborted)",
    "fastpath function call",
    "starting",
    "disabled",
];

/// What a session must be like; all of it must hold.
#[derive(Debug, Default)]
pub struct Filters {
    /// In the order of the command line.
    pub conditions: Vec<Condition>,
}

/// One flag, or its `--not-…`. Of one that is given several times any may hold; of the
/// `--not-…` none.
#[derive(Debug)]
pub struct Condition {
    /// What is asked.
    pub test: Test,
    /// Whether it must not be so.
    pub is_not: bool,
}

/// What a flag asks of a session.
#[derive(Debug)]
pub enum Test {
    /// `--user`
    User(String),
    /// `--database`
    Database(String),
    /// `--app`
    App(String),
    /// `--client`
    Client(Network),
    /// `--state`
    State(String),
    /// `--query`
    Query(Regex),
    /// `--relation`
    Relation(String),
    /// `--lock-mode`
    LockMode(Mode),
    /// `--waiting-for`
    WaitingFor(Duration),
    /// `--blocking-for`
    BlockingFor(Duration),
    /// `--xact-age`
    XactAge(Duration),
    /// `--idle-in-transaction`
    IdleInTransaction(Duration),
    /// `--query-age`
    QueryAge(Duration),
    /// `--min-blocked`
    MinBlocked(usize),
}

impl Filters {
    /// The shortest time of `--blocking-for`, if it is given.
    pub fn blocking_for(&self) -> Option<Duration> {
        let conditions = self.conditions.iter();
        let times = conditions.filter_map(|condition| match condition.test {
            Test::BlockingFor(time) if !condition.is_not => Some(time),
            _ => None,
        });
        times.min()
    }

    /// Whether they ask for sessions that wait.
    pub fn ask_of_wait(&self) -> bool {
        let mut conditions = self.conditions.iter();
        conditions
            .any(|condition| matches!(condition.test, Test::WaitingFor(_)) && !condition.is_not)
    }

    /// Whether they ask how long somebody waits.
    pub fn ask_how_long(&self) -> bool {
        let is_one = |test: &Test| matches!(test, Test::WaitingFor(_) | Test::BlockingFor(_));
        self.conditions.iter().any(|one| is_one(&one.test))
    }

    /// Whether they ask for how long, or how many.
    pub fn ask_how_much(&self) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|condition| {
            matches!(
                condition.test,
                Test::WaitingFor(_)
                    | Test::BlockingFor(_)
                    | Test::XactAge(_)
                    | Test::IdleInTransaction(_)
                    | Test::QueryAge(_)
                    | Test::MinBlocked(_)
            )
        })
    }

    /// Whether they ask what a session does, which is another thing a moment later.
    pub fn ask_of_state(&self) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|condition| {
            matches!(
                condition.test,
                Test::State(_) | Test::Query(_) | Test::QueryAge(_) | Test::IdleInTransaction(_)
            )
        })
    }
}

impl Test {
    /// Of a flag of the table; none for one that is no filter.
    pub(super) fn of(flag: &str, value: &Value) -> Result<Option<Self>> {
        let text = || value.text().map(str::to_string);
        Ok(Some(match flag {
            "user" => Self::User(text()?),
            "database" => Self::Database(text()?),
            "app" => Self::App(text()?),
            "client" => Self::Client(network(value)?),
            "state" => Self::State(state(value)?),
            "query" => Self::Query(value.parse()?),
            "relation" => Self::Relation(text()?),
            "lock-mode" => Self::LockMode(mode(value)?),
            "waiting-for" => Self::WaitingFor(value.duration()?),
            "blocking-for" => Self::BlockingFor(value.duration()?),
            "xact-age" => Self::XactAge(value.duration()?),
            "idle-in-transaction" => Self::IdleInTransaction(value.duration()?),
            "query-age" => Self::QueryAge(value.duration()?),
            "min-blocked" => Self::MinBlocked(value.count()?),
            _ => return Ok(None),
        }))
    }
}

/// `AccessExclusiveLock`, `AccessExclusive` or, as SQL has it, `access exclusive`.
fn mode(value: &Value) -> Result<Mode> {
    let plain = |name: &str| {
        let name = name.replace([' ', '_', '-'], "").to_ascii_lowercase();
        name.strip_suffix("lock")
            .map(str::to_string)
            .unwrap_or(name)
    };
    let given = plain(value.text()?);
    let found = Mode::ALL
        .into_iter()
        .find(|mode| plain(mode.name()) == given);
    found.ok_or_else(|| value.refuse("there is no such mode, as AccessExclusiveLock is one"))
}

fn network(value: &Value) -> Result<Network> {
    let network = Network::parse(value.text()?);
    network
        .ok_or_else(|| value.refuse("an address is needed, a network such as 10.0.0.0/8, or local"))
}

/// A state of pg_stat_activity: with another one a filter that spares sessions would spare nobody.
fn state(value: &Value) -> Result<String> {
    let text = value.text()?;
    let is_known = STATES.contains(&text);
    is_known
        .then(|| text.to_string())
        .ok_or_else(|| value.refuse(&STATES.join(", ")))
}
