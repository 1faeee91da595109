//! Roles and tablespaces that a backup names and does not bring.

use postgres::Client;
use postgres::types::Type;
use shared::dump::quote_identifier;
use shared::{Error, Result};

use super::Target;
use crate::restore::refusal::{RESERVED_NAME, lacks_right};
use crate::roles::Needs;

impl Target {
    /// Creates the roles and tablespaces that the backup names and the cluster lacks.
    pub fn provide(&mut self, needs: &Needs) -> Result<()> {
        // Asked for every statement.
        if needs.roles.is_subset(&self.known.roles)
            && needs.tablespaces.is_subset(&self.known.tablespaces)
        {
            return Ok(());
        }
        let roles: Vec<String> = needs.roles.difference(&self.known.roles).cloned().collect();
        let spaces = needs.tablespaces.difference(&self.known.tablespaces);
        let spaces: Vec<String> = spaces.cloned().collect();
        // A session of its own: the backup's may have become somebody else.
        let mut client = self.server().connect_to_server()?;
        for role in roles {
            self.provide_role(&mut client, role)?;
        }
        for space in spaces {
            self.provide_tablespace(&mut client, space)?;
        }
        Ok(())
    }

    /// The roles that could not be created, and what the server said; but for those that nobody may.
    pub fn missing_roles(&self) -> impl Iterator<Item = (&str, &Error)> {
        let missing = self.missing_roles.iter();
        let missing = missing.filter(|(_, error)| error.sqlstate() != Some(RESERVED_NAME));
        missing.map(|(role, error)| (role.as_str(), error))
    }

    /// Notes a role or tablespace that was created, as a statement's verb, kind and name.
    pub fn has(&mut self, subject: Option<(String, String, String)>) {
        match subject {
            Some((verb, kind, name)) if verb == "CREATE" => match kind.as_str() {
                "ROLE" => self.known.roles.insert(name),
                "TABLESPACE" => self.known.tablespaces.insert(name),
                _ => false,
            },
            _ => false,
        };
    }

    fn provide_role(&mut self, client: &mut Client, role: String) -> Result<()> {
        if let Some(scratch) = &mut self.scratch {
            match scratch.provide_role(&role) {
                Ok(true) => {
                    self.created_roles.insert(role.clone());
                }
                Ok(false) => {}
                // What needs it is refused then.
                Err(error)
                    if lacks_right(error.sqlstate(), error.message())
                        || error.sqlstate() == Some(RESERVED_NAME) =>
                {
                    self.missing_roles.insert(role.clone(), error);
                }
                Err(error) => return Err(error),
            }
            self.known.roles.insert(role);
            return Ok(());
        }
        let exists = "SELECT FROM pg_catalog.pg_roles WHERE rolname = $1";
        if client
            .query_typed(exists, &[(&role, Type::TEXT)])?
            .is_empty()
        {
            // What it might do where it came from is not in the backup: an owner of an event
            // trigger was a superuser, one of a view may have been a member of who can read.
            let name = quote_identifier(&role);
            let create = format!("CREATE ROLE {name} SUPERUSER NOLOGIN");
            match client.batch_execute(&create).map_err(Error::from) {
                Ok(()) => {
                    self.created_roles.insert(role.clone());
                }
                // The server will say what it makes of statements about it.
                Err(error) if error.sqlstate() == Some(RESERVED_NAME) => {}
                Err(error) => return Err(error),
            }
        }
        self.known.roles.insert(role);
        Ok(())
    }

    /// In the server's own folder, if that is ours. In that of others only those that are there
    /// can be used.
    fn provide_tablespace(&mut self, client: &mut Client, space: String) -> Result<()> {
        if self.server().is_ours() {
            client.batch_execute("SET allow_in_place_tablespaces = on")?;
            let name = quote_identifier(&space);
            client.batch_execute(&format!("CREATE TABLESPACE {name} LOCATION ''"))?;
        }
        self.known.tablespaces.insert(space);
        Ok(())
    }
}
