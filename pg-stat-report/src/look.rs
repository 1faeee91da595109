//! A look at one server: the rows of each section, or why there are none. One that is slow, locked
//! or forbidden costs its own rows only.

use std::sync::Arc;

use shared::connection::{Conninfo, Console};
use shared::error::Kind;
use shared::{Error, Result, signals, time};

use crate::given::Given;
use crate::parts::Parts;
use crate::row::{Origin, Row};
use crate::section::{Gather, Reach, Section, Source};
use crate::server::{Patience, Server};

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
    /// How long it may take.
    pub patience: Patience,
    /// What sections need beyond that.
    pub given: Given,
}

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

/// Looks at a server. An error is that it can't be reached at all.
pub fn look(conninfo: &Conninfo, plan: &Plan) -> Result<Seen> {
    if Console::is_meant(conninfo)
        && let Some(seen) = look_at_console(conninfo, plan)?
    {
        return Ok(seen);
    }
    let mut server = Server::open(conninfo, plan.patience.clone(), plan.given)?;
    let own = server.database().to_string();
    let mut seen = Seen {
        source: Source::Server,
        origin: server.origin(),
        databases: Vec::new(),
        parts: Parts::default(),
    };
    for section in plan.of(Reach::Server) {
        let rows = match section.source() {
            Source::Console if plan.is_judged => continue,
            Source::Console => Err(Error::new("the server is no pooler's console")
                .with_hint("name the console: -d 'host=HOST port=6432 dbname=pgbouncer'")),
            _ => gather(plan, section, &mut server)?,
        };
        seen.parts.push(Part {
            section,
            database: None,
            rows,
        });
    }
    let sections: Vec<_> = plan.of(Reach::Database).collect();
    if sections.is_empty() && !(plan.all_databases && seen.is_elsewhere()) {
        return Ok(seen);
    }
    let known = match plan.all_databases {
        true => open_databases(&mut server),
        false => Ok(vec![own.clone()]),
    };
    // Without them what is of the server is told all the same.
    let lost = known.as_ref().err().cloned();
    seen.databases = known.unwrap_or_else(|_| vec![own.clone()]);
    for database in seen.databases.clone() {
        if sections.is_empty() && !seen.is_elsewhere() {
            break;
        }
        let mut elsewhere = None;
        let mut trouble = lost.clone();
        if database != own {
            match plan
                .patience
                .check()
                .and_then(|()| server.in_database(&database))
            {
                Ok(opened) => elsewhere = Some(opened),
                // It was dropped meanwhile.
                Err(error) if error.sqlstate() == Some("3D000") => {
                    seen.databases.retain(|other| *other != database);
                    continue;
                }
                Err(error) => trouble = Some(error),
            }
        }
        if let Some(elsewhere) = &mut elsewhere {
            seen.find(plan, elsewhere)?;
        }
        let server = elsewhere.as_mut().unwrap_or(&mut server);
        for section in &sections {
            let rows = match &trouble {
                Some(error) => Err(error.clone()),
                None => gather(plan, section, server)?,
            };
            seen.parts.push(Part {
                section,
                database: Some(database.clone()),
                rows,
            });
        }
    }
    Ok(seen)
}

/// Looks at a pooler; none where a server's database is called as a console is.
fn look_at_console(conninfo: &Conninfo, plan: &Plan) -> Result<Option<Seen>> {
    let mut console = Console::open(conninfo, plan.patience.section)?;
    match console.show("SHOW VERSION") {
        Err(error) if error.sqlstate() == Some("42704") => return Ok(None),
        answer => drop(answer?),
    }
    let origin = Arc::new(Origin {
        target: console.target(),
        taken_at: time::format(time::now())?,
    });
    let mut parts = Parts::default();
    for section in &plan.sections {
        let rows =
            match section.gather {
                Gather::Console(gather) => gather(section, &origin, &mut console),
                // Checks look at what there is.
                _ if plan.is_judged => continue,
                _ => Err(Error::new("a pooler's console is no server")
                    .with_hint("name the server itself")),
            };
        signals::check()?;
        parts.push(Part {
            section,
            database: None,
            rows,
        });
    }
    Ok(Some(Seen {
        source: Source::Console,
        origin,
        databases: Vec::new(),
        parts,
    }))
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
        for part in common.into_iter().filter(|part| part.rows.is_ok()) {
            let mut missing = self.missing();
            if let Some(known) = missing.find(|known| known.section.name == part.section.name) {
                known.rows = part.rows;
            }
        }
        let is_added = |part: &Part| {
            part.database
                .as_ref()
                .is_some_and(|name| databases.contains(name))
        };
        self.parts.extend(own.into_iter().filter(is_added));
        self.databases.extend(databases);
    }

    /// What another database may have.
    fn missing(&mut self) -> impl Iterator<Item = &mut Part> {
        let parts = self.parts.iter_mut();
        parts
            .filter(|part| part.rows.is_err() && matches!(part.section.gather, Gather::Anywhere(_)))
    }

    fn is_elsewhere(&mut self) -> bool {
        self.missing().next().is_some()
    }

    /// Looks for it in this database.
    fn find(&mut self, plan: &Plan, server: &mut Server) -> Result<()> {
        for part in self.missing() {
            if let Ok(rows) = gather(plan, part.section, server)? {
                part.rows = Ok(rows);
            }
        }
        Ok(())
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
    fn of(&self, reach: Reach) -> impl Iterator<Item = &'static Section> {
        let sections = self.sections.iter().copied();
        sections.filter(move |section| section.reach == reach)
    }
}

/// The rows, or why there are none; the error is a signal.
fn gather(plan: &Plan, section: &'static Section, server: &mut Server) -> Result<Result<Vec<Row>>> {
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

fn open_databases(server: &mut Server) -> Result<Vec<String>> {
    let rows = server.ask(OPEN_DATABASES)?;
    let names = rows.iter().map(|row| row.try_get::<_, String>("database"));
    names
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::from)
}
