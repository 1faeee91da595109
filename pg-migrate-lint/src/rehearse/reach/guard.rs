//! What a statement has written beyond its database, seen before its transaction ends.

use postgres::Client;
use shared::{Error, Result};

use super::HINT;
use super::census::Census;

/// Shared catalogues that have something of each database, by which it may be changed.
const OF_DATABASES: [&str; 4] = [
    "pg_database",
    "pg_db_role_setting",
    "pg_shdescription",
    "pg_shseclabel",
];

/// Looks after a database's bounds.
#[derive(Debug)]
pub struct Guard {
    /// What the server had at the beginning.
    before: Census,
}

impl Guard {
    /// From now on.
    ///
    /// # Errors
    /// Where the server does not say what it has.
    pub fn new(client: &mut Client) -> Result<Self> {
        Ok(Self {
            before: Census::within(client)?,
        })
    }

    /// What the open transaction of a session has written beyond its database; another session sees what is committed.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn trespass(
        &self,
        client: &mut Client,
        other: &mut dyn FnMut() -> Result<Census>,
    ) -> Result<Option<Error>> {
        let rows = client.query_typed(include_str!("../../../sql/rehearse_beyond.sql"), &[])?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut is_of_databases = true;
        for row in &rows {
            let (is_shared, name): (bool, &str) = (row.try_get("is_shared")?, row.try_get("name")?);
            if !is_shared {
                return Ok(Some(refusal(&format!(
                    "a write to the foreign table {name}"
                ))));
            }
            let mode: &str = row.try_get("mode")?;
            is_of_databases &= OF_DATABASES.contains(&name) && mode == "RowExclusiveLock";
        }
        let now = Census::within(client)?;
        if is_of_databases {
            // With any other lock the other session would wait.
            let changes = other()?.changes(&now);
            return Ok((!changes.is_empty()).then(|| refusal(&changes.join(", "))));
        }
        let changes = self.before.changes(&now);
        let name: &str = rows[0].try_get("name")?;
        Ok(Some(match changes.is_empty() {
            true => refusal(&format!(
                "{name}, which all databases share, was changed or locked"
            )),
            false => refusal(&changes.join(", ")),
        }))
    }
}

fn refusal(what: &str) -> Error {
    let words =
        "that is beyond the database, which alone was declared disposable, and was taken back";
    Error::new(format!("{what}: {words}")).with_hint(HINT)
}
