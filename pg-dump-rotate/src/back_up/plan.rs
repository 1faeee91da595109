//! What one run is to dump: the databases of each -d or of the whole server, and its globals.

use shared::cli;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};
use shared::dump::quote_identifier;
use shared::programs::Program;
use shared::{Context, Error, Result};

use super::asked::limited;
use super::elsewhere::{self, Listed};
use crate::cli::Options;
use crate::glob;

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
    /// Databases of the server that are left out.
    pub skipped: Vec<Skipped>,
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
                let chosen = choose(options, listed, context);
                (Self::of_server(&conninfo, chosen)?, Some(conninfo))
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

    fn of_server(conninfo: &Conninfo, chosen: Vec<Chosen>) -> Result<Self> {
        let mut plan = Self {
            targets: Vec::new(),
            skipped: Vec::new(),
        };
        for chosen in chosen {
            match chosen {
                Chosen::Dumped(name) => plan.targets.push(database(conninfo.with_database(&name))),
                Chosen::Skipped(skipped) => plan.skipped.push(skipped),
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

/// The databases of which --all-databases wants a backup, also where none can be taken.
pub fn wanted(
    options: &Options,
    context: &cli::Context,
    pg_dump: Option<&Program>,
) -> Result<Vec<String>> {
    let elsewhere = pg_dump.filter(|program| program.is_elsewhere());
    let conninfo = resolve(options.databases.first(), context, elsewhere.is_some())?;
    let (_, listed) = list(conninfo, context, elsewhere)?;
    let chosen = choose(options, listed, context).into_iter();
    let wanted = chosen.filter_map(|chosen| match chosen {
        Chosen::Dumped(name) => Some(name),
        Chosen::Skipped(skipped) => skipped.is_missed.then_some(skipped.name),
    });
    Ok(wanted.collect())
}

/// A database that is left out.
pub struct Skipped {
    pub name: String,
    pub reason: String,
    /// There should be a backup of it.
    pub is_missed: bool,
}

enum Chosen {
    Dumped(String),
    Skipped(Skipped),
}

/// The two that every server has, for others to be made of.
const TEMPLATES: [&str; 2] = ["template0", "template1"];

/// What becomes of each database of the server. Nobody is told of what every server has, and of what
/// was excluded.
fn choose(options: &Options, listed: Vec<Listed>, context: &cli::Context) -> Vec<Chosen> {
    warn_of_nothing(options, &listed, context);
    let is_excluded = |name: &str| options.excluded.iter().any(|of| glob::matches(of, name));
    let mut chosen = Vec::new();
    for database in listed {
        let name = database.name;
        let (reason, is_missed) = match () {
            () if is_excluded(&name) => {
                context.note(format!("the database {name} is excluded"));
                continue;
            }
            () if database.is_half_dropped => {
                context.warn(format!(
                    "left out the database {name}: a DROP DATABASE of it was interrupted, and \
                     nobody can connect to it any more; drop it again"
                ));
                continue;
            }
            () if TEMPLATES.contains(&name.as_str()) => {
                context.note(format!("the database {name} is a template"));
                continue;
            }
            () if database.is_template => ("it is a template".to_string(), false),
            () if !database.is_open => {
                ("it is closed: its ALLOW_CONNECTIONS is false".into(), true)
            }
            () if !database.is_text => (NO_TEXT.into(), true),
            () if !database.may_connect => (no_right(&name), true),
            () => {
                chosen.push(Chosen::Dumped(name));
                continue;
            }
        };
        chosen.push(Chosen::Skipped(Skipped {
            name,
            reason,
            is_missed,
        }));
    }
    chosen
}

const NO_TEXT: &str = "its name is not UTF-8, as that of one made from a database in another \
                       encoding: rename it from there";

fn no_right(name: &str) -> String {
    let name = quote_identifier(name);
    format!("we have no right to connect to it, which GRANT CONNECT ON DATABASE {name} gives")
}

/// A name that excludes nothing may be misspelt.
fn warn_of_nothing(options: &Options, listed: &[Listed], context: &cli::Context) {
    let is_name = |of: &&String| !of.contains(['*', '?', '[', '\\']);
    let is_there = |name: &str| listed.iter().any(|database| database.name == name);
    for name in options.excluded.iter().filter(is_name) {
        if !is_there(name) {
            context.warn(format!(
                "--exclude-database {name}: there is no such database"
            ));
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
            is_template: row.try_get("is_template")?,
            is_open: row.try_get("is_open")?,
            may_connect: row.try_get("may_connect")?,
            is_half_dropped: row.try_get("is_half_dropped")?,
            ..Listed::named(row.try_get("database")?)
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
