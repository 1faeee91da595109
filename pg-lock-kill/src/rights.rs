//! Whether the server will let us, before anybody is signalled.

use std::collections::{BTreeSet, HashMap};

use postgres::types::{ToSql, Type};
use shared::dump::quote_identifier;
use shared::{Error, Result, signals};

use crate::connection::Connection;

/// The server's words for a statement that waited too long, for a lock or otherwise; and for the name of a role
/// that the encoding of our database has no characters for.
const LATE: [&str; 3] = ["55P03", "57014", "22P05"];

/// From this version on each grant says whether its rights are inherited, and no role any more.
const INHERITS_BY_GRANT: u32 = 160_000;

/// A role; none for autovacuum.
type Role = Option<String>;

/// Whose sessions may be ended.
#[derive(Debug, Default)]
pub struct Rights {
    roles: HashMap<Role, Right>,
    version: u32,
}

#[derive(Debug, Clone, Copy)]
struct Right {
    may: bool,
    is_superuser: bool,
    /// We are a member of pg_signal_backend, of use or not.
    is_member: bool,
}

/// What gives a role the rights of another one: its membership, or where it is a member already, that it inherits
/// them.
pub fn grant(right: &str, role: &str, is_member: bool, version: u32) -> String {
    match is_member {
        false => format!("GRANT {right} TO {role}"),
        true if version < INHERITS_BY_GRANT => format!("ALTER ROLE {role} INHERIT"),
        true => format!("GRANT {right} TO {role} WITH INHERIT TRUE"),
    }
}

impl Rights {
    /// Asks for these roles. Where somebody has locked the catalogues themselves, who may is left to the
    /// server, which asks again when it signals.
    pub fn of(connection: &mut Connection, roles: &BTreeSet<Role>) -> Result<Self> {
        let roles: Vec<Role> = roles.iter().cloned().collect();
        let query = include_str!("../sql/rights.sql");
        let rows = connection.ask(move |server| {
            let roles = [(&roles as &(dyn ToSql + Sync), Type::TEXT_ARRAY)];
            Ok(server.client().query_typed(query, &roles)?)
        });
        let rows = match rows {
            Err(error) if error.sqlstate().is_some_and(|state| LATE.contains(&state)) => {
                signals::check()?;
                return Ok(Self::default());
            }
            rows => rows?,
        };
        let rights = rows.iter().map(|row| {
            let right = Right {
                may: row.try_get("may_signal")?,
                is_superuser: row.try_get("is_superuser")?,
                is_member: row.try_get("is_member")?,
            };
            Ok((row.try_get("name")?, right))
        });
        Ok(Self {
            roles: rights.collect::<Result<_>>()?,
            version: connection.server_version_num(),
        })
    }

    /// Why this role's sessions can't be ended, and what would help; nothing if they can.
    pub fn refusal(&self, role: &Role, own: &str) -> Option<Error> {
        let right = self.roles.get(role)?;
        if right.may {
            return None;
        }
        let own = quote_identifier(own);
        let (words, hint) = match (role, right.is_superuser) {
            (None, _) => (
                "may not end autovacuum".to_string(),
                format!(
                    "connect as a superuser, or from PostgreSQL 18 on: GRANT pg_signal_autovacuum_worker TO {own}"
                ),
            ),
            (Some(role), true) => (
                format!(
                    "may not end sessions of the superuser {}",
                    quote_identifier(role)
                ),
                "only a superuser may".to_string(),
            ),
            (Some(role), false) => (
                format!(
                    "may not end sessions of the role {}",
                    quote_identifier(role)
                ),
                grant("pg_signal_backend", &own, right.is_member, self.version),
            ),
        };
        Some(Error::new(format!("the role {own} {words}")).with_hint(hint))
    }
}
