//! What the recovered server holds: every table of every database is read, and checked as any
//! database is.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use postgres::types::Type;
use shared::dump::{quote_identifier, quote_literal};
use shared::{Error, Result, signals};

use super::indexed::Indexed;
use crate::checks::{self, Origin};
use crate::cli::{self, Options};
use crate::copy_out::CopyOut;
use crate::proof::counted;
use crate::record::{Findings, Status};
use crate::server::{Database, Server};
use crate::threads::{lock, on_threads};

/// Databases that every server has.
const USUAL: &[&str] = &["postgres", "template1"];

/// A table that was read.
struct Table {
    name: String,
    copy: String,
    is_system: bool,
    /// Its name in a statement, if an index leads to all of its rows.
    indexed: Option<String>,
    rows: Read,
    took: std::time::Duration,
}

/// What came of reading a table.
enum Read {
    Rows(u64),
    /// They are not those that an index has.
    Fewer(u64, String),
    /// It can't be read, in the server's words.
    Refused(String),
    /// It can't be read here: a library of an extension is not installed.
    Lacking(String),
}

/// Reads and checks every database, or the one that is chosen; what was seen, in words.
pub fn prove(
    server: &Arc<Server>,
    options: &Options,
    findings: &mut Findings<'_>,
) -> Result<String> {
    let chosen = options.selection.database.as_deref();
    let names = match names(server) {
        Ok(names) => names,
        Err(error) => {
            unreadable(findings, None, &error)?;
            findings.unprovable("it recovered, and no database of it can be entered");
            return Ok(String::new());
        }
    };
    if let Some(chosen) = chosen.filter(|chosen| !names.iter().any(|name| name == chosen)) {
        let finding = findings.check("database", Status::Failed).object(chosen);
        findings.add(finding.message("there is no such database"))?;
        return Ok(String::new());
    }
    let own = own_checks_go_to(&names, options)?;
    let (mut databases, mut tables, mut rows) = (0, 0, 0);
    let mut remarks = String::new();
    for name in names
        .iter()
        .filter(|name| chosen.is_none_or(|chosen| chosen == *name))
    {
        let database = Database::new(server, name);
        if let Err(error) = database.connect() {
            unreadable(findings, Some(name), &error)?;
            findings.unprovable("not every database of it can be entered");
            continue;
        }
        let read = match read(&database, options.jobs()) {
            Err(error) if is_damage(&error) => {
                unreadable(findings, Some(name), &error)?;
                continue;
            }
            read => read?,
        };
        databases += 1;
        findings.within(Some(name));
        tables += read.iter().filter(|table| !table.is_system).count() as u64;
        rows += report(read, findings)?;
        missing_files(&database, findings)?;
        let plain = cli::Checks {
            deep: options.checks.deep,
            ..cli::Checks::default()
        };
        let checks = match own {
            Some(own) if own == name => &options.checks,
            _ => &plain,
        };
        let jobs = options.jobs();
        let checked = checks::report(&database, Origin::Recovered, checks, jobs, findings);
        findings.within(None);
        match checked {
            Err(error) if is_damage(&error) => unreadable(findings, Some(name), &error)?,
            checked => remarks.push_str(&checked?),
        }
    }
    Ok(format!(
        "{} in {} of {} were read{remarks}",
        counted(rows, "row"),
        counted(tables, "table"),
        counted(databases, "database")
    ))
}

/// Whether the server says that a file of its own is missing, or is not what it wrote.
fn is_damage(error: &Error) -> bool {
    match error.sqlstate() {
        Some("58P01") => !error.message().contains("access file"),
        // Not the internal error, by which a locale that this machine lacks is told.
        Some(code) => matches!(code, "XX001" | "XX002"),
        None => false,
    }
}

/// Tells of a database that can't be read as a whole, or of all of them.
fn unreadable(findings: &mut Findings<'_>, database: Option<&str>, error: &Error) -> Result<()> {
    let status = match is_damage(error) {
        true => Status::Failed,
        false => Status::Skipped,
    };
    let finding = findings.check("database", status);
    let finding = match database {
        Some(name) => finding.object(name),
        None => finding,
    };
    findings.add(finding.message(error.in_one_line()))
}

/// In which database the user's own checks are made.
fn own_checks_go_to<'n>(names: &'n [String], options: &'n Options) -> Result<Option<&'n str>> {
    let checks = &options.checks;
    if checks.own.is_empty() {
        return Ok(None);
    }
    if let Some(chosen) = &options.selection.database {
        return Ok(Some(chosen));
    }
    let mut own = names.iter().filter(|name| !USUAL.contains(&name.as_str()));
    match (own.next(), own.next()) {
        (Some(one), None) => Ok(Some(one)),
        (None, _) => Ok(names
            .iter()
            .map(String::as_str)
            .find(|name| *name == "postgres")),
        _ => Err(Error::usage("there are several databases in the backup")
            .with_hint("say with --database in which one to make the checks")),
    }
}

/// The databases, all of which may be entered afterwards.
fn names(server: &Arc<Server>) -> Result<Vec<String>> {
    let mut client = USUAL
        .iter()
        .map(|name| server.connect(name))
        .reduce(|found, next| found.or(next))
        .unwrap_or_else(|| Err(Error::new("no database is known")))?;
    let mut names = Vec::new();
    for row in client.query_typed(include_str!("../../sql/recovered_databases.sql"), &[])? {
        let name: String = row.try_get("name")?;
        if row.try_get("is_closed")? {
            let name = quote_identifier(&name);
            client.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))?;
        }
        names.push(name);
    }
    Ok(names)
}

/// Reads every table to its end, the server's own too.
fn read(database: &Database, jobs: usize) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let mut client = database.connect()?;
    let encoding: String = client
        .query_typed("SELECT pg_catalog.current_setting('server_encoding')", &[])?[0]
        .try_get(0)?;
    for row in client.query_typed(include_str!("../../sql/recovered_tables.sql"), &[])? {
        let (schema, name): (String, String) = (row.try_get("schema")?, row.try_get("name")?);
        tables.push(Table {
            name: row.try_get("shown")?,
            copy: copy(&row, &schema, &name, &encoding)?,
            is_system: row.try_get("is_system")?,
            indexed: match row.try_get("is_indexed")? {
                true => Some(relation(&schema, &name)),
                false => None,
            },
            rows: Read::Rows(0),
            took: std::time::Duration::ZERO,
        });
    }
    drop(client);
    let left = Mutex::new(tables);
    let done = Mutex::new(Vec::new());
    on_threads(jobs, || {
        let session = CopyOut::connect(database)?;
        let mut indexed = Indexed::connect(database)?;
        let next = || lock(&left).pop();
        while let Some(mut table) = next() {
            signals::check()?;
            let began = Instant::now();
            table.rows = count(&session, &table.copy)?;
            if let (Read::Rows(rows), Some(relation)) = (&table.rows, &table.indexed)
                && let Some(fault) = indexed.fault(relation, *rows)?
            {
                table.rows = Read::Fewer(*rows, fault);
            }
            table.took = began.elapsed();
            lock(&done).push(table);
        }
        Ok(())
    })?;
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(done)
}

/// Tells of relations that nothing reads, and whose file is not there.
fn missing_files(database: &Database, findings: &mut Findings<'_>) -> Result<()> {
    let mut client = database.connect()?;
    for row in client.query_typed(include_str!("../../sql/missing_files.sql"), &[])? {
        let (shown, file): (String, String) = (row.try_get("shown")?, row.try_get("file")?);
        let finding = findings.check("files", Status::Failed).object(shown);
        findings.add(finding.message(format!("its file {file} is missing")))?;
    }
    Ok(())
}

fn relation(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}

/// The statement that reads a table. Not a query where that is not needed: planning one may call
/// functions of indexes. In the database's own encoding: nothing is converted, which may fail.
fn copy(row: &postgres::Row, schema: &str, name: &str, encoding: &str) -> Result<String> {
    let relation = relation(schema, name);
    let source = match row.try_get("is_view")? {
        true => format!("(TABLE {relation})"),
        false => relation,
    };
    let encoding = quote_literal(encoding);
    Ok(format!(
        "COPY {source} TO STDOUT WITH (ENCODING {encoding})"
    ))
}

/// How many rows there are, every value of which was read.
fn count(session: &CopyOut, copy: &str) -> Result<Read> {
    let mut rows = 0;
    let read = session.rows(copy, |_| {
        rows += 1;
        Ok(())
    });
    match read {
        Ok(()) => Ok(Read::Rows(rows)),
        Err(error) => match error.sqlstate() {
            // The machine's: no room, no memory, a server that ends.
            Some(code) if code.starts_with("53") || code.starts_with("57P") => Err(error),
            Some("58P01") if error.message().contains("access file") => {
                Ok(Read::Lacking(error.in_one_line()))
            }
            Some(_) => Ok(Read::Refused(error.in_one_line())),
            None => Err(error),
        },
    }
}

fn report(read: Vec<Table>, findings: &mut Findings<'_>) -> Result<u64> {
    let mut total = 0;
    for table in read {
        let finding = |status| {
            findings
                .check("rows", status)
                .object(&table.name)
                .took(table.took)
        };
        let finding = match &table.rows {
            Read::Refused(words) => finding(Status::Failed).message(words),
            Read::Fewer(rows, words) => {
                let mut finding = finding(Status::Failed).message(words);
                finding.actual = Some(counted(*rows, "row"));
                finding
            }
            Read::Lacking(words) => {
                let finding = finding(Status::Skipped).message(words);
                findings.unprovable("a library is missing here without which not all can be read");
                finding
            }
            Read::Rows(_) if table.is_system => continue,
            Read::Rows(rows) => {
                total += rows;
                let mut finding = finding(Status::Ok);
                finding.actual = Some(counted(*rows, "row"));
                finding
            }
        };
        findings.add(finding)?;
    }
    Ok(total)
}

/// The time that the server's words mean, whose zone it alone may know.
pub fn instant(server: &Arc<Server>, text: &str) -> Result<Option<shared::time::Time>> {
    let mut client = server
        .connect(USUAL[0])
        .or_else(|_| server.connect(USUAL[1]))?;
    let ask = "SELECT pg_catalog.to_char($1::pg_catalog.timestamptz AT TIME ZONE 'UTC', \
               'YYYY-MM-DD HH24:MI:SS') || 'Z'";
    match client.query_typed(ask, &[(&text, Type::TEXT)]) {
        Ok(rows) => match rows.first() {
            Some(row) => Ok(shared::time::moment(row.try_get(0)?).ok()),
            None => Ok(None),
        },
        Err(_) => Ok(None),
    }
}
