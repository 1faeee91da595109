//! What pg_dump leaves out for a role that is no superuser, and what a standby adds to that.

use postgres::types::Type;
use shared::backup::Extension;
use shared::connection::Session;
use shared::{Context, Error, Result};

const SURROUNDINGS: &str = include_str!("../../sql/surroundings.sql");

/// The role, and what is not in its reach.
#[derive(Debug, Clone)]
pub struct Surroundings {
    pub role: String,
    pub is_standby: bool,
    /// The database's subscriptions, which only a superuser can dump.
    pub subscriptions: Vec<String>,
    /// Foreign servers with user mappings whose options the role does not see.
    pub servers_of_hidden_mappings: Vec<String>,
    /// The extensions of the database, by name.
    pub extensions: Vec<Extension>,
    pub hidden_large_objects: i64,
    pub first_hidden_large_object: Option<u32>,
    /// How long a standby waits for queries before it ends them: `30s`.
    pub max_standby_streaming_delay: String,
    pub hot_standby_feedback: bool,
}

impl Surroundings {
    /// Asks the server; about large objects only if they are to be dumped.
    pub fn ask(session: &mut Session, large_objects: bool) -> Result<Self> {
        let rows = session
            .client()
            .query_typed(SURROUNDINGS, &[(&large_objects, Type::BOOL)]);
        let rows = rows.context(|| "could not ask what the role may read".into())?;
        let row = rows
            .first()
            .ok_or_else(|| Error::new("the server does not list the role that we are"))?;
        let feedback: String = row.try_get("hot_standby_feedback")?;
        let names: Vec<String> = row.try_get("extensions")?;
        let versions: Vec<String> = row.try_get("extension_versions")?;
        let extensions = names.into_iter().zip(versions);
        Ok(Self {
            extensions: extensions
                .map(|(name, version)| Extension { name, version })
                .collect(),
            role: row.try_get("role")?,
            is_standby: row.try_get("is_standby")?,
            subscriptions: row.try_get("subscriptions")?,
            servers_of_hidden_mappings: row.try_get("servers_of_hidden_mappings")?,
            hidden_large_objects: row.try_get("hidden_large_objects")?,
            first_hidden_large_object: row.try_get("first_hidden_large_object")?,
            max_standby_streaming_delay: row.try_get("max_standby_streaming_delay")?,
            hot_standby_feedback: feedback == "on",
        })
    }
}
