//! A look at one server: the rows of each section, or why there are none. One that is slow, locked
//! or forbidden costs its own rows only.

use std::collections::HashSet;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use shared::connection::{Conninfo, Console};
use shared::error::Kind;
use shared::message::Report;
use shared::{Error, Result, signals, time};

use crate::given::Given;
use crate::parts::Parts;
use crate::patience::Patience;
use crate::row::{Origin, Row};
use crate::section::{Gather, Reach, Section, Source};
use crate::server::Server;
use crate::sight::News;
use crate::walk::Walk;

const OPEN_DATABASES: &str = include_str!("../sql/open_databases.sql");

/// What is to be looked at.
#[derive(Debug, Clone)]
pub struct Plan {
    /// These, in their order.
    pub sections: Vec<&'static Section>,
    /// Checks judge it, each what it is for.
    pub is_judged: bool,
    /// Of these, only the rows in which checks may find something.
    pub narrow: Vec<&'static Section>,
    /// In every database that takes connections, not only in the one that we are in.
    pub all_databases: bool,
    /// Into so many databases at once.
    pub jobs: usize,
    /// Who is asked for what is of the whole server, where several databases of one may be named: by server and
    /// role, for another role may see other things. None: each.
    pub asked: Option<Asked>,
    /// How long it may take.
    pub patience: Patience,
    /// What sections need beyond that.
    pub given: Given,
    /// Where it is said what is being done.
    pub report: Report,
}

/// The servers, each with a role, that somebody asks for what is of the whole server.
pub type Asked = Arc<Mutex<HashSet<(String, String)>>>;

/// The rows of a section, in one database or of the whole server.
#[derive(Debug)]
pub struct Part {
    /// Whose.
    pub section: &'static Section,
    /// Where, if it is asked for in each database.
    pub database: Option<String>,
    /// What came of it.
    pub rows: Result<Vec<Row>>,
}

/// What was seen of a server.
#[derive(Debug)]
pub struct Seen {
    /// What was looked at.
    pub source: Source,
    /// When and where.
    pub origin: Arc<Origin>,
    /// The databases that were looked into.
    pub databases: Vec<String>,
    /// What was seen there.
    pub parts: Parts,
}

/// Looks at a server, and tells what is seen as it comes. An error is that it can't be reached at all.
pub fn look(conninfo: &Conninfo, plan: &Plan, tell: &Sender<News>) -> Result<()> {
    if Console::is_meant(conninfo) && look_at_console(conninfo, plan, tell)? {
        return Ok(());
    }
    let mut server = Server::open(conninfo, plan.patience.clone(), plan.given)?;
    let own = server.database().to_string();
    News::reached(Source::Server, server.origin(), &own).tell(tell);
    let mut missing = Vec::new();
    let is_first = plan.is_first(&server);
    // What may be in another database is looked for in each.
    let is_left = |section: &&Section| is_first || matches!(section.gather, Gather::Anywhere(_));
    for section in plan.of_server().filter(is_left) {
        let rows = match section.source() {
            Source::Console => Err(Error::new("the server is no pooler's console")
                .with_hint("name the console: -d 'host=HOST port=6432 dbname=pgbouncer'")),
            _ => gather(plan, section, &mut server)?,
        };
        if rows.is_err() && matches!(section.gather, Gather::Anywhere(_)) {
            missing.push(section);
        }
        News::part(section, None, rows).tell(tell);
    }
    let is_sought = plan.all_databases && !missing.is_empty();
    if !is_sought && plan.of_databases().next().is_none() {
        return Ok(());
    }
    let known = match plan.all_databases {
        true => open_databases(plan, &mut server),
        false => Ok(vec![own.clone()]),
    };
    let databases = match &known {
        Ok(databases) => databases.clone(),
        // Without them what is of the server is told all the same.
        Err(_) => vec![own.clone()],
    };
    News::Databases(databases.clone()).tell(tell);
    let walk = Walk::new(plan, tell, &server, databases, missing);
    match known {
        Ok(_) => walk.visit_all(server),
        Err(error) => {
            walk.unseen(&own, &error);
            Ok(())
        }
    }
}

/// Looks at a pooler; not where a server's database is called as a console is.
fn look_at_console(conninfo: &Conninfo, plan: &Plan, tell: &Sender<News>) -> Result<bool> {
    let mut console = Console::open(conninfo, plan.patience.section)?;
    match console.show("SHOW VERSION") {
        Err(error) if error.sqlstate() == Some("42704") => return Ok(false),
        answer => drop(answer?),
    }
    let origin = Arc::new(Origin {
        target: console.target(),
        taken_at: time::format(time::now())?,
        is_standby: false,
    });
    News::reached(Source::Console, Arc::clone(&origin), "").tell(tell);
    for section in plan.of_console() {
        let rows =
            match section.gather {
                Gather::Console(gather) => gather(section, &origin, &mut console),
                _ => Err(Error::new("a pooler's console is no server")
                    .with_hint("name the server itself")),
            };
        signals::check()?;
        News::part(section, None, rows).tell(tell);
    }
    Ok(true)
}

impl Seen {
    /// Takes what was seen of the same server from another database; what is not of a database is the same.
    pub fn join(&mut self, other: Self) {
        let is_new = |database: &String| !self.databases.contains(database);
        let databases: Vec<String> = other.databases.into_iter().filter(is_new).collect();
        let (own, common): (Vec<Part>, Vec<Part>) = other
            .parts
            .into_iter()
            .partition(|part| part.database.is_some());
        common.into_iter().for_each(|part| self.complete(part));
        let is_added = |part: &Part| {
            part.database
                .as_ref()
                .is_some_and(|name| databases.contains(name))
        };
        self.parts.extend(own.into_iter().filter(is_added));
        self.databases.extend(databases);
    }

    /// Takes what is of the whole server, unless it was seen already.
    fn complete(&mut self, part: Part) {
        let mut known = self.parts.iter_mut();
        let is_same =
            |known: &&mut Part| known.database.is_none() && known.section.name == part.section.name;
        match known.find(is_same) {
            Some(known) if known.rows.is_ok() => {}
            Some(known) => known.rows = part.rows,
            None => {
                drop(known);
                self.parts.push(part);
            }
        }
    }

    /// What came of a section, in this database if it is asked for in each.
    pub fn part(&self, section: &Section, database: Option<&str>) -> Option<&Part> {
        let place = match section.reach {
            Reach::Server => None,
            Reach::Database => database,
        };
        self.parts.find(section, place)
    }
}

impl Plan {
    /// Whether nobody else asks this server for what is of all of it.
    fn is_first(&self, server: &Server) -> bool {
        let key = || (server.origin().target.clone(), server.user().to_string());
        let asked = self.asked.as_ref();
        asked.is_none_or(|asked| {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.insert(key())
        })
    }

    /// What is asked for once. Checks look at what there is: a server is no console.
    pub fn of_server(&self) -> impl Iterator<Item = &'static Section> {
        let sections = self.sections.iter().copied();
        let is_meant = |section: &&Section| {
            let is_other = self.is_judged && section.source() == Source::Console;
            section.reach == Reach::Server && !is_other
        };
        sections.filter(is_meant)
    }

    /// What is asked for in each database.
    pub fn of_databases(&self) -> impl Iterator<Item = &'static Section> {
        let sections = self.sections.iter().copied();
        sections.filter(|section| section.reach == Reach::Database)
    }

    /// What a pooler is asked for.
    pub fn of_console(&self) -> impl Iterator<Item = &'static Section> {
        let sections = self.sections.iter().copied();
        sections.filter(|section| !self.is_judged || section.source() == Source::Console)
    }
}

/// The rows, or why there are none; the error is a signal.
pub fn gather(
    plan: &Plan,
    section: &'static Section,
    server: &mut Server,
) -> Result<Result<Vec<Row>>> {
    let is_narrow = plan.narrow.iter().any(|other| other.name == section.name);
    let rows = server
        .revive()
        .and_then(|()| section.rows(server, is_narrow));
    signals::check()?;
    match rows {
        Err(error) if error.kind() == Kind::Interrupted => Err(error),
        rows => Ok(rows),
    }
}

/// Those that take connections; of one that would, and whose DROP DATABASE was broken off, that is said.
fn open_databases(plan: &Plan, server: &mut Server) -> Result<Vec<String>> {
    let mut open = Vec::new();
    for row in server.ask(OPEN_DATABASES)? {
        let name: String = row.try_get("database")?;
        match row.try_get("is_invalid")? {
            true => plan.report.warn(&format!(
                "database \"{name}\" is left out: its DROP DATABASE was broken off, and nobody can connect to it"
            )),
            false => open.push(name),
        }
    }
    Ok(open)
}
