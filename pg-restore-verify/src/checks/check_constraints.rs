//! Rows meet the CHECK constraints of their table and of the domains of its columns, and no NULL is
//! where none may be, whether or not the catalogue takes that for granted.

mod columns;

use std::collections::BTreeMap;

use postgres::Client;
use postgres::types::Type;
use shared::dump::{QualifiedName, quote_identifier};
use shared::{Error, Result};

use super::job::Job;
use super::{Origin, Outcome, Seen};
use crate::proof::counted;
use columns::Asked;

pub const CHECK: &str = "check_constraints";

/// A constraint of a table.
#[derive(Debug, Clone)]
struct Constraint {
    asks: Asks,
    name: String,
    validated: bool,
    enforced: bool,
    runs_own_code: bool,
}

/// What a constraint asks of each row.
#[derive(Debug, Clone)]
enum Asks {
    /// What the catalogue says of the constraint with this number.
    Stored(u32),
    /// The same of a domain, about a column.
    OfDomain(u32, Asked),
    /// That there is no NULL in this column.
    NoNull(String),
    /// That no value of a domain within this column is NULL.
    NoNullWithin(Asked),
}

/// So many columns are looked at together: a function takes a hundred arguments at most.
const AT_ONCE: usize = 90;

/// That there is no NULL in any of these columns. `IS NULL` would be something else for a composite
/// value, and the planner may know that there is none.
fn no_null(columns: &[&Constraint]) -> String {
    let names = columns.iter().filter_map(|one| one.asks.column());
    let names: Vec<String> = names.map(quote_identifier).collect();
    let names = names.join(", ");
    format!("pg_catalog.num_nulls({names}) OPERATOR(pg_catalog.=) 0")
}

/// The constraints of one table: it is read once for all of them.
struct Table {
    name: QualifiedName,
    pages: i64,
    constraints: Vec<Constraint>,
}

/// A job for each table.
pub fn plan(client: &mut Client, origin: Origin<'_>) -> Result<Vec<Job>> {
    let (live, restored) = (origin.is_live(), matches!(origin, Origin::Restored(_)));
    let mut tables = read(client)?;
    columns::add(client, &mut tables, restored)?;
    let jobs = tables.into_iter().map(|table| {
        let object = table.name.to_string();
        Job::of_many(CHECK, object, table.pages, move |client| {
            table.look(client, live, restored)
        })
    });
    Ok(jobs.collect())
}

fn read(client: &mut Client) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    for row in client.query_typed(include_str!("../../sql/check_constraints.sql"), &[])? {
        let name = QualifiedName {
            schema: Some(row.try_get("schema")?),
            name: row.try_get("table_name")?,
        };
        let constraint = Constraint {
            asks: Asks::Stored(row.try_get("constraint_oid")?),
            name: row.try_get("name")?,
            validated: row.try_get("validated")?,
            enforced: row.try_get("enforced")?,
            runs_own_code: row.try_get("runs_own_code")?,
        };
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => table.constraints.push(constraint),
            None => tables.push(Table {
                name,
                pages: row.try_get("pages")?,
                constraints: vec![constraint],
            }),
        }
    }
    Ok(tables)
}

impl Table {
    fn look(&self, client: &mut Client, live: bool, restored: bool) -> Result<Vec<Seen>> {
        // What a function of the database does is not known; whoever looks may be a superuser.
        let (trusted, looked_at): (Vec<_>, Vec<_>) = self
            .constraints
            .iter()
            .partition(|constraint| live && constraint.runs_own_code);
        let (valid, trusted): (Vec<_>, Vec<_>) = trusted
            .into_iter()
            .partition(|constraint| constraint.validated);
        let mut seen: Vec<Seen> = trusted
            .into_iter()
            .map(|constraint| {
                let message = format!(
                    "{}not looked at: it calls functions of the database, which are not run here",
                    constraint.how()
                );
                self.seen(constraint, Outcome::Listed(message))
            })
            .collect();
        if !valid.is_empty() {
            let count = counted(valid.len() as u64, "valid constraint");
            let message =
                format!("{count} not looked at: functions of the database are not run here");
            seen.push(Seen {
                object: self.name.to_string(),
                outcome: Outcome::Listed(message),
            });
        }
        let oids: Vec<u32> = looked_at
            .iter()
            .filter_map(|constraint| constraint.asks.stored())
            .collect();
        let conditions = conditions(client, &oids)?;
        let (columns, others): (Vec<&Constraint>, Vec<&Constraint>) = looked_at
            .into_iter()
            .partition(|constraint| constraint.asks.column().is_some());
        let others: Vec<(&Constraint, String)> = others
            .into_iter()
            .filter_map(|constraint| Some((constraint, constraint.asks.of_row(&conditions)?)))
            .collect();
        let groups: Vec<&[&Constraint]> = columns.chunks(AT_ONCE).collect();
        let together = groups.iter().map(|group| no_null(group));
        let asked: Vec<String> = others
            .iter()
            .map(|(_, condition)| condition.clone())
            .chain(together)
            .collect();
        let mut counts = self.counts(client, &asked)?.into_iter();
        for ((constraint, _), count) in others.iter().zip(counts.by_ref()) {
            seen.push(self.seen(constraint, constraint.outcome(count, restored)?));
        }
        for (group, count) in groups.into_iter().zip(counts) {
            seen.extend(self.columns(client, group, count, restored)?);
        }
        Ok(seen)
    }

    /// What is to be said of columns in which no NULL may be; one after the other where there is one.
    fn columns(
        &self,
        client: &mut Client,
        group: &[&Constraint],
        count: Result<i64>,
        restored: bool,
    ) -> Result<Vec<Seen>> {
        match count {
            Ok(0) => Ok(group
                .iter()
                .map(|constraint| self.seen(constraint, Outcome::Holds))
                .collect()),
            Ok(_) => {
                let asked: Vec<String> = group.iter().map(|one| no_null(&[one])).collect();
                let counts = self.counts(client, &asked)?;
                let seen = group.iter().zip(counts).map(|(constraint, count)| {
                    Ok(self.seen(constraint, constraint.outcome(count, restored)?))
                });
                seen.collect()
            }
            Err(error) => Ok(vec![Seen {
                object: format!("{} NOT NULL", self.name),
                outcome: Outcome::of_error(error)?,
            }]),
        }
    }

    fn seen(&self, constraint: &Constraint, outcome: Outcome) -> Seen {
        Seen {
            object: format!("{} {}", self.name, constraint.name),
            outcome,
        }
    }

    /// How many rows break each, in one reading of the table; where an error ends that, one by one.
    fn counts(&self, client: &mut Client, conditions: &[String]) -> Result<Vec<Result<i64>>> {
        if conditions.is_empty() {
            return Ok(Vec::new());
        }
        client.batch_execute("SAVEPOINT all_of_table")?;
        match self.count(client, conditions) {
            Ok(counts) => Ok(counts.into_iter().map(Ok).collect()),
            Err(error) if error.sqlstate().is_some() => {
                let alone = conditions.iter().map(|condition| {
                    client.batch_execute("ROLLBACK TO SAVEPOINT all_of_table")?;
                    let counts = self.count(client, std::slice::from_ref(condition));
                    Ok(counts.map(|counts| counts.first().copied().unwrap_or_default()))
                });
                let alone = alone.collect();
                client.batch_execute("ROLLBACK TO SAVEPOINT all_of_table")?;
                alone
            }
            Err(error) => Err(error),
        }
    }

    fn count(&self, client: &mut Client, conditions: &[String]) -> Result<Vec<i64>> {
        // Neither in WHERE, where the planner might conclude from the constraint that no row
        // breaks it, nor under another name, which a condition on the whole row would miss.
        let counts: Vec<String> = conditions
            .iter()
            .map(|condition| format!("pg_catalog.count(*) FILTER (WHERE ({condition}) IS FALSE)"))
            .collect();
        let sql = format!(
            "SELECT {} FROM ONLY {}",
            counts.join(", "),
            self.name.to_sql()
        );
        let rows = client.query_typed(&sql, &[])?;
        let row = rows
            .first()
            .ok_or_else(|| Error::new(format!("{}: no answer", self.name)))?;
        (0..conditions.len())
            .map(|place| Ok(row.try_get(place)?))
            .collect()
    }
}

impl Asks {
    /// The number of what the catalogue has to tell.
    fn stored(&self) -> Option<u32> {
        match self {
            Self::Stored(oid) | Self::OfDomain(oid, _) => Some(*oid),
            Self::NoNull(_) | Self::NoNullWithin(_) => None,
        }
    }

    /// The column in which there is no NULL.
    fn column(&self) -> Option<&str> {
        match self {
            Self::NoNull(column) => Some(column),
            Self::Stored(_) | Self::OfDomain(..) | Self::NoNullWithin(_) => None,
        }
    }

    /// What is asked, as SQL; `None` if it is gone.
    fn of_row(&self, stored: &BTreeMap<u32, String>) -> Option<String> {
        match self {
            Self::Stored(oid) => stored.get(oid).cloned(),
            Self::OfDomain(oid, asked) => Some(asked.of_row(stored.get(oid)?)),
            Self::NoNullWithin(asked) => Some(asked.no_null()),
            Self::NoNull(_) => None,
        }
    }
}

impl Constraint {
    fn outcome(&self, broken_by: Result<i64>, restored: bool) -> Result<Outcome> {
        let how = self.how();
        let broken_by = match broken_by {
            Ok(count) => count,
            Err(error) => return Outcome::of_error(error),
        };
        Ok(match (broken_by, how) {
            (0, "") => Outcome::Holds,
            (0, "NOT VALID; ") => Outcome::Listed(
                "NOT VALID; every row meets it: VALIDATE CONSTRAINT would make it valid".into(),
            ),
            (0, _) => Outcome::Listed(format!("{how}every row meets it")),
            (count, _) => {
                let verb = if count == 1 { "does" } else { "do" };
                let count = counted(count.unsigned_abs(), "row");
                let message = format!("{how}{count} {verb} not meet it");
                match (self.enforced, self.validated) {
                    (false, _) => Outcome::Listed(message),
                    // The rows went in by it; but what its functions ask of may be another now.
                    (true, true) if restored && !self.runs_own_code => Outcome::broken(message),
                    (true, _) => Outcome::Inherited(message),
                }
            }
        })
    }

    fn how(&self) -> &'static str {
        match (self.enforced, self.validated) {
            (false, _) => "NOT ENFORCED; ",
            (true, false) => "NOT VALID; ",
            (true, true) => "",
        }
    }
}

/// The conditions, as SQL, by the numbers of their constraints.
fn conditions(client: &mut Client, oids: &[u32]) -> Result<BTreeMap<u32, String>> {
    if oids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = include_str!("../../sql/check_conditions.sql");
    let rows = client.query_typed(sql, &[(&oids, Type::OID_ARRAY)])?;
    let conditions = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    conditions.collect()
}
