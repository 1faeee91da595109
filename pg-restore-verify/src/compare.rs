//! `--compare`: does a backup hold about as many rows as the live database?
//!
//! The live one is only read: one table after the other, in read-only sessions with timeouts. A
//! large table is not counted but estimated, by the server's own statistics.

use std::collections::{BTreeMap, BTreeSet};

use postgres::Client;
use shared::backup::Manifest;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};
use shared::dump::QualifiedName;
use shared::{Context as _, Error, Result, signals};

use crate::choice::Chosen;
use crate::cli::Checks;
use crate::contents::Contents;
use crate::live::runs_as_superuser;
use crate::promised::Promised;
use crate::proof::counted;
use crate::record::{Finding, Findings, Status};
use crate::server::is_superuser;

/// How far a count may be from the live one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// In percent of the larger one.
    pub percent: f64,
    /// So many rows are nothing, whatever part of the table they are; a tenth of that if they are all.
    pub rows: u64,
}

/// Where nobody said: in a table of sessions or of a queue a few rows come and go all the time.
const USUAL: Tolerance = Tolerance {
    percent: 10.0,
    rows: 100,
};
/// A table up to this size is counted; it takes a second or two.
const COUNTED_BYTES: i64 = 1 << 30;

/// A backup, and what is known of it.
pub struct Backup<'a> {
    pub contents: &'a Contents,
    pub chosen: &'a Chosen,
    pub promised: &'a Promised<'a>,
    pub manifest: Option<&'a Manifest>,
}

/// A table of the live database.
struct Live {
    bytes: i64,
    partitioned: bool,
    /// Itself and its partitions but the foreign ones, if it has such.
    parts: Option<Vec<String>>,
    root: Option<QualifiedName>,
    estimate: Option<i64>,
}

/// How many rows a live table has.
enum Rows {
    Counted(u64),
    Estimated(u64),
    Missing,
    Unknown(String),
}

/// Compares the counts of rows, if that was asked for.
/// An error if the live database can't be reached: nothing is restored in vain.
pub fn reach(checks: &Checks) -> Result<()> {
    match &checks.compare {
        Some(live) => connect(live).map(drop).context(|| "--compare".to_string()),
        None => Ok(()),
    }
}

pub fn report(backup: &Backup<'_>, checks: &Checks, findings: &mut Findings<'_>) -> Result<()> {
    let Some(live) = &checks.compare else {
        return Ok(());
    };
    let most = checks.max_difference.unwrap_or(USUAL);
    let (mut client, name) = connect(live).context(|| "--compare".to_string())?;
    if is_superuser(&mut client)? {
        let role: String = match client
            .query_typed("SELECT current_user::text", &[])?
            .first()
        {
            Some(row) => row.try_get(0)?,
            None => String::new(),
        };
        findings.warn_once(runs_as_superuser("--compare", &role));
    }
    other_database(&mut client, &name, backup.manifest, findings)?;
    let tables = tables(&mut client)?;
    let shared = backup
        .contents
        .tables
        .keys()
        .filter(|table| tables.contains_key(*table));
    if shared.count() == 0 && !tables.is_empty() && !backup.contents.tables.is_empty() {
        let finding = findings.check("compare", Status::Failed).object(&name);
        let message = "no table of the backup is in it: is this the backup of another database?";
        findings.add(finding.message(message))?;
    }
    let names: BTreeSet<&QualifiedName> =
        tables.keys().chain(backup.contents.tables.keys()).collect();
    let held = backup.contents.tables.values();
    let most = match held.map(|data| data.digest.rows).sum() {
        // A backup without a single row is empty, however few there should be.
        0u64 => Tolerance { rows: 0, ..most },
        _ => most,
    };
    let mut unknown = 0;
    for table in names {
        signals::check()?;
        let live = tables.get(table);
        if backup.passes_over(table, live) {
            continue;
        }
        let rows = match live {
            Some(live) => rows_of(&mut client, table, live)?,
            None => Rows::Missing,
        };
        let held = backup.contents.tables.get(table);
        let held = held.map_or(0, |data| data.digest.rows);
        let finding = findings.check("compare", Status::Ok).object(table);
        let finding = judge(finding, &rows, held, most);
        unknown += u64::from(finding.status == Status::Skipped);
        findings.add(finding)?;
    }
    if unknown > 0 {
        let count = counted(unknown, "table");
        findings.unprovable(&format!("{count} of {name} could not be counted"));
    }
    Ok(())
}

/// What to say of a table with so many live rows, of which the backup has `held`.
fn judge(mut finding: Finding, rows: &Rows, held: u64, most: Tolerance) -> Finding {
    let (rows, shown) = match rows {
        Rows::Counted(rows) => (*rows, counted(*rows, "row")),
        Rows::Estimated(rows) => (*rows, format!("about {}", counted(*rows, "row"))),
        Rows::Missing => (0, "no such table".to_string()),
        Rows::Unknown(why) => {
            finding.status = Status::Skipped;
            return finding.message(why.as_str());
        }
    };
    let difference = difference(rows, held);
    // All of a table is a loss sooner than a part of it.
    let few = match rows.min(held) {
        0 => most.rows / 10,
        _ => most.rows,
    };
    if difference > most.percent && rows.abs_diff(held) > few {
        finding.status = Status::Failed;
        finding = finding.message(match (rows, held) {
            (0, _) => "the backup has rows, the live database none of them".to_string(),
            (_, 0) => "the live table has rows, the backup none of them".to_string(),
            _ => format!(
                "the live table differs by {difference:.1} %, more than {} %",
                most.percent
            ),
        });
    }
    finding.compared(shown, counted(held, "row"))
}

impl Backup<'_> {
    /// Whether a live table's rows need not be in this backup.
    fn passes_over(&self, table: &QualifiedName, live: Option<&Live>) -> bool {
        if self.contents.held_off.holds(table) {
            return true;
        }
        let Some(live) = live else {
            return !self.chosen.is_complete(table);
        };
        let held = self.contents.tables.contains_key(table);
        // Rows of partitions may be in the backup under the name of the whole.
        let under_root = live
            .root
            .as_ref()
            .is_some_and(|root| self.contents.tables.contains_key(root));
        let left_out = !held && (live.partitioned || under_root || self.promised.is_selected());
        left_out || !self.chosen.is_complete(table)
    }
}

fn connect(live: &str) -> Result<(Client, String)> {
    let given = ConnectArgs {
        dbname: Some(live.to_string()),
        flag: Some("--compare"),
        ..Default::default()
    };
    let conninfo = Conninfo::resolve(&given, &Environment::of_process(), Need::Session)?;
    let name = conninfo.database().to_string();
    let gentle = SessionOptions {
        read_only: true,
        ..Default::default()
    };
    let mut session = Session::open(&conninfo, &gentle)?;
    session.require_session()?;
    let mut client = session.into_client();
    // A policy would hide rows, and those that are hidden look like rows that are missing.
    client.batch_execute("SET row_security = off")?;
    Ok((client, name))
}

/// The manifest names the database and the server that the backup was taken from.
fn other_database(
    client: &mut Client,
    live: &str,
    manifest: Option<&Manifest>,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let Some(manifest) = manifest else {
        return Ok(());
    };
    let (Some(database), Some(server)) = (&manifest.database, &manifest.system_identifier) else {
        return Ok(());
    };
    let Ok(rows) = client.query_typed(include_str!("../sql/system_identifier.sql"), &[]) else {
        // It takes a right that not everybody has.
        return Ok(());
    };
    let same_server = match rows.first() {
        Some(row) => row.try_get::<_, String>(0)? == *server,
        None => false,
    };
    if same_server && database != live {
        let finding = findings.check("compare", Status::Failed).object(live);
        let finding = finding.compared(live, database);
        let message = format!("this is the backup of another database of that server, {database}");
        findings.add(finding.message(message))?;
    }
    Ok(())
}

fn tables(client: &mut Client) -> Result<BTreeMap<QualifiedName, Live>> {
    let mut tables = BTreeMap::new();
    for row in client.query_typed(include_str!("../sql/live_tables.sql"), &[])? {
        let name = |schema: Option<String>, name: String| QualifiedName { schema, name };
        let root: Option<String> = row.try_get("root_name")?;
        let live = Live {
            // A partition that was dropped meanwhile has no size.
            bytes: row.try_get::<_, Option<i64>>("bytes")?.unwrap_or(0),
            partitioned: row.try_get("partitioned")?,
            parts: row.try_get("parts")?,
            root: match root {
                Some(root) => Some(name(row.try_get("root_schema")?, root)),
                None => None,
            },
            estimate: row.try_get("estimate")?,
        };
        let table = name(row.try_get("schema")?, row.try_get("name")?);
        tables.insert(table, live);
    }
    Ok(tables)
}

fn rows_of(client: &mut Client, table: &QualifiedName, live: &Live) -> Result<Rows> {
    let estimate = live.estimate.and_then(|rows| u64::try_from(rows).ok());
    if let (true, Some(rows)) = (live.bytes > COUNTED_BYTES, estimate) {
        return Ok(Rows::Estimated(rows));
    }
    let only = if live.partitioned { "" } else { "ONLY " };
    let rows = match &live.parts {
        None => format!("{only}{}", table.to_sql()),
        Some(parts) => {
            let of = |part: &String| format!("SELECT 1 FROM ONLY {part}");
            let parts: Vec<String> = parts.iter().map(of).collect();
            format!("({}) parts", parts.join(" UNION ALL "))
        }
    };
    let sql = format!("SELECT pg_catalog.count(*) FROM {rows}");
    match client.query_typed(&sql, &[]).map_err(Error::from) {
        Ok(rows) => {
            let rows: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
            Ok(Rows::Counted(rows.unsigned_abs()))
        }
        Err(error) if error.sqlstate().is_some() => Ok(match estimate {
            Some(rows) => Rows::Estimated(rows),
            None => Rows::Unknown(format!("it can't be counted: {}", error.message())),
        }),
        Err(error) => Err(error),
    }
}

/// In percent of the larger one.
fn difference(one: u64, other: u64) -> f64 {
    let most = one.max(other);
    match most {
        0 => 0.0,
        #[allow(clippy::cast_precision_loss)] // a percentage needs none
        _ => one.abs_diff(other) as f64 / most as f64 * 100.0,
    }
}

#[cfg(test)]
mod test {
    use super::difference;

    #[test]
    fn differences_in_percent() {
        for (one, other, expected) in [(0, 0, 0.0), (0, 1, 100.0), (90, 100, 10.0), (8, 4, 50.0)] {
            assert_eq!(difference(one, other), expected);
        }
    }
}
