//! A server that is asked, one statement after another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::Row;
use postgres::types::{FromSql, Type};
use shared::cli::Terms;
use shared::connection::{Conninfo, Session, SessionOptions};
use shared::secrets;
use shared::time::{self, Time};
use shared::{Context as _, Error, Result};

use crate::given::Given;
use crate::patience::{Patience, Watched};
use crate::row::{self, Cell, Origin};
use crate::section;
use crate::there::There;

/// A lock is waited for no longer: nobody may hang because of us, nor we because of anybody.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// The server's words for a thing that was dropped meanwhile, for which it has no better ones than its
/// own trouble, or that somebody locked meanwhile, who is seen when we ask again.
const CHANGED: [&str; 6] = ["XX000", "42P01", "42704", "3D000", "58P01", "55P03"];

const ATTEMPTS: usize = 3;

/// Compiling the queries of catalogues costs more than running them. And the server knows nothing of how
/// many rows a part of such a query has: with nested loops 20,000 indexes took half a minute, and 3 s without.
/// Names are written as the server writes them by itself, whatever the role has set: patterns are held against them.
const SETTINGS: &[(&str, &str)] = &[("jit", "off"), ("quote_all_identifiers", "off")];

/// What is advised on is set later: what the server has for others is to be seen then (`reset_val`).
/// Without merge joins, which none of ours wins by, there is less to plan.
const LATE_SETTINGS: &[(&str, &str)] = &[("enable_nestloop", "off"), ("enable_mergejoin", "off")];

/// 2000, since when PostgreSQL counts, in microseconds since 1970.
const EPOCH: i128 = 946_684_800_000_000;

/// The columns in which statements of others or values of settings are: passwords are masked there.
const SECRET: [&str; 2] = ["query", "setting"];

type Sql<T> = std::result::Result<T, Box<dyn std::error::Error + Sync + Send>>;

/// A session on a server.
pub struct Server {
    session: Session,
    conninfo: Conninfo,
    origin: Arc<Origin>,
    patience: Patience,
    given: Given,
    /// What statement_timeout is at the moment.
    limit: Duration,
    /// Who waits for us sees by it whether the server still answers.
    watched: Watched,
    /// The rows of sections that others are made of, by their names: none of them is asked twice in one look.
    kept: HashMap<&'static str, Vec<row::Row>>,
    /// Once it was asked.
    there: Option<There>,
}

/// A server that was reached, and how its databases are entered.
pub struct Door {
    conninfo: Conninfo,
    origin: Arc<Origin>,
    patience: Patience,
    given: Given,
}

impl Door {
    /// Connects to this database.
    pub fn open(&self, name: &str) -> Result<Server> {
        let conninfo = self.conninfo.with_database(name);
        let mut server = Server::open(&conninfo, self.patience.clone(), self.given)?;
        server.origin = Arc::clone(&self.origin);
        Ok(server)
    }
}

impl Server {
    /// Connects.
    pub fn open(conninfo: &Conninfo, patience: Patience, given: Given) -> Result<Self> {
        let options = SessionOptions {
            read_only: true,
            lock_timeout: LONGEST_WAIT,
            statement_timeout: patience.section,
            settings: SETTINGS,
            late_settings: LATE_SETTINGS,
            ..SessionOptions::default()
        };
        let watched = patience.watch();
        let session = Session::open(conninfo, &options)?;
        let origin = Origin {
            target: format!("{}:{}", session.host(), session.port()),
            taken_at: time::format(time::now())?,
            is_standby: session.in_recovery(),
        };
        Ok(Self {
            conninfo: conninfo.at(&session),
            session,
            origin: Arc::new(origin),
            limit: patience.section,
            patience,
            given,
            watched,
            kept: HashMap::new(),
            there: None,
        })
    }

    /// The way into the other databases of the same server.
    pub fn door(&self) -> Door {
        Door {
            conninfo: self.conninfo.clone(),
            origin: Arc::clone(&self.origin),
            patience: self.patience.clone(),
            given: self.given,
        }
    }

    /// Connects again, where the connection was lost.
    pub fn revive(&mut self) -> Result<()> {
        if self.session.client().is_closed() {
            let origin = Arc::clone(&self.origin);
            *self = Self::open(&self.conninfo, self.patience.clone(), self.given)?;
            self.origin = origin;
        }
        Ok(())
    }

    /// What the command line says beyond that.
    pub fn given(&self) -> Given {
        self.given
    }

    /// Its major version.
    pub fn major(&self) -> u32 {
        self.session.server_version_num() / 10_000
    }

    /// Who we are there.
    pub fn user(&self) -> &str {
        self.session.user()
    }

    /// The database that we are in.
    pub fn database(&self) -> &str {
        self.session.database()
    }

    /// The rows of a section that were kept for others.
    pub fn kept(&self, section: &str) -> Option<Vec<row::Row>> {
        self.kept.get(section).cloned()
    }

    /// Keeps the rows of a section for others that are made of them.
    pub fn keep(&mut self, section: &'static str, rows: &[row::Row]) {
        self.kept.insert(section, rows.to_vec());
    }

    /// What is there at all, asked once in a session. Where that is locked or forbidden, each section sees for itself.
    pub fn there(&mut self) -> &There {
        if self.there.is_none() {
            let statement = section::for_version(include_str!("../sql/there.sql"), self.major());
            let rows = self.ask(&statement);
            let there = rows.ok().and_then(|rows| There::of(rows.first()?).ok());
            self.there = Some(there.unwrap_or_default());
        }
        self.there.get_or_insert_default()
    }

    /// When and of which server its rows are.
    pub fn origin(&self) -> Arc<Origin> {
        Arc::clone(&self.origin)
    }

    /// The rows of a statement, whose columns are these fields.
    pub fn query(&mut self, statement: &str, fields: Terms) -> Result<Vec<Vec<Cell>>> {
        let rows = self.ask(statement)?;
        let named = |row: &Row| {
            let names = row.columns().iter().map(|column| column.name());
            names.eq(fields.iter().map(|(name, _)| *name))
        };
        if rows.first().is_some_and(|row| !named(row)) {
            return Err(Error::new("the server answered with other columns"));
        }
        rows.iter().map(cells).collect()
    }

    /// The rows of a statement. Where something was dropped or locked meanwhile, it is asked again.
    pub fn ask(&mut self, statement: &str) -> Result<Vec<Row>> {
        let has_changed = |error: &Error| {
            error
                .sqlstate()
                .is_some_and(|state| CHANGED.contains(&state))
        };
        let mut begun = Instant::now();
        let mut answer = self.ask_once(statement);
        for _ in 1..ATTEMPTS {
            if !answer.as_ref().is_err_and(has_changed) {
                break;
            }
            begun = Instant::now();
            answer = self.ask_once(statement);
        }
        answer.map_err(|error| self.explained(error, begun.elapsed()))
    }

    fn ask_once(&mut self, statement: &str) -> Result<Vec<Row>> {
        self.watched.begin(self.limit);
        let answer = self.answer(statement);
        self.watched.end();
        answer
    }

    fn answer(&mut self, statement: &str) -> Result<Vec<Row>> {
        let _guard = self.session.cancel_on_signal();
        self.hurry()?;
        let answer = match self.session.is_pooled() {
            false => self.session.client().query_typed(statement, &[]),
            true => {
                // The settings of a session are those of whoever had it before us.
                let mut transaction = self.session.transaction()?;
                let answer = transaction.query_typed(statement, &[]);
                transaction.rollback().and(answer)
            }
        };
        shared::signals::check()?;
        answer.map_err(Error::from)
    }

    /// Lets no statement run beyond the end.
    fn hurry(&mut self) -> Result<()> {
        let Some(end) = self.patience.end else {
            return Ok(());
        };
        self.patience.check()?;
        let left = end.saturating_duration_since(Instant::now());
        let limit = left
            .min(self.patience.section)
            .max(Duration::from_millis(1));
        if limit < self.limit && !self.session.is_pooled() {
            let set = format!("SET statement_timeout = {}", limit.as_millis());
            let set = self.session.client().batch_execute(&set);
            set.context(|| "cannot set statement_timeout".to_string())?;
            self.limit = limit;
        }
        Ok(())
    }

    fn explained(&self, error: Error, took: Duration) -> Error {
        match error.sqlstate() {
            // The clocks of two machines do not run alike to the last bit.
            Some("57014") if took < self.limit.mul_f64(0.9) || self.limit.is_zero() => {
                let took = shared::units::human_duration(took);
                Error::new(format!("it was ended after {took}, before --timeout")).with_hint(
                    "options or PGOPTIONS set another statement_timeout, or somebody cancelled it",
                )
            }
            Some("57014") => Error::new(format!(
                "it took longer than {}",
                shared::units::human_duration(self.limit)
            )),
            Some("55P03") => Error::new("somebody has locked what it has to read"),
            _ => error,
        }
    }
}

fn cells(row: &Row) -> Result<Vec<Cell>> {
    let places = 0..row.columns().len();
    let cell = |place: usize| {
        let cell = row.try_get::<_, Cell>(place)?;
        Ok(match cell {
            Cell::Text(text) if SECRET.contains(&row.columns()[place].name()) => {
                Cell::Text(secrets::masked_beginning(&text).into())
            }
            cell => cell,
        })
    };
    let cells = places
        .map(cell)
        .collect::<std::result::Result<Vec<_>, postgres::Error>>();
    cells.map_err(Error::from)
}

impl FromSql<'_> for Cell {
    fn from_sql(kind: &Type, raw: &[u8]) -> Sql<Self> {
        Ok(match *kind {
            Type::BOOL => Self::Bool(bool::from_sql(kind, raw)?),
            Type::INT2 => Self::Int(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Self::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::OID => Self::Int(u32::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Self::Float(f64::from_sql(kind, raw)?),
            Type::TIMESTAMPTZ => Self::time(raw)?,
            Type::TEXT_ARRAY => Self::Json(Box::new(Vec::<String>::from_sql(kind, raw)?.into())),
            // A database in SQL_ASCII holds any bytes.
            _ => Self::Text(String::from_utf8_lossy(raw).into()),
        })
    }

    fn from_sql_null(_: &Type) -> Sql<Self> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        KINDS.contains(kind)
    }
}

impl Cell {
    fn time(raw: &[u8]) -> Sql<Self> {
        let nanoseconds = (EPOCH + i128::from(i64::from_sql(&Type::INT8, raw)?)) * 1000;
        let time = Time::from_unix_timestamp_nanos(nanoseconds).ok();
        let text = time.and_then(|time| time::format(time).ok());
        Ok(text.map_or(Self::Null, |text| Self::Text(text.into())))
    }
}

/// The types that a statement's columns may have.
pub const KINDS: [Type; 10] = [
    Type::BOOL,
    Type::INT2,
    Type::INT4,
    Type::INT8,
    Type::OID,
    Type::FLOAT8,
    Type::TIMESTAMPTZ,
    Type::TEXT,
    Type::NAME,
    Type::TEXT_ARRAY,
];
