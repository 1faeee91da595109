//! What the server lacks that a backup needs, said at once and before anything is restored.

use std::collections::BTreeSet;
use std::io::Read;

use postgres::types::Type;
use shared::dump::{Event, Script, Token, quote_identifier, tokens};
use shared::{Error, Result, signals};

use crate::contents::Contents;
use crate::record::{Findings, Status};
use crate::restore::{Doubt, Target};
use crate::server::Server;

/// What a backup needs of its server and can't bring along.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    extensions: BTreeSet<String>,
    tablespaces: BTreeSet<String>,
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
            tablespaces: contents.needs.tablespaces.clone(),
            collations: contents
                .schema
                .statements("COLLATION")
                .filter(|sql| sql.starts_with(CREATE_COLLATION))
                .map(str::to_string)
                .collect(),
            create_database: None,
        }
    }

    /// By the beginning of a script: extensions come before the first table and the first large
    /// object, and no more of it is read. Damage shows when it is restored.
    pub fn of_script<R: Read>(mut script: Script<R>) -> Result<Self> {
        let mut wanted = Self::default();
        while let Ok(Some(event)) = script.next() {
            signals::check()?;
            match event {
                Event::Statement { sql, .. } if sql.starts_with(b"CREATE EXTENSION ") => {
                    wanted.extensions.extend(extension(sql));
                }
                Event::Statement { sql, .. } if sql.starts_with(b"CREATE DATABASE ") => {
                    wanted.create_database = Some(String::from_utf8_lossy(sql).into_owned());
                }
                Event::Statement { sql, .. } if sql.starts_with(CREATE_COLLATION.as_bytes()) => {
                    let sql = String::from_utf8_lossy(sql).into_owned();
                    wanted.collations.push(sql);
                }
                Event::Statement { sql, .. }
                    if ENDS.iter().any(|start| sql.starts_with(start.as_bytes())) =>
                {
                    break;
                }
                Event::Copy { .. } => break,
                _ => {}
            }
        }
        Ok(wanted)
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
                missing.push((object, format!("install {}", package(name, major))));
                lacking.insert(name.clone());
            } else if let Some(why) = can_t_be_created(server, name)? {
                missing.push((object, why));
                lacking.insert(name.clone());
            }
        }
        let spaces = self.tablespaces.iter().filter(|_| !server.is_ours());
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

/// What comes after all extensions, and before what may be large.
const ENDS: [&str; 3] = ["CREATE TABLE ", "INSERT ", "SELECT pg_catalog.lo_create("];

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

/// What comes with PostgreSQL itself.
const CONTRIB: &[&str] = &[
    "adminpack",
    "amcheck",
    "autoinc",
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "file_fdw",
    "fuzzystrmatch",
    "hstore",
    "insert_username",
    "intagg",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "moddatetime",
    "old_snapshot",
    "pageinspect",
    "pg_buffercache",
    "pg_freespacemap",
    "pg_prewarm",
    "pg_stat_statements",
    "pg_surgery",
    "pg_trgm",
    "pg_visibility",
    "pg_walinspect",
    "pgcrypto",
    "pgrowlocks",
    "pgstattuple",
    "postgres_fdw",
    "refint",
    "seg",
    "sslinfo",
    "tablefunc",
    "tcn",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "xml2",
];

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
    let is_plain = CONTRIB.contains(&name) || PLAIN.iter().any(|start| name.starts_with(start));
    if is_plain || !server.is_ours() {
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

/// How the names of others begin that are created without more, and not in a moment.
const PLAIN: [&str; 5] = ["postgis", "address_standardizer", "plp", "pltcl", "vector"];

/// Which package has an extension, as Debian and the PostgreSQL project's own repository name it.
fn package(extension: &str, major: u32) -> String {
    let of = |suffix: &str| format!("postgresql-{major}-{suffix}");
    match extension {
        name if CONTRIB.contains(&name) => {
            format!("postgresql-contrib (on Debian it is in postgresql-{major})")
        }
        name if name.starts_with("postgis") || name == "address_standardizer" => of("postgis-3"),
        "vector" => of("pgvector"),
        "timescaledb" => format!("timescaledb-2-postgresql-{major}"),
        name if name.starts_with("plpython3") => format!("postgresql-plpython3-{major}"),
        name if name.starts_with("plperl") => format!("postgresql-plperl-{major}"),
        name if name.starts_with("pltcl") => format!("postgresql-pltcl-{major}"),
        "pg_cron" => of("cron"),
        "pgaudit" | "hll" | "ip4r" | "pgtap" => of(extension),
        name => format!(
            "the package that has it, such as {}",
            of(&name.trim_start_matches("pg_").replace('_', "-"))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_of_a_script() {
        let script = "CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;\n\
                      CREATE EXTENSION \"uuid-ossp\";\nCREATE TABLE t (a integer);\n\
                      CREATE EXTENSION late;\n";
        let wanted = Wanted::of_script(Script::new(script.as_bytes())).unwrap();
        let names: Vec<&String> = wanted.extensions.iter().collect();
        assert_eq!(names, ["postgis", "uuid-ossp"]);
        let script = "SELECT pg_catalog.lo_unlink('1');\nCREATE EXTENSION hstore;\n\
                      SELECT pg_catalog.lo_create('1');\nCREATE EXTENSION late;\n";
        let wanted = Wanted::of_script(Script::new(script.as_bytes())).unwrap();
        let names: Vec<&String> = wanted.extensions.iter().collect();
        assert_eq!(names, ["hstore"]);
    }

    #[test]
    fn packages() {
        assert_eq!(package("postgis_topology", 15), "postgresql-15-postgis-3");
        assert_eq!(package("vector", 17), "postgresql-17-pgvector");
        assert!(package("pg_partman", 16).ends_with("postgresql-16-partman"));
        assert!(package("hstore", 16).starts_with("postgresql-contrib"));
    }
}
