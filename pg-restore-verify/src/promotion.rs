//! `--promote`: the restored database takes the place of the live one.

mod dated;
mod likeness;
mod rights;

use postgres::types::{ToSql, Type};
use postgres::{Client, Row};
use shared::dump::quote_identifier;
use shared::{Error, Result};

pub use likeness::{Difference, Likeness};

use crate::server::Server;

/// Servers of 17 end a session whose transaction takes too long, those of 14 the statement of one
/// who is gone; and a standby that is not there would hold up every commit. Each would leave both
/// databases closed.
const NOTHING_ENDS_IT: &str = "SELECT pg_catalog.set_config(name, CASE name WHEN 'synchronous_commit' THEN 'local' ELSE '0' END, false) \
     FROM pg_catalog.pg_settings \
     WHERE name IN ('transaction_timeout', 'client_connection_check_interval', 'synchronous_commit')";

/// A promotion that nothing known stands in the way of.
#[derive(Debug)]
pub struct Promotion {
    /// The name that the restored database gets.
    pub live: String,
    /// What there is to be replaced.
    replaced: Option<Replaced>,
}

/// A live database that is to be replaced.
#[derive(Debug)]
struct Replaced {
    oid: u32,
    /// The name that it gets.
    before: String,
    takes_connections: bool,
    sessions: i64,
    disabled_subscriptions: Option<String>,
}

impl Promotion {
    /// Looks at what is there, and at what we may do.
    ///
    /// # Errors
    /// With what stands in the way, or which right is missing.
    pub fn plan(server: &Server, live: &str, accepted: &[String]) -> Result<Self> {
        let mut client = server.connect_to_server()?;
        dated::check_length(&mut client, live)?;
        let facts = include_str!("../sql/promotion.sql");
        let rows = client.query_typed(facts, &[(&live, Type::TEXT)])?;
        let replaced = match rows.first() {
            Some(row) => {
                stands_in_the_way(row).map_err(|(why, hint)| refusal(live, &why, hint))?;
                Some(Replaced {
                    oid: row.try_get("oid")?,
                    before: dated::free_name(&mut client, live)?,
                    takes_connections: row.try_get("datallowconn")?,
                    sessions: row.try_get("sessions")?,
                    disabled_subscriptions: row.try_get("disabled_subscriptions")?,
                })
            }
            None => None,
        };
        if let Some((why, hint)) = rights::missing(&mut client, live, accepted)? {
            return Err(refusal(live, &why, hint));
        }
        let live = live.to_string();
        Ok(Self { live, replaced })
    }

    /// Whether the live database takes connections.
    pub fn takes_connections(&self) -> bool {
        self.replaced
            .as_ref()
            .is_some_and(|replaced| replaced.takes_connections)
    }

    /// Looks whether the database is still the one that this other plan was made for.
    ///
    /// # Errors
    /// When it is not.
    pub fn is_of_the_same(&self, earlier: &Self) -> Result<()> {
        let oid = |plan: &Self| plan.replaced.as_ref().map(|replaced| replaced.oid);
        match oid(self) == oid(earlier) {
            true => Ok(()),
            false => {
                let why = "it is not the one that was there when this run began";
                let hint = "somebody else has created, dropped or replaced it meanwhile; if it is \
                            to be replaced no less, begin again";
                Err(refusal(&self.live, why, hint))
            }
        }
    }

    /// Gives the restored database the live one's properties, and takes them back: what may not be
    /// done shows before any session is ended.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn rehearse(&self, client: &mut Client, scratch: &str) -> Result<()> {
        self.run(client, scratch, true).map_err(|error| {
            let why = format!(
                "not all of it can be given to another: {}",
                error.in_one_line()
            );
            let hint = "let a superuser do it, or change there what can't be given";
            refusal(&self.live, &why, hint)
        })
    }

    /// Swaps the names, from a session in neither database.
    ///
    /// # Errors
    /// When the server refuses, and has undone it, or when the session ends in the midst of it.
    pub fn carry_out(&self, client: &mut Client, scratch: &str) -> Result<()> {
        client.query_typed(NOTHING_ENDS_IT, &[])?;
        self.run(client, scratch, false)
    }

    fn run(&self, client: &mut Client, scratch: &str, is_rehearsal: bool) -> Result<()> {
        let set = "SELECT pg_catalog.set_config('pg_restore_verify.live', $1, false), \
                   pg_catalog.set_config('pg_restore_verify.scratch', $2, false), \
                   pg_catalog.set_config('pg_restore_verify.before', $3, false), \
                   pg_catalog.set_config('pg_restore_verify.oid', $4, false), \
                   pg_catalog.set_config('pg_restore_verify.is_rehearsal', $5, false), \
                   pg_catalog.set_config('search_path', 'pg_catalog', false), \
                   pg_catalog.set_config('statement_timeout', '60s', false), \
                   pg_catalog.set_config('lock_timeout', '10s', false)";
        let replaced = self.replaced.as_ref();
        let before = replaced.map_or("", |replaced| &replaced.before);
        let oid = replaced.map_or(String::new(), |replaced| replaced.oid.to_string());
        let rehearsal = is_rehearsal.to_string();
        let text = |value| (value, Type::TEXT);
        let values: [&(dyn ToSql + Sync); 5] = [&self.live, &scratch, &before, &oid, &rehearsal];
        client.query_typed(set, &values.map(text))?;
        Ok(client.batch_execute(include_str!("../sql/promote.sql"))?)
    }

    /// What is done, in words; `done` says whether it was.
    pub fn words(&self, done: bool) -> String {
        let (is, stays) = match done {
            true => ("is now", "is kept as"),
            false => ("would be", "would be kept as"),
        };
        let live = quote_identifier(&self.live);
        let Some(replaced) = &self.replaced else {
            return format!("{live} {is} the restored database; there was none of that name");
        };
        let before = quote_identifier(&replaced.before);
        let (were, gets) = match done {
            true => ("were", "has"),
            false => ("would be", "would get"),
        };
        let mut words = format!(
            "{live} {is} the restored database; the one before {stays} {before}; {} sessions {were} \
             ended; the new one {gets} the owner, rights, settings, comment and connection limit \
             of the old",
            replaced.sessions
        );
        if let Some(names) = &replaced.disabled_subscriptions {
            words.push_str(&format!(
                "; disabled subscriptions stay with the old database, and their publishers keep \
                 what they have not sent: {names}"
            ));
        }
        words
    }
}

fn refusal(live: &str, why: &str, hint: &str) -> Error {
    let name = quote_identifier(live);
    Error::new(format!("database {name} can't be replaced: {why}")).with_hint(hint)
}

/// What of the live database would be lost or left behind, and what to do about it.
fn stands_in_the_way(row: &Row) -> std::result::Result<(), (String, &'static str)> {
    let is = |column: &str| row.try_get(column).unwrap_or(true);
    if is("is_template") {
        return Err(("it is a template of the server's".into(), "name another"));
    }
    if is("is_invalid") {
        let hint = "drop it: the restored one then gets a name that is free";
        return Err(("a DROP DATABASE of it was cut short".into(), hint));
    }
    for (column, what, hint) in STAY_BEHIND {
        match row.try_get::<_, Option<String>>(column) {
            Ok(None) => {}
            Ok(Some(names)) => return Err((format!("{what}: {names}"), hint)),
            Err(error) => return Err((Error::from(error).in_one_line(), hint)),
        }
    }
    Ok(())
}

/// What would stay with the old database, and what to do about it first.
const STAY_BEHIND: [(&str, &str, &str); 3] = [
    (
        "prepared",
        "prepared transactions are open in it",
        "end them there by COMMIT PREPARED or ROLLBACK PREPARED",
    ),
    (
        "subscriptions",
        "its subscriptions are enabled",
        "disable them by ALTER SUBSCRIPTION … DISABLE; they stay with the old database, and those \
         of the backup are restored disabled",
    ),
    (
        "slots",
        "logical replication slots are for it",
        "they would stay with the old database and hold WAL until the disk is full: drop them by \
         SELECT pg_drop_replication_slot(…), and let their subscribers begin anew afterwards",
    ),
];
