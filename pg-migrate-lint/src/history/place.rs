//! Where a history table is: in the schema that its framework uses, or that was named.

use postgres::Transaction;
use postgres::types::Type;
use shared::dump::quote_identifier;
use shared::{Context, Error, Result};

use super::keeping::Keeping;
use crate::search_path;

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

    fn has(&self, columns: &[&str]) -> bool {
        let has = |name: &&str| self.columns.iter().any(|own| own == name);
        columns.iter().all(has)
    }
}

/// A table as `--history` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    schema: Option<String>,
    /// Its name.
    pub table: String,
}

impl Wanted {
    /// Reads `TABLE` or `SCHEMA.TABLE`, as SQL would: quotes keep what they enclose, all else is
    /// folded to lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut names, mut rest) = (Vec::new(), text);
        loop {
            let (name, behind) = identifier(rest)?;
            names.push(name);
            match behind.strip_prefix('.') {
                Some(behind) => rest = behind,
                None if behind.is_empty() => break,
                None => return None,
            }
        }
        let table = names.pop()?;
        let schema = names.pop();
        names.is_empty().then_some(Self { schema, table })
    }
}

/// The identifier that a text begins with, and the rest.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', '"']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (!name.is_empty()).then(|| (name.to_lowercase(), rest));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        match behind.strip_prefix('"') {
            Some(behind) => {
                name.push('"');
                rest = behind;
            }
            None => return (!name.is_empty()).then_some((name, behind)),
        }
    }
}

/// The tables of a database that could be a history, and where names are looked for.
#[derive(Debug)]
pub struct Tables {
    database: String,
    path: Vec<String>,
    all: Vec<Place>,
}

impl Tables {
    /// Looks for the tables of all frameworks, and the one that was named.
    pub fn find(transaction: &mut Transaction, database: &str, names: Vec<String>) -> Result<Self> {
        let what = || "could not look for the history table".to_string();
        let path = search_path::of(transaction).context(what)?;
        let sql = include_str!("../../sql/history_tables.sql");
        let rows = transaction
            .query_typed(sql, &[(&names, Type::TEXT_ARRAY)])
            .context(what)?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(Place {
                schema: row.try_get("schema").context(what)?,
                table: row.try_get("name").context(what)?,
                columns: row.try_get("columns").context(what)?,
                is_readable: row.try_get("is_readable").context(what)?,
            });
        }
        Ok(Self {
            database: database.to_string(),
            path,
            all,
        })
    }

    /// The table of a framework: the one that was named; else that in the schema which the framework
    /// has of its own, or in the first of the search path that has one; else the only one that there is.
    /// None where there is none: then nothing was ever applied.
    ///
    /// Fails where several might be it, or one has its name and is another's.
    pub fn of(&self, keeping: &Keeping, wanted: Option<&Wanted>) -> Result<Option<&Place>> {
        if let Some(wanted) = wanted {
            return self.named(keeping, wanted).map(Some);
        }
        let named = || {
            self.all
                .iter()
                .filter(|place| keeping.tables.contains(&place.table.as_str()))
        };
        let schemas: Vec<&str> = match keeping.schema {
            Some(schema) => vec![schema],
            None => self.path.iter().map(String::as_str).collect(),
        };
        let mut taken = None;
        for schema in schemas {
            let here = || named().filter(|place| place.schema == schema);
            if let Some(place) = here().find(|place| place.has(keeping.columns)) {
                return Ok(Some(place));
            }
            taken = taken.or_else(|| here().next());
        }
        let fitting: Vec<&Place> = named().filter(|place| place.has(keeping.columns)).collect();
        match (fitting.as_slice(), taken) {
            ([only], _) => Ok(Some(only)),
            ([], None) => Ok(None),
            ([], Some(other)) => Err(self.foreign(keeping, other)),
            (several, _) => {
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
        match place.has(keeping.columns) {
            true => Ok(place),
            false => Err(self.foreign(keeping, place)),
        }
    }

    fn foreign(&self, keeping: &Keeping, place: &Place) -> Error {
        let missing = keeping
            .columns
            .iter()
            .filter(|name| !place.columns.iter().any(|own| own == *name));
        let missing: Vec<&str> = missing.copied().collect();
        let (title, shown) = (keeping.layout.title(), place.shown());
        let lacking = missing.join(", ");
        Error::usage(format!(
            "{shown} is no history of {title}: it has no column {lacking}"
        ))
        .with_hint("--layout says whose migrations they are, --history where the table is")
    }

    /// The histories of other frameworks in the search path or in schemas of their own, for a hint.
    pub fn others(&self, keeping: Option<&Keeping>) -> Vec<(&'static Keeping, &Place)> {
        let mut others: Vec<(&Keeping, &Place)> = Vec::new();
        for other in super::keeping::ALL {
            if keeping.is_some_and(|own| own.layout == other.layout) {
                continue;
            }
            let found = self.of(other, None).ok().flatten();
            let is_there =
                |place: &&Place| other.schema.is_some() || self.path.contains(&place.schema);
            others.extend(found.filter(is_there).map(|place| (other, place)));
        }
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(schema: Option<&str>, table: &str) -> Option<Wanted> {
        Some(Wanted {
            schema: schema.map(str::to_string),
            table: table.to_string(),
        })
    }

    #[test]
    fn names_are_read_as_sql_reads_them() {
        assert_eq!(Wanted::parse("Migrations"), wanted(None, "migrations"));
        assert_eq!(Wanted::parse("app.T"), wanted(Some("app"), "t"));
        let quoted = Wanted::parse("\"My App\".\"a\"\".b\"");
        assert_eq!(quoted, wanted(Some("My App"), "a\".b"));
        for no_name in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"\"", "\"a\"b"] {
            assert_eq!(Wanted::parse(no_name), None, "{no_name}");
        }
    }
}
