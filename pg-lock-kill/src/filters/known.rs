//! Whether there is what the filters name. With a role that is misspelt `--user` finds nobody, which looks as
//! if all were well, and `--not-user` spares nobody.

use postgres::types::{ToSql, Type};
use shared::message::Report;
use shared::{Error, Result};

use crate::cli::{Filters, Test};
use crate::connection::Connection;

/// Somebody has locked the catalogues: of all moments that is the one to go on in.
const LOCKED: [&str; 2] = ["55P03", "57014"];

impl Filters {
    /// Refuses names of roles and databases that the server does not know.
    pub fn check_names(&self, connection: &mut Connection, report: &Report) -> Result<()> {
        let tests = || self.conditions.iter().map(|condition| &condition.test);
        let roles = tests().filter_map(|test| match test {
            Test::User(name) => Some(name.clone()),
            _ => None,
        });
        let databases = tests().filter_map(|test| match test {
            Test::Database(name) => Some(name.clone()),
            _ => None,
        });
        let (roles, databases): (Vec<String>, Vec<String>) = (roles.collect(), databases.collect());
        if roles.is_empty() && databases.is_empty() {
            return Ok(());
        }
        let query = include_str!("../../sql/known.sql");
        let rows = connection.ask(move |server| {
            let roles = (&roles as &(dyn ToSql + Sync), Type::TEXT_ARRAY);
            let names = [roles, (&databases, Type::TEXT_ARRAY)];
            Ok(server.client().query_typed(query, &names)?)
        });
        let rows = match rows {
            Ok(rows) => rows,
            Err(error)
                if error
                    .sqlstate()
                    .is_some_and(|state| LOCKED.contains(&state)) =>
            {
                report
                    .warn("whether there are the roles and databases of the filters is not known");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        match rows.first() {
            None => Ok(()),
            Some(row) => {
                let (kind, name): (String, String) = (row.try_get("kind")?, row.try_get("name")?);
                Err(Error::new(format!("there is no {kind} {name:?}"))
                    .with_hint("a filter names it, and would match nobody, or spare nobody"))
            }
        }
    }
}
