//! What a server has beside a database, at one moment.

use std::collections::BTreeMap;

use postgres::Client;
use shared::{Context as _, Result};

use crate::parameters;

/// What there is: kind and name, and what is said of it.
#[derive(Debug, Clone, Default)]
pub struct Census(BTreeMap<(String, String), String>);

impl Census {
    /// Of a session that has just begun.
    ///
    /// # Errors
    /// Where the server does not say.
    pub fn of_server(client: &mut Client) -> Result<Self> {
        let mut census = Self::within(client)?;
        let sql = "select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select')";
        if client.query_typed_one(sql, &[])?.try_get(0)? {
            census.add(client, include_str!("../../../sql/rehearse_secrets.sql"))?;
        }
        // A session that has just begun read it with the server.
        let read = "select 'configuration' as kind, 'of the server' as name, pg_catalog.pg_conf_load_time()::text as what";
        census.add(client, read)?;
        Ok(census)
    }

    /// Of a session as it sees it, within its transaction.
    ///
    /// # Errors
    /// As [`Census::of_server`].
    pub fn within(client: &mut Client) -> Result<Self> {
        let mut census = Self::default();
        census.add(client, include_str!("../../../sql/rehearse_census.sql"))?;
        for (name, grants) in parameters::granted(client).context(unseen)? {
            census.0.insert(("parameter".to_string(), name), grants);
        }
        Ok(census)
    }

    fn add(&mut self, client: &mut Client, sql: &str) -> Result<()> {
        for row in client.query_typed(sql, &[]).context(unseen)? {
            let [kind, name, said] =
                ["kind", "name", "what"].map(|at| row.try_get::<_, String>(at));
            self.0.insert((kind?, name?), said?);
        }
        Ok(())
    }

    /// What is another thing now, in words. Databases come and go: no code that a transaction runs makes or drops one.
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let said =
            |(kind, name): &(String, String), became: &str| format!("{kind} {name} {became}");
        let stays = |key: &&(String, String)| key.0 != "database";
        let gone = self.0.keys().filter(|key| !now.0.contains_key(*key));
        let gone = gone.filter(stays);
        let gone = gone.map(|key| said(key, "is gone"));
        let other = now
            .0
            .iter()
            .filter_map(|(key, what)| match self.0.get(key) {
                None => stays(&key).then(|| said(key, "is new")),
                Some(before) if before != what => Some(said(key, "was changed")),
                Some(_) => None,
            });
        gone.chain(other).collect()
    }
}

fn unseen() -> String {
    "could not see what the server has beside the database".to_string()
}
