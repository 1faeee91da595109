//! One instance that watches a cluster: an advisory lock says which.

use std::time::{Duration, Instant, SystemTime};

use postgres::types::{ToSql, Type};
use shared::{Error, Result, signals};

use crate::connection::Connection;

/// The key of the lock: "pglk", "kill".
pub const KEY: (i32, i32) = (0x7067_6c6b, 0x6b69_6c6c);

/// A session of ours that is lost takes no longer to end.
const PATIENCE: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(10);

/// A session of ours: its process, and when it began.
pub type Own = (i32, SystemTime);

/// Who has the lock.
struct Claimed {
    is_ours: bool,
    other: Option<i32>,
    own: Own,
}

/// Makes this session the one that watches; who it is. The one that we had `before` the connection was lost may be
/// in its way for hours, until the server notices: it is ended.
pub fn claim(connection: &mut Connection, before: Option<Own>) -> Result<Own> {
    let until = Instant::now() + PATIENCE;
    loop {
        let claimed = ask(connection)?;
        if claimed.is_ours && claimed.other.is_none() {
            return Ok(claimed.own);
        }
        let lost = before.filter(|(pid, _)| claimed.other == Some(*pid));
        match lost.filter(|_| Instant::now() < until) {
            Some(lost) => end(connection, lost)?,
            None => return Err(taken(claimed.other, lost.is_some())),
        }
        signals::sleep(STEP)?;
    }
}

fn ask(connection: &mut Connection) -> Result<Claimed> {
    let query = include_str!("../sql/claim.sql");
    connection.ask(|server| {
        let keys = [
            (&KEY.0 as &(dyn ToSql + Sync), Type::INT4),
            (&KEY.1, Type::INT4),
        ];
        let row = server.client().query_typed_one(query, &keys)?;
        Ok(Claimed {
            is_ours: row.try_get("is_ours")?,
            other: row.try_get("other")?,
            own: (row.try_get("own")?, row.try_get("own_start")?),
        })
    })
}

fn end(connection: &mut Connection, (pid, began): Own) -> Result<()> {
    let query = include_str!("../sql/disown.sql");
    connection.ask(move |server| {
        let session = [
            (&pid as &(dyn ToSql + Sync), Type::INT4),
            (&began, Type::TIMESTAMPTZ),
        ];
        let keys = [
            (&KEY.0 as &(dyn ToSql + Sync), Type::INT4),
            (&KEY.1, Type::INT4),
        ];
        server
            .client()
            .query_typed(query, &[session, keys].concat())?;
        Ok(())
    })
}

fn taken(other: Option<i32>, is_lost_one: bool) -> Error {
    let other = other.map_or_else(|| "a session".to_string(), |pid| format!("session {pid}"));
    match is_lost_one {
        true => Error::new(format!(
            "{other}, which was ours before the connection was lost, watches this server still, and does not end"
        )),
        false => Error::new(format!(
            "another pg-lock-kill watches this server already: {other}"
        ))
        .with_hint("two of them would end more than either is allowed to"),
    }
}
