//! Where a rehearsal takes place, and what is run there.

use std::slice;
use std::time::Duration;

use postgres::Client;
use shared::cli::Context;
use shared::connection::{Conninfo, Environment, Need, Session, SessionOptions};
use shared::{Context as _, Error, Result};

use super::reach::{self, Census, Guard};
use super::{Deployment, Wish};
use crate::apply::{Connection, Ground, Script, refuse_outside};
use crate::cli::Options;
use crate::history::{self, Outlook};
use crate::layout::{Migration, Project};
use crate::run;

/// Where a rehearsal takes place.
pub enum Place {
    /// On a server of our own, in a database for each project.
    ThrowAway {
        /// The server.
        ground: Ground,
        /// The database of the project that is rehearsed.
        database: String,
        /// How many there were.
        count: usize,
    },
    /// In a database that may be spoilt.
    Disposable {
        /// Which.
        conninfo: Conninfo,
        /// Whether the whole server may be.
        whole_server: bool,
    },
}

impl Place {
    /// By the command line: the database that it names, or else a throw-away server.
    ///
    /// # Errors
    /// Where a database is named and was not declared disposable.
    pub fn of(wish: &Wish, options: &Options, context: &Context) -> Result<Self> {
        let connect = &context.common.connect;
        if run::names_server(context).is_none() {
            if wish.is_disposable {
                let error =
                    Error::usage("--yes-disposable says it of a database, and none is named");
                return Err(error.with_hint("-d names one; without it a throw-away server is used"));
            }
            return Ok(Self::ThrowAway {
                ground: Ground::start(options.wanted_major(), options.setup.as_deref(), context)?,
                database: String::new(),
                count: 0,
            });
        }
        if options.setup.is_some() {
            let error = Error::usage("--setup is for a throw-away server, and -d names another");
            return Err(error.with_hint("run it there before"));
        }
        let conninfo = Conninfo::resolve(connect, &Environment::of_process(), Need::Statements)?;
        conninfo.notes().iter().for_each(|note| context.note(note));
        if !wish.is_disposable {
            let name = conninfo.database();
            let error = Error::usage(format!(
                "a rehearsal changes the database for good, and {name:?} was not declared disposable"
            ));
            return Err(error.with_hint(
                "--yes-disposable says that it may be spoilt, such as a backup that pg-restore-verify --keep restored",
            ));
        }
        Ok(Self::Disposable {
            conninfo,
            whole_server: wish.is_server_disposable,
        })
    }

    /// What is run of each project, in order. In a database of a user's, that is what its history says is next.
    ///
    /// # Errors
    /// Where something can't be run as its framework would, or reaches beyond what was declared disposable.
    pub fn deployments(
        &self,
        projects: &mut [Project],
        options: &Options,
        context: &Context,
    ) -> Result<Vec<Deployment>> {
        let outlooks = projects.iter_mut().map(|project| match self {
            Self::ThrowAway { .. } => Outlook::of_nothing_applied(project),
            Self::Disposable { .. } => outlook(project, options, context),
        });
        let outlooks = outlooks.collect::<Result<Vec<_>>>()?;
        let mut deployments = Vec::with_capacity(projects.len());
        for (project, outlook) in projects.iter().zip(outlooks) {
            if let Some(outlook) = &outlook {
                outlook.said.iter().for_each(|words| context.warn(words));
                if !outlook.refused.is_empty() {
                    let refused = outlook.refused.clone();
                    deployments.push(Deployment {
                        refused,
                        ..Deployment::default()
                    });
                    continue;
                }
            }
            let is_next = |migration: &&Migration| match (&outlook, self.is_throw_away()) {
                (Some(outlook), true) => !outlook.passed_over.contains(&migration.path),
                (Some(outlook), false) => outlook.next.contains(&migration.path),
                (None, is_throw_away) => is_throw_away || migration.asked,
            };
            let deployment = deployment(project, is_next, options, context)?;
            if self.is_throw_away() {
                let mut runs = deployment.runs.iter();
                runs.try_for_each(|(_, scripts)| refuse_outside(scripts))?;
            }
            deployments.push(deployment);
        }
        if self.is_bounded() {
            let runs = deployments.iter().flat_map(|deployment| &deployment.runs);
            let scripts: Vec<&Script> = runs.flat_map(|(_, scripts)| scripts).collect();
            reach::refuse(&scripts, &mut self.open()?.client)?;
        }
        Ok(deployments)
    }

    /// Whether only the database may be spoilt, and not its server.
    fn is_bounded(&self) -> bool {
        matches!(
            self,
            Self::Disposable {
                whole_server: false,
                ..
            }
        )
    }

    /// What the server has beside the database, where that must stay as it is and may not.
    ///
    /// # Errors
    /// Where it does not say.
    pub fn census(&self) -> Result<Option<Census>> {
        let census = self
            .is_bounded()
            .then(|| Census::of_server(&mut self.open()?.client));
        census
            .transpose()
            .map_err(|error: Error| error.with_hint(reach::HINT))
    }

    /// Who looks after that.
    ///
    /// # Errors
    /// As [`Place::census`].
    pub fn guard(&self) -> Result<Option<Guard>> {
        let guard = self
            .is_bounded()
            .then(|| Guard::new(&mut self.open()?.client));
        guard.transpose()
    }

    /// Whether what is run is all that there is, rather than what its history says is next.
    pub fn is_throw_away(&self) -> bool {
        matches!(self, Self::ThrowAway { .. })
    }

    /// Makes the database of a project.
    pub fn prepare(&mut self) -> Result<()> {
        if let Self::ThrowAway {
            ground,
            database,
            count,
        } = self
        {
            *count += 1;
            *database = match count {
                1 => "rehearsal".to_string(),
                count => format!("rehearsal_{count}"),
            };
            ground.create(database)?;
        }
        Ok(())
    }

    /// Opens a session as a runner would.
    pub fn open(&self) -> Result<Connection> {
        match self {
            Self::ThrowAway {
                ground, database, ..
            } => ground.open(database),
            Self::Disposable { conninfo, .. } => {
                let options = SessionOptions {
                    lock_timeout: Duration::ZERO,
                    statement_timeout: Duration::ZERO,
                    resets_search_path: true,
                    ..SessionOptions::default()
                };
                let mut session = Session::open(conninfo, &options)?;
                session.require_session()?;
                own_path(session.client())
                    .context(|| "could not set up the session".to_string())?;
                Connection::of(session).within_reach(conninfo.clone())
            }
        }
    }
}

/// What the framework would do; none of plain files, of which nothing is kept.
fn outlook(project: &mut Project, options: &Options, context: &Context) -> Result<Option<Outlook>> {
    // Plain files may be those of a framework that only the server knows.
    let server = history::read_all(slice::from_mut(project), options, context)?;
    let told = server.told.iter().flatten().next();
    told.map(|told| Outlook::told(told, project)).transpose()
}

/// The role's own search path, unless the URL has named a schema.
fn own_path(client: &mut Client) -> Result<()> {
    let sql = "select pg_catalog.current_setting('search_path') in ('', '\"\"')";
    if client.query_typed_one(sql, &[])?.try_get(0)? {
        client.batch_execute("RESET search_path")?;
    }
    Ok(())
}

/// Up to the last migration that was asked for.
fn deployment(
    project: &Project,
    is_next: impl Fn(&&Migration) -> bool,
    options: &Options,
    context: &Context,
) -> Result<Deployment> {
    let all = &project.migrations;
    let last = all.iter().rposition(|migration| migration.asked);
    let end = last.map_or(0, |last| last + 1);
    let mut deployment = Deployment::default();
    for migration in all.iter().take(end) {
        if !is_next(&migration) {
            // What can't be read of it is not known, and nothing is claimed of that.
            let known = Script::up(project.layout, migration, options);
            deployment.known.extend(known.unwrap_or_default());
            continue;
        }
        let name = migration.path.display().to_string();
        if !crate::layout::is_sql(&name) {
            context.warn(format!("{name} is no SQL: it is not run"));
            continue;
        }
        let scripts = Script::up(project.layout, migration, options)?;
        if scripts.iter().all(|script| script.steps.is_empty()) && migration.asked {
            context.remark(format!("{name} has no statement: nothing is run of it"));
        }
        deployment.runs.push((migration.asked, scripts));
    }
    Ok(deployment)
}
