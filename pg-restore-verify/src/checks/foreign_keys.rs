//! Every row that references another finds it: asked of the rows, not of the catalogue.

use postgres::Client;
use shared::Result;
use shared::dump::{QualifiedName, quote_identifier};

use super::job::Job;
use super::{Origin, Outcome};
use crate::proof::counted;

pub const CHECK: &str = "foreign_keys";

/// How many orphans are shown.
const SHOWN: usize = 3;

const NOT_RUN: &str =
    "not looked at: its columns meet by a cast of the database's own, which is not run here";

/// A foreign key.
#[derive(Debug, Clone)]
struct ForeignKey {
    oid: u32,
    name: String,
    table: QualifiedName,
    partitioned: bool,
    referenced: QualifiedName,
    referenced_partitioned: bool,
    validated: bool,
    enforced: bool,
    match_full: bool,
    is_temporal: bool,
    pages: i64,
    runs_own_code: bool,
    columns: Vec<Column>,
}

/// A column of a key and its counterpart.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    referenced: String,
    /// Both sides compared, as SQL, with `pk` and `fk` for the tables.
    equal: String,
}

/// A job for each key.
pub fn plan(client: &mut Client, origin: Origin<'_>) -> Result<Vec<Job>> {
    // A logical restore makes a key valid by looking at the rows; a physical one takes it as it was.
    let inherited = matches!(origin, Origin::Recovered);
    let live = origin.is_live();
    let keys = read(client)?.into_iter().map(|key| {
        let object = format!("{} {}", key.table, key.name);
        Job::of_one(CHECK, object, key.pages, move |client| {
            // What a function of the database does is not known; whoever looks may be a superuser.
            match live && key.runs_own_code {
                true => Ok(Outcome::Unseen(NOT_RUN.into())),
                false => key.look(client, inherited),
            }
        })
    });
    Ok(keys.collect())
}

fn read(client: &mut Client) -> Result<Vec<ForeignKey>> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    for row in client.query_typed(include_str!("../../sql/foreign_keys.sql"), &[])? {
        let oid: u32 = row.try_get("key")?;
        let (name, referenced): (String, String) = (
            row.try_get("column_name")?,
            row.try_get("referenced_column")?,
        );
        let text = |field: &str| row.try_get::<_, String>(field);
        let equal = format!(
            "pk.{}{}{} {} fk.{}{}",
            quote_identifier(&referenced),
            text("referenced_cast")?,
            text("collation")?,
            text("operator")?,
            quote_identifier(&name),
            text("column_cast")?,
        );
        let runs_own_code: bool = row.try_get("runs_own_code")?;
        let column = Column {
            name,
            referenced,
            equal,
        };
        match keys.last_mut().filter(|key| key.oid == oid) {
            Some(key) => {
                key.runs_own_code |= runs_own_code;
                key.columns.push(column);
            }
            None => keys.push(ForeignKey {
                oid,
                name: row.try_get("name")?,
                table: QualifiedName {
                    schema: Some(row.try_get("schema")?),
                    name: row.try_get("table_name")?,
                },
                partitioned: row.try_get("partitioned")?,
                referenced: QualifiedName {
                    schema: Some(row.try_get("referenced_schema")?),
                    name: row.try_get("referenced_table")?,
                },
                referenced_partitioned: row.try_get("referenced_partitioned")?,
                validated: row.try_get("validated")?,
                enforced: row.try_get("enforced")?,
                match_full: row.try_get("match_full")?,
                is_temporal: row.try_get("is_temporal")?,
                pages: row.try_get("pages")?,
                runs_own_code,
                columns: vec![column],
            }),
        }
    }
    Ok(keys)
}

impl ForeignKey {
    fn look(&self, client: &mut Client, inherited: bool) -> Result<Outcome> {
        let orphans = self.orphans_sql();
        let count = format!("SELECT pg_catalog.count(*) {orphans}");
        let count: i64 = match client.query_typed(&count, &[])?.first() {
            Some(row) => row.try_get(0)?,
            None => 0,
        };
        if count == 0 {
            return Ok(match (self.validated, self.enforced) {
                (_, false) => {
                    Outcome::Listed("NOT ENFORCED; every row finds its counterpart".into())
                }
                (true, true) => Outcome::Holds,
                (false, true) => Outcome::Listed(
                    "NOT VALID; every row finds its counterpart: ALTER TABLE … VALIDATE \
                     CONSTRAINT would make it valid"
                        .into(),
                ),
            });
        }
        let columns: Vec<String> = self.columns.iter().map(Column::of_table).collect();
        let shown = format!(
            "SELECT DISTINCT ROW({})::pg_catalog.text {orphans} LIMIT {SHOWN}",
            columns.join(", ")
        );
        let rows = client.query_typed(&shown, &[])?;
        let shown = rows.iter().map(|row| row.try_get::<_, String>(0));
        let mut shown = shown
            .collect::<std::result::Result<Vec<_>, _>>()?
            .join(", ");
        if count > SHOWN as i64 {
            shown.push_str(", …");
        }
        let how = match (self.validated, self.enforced) {
            (_, false) => "NOT ENFORCED; ",
            (false, true) => "NOT VALID; ",
            (true, true) => "",
        };
        let message = format!(
            "{how}{} without counterpart in {}: {shown}",
            counted(count.unsigned_abs(), "row"),
            self.referenced
        );
        Ok(match (self.enforced, self.validated) {
            (false, _) => Outcome::Listed(message),
            (true, false) => Outcome::Inherited(message),
            (true, true) if inherited => Outcome::Inherited(message),
            (true, true) => Outcome::broken(message),
        })
    }

    /// The rows without counterpart, as PostgreSQL asks for them before it makes a key valid
    /// (RI_Initial_Check in ri_triggers.c), from FROM on.
    fn orphans_sql(&self) -> String {
        let (table, referenced) = (
            relation(&self.table, self.partitioned),
            relation(&self.referenced, self.referenced_partitioned),
        );
        let given: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("{} IS NOT NULL", column.of_table()))
            .collect();
        let given = given.join(if self.match_full { " OR " } else { " AND " });
        let equal = |columns: &[Column]| -> String {
            let equal: Vec<&str> = columns.iter().map(|column| column.equal.as_str()).collect();
            equal.join(" AND ")
        };
        match self.columns.split_last() {
            // The last column is the time: all of it has to be covered by the counterparts' times.
            Some((time, same)) if self.is_temporal => format!(
                "FROM {table} fk WHERE ({given}) AND NOT coalesce({} OPERATOR(pg_catalog.<@) \
                 (SELECT pg_catalog.range_agg(pk.{}) FROM {referenced} pk WHERE {}), false)",
                time.of_table(),
                quote_identifier(&time.referenced),
                equal(same),
            ),
            _ => {
                let first = self.columns.first().map(Column::of_referenced);
                format!(
                    "FROM {table} fk LEFT JOIN {referenced} pk ON {} WHERE {} IS NULL AND ({given})",
                    equal(&self.columns),
                    first.unwrap_or_default(),
                )
            }
        }
    }
}

impl Column {
    fn of_table(&self) -> String {
        format!("fk.{}", quote_identifier(&self.name))
    }

    fn of_referenced(&self) -> String {
        format!("pk.{}", quote_identifier(&self.referenced))
    }
}

/// A key is about the rows of its very table, those of its partitions, and not of what inherits.
fn relation(table: &QualifiedName, partitioned: bool) -> String {
    match partitioned {
        true => table.to_sql(),
        false => format!("ONLY {}", table.to_sql()),
    }
}
