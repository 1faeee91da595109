//! `connections`: who is connected, and how many more may be.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use shared::Result;

use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// One row for the server, and for each database, user, application, client and state.
pub const SECTION: Section = Section {
    name: "connections",
    answers: "how many client sessions are there, by database, user, application, client and state, and how many more may be?",
    costs: "one look at the sessions",
    needs: "pg_monitor: other roles' states are hidden without",
    reach: Reach::Server,
    fields: &[
        ("by", "server, database, user, application, client or state"),
        (
            "name",
            "which; null for the server, and where there is none",
        ),
        ("connections", "client sessions: no replication, no workers"),
        ("active", "of them, running a statement"),
        ("idle", "doing nothing"),
        (
            "idle_in_transaction",
            "doing nothing in a transaction, failed ones too",
        ),
        (
            "waiting_for_locks",
            "running a statement that waits for a lock",
        ),
        (
            "hidden",
            "whose state the role may not see: perhaps parallel workers",
        ),
        (
            "longest_transaction_seconds",
            "the age of the oldest transaction",
        ),
        (
            "longest_idle_in_transaction_seconds",
            "how long one has been idle in a transaction",
        ),
        ("max_connections", "the server's setting"),
        (
            "reserved",
            "kept for superusers and for roles with pg_use_reserved_connections",
        ),
        (
            "limit",
            "how many there may be: for ordinary roles on the server, or CONNECTION LIMIT",
        ),
        ("available", "how many more may come; null: no limit"),
        ("used_ratio", "connections by limit"),
    ],
    gather: Gather::Made(rows),
};

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    if let Some(rows) = server.kept(section.name) {
        return Ok(rows);
    }
    let answer = server.ask(include_str!("../../sql/connections.sql"))?;
    let mut room = (0, 0);
    // The groups by their kind and name; nothing is before a name, and comes after it.
    let mut groups: BTreeMap<(&str, Option<String>), Group> = BTreeMap::new();
    for row in &answer {
        room = (row.try_get("max_connections")?, row.try_get("reserved")?);
        let session = Session::of(row)?;
        groups.entry(("", None)).or_default().add(&session, None);
        for (by, limit) in [
            ("application", None),
            ("client", None),
            ("database", row.try_get("database_limit")?),
            ("state", None),
            ("user", row.try_get("user_limit")?),
        ] {
            let name: Option<String> = row.try_get(by)?;
            groups.entry((by, name)).or_default().add(&session, limit);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    let rank = |((by, name), group): &((&'static str, Option<String>), Group)| {
        (*by, Reverse(group.connections), name.is_none())
    };
    groups.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let origin = server.origin();
    let row = |((by, name), group): ((&str, Option<String>), Group)| {
        section.row(&origin, group.cells(by, name, room))
    };
    let rows: Vec<Row> = groups.into_iter().map(row).collect();
    server.keep(section.name, &rows);
    Ok(rows)
}

/// One that is connected.
struct Session {
    state: Option<String>,
    is_waiting: bool,
    is_hidden: bool,
    transaction: Option<f64>,
    in_state: Option<f64>,
}

impl Session {
    fn of(row: &postgres::Row) -> Result<Self> {
        let is_waiting: Option<bool> = row.try_get("is_waiting")?;
        Ok(Self {
            state: row.try_get("state")?,
            is_waiting: is_waiting.unwrap_or_default(),
            is_hidden: row.try_get("is_hidden")?,
            transaction: row.try_get("transaction_seconds")?,
            in_state: row.try_get("state_seconds")?,
        })
    }

    fn is_idle_in_transaction(&self) -> bool {
        let state = self.state.as_deref();
        state.is_some_and(|state| state.starts_with("idle in transaction"))
    }
}

/// Sessions that have something in common.
#[derive(Default)]
struct Group {
    connections: i64,
    active: i64,
    idle: i64,
    idle_in_transaction: i64,
    waiting: i64,
    hidden: i64,
    longest_transaction: Option<f64>,
    longest_idle: Option<f64>,
    /// How many there may be.
    limit: Option<i32>,
}

impl Group {
    fn add(&mut self, session: &Session, limit: Option<i32>) {
        let is = |state: &str| session.state.as_deref() == Some(state);
        self.connections += 1;
        self.active += i64::from(is("active"));
        self.idle += i64::from(is("idle"));
        self.waiting += i64::from(session.is_waiting);
        self.hidden += i64::from(session.is_hidden);
        self.longest_transaction = longer(self.longest_transaction, session.transaction);
        if session.is_idle_in_transaction() {
            self.idle_in_transaction += 1;
            self.longest_idle = longer(self.longest_idle, session.in_state);
        }
        self.limit = limit;
    }

    /// Of the group without a kind, the server, the room says how many there may be.
    fn cells(self, by: &str, name: Option<String>, room: (i32, i32)) -> Vec<Cell> {
        let whole = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
        let float = |number: Option<f64>| number.map_or(Cell::Null, Cell::Float);
        let (most, reserved) = (i64::from(room.0), i64::from(room.1));
        let is_server = by.is_empty();
        let limit = match is_server {
            true => Some(most - reserved),
            false => self.limit.map(i64::from),
        };
        let used = limit.filter(|limit| *limit != 0);
        vec![
            Cell::Text(if is_server { "server" } else { by }.into()),
            name.map_or(Cell::Null, |name| Cell::Text(name.into())),
            Cell::Int(self.connections),
            Cell::Int(self.active),
            Cell::Int(self.idle),
            Cell::Int(self.idle_in_transaction),
            Cell::Int(self.waiting),
            Cell::Int(self.hidden),
            float(self.longest_transaction),
            float(self.longest_idle),
            whole(is_server.then_some(most)),
            whole(is_server.then_some(reserved)),
            whole(limit),
            whole(limit.map(|limit| (limit - self.connections).max(0))),
            float(used.map(|limit| self.connections as f64 / limit as f64)),
        ]
    }
}

fn longer(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}
