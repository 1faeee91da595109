//! What the server lacks that a backup needs, said at once and before anything is restored.

mod packages;

use std::collections::BTreeSet;
use std::io::Read;

use postgres::types::Type;
use shared::dump::{Event, Script, Token, quote_identifier, tokens};
use shared::{Error, Result, signals};

use crate::contents::Contents;
use crate::decoder::Decoder;
use crate::record::{Findings, Status};
use crate::restore::{Doubt, Target};
use crate::roles::Needs;
use crate::server::Server;

/// What a backup needs of its server and can't bring along.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    extensions: BTreeSet<String>,
    /// The roles and tablespaces, as far as they are known.
    pub needs: Needs,
    /// The statements that create them.
    collations: Vec<String>,
    /// A script's own CREATE DATABASE.
    pub create_database: Option<String>,
}

impl Wanted {
    /// By the definitions of an archive.
    pub fn of_contents(contents: &Contents) -> Self {
        let objects = contents.schema.objects();
        let extensions = objects.filter(|(kind, ..)| *kind == "EXTENSION");
        Self {
            extensions: extensions.map(|(_, _, name)| name.to_string()).collect(),
            needs: contents.needs.clone(),
            collations: contents
                .schema
                .statements("COLLATION")
                .filter(|sql| sql.starts_with(CREATE_COLLATION))
                .map(str::to_string)
                .collect(),
            create_database: None,
        }
    }

    /// By a script, of which so much is read. Damage shows when it is restored.
    pub fn of_script<R: Read>(
        mut script: Script<R>,
        extent: Extent,
        decoder: &mut Decoder,
    ) -> Result<Self> {
        let mut wanted = Self::default();
        while let Ok(Some(event)) = script.next() {
            signals::check()?;
            match event {
                Event::Statement { sql, .. } if extent.ends_with(sql) => break,
                // As many as there are rows.
                Event::Statement { sql, .. } if is_of_rows(sql) => {}
                Event::Statement { sql, .. } => {
                    let text = decoder.text(sql)?;
                    wanted.statement(&text);
                    if extent != Extent::Beginning {
                        wanted.needs.read(text.as_bytes());
                    }
                }
                Event::Copy { .. } if extent != Extent::Whole => break,
                _ => {}
            }
        }
        Ok(wanted)
    }

    fn statement(&mut self, sql: &str) {
        if sql.starts_with("CREATE EXTENSION ") {
            self.extensions.extend(extension(sql.as_bytes()));
        } else if sql.starts_with("CREATE DATABASE ") {
            self.create_database = Some(sql.to_string());
        } else if sql.starts_with(CREATE_COLLATION) {
            self.collations.push(sql.to_string());
        }
    }

    /// Says what is missing, which is no fault of the backup; whether it can be restored
    /// nevertheless: of a part of it, an extension may be for the others only.
    pub fn report(
        &self,
        target: &mut Target,
        is_part: bool,
        findings: &mut Findings<'_>,
    ) -> Result<bool> {
        let server = target.server();
        let mut missing = Vec::new();
        let mut lacking = BTreeSet::new();
        let mut client = server.connect_to_server()?;
        let major = server.version().major;
        for name in &self.extensions {
            let known = "SELECT FROM pg_catalog.pg_available_extensions WHERE name = $1";
            let object = format!("EXTENSION {name}");
            if client.query_typed(known, &[(name, Type::TEXT)])?.is_empty() {
                missing.push((
                    object,
                    format!("install {}", packages::package(name, major)),
                ));
                lacking.insert(name.clone());
            } else if let Some(why) = can_t_be_created(server, name)? {
                missing.push((object, why));
                lacking.insert(name.clone());
            }
        }
        let spaces = self.needs.tablespaces.iter().filter(|_| !server.is_ours());
        for name in spaces {
            let known = "SELECT FROM pg_catalog.pg_tablespace WHERE spcname = $1";
            if client.query_typed(known, &[(name, Type::TEXT)])?.is_empty() {
                let object = format!("TABLESPACE {name}");
                missing.push((object, "create it, or do without -d".to_string()));
            }
        }
        let goes_on = missing.len() == lacking.len() && (is_part || missing.is_empty());
        for (object, remedy) in &missing {
            let mut message = format!("PostgreSQL {} does not have it: {remedy}", server.version());
            if goes_on {
                message.push_str("; of what was chosen, only what needs it is not restored");
            } else {
                findings.unprovable(&format!(
                    "not restored, for the server lacks {object}: {remedy}"
                ));
            }
            let finding = findings.check("preflight", Status::Skipped).object(object);
            findings.add(finding.message(&message).remark())?;
        }
        target.lacking = lacking;
        Ok(goes_on)
    }

    /// Says which collations this machine lacks: they are tried in the new database. Whether it can
    /// be restored nevertheless.
    pub fn report_collations(
        &self,
        target: &mut Target,
        is_part: bool,
        findings: &mut Findings<'_>,
    ) -> Result<bool> {
        if self.collations.is_empty() {
            return Ok(true);
        }
        let mut client = target.connect()?;
        for create in &self.collations {
            let tokens = tokens(create.as_bytes());
            let Some(Token::Symbol(b'.')) = tokens.get(3) else {
                continue;
            };
            let named = |at: usize| tokens.get(at).and_then(Token::identifier);
            let (Some(schema), Some(name)) = (named(2), named(4)) else {
                continue;
            };
            let schema_sql = quote_identifier(&schema);
            client.batch_execute("BEGIN")?;
            let schema_there = format!("CREATE SCHEMA IF NOT EXISTS {schema_sql}");
            let tried = client.batch_execute(&schema_there);
            let tried = tried.and_then(|()| client.batch_execute(create));
            client.batch_execute("ROLLBACK")?;
            let Some(error) = tried.map_err(Error::from).err().filter(is_of_locale) else {
                continue;
            };
            let words = format!(
                "the server lacks COLLATION {schema}.{name}: {}",
                error.message()
            );
            let remedy =
                "install its locale (on Debian in locales-all), or name a server that has it by -d";
            let finding = findings.check("preflight", Status::Skipped);
            let finding = finding.object(format!("COLLATION {schema}.{name}"));
            let message = format!("{}: {remedy}", error.message());
            findings.add(finding.message(message).remark())?;
            let doubt = Doubt::Locale(words.clone());
            target.doubt = target.doubt.take().or(Some(doubt));
            if !is_part {
                findings.unprovable(&format!("not restored, for {words}; {remedy}"));
                return Ok(false);
            }
        }
        Ok(true)
    }
}

const CREATE_COLLATION: &str = "CREATE COLLATION ";

/// Whether a collation was refused because there is no such locale, or nothing that knows it.
fn is_of_locale(error: &Error) -> bool {
    let codes = ["22023", "0A000", "42704"];
    let is_one = |code: &str| codes.contains(&code);
    error.sqlstate().is_some_and(is_one) || error.message().contains("open collator")
}

/// Says that a backup need not load into a server of this version.
pub fn report_version(target: &Target, findings: &mut Findings<'_>) -> Result<()> {
    let Some(Doubt::Old(doubt)) = &target.doubt else {
        return Ok(());
    };
    let words = format!("{doubt}: what it refuses says nothing about the backup");
    let finding = findings.check("preflight", Status::Skipped);
    findings.add(finding.object("SERVER").message(words).remark())
}

/// Says which roles are missing that the backup names and that may not be created: what needs them
/// will be refused, and the rest restored.
pub fn report_roles(target: &Target, findings: &mut Findings<'_>) -> Result<()> {
    let user = quote_identifier(target.server().user());
    for (role, error) in target.missing_roles() {
        let finding = findings.check("preflight", Status::Skipped);
        let message = format!(
            "the server does not have it, and {user} may not create it ({}): ALTER ROLE {user} \
             CREATEROLE lets it, or CREATE ROLE {} by who may",
            error.message(),
            quote_identifier(role)
        );
        let finding = finding.object(format!("ROLE {role}"));
        findings.add(finding.message(message).remark())?;
    }
    Ok(())
}

/// How much of a script is read to know what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Up to the first table and the first large object: extensions come before.
    Beginning,
    /// Up to the first rows: owners and most tablespaces come before.
    Definitions,
    /// All of it: rights come last.
    Whole,
}

impl Extent {
    /// What has to be known beforehand: a server of ours creates roles and tablespaces as they come,
    /// and so do most who may; who may not is told of all at once.
    pub fn of(target: &Target) -> Result<Self> {
        let server = target.server();
        if server.is_ours() {
            return Ok(Self::Beginning);
        }
        let may = "SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user";
        let rows = server.connect_to_server()?.query_typed(may, &[])?;
        let may = rows.first().map(|row| row.try_get::<_, bool>(0));
        Ok(match may.transpose()? {
            Some(true) => Self::Definitions,
            _ => Self::Whole,
        })
    }

    /// Whether what is looked for comes before this statement.
    fn ends_with(self, sql: &[u8]) -> bool {
        let ends: &[&[u8]] = match self {
            Self::Beginning => &[
                b"CREATE TABLE ",
                b"INSERT ",
                b"SELECT pg_catalog.lo_create(",
            ],
            Self::Definitions => &[b"INSERT ", b"SELECT pg_catalog.lo_open("],
            Self::Whole => &[],
        };
        ends.iter().any(|end| sql.starts_with(end))
    }
}

/// Whether a statement brings rows or a large object.
fn is_of_rows(sql: &[u8]) -> bool {
    sql.starts_with(b"INSERT ") || sql.starts_with(b"SELECT pg_catalog.lo")
}

/// The name in `CREATE EXTENSION [IF NOT EXISTS] name`.
fn extension(sql: &[u8]) -> Option<String> {
    let tokens = tokens(sql);
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let at = match is(2, "if") && is(3, "not") && is(4, "exists") {
        true => 5,
        false => 2,
    };
    tokens.get(at).and_then(Token::identifier)
}

/// Why a server of ours can't create an extension that is installed: its library wants to be there
/// from the server's start, or something of it is not where it should be. The session in which it
/// is tried may be lost to that.
fn can_t_be_created(server: &Server, name: &str) -> Result<Option<String>> {
    const WORDS: [&str; 4] = [
        "preload",
        "could not access file",
        "unrecognized configuration parameter",
        ELSEWHERE,
    ];
    if packages::is_plain(name) || !server.is_ours() {
        return Ok(None);
    }
    let mut client = server.connect_to_server()?;
    let create = format!("CREATE EXTENSION {} CASCADE", quote_identifier(name));
    let Err(error) = client.batch_execute(&format!("BEGIN; {create}; ROLLBACK")) else {
        return Ok(None);
    };
    let error = Error::from(error);
    signals::check()?;
    // It is not tried in the database that it will be in.
    if server.preloads() && error.message().contains(ELSEWHERE) {
        return Ok(None);
    }
    let words = error.in_one_line();
    let is_known = WORDS.iter().any(|word| words.contains(word)) || error.sqlstate().is_none();
    Ok(is_known.then(|| {
        format!(
            "{words}; --preload LIB has the private server load its library at its start, and -d \
             names a server that does"
        )
    }))
}

const ELSEWHERE: &str = "can only create extension in database";

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(script: &str, extent: Extent) -> Wanted {
        let mut decoder = Decoder::without_server();
        Wanted::of_script(Script::new(script.as_bytes()), extent, &mut decoder).unwrap()
    }

    fn names(names: &BTreeSet<String>) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    #[test]
    fn extensions_of_a_script() {
        let script = "CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;\n\
                      CREATE EXTENSION \"uuid-ossp\";\nCREATE TABLE t (a integer);\n\
                      CREATE EXTENSION late;\n";
        let found = wanted(script, Extent::Beginning);
        assert_eq!(names(&found.extensions), ["postgis", "uuid-ossp"]);
        let script = "SELECT pg_catalog.lo_unlink('1');\nCREATE EXTENSION hstore;\n\
                      SELECT pg_catalog.lo_create('1');\nCREATE EXTENSION late;\n";
        let found = wanted(script, Extent::Beginning);
        assert_eq!(names(&found.extensions), ["hstore"]);
    }

    #[test]
    fn roles_of_a_script() {
        let script = "CREATE TABLE t (a integer);\nALTER TABLE t OWNER TO owner;\n\
                      COPY t (a) FROM stdin;\n1\n\\.\n\nINSERT INTO t VALUES (1);\n\
                      GRANT SELECT ON TABLE t TO reader;\n";
        for (extent, roles) in [
            (Extent::Beginning, &[][..]),
            (Extent::Definitions, &["owner"]),
            (Extent::Whole, &["owner", "reader"]),
        ] {
            let found = wanted(script, extent);
            assert_eq!(names(&found.needs.roles), roles, "{extent:?}");
        }
    }
}
