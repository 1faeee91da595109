//! B-trees are sound, by the server's own amcheck.

use std::time::Duration;

use postgres::Client;
use postgres::types::Type;
use shared::dump::{QualifiedName, quote_identifier};
use shared::{Error, Result};

use super::job::Job;
use super::{Done, Origin, Outcome, Seen};
use crate::proof::counted;
use crate::server::Database;

pub const CHECK: &str = "btrees";

/// From this version on, the functions can look for duplicates in unique indexes.
const CHECKS_UNIQUE: u32 = 17;

/// Where amcheck's functions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amcheck {
    /// In this schema, quoted.
    Installed {
        schema: String,
        /// Whether they can look for duplicates in unique indexes.
        unique: bool,
    },
    /// Nowhere, but a database of ours can have them for the time being.
    Lent {
        /// The statements that make them.
        functions: &'static str,
        unique: bool,
    },
    /// Nowhere, for this reason.
    Missing(String),
}

/// The functions of amcheck in a session's own schema: an extension would be seen by the others,
/// and would have to be dropped again. No event trigger of the database may be the wiser.
const LENT: &str = "SET LOCAL session_replication_role = replica;
    CREATE FUNCTION pg_temp.bt_index_check(regclass, boolean) RETURNS void
        AS '$libdir/amcheck', 'bt_index_check' LANGUAGE C STRICT;
    CREATE FUNCTION pg_temp.bt_index_parent_check(regclass, boolean, boolean) RETURNS void
        AS '$libdir/amcheck', 'bt_index_parent_check' LANGUAGE C STRICT;
    SET LOCAL session_replication_role = DEFAULT;";
const LENT_UNIQUE: &str = "SET LOCAL session_replication_role = replica;
    CREATE FUNCTION pg_temp.bt_index_check(regclass, boolean, boolean) RETURNS void
        AS '$libdir/amcheck', 'bt_index_check' LANGUAGE C STRICT;
    CREATE FUNCTION pg_temp.bt_index_parent_check(regclass, boolean, boolean, boolean) RETURNS void
        AS '$libdir/amcheck', 'bt_index_parent_check' LANGUAGE C STRICT;
    SET LOCAL session_replication_role = DEFAULT;";

impl Amcheck {
    /// Looks for it.
    pub fn find(client: &mut Client, database: &Database, origin: Origin<'_>) -> Result<Self> {
        let rows = client.query_typed(include_str!("../../sql/amcheck.sql"), &[])?;
        if let Some(row) = rows.first() {
            let schema = quote_identifier(row.try_get("schema")?);
            let arguments: i32 = row.try_get("arguments")?;
            return Ok(match row.try_get("callable")? {
                true => Self::Installed {
                    schema,
                    unique: arguments > 2,
                },
                false => Self::Missing(format!(
                    "no right to call it: GRANT EXECUTE ON FUNCTION {schema}.bt_index_check \
                     would give it"
                )),
            });
        }
        if origin.is_live() {
            let missing = "amcheck is not installed in this database: CREATE EXTENSION amcheck";
            return Ok(Self::Missing(missing.to_string()));
        }
        let major = database.server().version().major;
        let unique = major >= CHECKS_UNIQUE;
        let lent = Self::Lent {
            functions: if unique { LENT_UNIQUE } else { LENT },
            unique,
        };
        let tried = client
            .batch_execute("BEGIN")
            .map_err(Error::from)
            .and_then(|()| lent.provide(client));
        client.batch_execute("ROLLBACK")?;
        Ok(match tried {
            Ok(()) => lent,
            Err(error) => Self::Missing(why_missing(error, major)?),
        })
    }

    /// Makes the functions in the session's transaction, if they are to be lent.
    pub fn provide(&self, client: &mut Client) -> Result<()> {
        match self {
            Self::Lent { functions, .. } => Ok(client.batch_execute(functions)?),
            Self::Installed { .. } | Self::Missing(_) => Ok(()),
        }
    }

    /// The call that checks one index, whose number it takes; or why there is none.
    fn call(&self, deep: bool, live: bool) -> std::result::Result<String, &str> {
        let (schema, unique) = match self {
            Self::Installed { schema, unique } => (schema.as_str(), unique),
            Self::Lent { unique, .. } => ("pg_temp", unique),
            Self::Missing(why) => return Err(why),
        };
        // On a live server the one that keeps nobody from writing.
        let (function, arguments) = match (deep, live) {
            (false, _) => ("bt_index_check", "false"),
            (true, true) => ("bt_index_check", "true"),
            (true, false) => ("bt_index_parent_check", "true, true"),
        };
        let last = match unique {
            true => format!(", {deep}"),
            false => String::new(),
        };
        let index = "$1::pg_catalog.oid::pg_catalog.regclass";
        Ok(format!(
            "SELECT {schema}.{function}({index}, {arguments}{last})"
        ))
    }
}

fn why_missing(error: Error, major: u32) -> Result<String> {
    match error.sqlstate() {
        None => Err(error),
        // undefined_file
        Some("58P01") => Ok(format!(
            "this server lacks amcheck, which is in the package postgresql-{major} of Debian (14 \
             and older: postgresql-contrib) and postgresql{major}-contrib of Red Hat"
        )),
        Some("42501") => {
            Ok("amcheck is for superusers; --accept btrees has --promote do without".to_string())
        }
        Some(_) => Ok(error.in_one_line()),
    }
}

/// A job for each B-tree; or that none can be looked at.
pub fn plan(
    client: &mut Client,
    origin: Origin<'_>,
    amcheck: &Amcheck,
    deep: bool,
) -> Result<std::result::Result<Vec<Job>, Done>> {
    let rows = client.query_typed(include_str!("../../sql/btrees.sql"), &[])?;
    let sql = match amcheck.call(deep, origin.is_live()) {
        Ok(sql) => sql,
        Err(why) => return Ok(Err(none_seen(rows.len(), why))),
    };
    let jobs = rows.iter().map(|row| {
        let index = QualifiedName {
            schema: Some(row.try_get("schema")?),
            name: row.try_get("name")?,
        };
        let (oid, pages): (u32, i64) = (row.try_get("oid")?, row.try_get("pages")?);
        let sql = sql.clone();
        Ok(Job::of_one(
            CHECK,
            index.to_string(),
            pages,
            move |client| {
                client.query_typed(&sql, &[(&oid, Type::OID)])?;
                Ok(Outcome::Holds)
            },
        ))
    });
    jobs.collect::<Result<_>>().map(Ok)
}

fn none_seen(indexes: usize, why: &str) -> Done {
    let seen = Seen {
        object: counted(indexes as u64, "B-tree"),
        outcome: Outcome::Lacking(why.to_string()),
    };
    Done {
        check: CHECK,
        seen: if indexes == 0 { Vec::new() } else { vec![seen] },
        took: Duration::ZERO,
    }
}
