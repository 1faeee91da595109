//! What is asked of the server before its dump.

mod comparison;
mod failure;
mod locks;
mod patterns;
mod preflight;
mod relations;
mod rights;
mod selection;
mod size;
mod snapshot;
mod surroundings;
mod texts;

use std::collections::BTreeSet;

use shared::backup::Spoiling;
use shared::connection::Session;
use shared::programs::Version;
use shared::{Context, Error, Result};

pub use failure::Attempt;
pub use preflight::{Omission, Preflight};
pub use selection::Selection;
pub use snapshot::{Request, Snapshot};
pub use texts::texts;

const FACTS: &str = include_str!("../sql/server.sql");
const FACTS_15: &str = include_str!("../sql/server.15.sql");
const FACTS_17: &str = include_str!("../sql/server.17.sql");
const SETTINGS: &str = include_str!("../sql/settings.sql");
pub const SYSTEM_IDENTIFIER: &str = include_str!("../sql/system_identifier.sql");
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// The server and the database that are backed up, as a manifest has them.
#[derive(Debug, Clone)]
pub struct Server {
    pub version: Version,
    pub database: String,
    pub encoding: String,
    pub collate: String,
    pub ctype: String,
    pub locale_provider: Option<String>,
    pub locale: Option<String>,
    pub system_identifier: Option<String>,
    /// What `Manifest::restore_options` says.
    pub restore_options: Option<String>,
}

impl Server {
    /// Asks the server.
    pub fn ask(session: &mut Session) -> Result<Self> {
        let sql = match session.server_version_num() / 10_000 {
            ..=14 => FACTS,
            15 | 16 => FACTS_15,
            _ => FACTS_17,
        };
        let rows = session.client().query_typed(sql, &[]);
        let rows = rows.context(|| "could not ask for the server's version".into())?;
        let row = rows.first().ok_or_else(|| {
            Error::new("the server does not list the database that we are connected to")
        })?;
        let version: &str = row.try_get("version")?;
        Ok(Self {
            version: Version::parse(version)
                .ok_or_else(|| Error::new(format!("unknown server version {version}")))?,
            database: row.try_get("database")?,
            encoding: row.try_get("encoding")?,
            collate: row.try_get("collate")?,
            ctype: row.try_get("ctype")?,
            locale_provider: row.try_get("locale_provider")?,
            locale: row.try_get("locale")?,
            system_identifier: system_identifier(session)?,
            restore_options: restore_options(session)?,
        })
    }
}

/// What keeps the database's settings from spoiling a restore.
fn restore_options(session: &mut Session) -> Result<Option<String>> {
    let rows = session.client().query_typed(SETTINGS, &[]);
    let rows = rows.context(|| "could not ask for the database's settings".into())?;
    let settings = rows.iter().map(|row| row.try_get(0));
    let settings = settings.collect::<std::result::Result<Vec<&str>, _>>()?;
    Ok(against(settings))
}

/// The options of a session that keep such settings, NAME=VALUE, from spoiling a restore.
pub fn against<'a>(settings: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let settings = settings.into_iter();
    let spoiling = settings.filter_map(|setting| {
        let (parameter, value) = setting.split_once('=')?;
        Spoiling::by(parameter, value)
    });
    let remedies: BTreeSet<String> = spoiling.map(Spoiling::remedy).collect();
    let remedies: Vec<String> = remedies.into_iter().collect();
    (!remedies.is_empty()).then(|| remedies.join(" "))
}

/// Not every role may ask that; it's only good to have.
fn system_identifier(session: &mut Session) -> Result<Option<String>> {
    match session.client().query_typed(SYSTEM_IDENTIFIER, &[]) {
        Ok(rows) => Ok(rows.first().map(|row| row.try_get(0)).transpose()?),
        Err(error) => match Error::from(error) {
            refused if refused.sqlstate() == Some(INSUFFICIENT_PRIVILEGE) => Ok(None),
            error => Err(error).context(|| "could not ask which cluster this is".into()),
        },
    }
}
