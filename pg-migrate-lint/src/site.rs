//! A throw-away server with databases in which migrations are run, and whose definitions are read back.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use postgres::Client;
use shared::cli::Context;
use shared::dump::Schema;
use shared::programs::Program;
use shared::{Error, Result};

use crate::apply::{Failure, Ground, Runner, Script, Unwatched};
use crate::cli::Options;
use crate::definitions;
use crate::name::quoted;
use crate::session::Wrapping;
use crate::unsaid::Unsaid;

/// So many roles are made for one migration that takes them for granted.
const ROLES: usize = 20;

/// The server.
pub struct Site {
    ground: Ground,
    pg_dump: Program,
    made: usize,
    /// No statement of a migration may take longer.
    limit: Duration,
    /// Roles that no migration has made.
    roles: BTreeSet<String>,
}

impl Site {
    /// Starts one of this major version, or of the newest there is; its definitions, and those of a server of that
    /// version, are read by one pg_dump.
    ///
    /// # Errors
    /// Where PostgreSQL's programs are not there, it does not start, or refuses the SQL that sets it up.
    pub fn start(major: Option<u32>, options: &Options, context: &Context) -> Result<Self> {
        let ground = Ground::start(major, options.setup.as_deref(), context)?;
        let newest = major.max(Some(ground.major()));
        let pg_dump = Program::find("pg_dump", newest)?;
        if Some(pg_dump.version.major) < newest {
            let error = Error::new(format!(
                "pg_dump {} can't read PostgreSQL {}",
                pg_dump.version,
                newest.unwrap_or_default()
            ));
            return Err(
                error.with_hint("install that version's client programs, or set PG_BINDIR to them")
            );
        }
        Ok(Self {
            ground,
            pg_dump,
            made: 0,
            limit: options.timeout(),
            roles: BTreeSet::new(),
        })
    }

    /// What reads definitions.
    pub fn pg_dump(&self) -> &Program {
        &self.pg_dump
    }

    /// Makes a database in which nothing is but what was set up, and says what it is called.
    pub fn create(&mut self) -> Result<String> {
        let name = self.next_name();
        self.ground.create(&name)?;
        Ok(name)
    }

    /// Makes one that is like another, in which nobody is.
    pub fn copy(&mut self, from: &str) -> Result<String> {
        let name = self.next_name();
        self.command(&format!(
            "CREATE DATABASE {} TEMPLATE {}",
            quoted(&name),
            quoted(from)
        ))?;
        Ok(name)
    }

    /// Removes one, with whoever is in it. What can't be removed goes with the server.
    pub fn remove(&self, database: &str, context: &Context) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", quoted(database));
        if self.command(&drop).is_ok() {
            return;
        }
        let removed = self.let_go(database).and_then(|()| self.command(&drop));
        if let Err(error) = removed {
            context.note(format!(
                "{database} is not removed: {}",
                error.in_one_line()
            ));
        }
    }

    /// Ends what keeps a database from being dropped: subscriptions, prepared transactions.
    fn let_go(&self, database: &str) -> Result<()> {
        let mut client = self.client(database)?;
        let sql = include_str!("../sql/let_go.sql");
        for row in client.query_typed(sql, &[])? {
            // Each may be impossible or needless, and is one of several.
            drop(client.batch_execute(row.try_get("statement")?));
        }
        Ok(())
    }

    /// The roles that were made because migrations took them for granted.
    pub fn roles(&self) -> &BTreeSet<String> {
        &self.roles
    }

    fn next_name(&mut self) -> String {
        self.made += 1;
        format!("migrated_{}", self.made)
    }

    fn command(&self, sql: &str) -> Result<()> {
        Ok(self.client("postgres")?.batch_execute(sql)?)
    }

    /// Opens a session.
    pub fn client(&self, database: &str) -> Result<Client> {
        Ok(self.ground.open(database)?.client)
    }

    /// Runs scripts as one deployment. A role that they take for granted is made: others make those.
    ///
    /// # Errors
    /// Where nothing can be said of the scripts.
    pub fn run(
        &mut self,
        database: &str,
        scripts: &[Script],
        context: &Context,
    ) -> Result<Option<Failure>> {
        let mut made = 0;
        loop {
            let open = || self.ground.open(database);
            let failure = Runner::new(Box::new(open), self.limit).run(scripts, &mut Unwatched)?;
            let missing = failure
                .as_ref()
                .and_then(|failure| missing_role(failure, scripts));
            match missing {
                Some(role) if made < ROLES => {
                    made += 1;
                    context.note(format!(
                        "role {role} is not made by the migrations: it is made here"
                    ));
                    self.command(&format!("CREATE ROLE {}", quoted(&role)))?;
                    self.roles.insert(role);
                }
                _ => return Ok(failure),
            }
        }
    }

    /// The definitions in one of its databases, with what pg_dump does not say of them.
    pub fn whole_schema(&self, database: &str, options: &[&str]) -> Result<Schema> {
        let mut schema = self.schema(database, options)?;
        Unsaid::of(&mut self.client(database)?)?.add(&mut schema);
        Ok(schema)
    }

    /// The definitions in one of its databases, as pg_dump says them.
    pub fn schema(&self, database: &str, options: &[&str]) -> Result<Schema> {
        let mut environment = self.ground.environment();
        environment.push((OsString::from("PGDATABASE"), Some(OsString::from(database))));
        definitions::of(&self.pg_dump, (environment, Vec::new()), options)
    }
}

/// The role that a failure misses, if nothing of the scripts has been kept, so that they can be run again.
fn missing_role(failure: &Failure, scripts: &[Script]) -> Option<String> {
    let [script] = scripts else { return None };
    let is_undone = failure.step == 0 || script.wrapping != Wrapping::None;
    let is_of_object = failure.error.sqlstate() == Some("42704");
    let words = failure.error.message();
    let (_, rest) = words
        .split_once("role \"")
        .filter(|_| is_undone && is_of_object)?;
    // A quote in a name is not doubled there.
    let (role, _) = rest.split_once("\" does not exist")?;
    Some(role.to_string())
}
