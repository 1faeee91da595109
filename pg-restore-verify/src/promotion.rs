//! `--promote`: the restored database takes the place of the live one.

use postgres::Client;
use postgres::types::Type;
use shared::dump::quote_identifier;
use shared::time;
use shared::{Context as _, Error, Result};

use crate::server::Server;

/// How many bytes a name may have on a server that was built as usual.
const LONGEST_NAME: usize = 63;

/// A promotion that nothing known stands in the way of.
pub struct Promotion {
    /// The name that the restored database gets.
    pub live: String,
    /// The name that the live one gets; none if there is no live one.
    pub before: Option<String>,
    /// Whether the live one takes connections.
    pub takes_connections: bool,
    sessions: i64,
    slots: Option<String>,
}

impl Promotion {
    /// Looks at what is there.
    ///
    /// # Errors
    /// With what stands in the way.
    pub fn plan(server: &Server, live: &str) -> Result<Self> {
        let mut client = server.connect_to_server()?;
        let rows =
            client.query_typed(include_str!("../sql/promotion.sql"), &[(&live, Type::TEXT)])?;
        let mut planned = Self {
            live: live.to_string(),
            before: None,
            takes_connections: false,
            sessions: 0,
            slots: None,
        };
        let Some(row) = rows.first() else {
            return Ok(planned);
        };
        let refuse = |why: String, hint: &str| {
            let name = quote_identifier(live);
            Err(Error::new(format!("database {name} can't be replaced: {why}")).with_hint(hint))
        };
        if row.try_get("is_template")? {
            return refuse("it is a template of the server's".into(), "name another");
        }
        let prepared: i64 = row.try_get("prepared")?;
        if prepared > 0 {
            let hint = "end them by COMMIT PREPARED or ROLLBACK PREPARED";
            return refuse(
                format!("{prepared} prepared transactions are open in it"),
                hint,
            );
        }
        if let Some(names) = row.try_get::<_, Option<String>>("subscriptions")? {
            let hint = "disable them; they stay with the old database, and those of the backup are \
                        restored disabled";
            return refuse(format!("its subscriptions are enabled: {names}"), hint);
        }
        planned.before = Some(dated(live));
        planned.takes_connections = row.try_get("datallowconn")?;
        planned.sessions = row.try_get("sessions")?;
        planned.slots = row.try_get("slots")?;
        Ok(planned)
    }

    /// Swaps the names, from a session in neither database.
    ///
    /// # Errors
    /// When the server refuses; then all is as it was.
    pub fn carry_out(&self, client: &mut Client, scratch: &str) -> Result<()> {
        let set = "SELECT pg_catalog.set_config('pg_restore_verify.live', $1, false), \
                   pg_catalog.set_config('pg_restore_verify.scratch', $2, false), \
                   pg_catalog.set_config('pg_restore_verify.before', $3, false), \
                   pg_catalog.set_config('search_path', 'pg_catalog', false), \
                   pg_catalog.set_config('statement_timeout', '60s', false), \
                   pg_catalog.set_config('lock_timeout', '10s', false)";
        let before = self.before.as_deref().unwrap_or_default();
        let text = |value| (value, Type::TEXT);
        let values: [&(dyn postgres::types::ToSql + Sync); 3] = [&self.live, &scratch, &before];
        client.query_typed(set, &values.map(text))?;
        client
            .batch_execute(include_str!("../sql/promote.sql"))
            .context(|| {
                let name = quote_identifier(&self.live);
                format!("{name} is as it was, the restored database could not take its place")
            })
    }

    /// What is done, in words; `done` says whether it was.
    pub fn words(&self, done: bool) -> String {
        let (is, stays) = match done {
            true => ("is now", "is kept as"),
            false => ("would be", "would be kept as"),
        };
        let live = quote_identifier(&self.live);
        let mut words = format!("{live} {is} the restored database");
        match &self.before {
            Some(before) => {
                let before = quote_identifier(before);
                let (were, gets) = match done {
                    true => ("were", "has"),
                    false => ("would be", "would get"),
                };
                words.push_str(&format!(
                    "; the one before {stays} {before}; {} sessions {were} ended; the new one \
                     {gets} the owner, rights, settings, comment and connection limit of the old",
                    self.sessions
                ));
            }
            None => words.push_str("; there was none of that name"),
        }
        if let Some(slots) = &self.slots {
            words.push_str(&format!(
                "; replication slots stay with the old database: {slots}"
            ));
        }
        words
    }
}

/// `app_before_20261120T171500Z`, in as many bytes as a name may have.
fn dated(live: &str) -> String {
    let now = time::now().truncate_to_second();
    let (date, clock) = (now.date(), now.time());
    let end = format!(
        "_before_{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    );
    let mut length = live.len().min(LONGEST_NAME - end.len());
    while !live.is_char_boundary(length) {
        length -= 1;
    }
    format!("{}{end}", &live[..length])
}

#[cfg(test)]
mod tests {
    use super::dated;

    #[test]
    fn a_dated_name_fits() {
        assert!(dated("app").starts_with("app_before_2"));
        let long = dated(&"ä".repeat(31));
        assert!(long.len() <= 63 && long.contains("ä_before_"), "{long}");
    }
}
