//! What a server has of projects: the history of each is found and read.

use postgres::Transaction;
use shared::cli::Context;
use shared::connection::{Conninfo, Environment, Need, Session, SessionOptions};
use shared::{Error, Result};

use super::entry::Entry;
use super::keeping::{self, Keeping};
use super::place::{self, Place, Tables};
use super::row::{self, Row};
use super::said::Said;
use super::{Question, foreign, reach, whose};
use crate::cli::Options;
use crate::layout::{Layout, Project};

/// What Flyway called its table before version 5.
const OLD_FLYWAY: &str = "schema_version";

/// What a server has of projects.
pub struct Server {
    /// Of each project, in their order; none of plain files, where those will do.
    pub told: Vec<Option<Told>>,
    /// Its major version.
    pub major: u32,
    conninfo: Conninfo,
    tables: Tables,
}

/// What a history tells of a project.
pub struct Told {
    /// How it is kept.
    pub keeping: &'static Keeping,
    /// The table, for people; none where there is none.
    pub place: Option<String>,
    /// Its schema and name.
    table: Option<(String, String)>,
    /// Whether it was read.
    is_read: bool,
    rows: Vec<Row>,
    /// What its framework's configuration says.
    said: Said,
}

impl Told {
    /// Whether it says what was applied.
    pub fn is_known(&self) -> bool {
        self.table.is_some() && self.is_read
    }

    /// The schema that the framework has for itself.
    pub fn own_schema(&self) -> Option<&'static str> {
        self.keeping.schema.filter(|schema| *schema != "public")
    }

    /// The framework's tables, each with its schema.
    pub fn tables(&self) -> Vec<(String, String)> {
        let Some((schema, table)) = &self.table else {
            return Vec::new();
        };
        let beside = self.keeping.beside.map(|(name, _)| name);
        // Rails keeps in it what sort of database it is.
        let more = (self.keeping.layout == Layout::Rails).then_some(place::BESIDE_OF_RAILS);
        let names = [Some(table.as_str()), beside, more].into_iter().flatten();
        names
            .map(|name| (schema.clone(), name.to_string()))
            .collect()
    }

    /// What became of each migration of the project.
    pub fn entries<'a>(&self, project: &'a Project) -> Result<Vec<Entry<'a>>> {
        (self.keeping.compare)(self.keeping, project, &self.rows)
    }
}

impl Server {
    /// Whether psql, called from where we are, runs files on the same server and in the same schema. Warns of
    /// another server; fails where objects would be made in another schema.
    pub fn check_psql(&self, context: &Context) -> Result<()> {
        if let Some(schema) = self.conninfo.schema() {
            reach::same_schema(&self.tables, schema, self.conninfo.source())?;
        }
        for said in self.told.iter().flatten().map(|told| &told.said) {
            if let Some(schema) = &said.runs_in {
                reach::same_schema(&self.tables, schema, &said.by)?;
            }
        }
        reach::same_server(&self.conninfo, context);
        Ok(())
    }
}

/// Reads the history of each project on the server that the command line or the environment names.
pub fn read_all(projects: &mut [Project], options: &Options, context: &Context) -> Result<Server> {
    super::tell(projects, context);
    let environment = Environment::of_process();
    let conninfo = Conninfo::resolve(&context.common.connect, &environment, Need::Statements)?;
    conninfo.notes().iter().for_each(|note| context.note(note));
    let gentle = SessionOptions {
        read_only: true,
        resets_search_path: true,
        // A policy would hide rows, and what they tell of would be taken for pending: the server says so instead.
        late_settings: &[("row_security", "off")],
        ..SessionOptions::default()
    };
    let mut session = Session::open(&conninfo, &gentle)?;
    let _cancels = session.cancel_on_signal();
    let major = session.server_version_num() / 10000;
    let mut transaction = session.transaction()?;
    let mut tables = Tables::of_session(&mut transaction, &conninfo)?;
    tables.look_for(&mut transaction, names(options))?;
    let known: Vec<Layout> = projects.iter().map(|project| project.layout).collect();
    let mut told = Vec::new();
    for project in projects {
        let mut asking = Asking {
            options,
            context,
            environment: &environment,
            tables: &mut tables,
            known: &known,
        };
        told.push(asking.history(&mut transaction, project)?);
    }
    transaction.rollback()?;
    Ok(Server {
        told,
        major,
        conninfo,
        tables,
    })
}

/// What tables of all frameworks are called, and the one that was named.
fn names(options: &Options) -> impl Iterator<Item = String> {
    let known = keeping::ALL.iter().flat_map(|keeping| {
        let beside = keeping.beside.map(|(name, _)| name);
        keeping.tables.iter().copied().chain(beside)
    });
    let wanted = options.history().map(|wanted| wanted.table.clone());
    let known = known.chain([place::BESIDE_OF_RAILS]);
    known.map(str::to_string).chain(wanted)
}

/// What is known of the server while it is asked for one project after the other.
struct Asking<'a> {
    options: &'a Options,
    context: &'a Context,
    environment: &'a Environment,
    tables: &'a mut Tables,
    known: &'a [Layout],
}

impl Asking<'_> {
    /// Finds and reads the history of a project, which is another framework's than it was taken for if the server
    /// has that one's.
    fn history(
        &mut self,
        transaction: &mut Transaction,
        project: &mut Project,
    ) -> Result<Option<Told>> {
        // What is applied is not the question then, but what is there.
        let is_drift = self.options.question == Some(Question::Drift);
        let will_do_without = is_drift || self.options.rehearsal().is_some();
        let mut said = self.said(transaction, project)?;
        let has_own = match keeping::of(project.layout) {
            Some(keeping) => self.find(keeping, &said)?.is_some(),
            None => false,
        };
        if will_do_without
            && project.layout == Layout::Plain
            && (self.options.layout().is_some() || self.tables.others(self.known).is_empty())
        {
            return Ok(None);
        }
        // Plain files have no history, but may be somebody's whom only the server knows.
        project.is_sure |= self.options.layout().is_some();
        let is_given = self.options.layout().is_some() && project.layout != Layout::Plain;
        if !has_own
            && !is_given
            && let Some(other) = whose::by_server(project, self.tables, self.known, self.context)?
        {
            *project = other;
            said = self.said(transaction, project)?;
        }
        let Some(keeping) = keeping::of(project.layout) else {
            if will_do_without {
                return Ok(None);
            }
            return Err(Error::new(
                "plain files have no history that a framework keeps",
            ));
        };
        foreign::add(keeping, project)?;
        let Some(place) = self.find(keeping, &said)?.cloned() else {
            self.say_none(keeping, &said)?;
            return Ok(Some(Told {
                keeping,
                place: None,
                table: None,
                is_read: false,
                rows: Vec::new(),
                said,
            }));
        };
        self.check_place(keeping, &said, &place)?;
        if keeping.layout != Layout::Rails
            && self.options.layout().is_none()
            && self.tables.is_of_rails(&place)
        {
            let (shown, title) = (place.shown(), keeping.layout.title());
            self.context.warn(format!(
                "{shown} is read as the history of {title}, and seems to be that of Rails, which has {} beside it: --layout says whose it is",
                place::BESIDE_OF_RAILS
            ));
        }
        let is_read = place.is_readable || !is_drift;
        let rows = match is_read {
            true => self.read(transaction, keeping, &place)?,
            false => Vec::new(),
        };
        Ok(Some(Told {
            keeping,
            rows,
            place: Some(place.shown()),
            table: Some((place.schema, place.table)),
            is_read,
            said,
        }))
    }

    /// What the framework's configuration says, unless the command line goes before it.
    fn said(&mut self, transaction: &mut Transaction, project: &Project) -> Result<Said> {
        let said = Said::of(project, self.environment)?;
        self.tables
            .look_for(transaction, said.table.clone().into_iter())?;
        if said.says_where() {
            let by = &said.by;
            self.context.note(format!("{by} says where the history is"));
        }
        Ok(said)
    }

    fn find(&self, keeping: &Keeping, said: &Said) -> Result<Option<&Place>> {
        self.tables.of(keeping, self.options.history(), said)
    }

    /// That there is no history; another framework's may be the right one.
    fn say_none(&self, keeping: &Keeping, said: &Said) -> Result<()> {
        let (title, database) = (keeping.layout.title(), self.tables.database());
        if let Some(why) = &said.unread {
            let by = &said.by;
            return Err(Error::usage(format!(
                "{by} says where {title} keeps its history in a way that is not read here: {why}"
            ))
            .with_hint("--history says where, as SCHEMA.TABLE"));
        }
        let table = match &said.table {
            Some(table) => table.clone(),
            None => keeping
                .tables
                .first()
                .copied()
                .unwrap_or_default()
                .to_string(),
        };
        let table = match &said.schema {
            Some(schema) => format!("{schema}.{table}"),
            None => table,
        };
        let by = match said.says_where() {
            true => format!(", which {} names", said.by),
            false => String::new(),
        };
        let words = format!(
            "database {database:?} has no {table}{by}: nothing of {title} was ever applied there"
        );
        match self.tables.others(self.known).as_slice() {
            [] => self.context.remark(words),
            others => {
                let seen: Vec<String> = others.iter().map(place::Other::to_string).collect();
                let seen = seen.join(", ");
                self.context
                    .warn(format!("{words}; but it has {seen}: is --layout right?"));
            }
        }
        Ok(())
    }

    /// Whether what is pending would be run where the history is, as far as the framework's own rules say where.
    fn check_place(&self, keeping: &Keeping, said: &Said, place: &Place) -> Result<()> {
        if self.options.history().is_some() {
            return Ok(());
        }
        let (shown, title) = (place.shown(), keeping.layout.title());
        if let Some(why) = &said.unread {
            let by = &said.by;
            self.context.warn(format!(
                "{by} may say that {title} keeps its history elsewhere than in {shown}: {why}; --history says where"
            ));
        }
        if self.tables.is_in_place(keeping, said, place) {
            return Ok(());
        }
        let words = format!("{shown} is not where {title} looks for its history");
        match self.options.question {
            Some(Question::Pending) => Err(Error::usage(words)
                .with_hint("--history says that it is the one; PGOPTIONS='-c search_path=…' where it is looked for")),
            _ => {
                self.context
                    .warn(format!("{words}, and the only one that there is"));
                Ok(())
            }
        }
    }

    fn read(
        &self,
        transaction: &mut Transaction,
        keeping: &Keeping,
        place: &Place,
    ) -> Result<Vec<Row>> {
        let mut rows = row::read(transaction, keeping.sql, place)?;
        if let Some((name, sql)) = keeping.beside
            && let Some(beside) = self.tables.beside(place, name)
        {
            match beside.is_readable {
                true => rows.extend(row::read(transaction, sql, beside)?),
                false => self.context.warn(format!(
                    "the role may not read {}: what failed or was taken back is not known",
                    beside.shown()
                )),
            }
        }
        let title = keeping.layout.title();
        if matches!(keeping.layout, Layout::GolangMigrate | Layout::Tern) && !rows.is_empty() {
            self.context.remark(format!(
                "{title} keeps only how far it came: every file up to there is taken for applied"
            ));
        }
        if keeping.layout == Layout::Flyway && place.table == OLD_FLYWAY {
            self.context.remark(format!(
                "{} is the history of a Flyway before 5, which later ones find by flyway.table alone",
                place.shown()
            ));
        }
        Ok(rows)
    }
}
