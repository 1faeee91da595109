//! Rows meet the CHECK constraints of their table, whether or not the catalogue takes that for granted.

use std::collections::BTreeMap;

use postgres::Client;
use postgres::types::Type;
use shared::dump::QualifiedName;
use shared::{Error, Result};

use super::job::Job;
use super::{Origin, Outcome, Seen};
use crate::proof::counted;

pub const CHECK: &str = "check_constraints";

/// A constraint of a table.
#[derive(Debug, Clone)]
struct Constraint {
    oid: u32,
    name: String,
    validated: bool,
    enforced: bool,
    runs_own_code: bool,
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
    let jobs = read(client)?.into_iter().map(|table| {
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
            oid: row.try_get("constraint_oid")?,
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
        let mut seen: Vec<Seen> = trusted
            .into_iter()
            .filter(|constraint| !constraint.validated)
            .map(|constraint| {
                let message = format!(
                    "{}not looked at: it calls functions of the database, which are not run here",
                    constraint.how()
                );
                self.seen(constraint, Outcome::Listed(message))
            })
            .collect();
        let oids: Vec<u32> = looked_at.iter().map(|constraint| constraint.oid).collect();
        let conditions = conditions(client, &oids)?;
        let looked_at: Vec<(&Constraint, &str)> = looked_at
            .into_iter()
            .filter_map(|constraint| Some((constraint, conditions.get(&constraint.oid)?.as_str())))
            .collect();
        for ((constraint, _), count) in looked_at.iter().zip(self.counts(client, &looked_at)?) {
            let outcome = match count {
                Ok(count) => constraint.outcome(count, restored),
                Err(error) => Outcome::of_error(error)?,
            };
            seen.push(self.seen(constraint, outcome));
        }
        Ok(seen)
    }

    fn seen(&self, constraint: &Constraint, outcome: Outcome) -> Seen {
        Seen {
            object: format!("{} {}", self.name, constraint.name),
            outcome,
        }
    }

    /// How many rows break each, in one reading of the table; where an error ends that, one by one.
    fn counts(
        &self,
        client: &mut Client,
        constraints: &[(&Constraint, &str)],
    ) -> Result<Vec<Result<i64>>> {
        if constraints.is_empty() {
            return Ok(Vec::new());
        }
        client.batch_execute("SAVEPOINT all_of_table")?;
        let conditions: Vec<&str> = constraints
            .iter()
            .map(|(_, condition)| *condition)
            .collect();
        match self.count(client, &conditions) {
            Ok(counts) => Ok(counts.into_iter().map(Ok).collect()),
            Err(error) if error.sqlstate().is_some() => {
                let alone = conditions.iter().map(|condition| {
                    client.batch_execute("ROLLBACK TO SAVEPOINT all_of_table")?;
                    let counts = self.count(client, &[condition]);
                    Ok(counts.map(|counts| counts.first().copied().unwrap_or_default()))
                });
                let alone = alone.collect();
                client.batch_execute("ROLLBACK TO SAVEPOINT all_of_table")?;
                alone
            }
            Err(error) => Err(error),
        }
    }

    fn count(&self, client: &mut Client, conditions: &[&str]) -> Result<Vec<i64>> {
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

impl Constraint {
    fn outcome(&self, broken_by: i64, restored: bool) -> Outcome {
        let how = self.how();
        match (broken_by, how) {
            (0, "") => Outcome::Holds,
            (0, "NOT VALID; ") => Outcome::Listed(
                "NOT VALID; every row meets it: ALTER TABLE … VALIDATE CONSTRAINT would make it \
                 valid"
                    .into(),
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
        }
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
