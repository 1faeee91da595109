//! A throw-away server to run migrations on.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use shared::cli::Context;
use shared::cluster::{Cluster, ClusterOptions};
use shared::{Context as _, Error, Result};

use super::connection::Connection;
use super::outside;
use super::runner::{Runner, Unwatched};
use super::script::Script;
use crate::layout::Layout;
use crate::name;
use crate::session::Wrapping;

/// The database that all others are made like, where a user has said what is there before the migrations.
const SET_UP: &str = "set_up";
/// No statement of that may take longer.
const LIMIT: Duration = Duration::from_secs(300);

/// What migrations meet elsewhere and is not so on a server that is made to be fast.
const SETTINGS: &[(&str, &str)] = &[
    // As much WAL is written as by a server that others follow.
    ("wal_level", "logical"),
    ("max_wal_senders", "4"),
    ("max_prepared_transactions", "4"),
];

/// A throw-away server. Dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Ground {
    cluster: Cluster,
    is_set_up: bool,
}

impl Ground {
    /// Starts one of this major version, or of the newest there is; says so where only another version is there. Runs a
    /// file of SQL that makes what migrations take for granted, if there is one.
    ///
    /// # Errors
    /// Where PostgreSQL's programs are not there, it does not start, or refuses the SQL.
    pub fn start(major: Option<u32>, setup: Option<&Path>, context: &Context) -> Result<Self> {
        let options = ClusterOptions {
            at_least: major,
            settings: SETTINGS
                .iter()
                .map(|(name, value)| ((*name).to_string(), (*value).to_string()))
                .collect(),
            // A subscription would make a slot where the rows come from.
            apart: true,
            ..ClusterOptions::default()
        };
        let cluster = Cluster::start(&options)?;
        let found = cluster.version();
        if let Some(wanted) = major.filter(|wanted| *wanted != found.major) {
            context.warn(format!(
                "there is no PostgreSQL {wanted} here: the throw-away server is {found}"
            ));
        }
        context.note(format!("the throw-away server is PostgreSQL {found}"));
        let mut ground = Self {
            cluster,
            is_set_up: false,
        };
        if let Some(path) = setup {
            ground.set_up(path)?;
        }
        Ok(ground)
    }

    fn set_up(&mut self, path: &Path) -> Result<()> {
        let name = path.display().to_string();
        let bytes = fs::read(path).context(|| format!("could not read {name}"))?;
        let scripts = [Script::new(Layout::Plain, name, bytes, Wrapping::None)?];
        outside::refuse(&scripts)?;
        self.create(SET_UP)?;
        let mut runner = Runner::new(Box::new(|| self.open(SET_UP)), LIMIT);
        let failure = runner.run(&scripts, &mut Unwatched)?;
        drop(runner);
        self.is_set_up = true;
        failure.map_or(Ok(()), |failure| Err(Error::from(failure)))
    }

    /// Its major version.
    #[cfg_attr(not(test), allow(dead_code))]
    pub fn major(&self) -> u32 {
        self.cluster.version().major
    }

    /// What leads a child program there: what to set, and what to remove.
    pub fn environment(&self) -> Vec<(OsString, Option<OsString>)> {
        self.cluster.environment()
    }

    /// Makes a database in which nothing is but what was set up.
    ///
    /// # Errors
    /// Where the server refuses.
    pub fn create(&self, database: &str) -> Result<()> {
        let mut client = self.cluster.connect("postgres")?;
        let database = name::quoted(database);
        let template = match self.is_set_up {
            true => format!(" TEMPLATE {SET_UP}"),
            false => String::new(),
        };
        Ok(client.batch_execute(&format!("CREATE DATABASE {database}{template}"))?)
    }

    /// Opens a session of the superuser, as a runner would.
    ///
    /// # Errors
    /// Where there is no such database (any more), or a signal has ended the server.
    pub fn open(&self, database: &str) -> Result<Connection> {
        let connection = Connection::local(self.cluster.connect(database)?);
        connection.within_reach(self.cluster.conninfo(database))
    }
}
