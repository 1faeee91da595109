//! The rows of a framework's history table.

use postgres::Transaction;
use shared::time::{self, Time};
use shared::{Context, Error, Result};

use super::place::Place;

/// What a history says of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// By which the framework knows it; a Flyway script that repeats has none.
    pub version: Option<String>,
    /// What it is called there, where that is compared.
    pub name: Option<String>,
    /// Of the file as it was.
    pub checksum: Option<String>,
    /// What became of it.
    pub mark: Mark,
    /// When.
    pub applied_at: Option<Time>,
    /// What the server said against it, if that is kept.
    pub detail: Option<String>,
}

/// What became of it, in the words of the SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It ran.
    Applied,
    /// It broke off.
    Failed,
    /// It broke off, where one version is kept.
    Dirty,
    /// It was taken back.
    RolledBack,
    /// The history begins with it.
    Baseline,
    /// It ran, and is no migration in SQL.
    Foreign,
}

impl Mark {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "applied" => Self::Applied,
            "failed" => Self::Failed,
            "dirty" => Self::Dirty,
            "rolled_back" => Self::RolledBack,
            "baseline" => Self::Baseline,
            "foreign" => Self::Foreign,
            _ => return None,
        })
    }
}

/// Reads a history in the order of its SQL, in which `:history` stands for the table.
///
/// Fails where the role may not, naming the right that it lacks.
pub fn read(transaction: &mut Transaction, sql: &str, place: &Place) -> Result<Vec<Row>> {
    let name = place.quoted();
    let what = || format!("could not read {name}");
    if !place.is_readable {
        let schema = shared::dump::quote_identifier(&place.schema);
        return Err(
            Error::new(format!("the role may not read {name}")).with_hint(format!(
                "grant usage on schema {schema} to it, and select on {name}"
            )),
        );
    }
    let sql = sql.replace(":history", &name);
    // The first line of what we send is what pg_stat_activity shows: the comment says what it is.
    let rows = transaction.query_typed(&sql, &[]);
    let is_hidden = rows.as_ref().is_err_and(hides_rows);
    let rows = rows.context(what).map_err(|error| match is_hidden {
        true => error.with_hint(
            "a policy hides rows of it from the role, and would make them look pending: ask as one that sees all",
        ),
        false => error,
    })?;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        let mark: &str = row.try_get("state").context(what)?;
        let applied_at: Option<&str> = row.try_get("applied_at").context(what)?;
        read.push(Row {
            version: row.try_get("version").context(what)?,
            name: row.try_get("name").context(what)?,
            checksum: row.try_get("checksum").context(what)?,
            mark: Mark::of(mark)
                .ok_or_else(|| Error::new(format!("{name}: there is no state {mark:?}")))?,
            // `infinity`, a year before Christ, and what people wrote into it by hand, is no time.
            applied_at: applied_at
                .and_then(|text| time::parse(text.strip_suffix(" AD").unwrap_or(text)).ok()),
            detail: row.try_get("detail").context(what)?,
        });
    }
    Ok(read)
}

/// Whether a role sees some rows only.
fn hides_rows(error: &postgres::Error) -> bool {
    let error = error.as_db_error();
    error.is_some_and(|error| error.message().contains("row-level security"))
}
