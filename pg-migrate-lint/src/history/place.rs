//! Where a history table is: in the schema that its framework uses, or that was named.

use std::collections::HashSet;
use std::fmt;

use postgres::Transaction;
use postgres::types::Type;
use shared::connection::Conninfo;
use shared::dump::quote_identifier;
use shared::{Context, Error, Result};

use super::keeping::Keeping;
use super::said::Said;
use super::wanted::Wanted;
use crate::layout::Layout;
use crate::search_path;

/// What Rails calls its history; others do so too.
const VERSIONS_OF_RAILS: &str = "schema_migrations";
/// What only Rails has beside it.
pub const BESIDE_OF_RAILS: &str = "ar_internal_metadata";

/// A table of a database.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    columns: Vec<String>,
    /// Whether our role may read it.
    pub is_readable: bool,
}

impl Place {
    /// As SQL has it.
    pub fn quoted(&self) -> String {
        format!(
            "{}.{}",
            quote_identifier(&self.schema),
            quote_identifier(&self.table)
        )
    }

    /// For people: quoted where it has to be.
    pub fn shown(&self) -> String {
        let plain = |name: &str| {
            let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            match starts && name.chars().all(is_word) {
                true => name.to_string(),
                false => quote_identifier(name),
            }
        };
        format!("{}.{}", plain(&self.schema), plain(&self.table))
    }

    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|own| own == column)
    }

    /// Whether its columns are those of the framework's, and not those of another's table of that name.
    fn fits(&self, keeping: &Keeping) -> bool {
        keeping.columns.iter().all(|name| self.has(name))
            && !keeping.lacks.iter().any(|name| self.has(name))
    }
}

/// The tables of a database that could be a history, and where names are looked for.
#[derive(Debug)]
pub struct Tables {
    database: String,
    /// As the URL says, or else as the role has it.
    path: Vec<String>,
    own_path: Vec<String>,
    /// A URL says where the framework looks, and it looks nowhere else.
    is_said: bool,
    names: HashSet<String>,
    all: Vec<Place>,
}

impl Tables {
    /// What names are looked for is left to [`Tables::look_for`]. From here on nothing is looked for but in pg_catalog.
    pub fn of_session(transaction: &mut Transaction, conninfo: &Conninfo) -> Result<Self> {
        let what = || "could not ask for the search path".to_string();
        let own_path = search_path::own(transaction).context(what)?;
        let said = conninfo.schemas();
        Ok(Self {
            database: conninfo.database().to_string(),
            path: match said {
                [] => own_path.clone(),
                said => said.to_vec(),
            },
            own_path,
            is_said: !said.is_empty(),
            names: HashSet::new(),
            all: Vec::new(),
        })
    }

    /// Looks for tables of these names, unless that was done.
    pub fn look_for(
        &mut self,
        transaction: &mut Transaction,
        names: impl Iterator<Item = String>,
    ) -> Result<()> {
        let names: Vec<String> = names
            .filter(|name| self.names.insert(name.clone()))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let what = || "could not look for the history table".to_string();
        let sql = include_str!("../../sql/history_tables.sql");
        let rows = transaction
            .query_typed(sql, &[(&names, Type::TEXT_ARRAY)])
            .context(what)?;
        for row in rows {
            self.all.push(Place {
                schema: row.try_get("schema").context(what)?,
                table: row.try_get("name").context(what)?,
                columns: row.try_get("columns").context(what)?,
                is_readable: row.try_get("is_readable").context(what)?,
            });
        }
        Ok(())
    }

    /// Which database it is.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Where psql looks for names, and makes what has no schema.
    pub fn own_path(&self) -> &[String] {
        &self.own_path
    }

    /// The table of a framework: the one that was named, or that its configuration says; else that in the schema
    /// which the framework has of its own, or in the first of the search path that has one; else the only one that
    /// there is, unless a URL says where it is. None where there is none: then nothing was ever applied.
    ///
    /// Fails where several might be it, or one has its name and is another's.
    pub fn of(
        &self,
        keeping: &Keeping,
        wanted: Option<&Wanted>,
        said: &Said,
    ) -> Result<Option<&Place>> {
        if let Some(wanted) = wanted {
            return self.named(keeping, wanted).map(Some);
        }
        let named = || {
            self.all.iter().filter(|place| match &said.table {
                Some(table) => place.table == *table,
                None => keeping.tables.contains(&place.table.as_str()),
            })
        };
        let mut taken = None;
        for schema in self.schemas(keeping, said) {
            let here = || named().filter(|place| place.schema == schema);
            if let Some(place) = here().find(|place| place.fits(keeping)) {
                return Ok(Some(place));
            }
            let is_usual = |place: &&Place| {
                said.table.is_some() || keeping.tables.first() == Some(&place.table.as_str())
            };
            taken = taken.or_else(|| here().find(is_usual));
        }
        if let Some(other) = taken {
            return Err(foreign(keeping, other));
        }
        let is_fixed = match keeping.schema {
            Some(_) => keeping.layout == Layout::Supabase,
            None => self.is_said,
        };
        if is_fixed || said.schema.is_some() {
            return Ok(None);
        }
        let fitting: Vec<&Place> = named().filter(|place| place.fits(keeping)).collect();
        match fitting.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            several => {
                let names: Vec<String> = several.iter().map(|place| place.shown()).collect();
                let list = names.join(", ");
                Err(Error::usage(format!(
                    "database {:?} has {list}, none of them in the search path",
                    self.database
                ))
                .with_hint("--history says which"))
            }
        }
    }

    /// Where a framework's table is looked for, in this order.
    fn schemas<'a>(&'a self, keeping: &Keeping, said: &'a Said) -> Vec<&'a str> {
        match (&said.schema, keeping.schema) {
            (Some(schema), _) => vec![schema],
            (None, Some(schema)) => vec![schema],
            (None, None) => self.path.iter().map(String::as_str).collect(),
        }
    }

    /// Whether a table is where its framework would find it.
    pub fn is_in_place(&self, keeping: &Keeping, said: &Said, place: &Place) -> bool {
        self.schemas(keeping, said).contains(&place.schema.as_str())
    }

    /// The table of this name in the same schema.
    pub fn beside(&self, place: &Place, name: &str) -> Option<&Place> {
        let is_it = |other: &&Place| other.schema == place.schema && other.table == name;
        self.all.iter().find(is_it)
    }

    fn named(&self, keeping: &Keeping, wanted: &Wanted) -> Result<&Place> {
        let fits =
            |place: &&Place, schema: &str| place.table == wanted.table && place.schema == schema;
        let place = match &wanted.schema {
            Some(schema) => self.all.iter().find(|place| fits(place, schema)),
            None => (keeping.schema.into_iter())
                .chain(self.path.iter().map(String::as_str))
                .find_map(|schema| self.all.iter().find(|place| fits(place, schema))),
        };
        let shown = match &wanted.schema {
            Some(schema) => format!("{schema}.{}", wanted.table),
            None => wanted.table.clone(),
        };
        let place = place.ok_or_else(|| {
            Error::usage(format!(
                "there is no table {shown} in database {:?}",
                self.database
            ))
            .with_hint("--history takes SCHEMA.TABLE, with quotes where SQL needs them")
        })?;
        match place.fits(keeping) {
            true => Ok(place),
            false => Err(foreign(keeping, place)),
        }
    }

    /// Whether Rails made it, which keeps another table beside it.
    pub fn is_of_rails(&self, place: &Place) -> bool {
        place.table == VERSIONS_OF_RAILS && self.beside(place, BESIDE_OF_RAILS).is_some()
    }

    /// The histories of frameworks in the search path or in schemas of their own, each with those whose it may be,
    /// but for those of these layouts.
    pub fn others(&self, known: &[Layout]) -> Vec<Other<'_>> {
        let mut others: Vec<Other> = Vec::new();
        let layouts = super::keeping::ALL.iter();
        for keeping in layouts.filter(|keeping| !known.contains(&keeping.layout)) {
            let found = self.of(keeping, None, &Said::default()).ok().flatten();
            let is_there = |place: &&Place| {
                keeping.schema == Some(place.schema.as_str()) || self.path.contains(&place.schema)
            };
            let is_others =
                |place: &&Place| keeping.layout == Layout::Rails || !self.is_of_rails(place);
            let Some(place) = found.filter(is_there).filter(is_others) else {
                continue;
            };
            match others
                .iter_mut()
                .find(|other| std::ptr::eq(other.place, place))
            {
                Some(other) => other.layouts.push(keeping.layout),
                None => others.push(Other {
                    place,
                    layouts: vec![keeping.layout],
                }),
            }
        }
        others
    }
}

/// A history of a framework that nobody spoke of.
#[derive(Debug)]
pub struct Other<'a> {
    /// The table.
    pub place: &'a Place,
    /// Whose it may be.
    pub layouts: Vec<Layout>,
}

impl fmt::Display for Other<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles: Vec<&str> = self.layouts.iter().map(|layout| layout.title()).collect();
        write!(f, "{} of {}", self.place.shown(), titles.join(" or "))
    }
}

fn foreign(keeping: &Keeping, place: &Place) -> Error {
    let missing = keeping.columns.iter().filter(|name| !place.has(name));
    let missing: Vec<&str> = missing.copied().collect();
    let why = match missing.as_slice() {
        [] => {
            let more = keeping.lacks.iter().filter(|name| place.has(name));
            let more: Vec<&str> = more.copied().collect();
            format!("it has a column {}", more.join(", "))
        }
        missing => format!("it has no column {}", missing.join(", ")),
    };
    let (title, shown) = (keeping.layout.title(), place.shown());
    Error::usage(format!("{shown} is no history of {title}: {why}"))
        .with_hint("--layout says whose migrations they are, --history where the table is")
}
