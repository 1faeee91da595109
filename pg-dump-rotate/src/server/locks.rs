//! Who was in the way of a dump that gave up waiting for a table.

use std::time::Duration;

use postgres::Row;
use shared::connection::Session;
use shared::dump::QualifiedName;
use shared::units::human_duration;
use shared::{Context, Result};

const HOLDERS: &str = include_str!("../../sql/lock_holders.sql");

/// Somebody who has a table to himself, or waits for that.
#[derive(Debug, Clone)]
pub struct Holder {
    table: QualifiedName,
    mode: String,
    granted: bool,
    /// None is a prepared transaction.
    pid: Option<i32>,
    backend: Option<String>,
    role: Option<String>,
    application: Option<String>,
    state: Option<String>,
    transaction: Option<Duration>,
    query: Option<Duration>,
    blocked_by: Vec<i32>,
}

/// Who is in the way of these tables, as `words` name them: those who have them come first.
pub fn holders(session: &mut Session, words: &str) -> Result<Vec<Holder>> {
    let rows = session.client().query_typed(HOLDERS, &[]);
    let rows = rows.context(|| "could not ask who holds locks".into())?;
    let holders = rows.iter().map(Holder::of).collect::<Result<Vec<_>>>()?;
    let is_named = |holder: &Holder| words.contains(&holder.table.to_string());
    Ok(holders.into_iter().filter(is_named).collect())
}

impl Holder {
    fn of(row: &Row) -> Result<Self> {
        let age = |field| -> Result<Option<Duration>> {
            let seconds: Option<f64> = row.try_get(field)?;
            Ok(seconds.map(|seconds| Duration::from_millis((seconds.max(0.0) * 1000.0) as u64)))
        };
        Ok(Self {
            table: QualifiedName {
                schema: Some(row.try_get("schema")?),
                name: row.try_get("name")?,
            },
            mode: row.try_get("mode")?,
            granted: row.try_get("granted")?,
            pid: row.try_get("pid")?,
            backend: row.try_get("backend_type")?,
            role: row.try_get("role")?,
            application: row.try_get("application_name")?,
            state: row.try_get("state")?,
            transaction: age("xact_seconds")?,
            query: age("query_seconds")?,
            blocked_by: row.try_get("blocked_by")?,
        })
    }

    /// `public.orders is locked (AccessExclusiveLock) by pid 4711 (psql, user app), idle in
    /// transaction, its transaction 3m old`.
    pub fn sentence(&self) -> String {
        let (table, mode, who) = (&self.table, &self.mode, self.who());
        if self.granted {
            return format!("{table} is locked ({mode}) by {who}");
        }
        let behind: Vec<_> = self.blocked_by.iter().map(ToString::to_string).collect();
        let behind = match behind.is_empty() {
            true => String::new(),
            false => format!(", which waits behind pid {}", behind.join(", ")),
        };
        format!("{table} is asked for ({mode}) by {who}{behind}: who comes later waits too")
    }

    fn who(&self) -> String {
        let Some(pid) = self.pid else {
            return "a prepared transaction (see pg_prepared_xacts)".into();
        };
        if self.backend.as_deref() == Some("startup") {
            return format!("pid {pid}, which replays what the primary did");
        }
        let role = self.role.as_ref().map(|role| format!("user {role}"));
        let application = self.application.clone().filter(|name| !name.is_empty());
        let named: Vec<_> = application.into_iter().chain(role).collect();
        let named = match named.is_empty() {
            true => String::new(),
            false => format!(" ({})", named.join(", ")),
        };
        let state = self.state.as_ref().map(|state| format!(", {state}"));
        let age = |what: &str, age: Option<Duration>| {
            let age = age.map(|age| Duration::from_millis(rounded(age)));
            age.map(|age| format!(", its {what} {} old", human_duration(age)))
        };
        let ages = [
            age("transaction", self.transaction),
            age("query", self.query),
        ];
        let rest: String = state
            .into_iter()
            .chain(ages.into_iter().flatten())
            .collect();
        format!("pid {pid}{named}{rest}")
    }
}

/// Whole seconds once there are some.
fn rounded(age: Duration) -> u64 {
    let milliseconds = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    match milliseconds {
        0..1000 => milliseconds,
        _ => milliseconds / 1000 * 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder {
            table: QualifiedName {
                schema: Some("public".into()),
                name: "orders".into(),
            },
            mode: "AccessExclusiveLock".into(),
            granted: true,
            pid: Some(7),
            backend: Some("client backend".into()),
            role: Some("app".into()),
            application: Some("psql".into()),
            state: Some("idle in transaction".into()),
            transaction: Some(Duration::from_millis(180_400)),
            query: None,
            blocked_by: Vec::new(),
        }
    }

    #[test]
    fn whoever_it_is() {
        assert_eq!(
            holder().sentence(),
            "public.orders is locked (AccessExclusiveLock) by pid 7 (psql, user app), \
             idle in transaction, its transaction 3m old"
        );
        let waiting = Holder {
            granted: false,
            blocked_by: vec![3, 4],
            state: None,
            transaction: None,
            ..holder()
        };
        assert_eq!(
            waiting.sentence(),
            "public.orders is asked for (AccessExclusiveLock) by pid 7 (psql, user app), \
             which waits behind pid 3, 4: who comes later waits too"
        );
        let prepared = Holder {
            pid: None,
            ..holder()
        };
        assert!(prepared.sentence().contains("a prepared transaction"));
        let replay = Holder {
            backend: Some("startup".into()),
            ..holder()
        };
        assert!(replay.sentence().contains("replays"));
    }
}
