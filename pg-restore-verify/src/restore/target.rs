//! The throw-away cluster and the database in it that a backup is restored into.

use std::collections::BTreeSet;
use std::sync::Arc;

use postgres::Client;
use postgres::types::Type;
use shared::cli::Context;
use shared::dump::{quote_identifier, quote_literal};
use shared::{Context as _, Error, Result};

use super::locale::Locale;
use crate::archive::Archive;
use crate::decoder::Decoder;
use crate::roles::Needs;
use crate::server::{Database, Server};

/// No backup's own name for its database, so that one which creates it can.
const DATABASE: &str = "pg_restore_verify";

/// Where a backup is restored.
pub struct Target {
    database: Database,
    known: Needs,
    /// Roles that were created because the backup names them.
    pub created_roles: BTreeSet<String>,
}

impl Target {
    /// A server of the backup's major version, or the nearest newer one.
    pub fn start(archive: &Archive, context: &Context) -> Result<Self> {
        let server = Server::throw_away(archive.server_major)?;
        context.note(format!(
            "restoring {} on a throw-away PostgreSQL {}",
            archive.path.display(),
            server.version()
        ));
        Ok(Self {
            database: Database::new(&Arc::new(server), DATABASE),
            known: Needs::default(),
            created_roles: BTreeSet::new(),
        })
    }

    /// Where it is restored.
    pub fn server(&self) -> &Server {
        self.database.server()
    }

    /// A decoder for scripts of this backup.
    pub fn decoder(&self) -> Decoder {
        Decoder::new(self.database.server())
    }

    /// The database that holds what was restored.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// From here on another database is meant: the backup creates its own.
    pub fn set_database(&mut self, name: String) {
        self.database = Database::new(self.database.server(), name);
    }

    /// Creates the database, in the backup's encoding and locale. Where this
    /// machine lacks the locale it is C, and what was missing is returned.
    pub fn create_database(
        &self,
        encoding: Option<&str>,
        locale: &Locale,
    ) -> Result<Option<String>> {
        let mut client = self.server().connect("template1")?;
        let mut sql = format!(
            "CREATE DATABASE {} TEMPLATE template0",
            quote_identifier(DATABASE)
        );
        if let Some(encoding) = encoding {
            sql.push_str(&format!(" ENCODING {}", quote_literal(encoding)));
        }
        let Err(error) = client.batch_execute(&format!("{sql}{}", locale.to_sql())) else {
            return Ok(None);
        };
        let error = Error::from(error);
        client
            .batch_execute(&format!("{sql} LC_COLLATE 'C' LC_CTYPE 'C'"))
            .context(|| "creating the scratch database".to_string())?;
        Ok(Some(format!(
            "restored with locale C: {}",
            error.in_one_line()
        )))
    }

    /// The error to end with if the server ran out of disk space, which may show in
    /// any way and says nothing about the backup.
    pub fn has_room(&self) -> Result<()> {
        let Some(cluster) = self.server().cluster() else {
            return Ok(());
        };
        let log = std::fs::read(cluster.socket_dir().join("log")).unwrap_or_default();
        let full = b"No space left on device";
        match memchr::memmem::find(&log, full) {
            None => Ok(()),
            Some(_) => Err(Error::new("there is no room to restore the backup")
                .with_detail("No space left on device")
                .with_hint("make room, or name another folder in TMPDIR")),
        }
    }

    /// A connection to the restored database.
    pub fn connect(&self) -> Result<Client> {
        self.database.connect()
    }

    /// Creates the roles and tablespaces that the backup names and the cluster lacks.
    pub fn provide(&mut self, needs: &Needs) -> Result<()> {
        // Asked for every statement; all that is known was needed once, so that as
        // many of both means nothing new.
        if needs.roles.len() == self.known.roles.len()
            && needs.tablespaces.len() == self.known.tablespaces.len()
        {
            return Ok(());
        }
        let roles: Vec<String> = needs.roles.difference(&self.known.roles).cloned().collect();
        let spaces = needs.tablespaces.difference(&self.known.tablespaces);
        let spaces: Vec<String> = spaces.cloned().collect();
        // A session of its own: the backup's may have become somebody else.
        let mut client = self.server().connect("template1")?;
        for role in roles {
            self.provide_role(&mut client, role)?;
        }
        for space in spaces {
            client.batch_execute("SET allow_in_place_tablespaces = on")?;
            let name = quote_identifier(&space);
            client.batch_execute(&format!("CREATE TABLESPACE {name} LOCATION ''"))?;
            self.known.tablespaces.insert(space);
        }
        Ok(())
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
        let exists = "SELECT FROM pg_catalog.pg_roles WHERE rolname = $1";
        if client
            .query_typed(exists, &[(&role, Type::TEXT)])?
            .is_empty()
        {
            // What it might do where it came from is not in the backup: an owner of an event
            // trigger was a superuser, one of a view may have been a member of who can read.
            let name = quote_identifier(&role);
            client.batch_execute(&format!("CREATE ROLE {name} SUPERUSER NOLOGIN"))?;
            self.created_roles.insert(role.clone());
        }
        self.known.roles.insert(role);
        Ok(())
    }
}
