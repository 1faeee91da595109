//! What one run is to dump: the databases of each -d or of the whole server, and its globals.

use shared::cli;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};
use shared::programs::Program;
use shared::{Context, Error, Result};

use super::asked::limited;
use super::elsewhere::{self, Listed};
use crate::cli::Options;

/// Every database of the server, with what [`Listed`] says of it.
pub const DATABASES: &str = include_str!("../../sql/databases.sql");

/// One thing to dump, into one backup.
pub struct Target {
    pub what: What,
    pub conninfo: Conninfo,
}

/// What is dumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The database that the connection leads to.
    Database,
    /// Roles and tablespaces, which belong to no database.
    Globals,
}

impl Target {
    /// The database, where it is one.
    pub fn database(&self) -> Option<&str> {
        match self.what {
            What::Database => Some(self.conninfo.database()),
            What::Globals => None,
        }
    }

    /// What words of several are told apart by.
    pub fn title(&self) -> &str {
        self.database().unwrap_or("globals")
    }
}

/// Everything that a run is to dump.
pub struct Plan {
    pub targets: Vec<Target>,
    /// Databases of the server that we may not connect to.
    pub skipped: Vec<String>,
}

impl Plan {
    /// Resolves where to connect; asks the server only for --all-databases. `pg_dump` is what
    /// --pg-dump says.
    pub fn make(
        options: &Options,
        context: &cli::Context,
        pg_dump: Option<&Program>,
    ) -> Result<Self> {
        let elsewhere = pg_dump.filter(|program| program.is_elsewhere());
        let resolve = |dbname: Option<&String>| resolve(dbname, context, elsewhere.is_some());
        let (mut plan, asked) = match options.all_databases {
            true => {
                let conninfo = resolve(options.databases.first())?;
                let (conninfo, listed) = list(conninfo, context, elsewhere)?;
                (Self::of_server(&conninfo, listed, context)?, Some(conninfo))
            }
            false => (Self::of_given(options, resolve)?, None),
        };
        if options.globals {
            // Where the server was asked for its databases, it answers.
            let conninfo = match asked {
                Some(conninfo) => conninfo,
                None => plan.server()?.clone(),
            };
            let what = What::Globals;
            // First: they are quick, and a restore begins with them.
            plan.targets.insert(0, Target { what, conninfo });
        }
        Ok(plan)
    }

    /// The one database that is dumped.
    pub fn only_database(&self) -> Option<&str> {
        let mut databases = self.targets.iter().filter_map(Target::database);
        let first = databases.next();
        first.filter(|_| databases.next().is_none())
    }

    /// Whether backups of this run may belong together, of however many there are today.
    pub fn is_set(options: &Options) -> bool {
        options.all_databases || options.globals || options.databases.len() > 1
    }

    fn of_given(
        options: &Options,
        resolve: impl Fn(Option<&String>) -> Result<Conninfo>,
    ) -> Result<Self> {
        let mut targets: Vec<Target> = Vec::new();
        let given = options.databases.iter().map(Some);
        let unsaid = options.databases.is_empty().then_some(None);
        for dbname in given.chain(unsaid) {
            let target = database(resolve(dbname)?);
            if target.title().is_empty() {
                return Err(Error::usage(
                    "--pg-dump runs where our environment does not reach: name the database with -d",
                ));
            }
            if targets.iter().any(|t| t.database() == target.database()) {
                let name = target.title();
                return Err(Error::usage(format!("the database {name} is given twice"))
                    .with_hint("databases of one name on two servers take a --dir each"));
            }
            targets.push(target);
        }
        Ok(Self {
            targets,
            skipped: Vec::new(),
        })
    }

    fn of_server(conninfo: &Conninfo, listed: Vec<Listed>, context: &cli::Context) -> Result<Self> {
        let mut plan = Self {
            targets: Vec::new(),
            skipped: Vec::new(),
        };
        for Listed {
            name,
            is_dumped,
            may_connect,
            is_half_dropped,
        } in listed
        {
            if is_half_dropped {
                context.warn(format!(
                    "left out the database {name}: a DROP DATABASE of it was interrupted, and \
                     nobody can connect to it any more; drop it again"
                ));
                continue;
            }
            match (is_dumped, may_connect) {
                (false, _) => context.note(format!("the database {name} is a template or closed")),
                (true, true) => plan.targets.push(database(conninfo.with_database(&name))),
                (true, false) => plan.skipped.push(name),
            }
        }
        match plan.targets.is_empty() {
            true => Err(Error::new("there is no database that may be connected to")),
            false => Ok(plan),
        }
    }

    /// The one server of all targets.
    fn server(&self) -> Result<&Conninfo> {
        let mut conninfos = self.targets.iter().map(|target| &target.conninfo);
        let first = conninfos.next();
        let first = first.ok_or_else(|| Error::new("there is nothing to dump"))?;
        match conninfos.all(|other| other.same_server(first)) {
            true => Ok(first),
            false => Err(Error::usage(
                "--globals is of one server, and the databases are of several",
            )
            .with_hint("take the backup of each server in a run of its own")),
        }
    }
}

fn database(conninfo: Conninfo) -> Target {
    Target {
        what: What::Database,
        conninfo,
    }
}

/// The databases of the server, and how the server that told them is reached.
fn list(
    conninfo: Conninfo,
    context: &cli::Context,
    elsewhere: Option<&Program>,
) -> Result<(Conninfo, Vec<Listed>)> {
    if let Some(pg_dump) = elsewhere {
        let conninfo = match conninfo.database() {
            "" => conninfo.with_database("postgres"),
            _ => conninfo,
        };
        let listed = elsewhere::databases(pg_dump, &conninfo)?;
        return Ok((conninfo, listed));
    }
    let mut session = open(&conninfo, context)?;
    let reached = conninfo.at(&session);
    let rows = limited(&conninfo, move || {
        let rows = session.client().query_typed(DATABASES, &[]);
        rows.context(|| "could not ask for the names of the databases".into())
    })?;
    let listed = rows.iter().map(|row| {
        Ok(Listed {
            name: row.try_get("database")?,
            is_dumped: row.try_get("is_dumped")?,
            may_connect: row.try_get("may_connect")?,
            is_half_dropped: row.try_get("is_half_dropped")?,
        })
    });
    Ok((reached, listed.collect::<Result<_>>()?))
}

fn resolve(dbname: Option<&String>, context: &cli::Context, elsewhere: bool) -> Result<Conninfo> {
    let given = ConnectArgs {
        dbname: dbname.cloned(),
        ..context.common.connect.clone()
    };
    let conninfo = match elsewhere {
        true => Conninfo::elsewhere(&given)?,
        false => Conninfo::resolve(&given, &Environment::of_process(), Need::Session)?,
    };
    context.note(format!("connecting as {} says", conninfo.source()));
    conninfo.notes().iter().for_each(|note| context.note(note));
    Ok(conninfo)
}

/// A dump needs a session of its own from beginning to end, so a pooler that gives
/// each transaction another one is refused here.
pub fn open(conninfo: &Conninfo, context: &cli::Context) -> Result<Session> {
    let options = SessionOptions {
        application_name: context.tool.name.into(),
        read_only: true,
        resets_search_path: true,
        ..SessionOptions::default()
    };
    let mut session = Session::open(conninfo, &options)?;
    session.require_session()?;
    Ok(session)
}
