//! `--pg-dump 'docker compose exec -T db pg_dump'`: pg_dump, and psql and pg_dumpall beside
//! it, run where neither our environment nor our files are. There is no session of our own
//! then: what the server is, its dump says.

use shared::backup::{Extension, Format};
use shared::connection::Conninfo;
use shared::programs::{Program, Version};
use shared::{Error, Result, signals};

use super::asked::limit;
use super::globals::READS_PASSWORDS;
use super::plan::DATABASES;
use crate::cli::Options;
use crate::psql;
use crate::server::{SYSTEM_IDENTIFIER, against};

const WHOLE: &str = include_str!("../../sql/elsewhere.sql");
const WHOLE_FIELDS: usize = 6;
const VERSION: &str = "SELECT pg_catalog.current_setting('server_version')";

/// What --pg-dump says, if it was given, and whether that will do.
pub fn given(options: &Options) -> Result<Option<Program>> {
    let Some(command) = &options.pg_dump else {
        return Ok(None);
    };
    let program = Program::from_command(command, "pg_dump")?;
    let refused = match () {
        () if !program.is_elsewhere() => None,
        () if options.format() == Format::Directory => {
            Some("-F directory is written where pg_dump runs, so --pg-dump has no place beside it")
        }
        () if options.source.is_some() => {
            Some("the source is compared by a session of our own, which --pg-dump leaves out")
        }
        () => None,
    };
    match refused {
        Some(words) => Err(Error::usage(words)),
        None => Ok(Some(program)),
    }
}

/// A database as the server lists it.
pub struct Listed {
    pub name: String,
    /// Its name is text, so that one can connect to it.
    pub is_text: bool,
    pub is_template: bool,
    /// ALLOW_CONNECTIONS is true.
    pub is_open: bool,
    /// By us.
    pub may_connect: bool,
    /// What an interrupted DROP DATABASE has left.
    pub is_half_dropped: bool,
}

/// Every database of the server, by psql.
pub fn databases(pg_dump: &Program, conninfo: &Conninfo) -> Result<Vec<Listed>> {
    let (finished, said) = psql::ask(pg_dump, conninfo, &[DATABASES], limit(conninfo)?)?;
    finished.success_or(|| "could not ask for the names of the databases".into())?;
    Ok(listed(&said))
}

/// A server and one of its databases, as psql tells.
pub struct Told {
    pub version: Version,
    /// Where the role may ask for it.
    pub system_identifier: Option<String>,
    pub database: Option<Whole>,
}

/// What is to be foreseen of the dump of a whole database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// How much its rows take.
    pub bytes: u64,
    pub is_standby: bool,
    pub unlogged: Vec<String>,
    /// Those that the role can't dump.
    pub subscriptions: Vec<String>,
    pub extensions: Vec<Extension>,
    /// What `Manifest::restore_options` says.
    pub restore_options: Option<String>,
}

/// Asks psql.
pub fn server(pg_dump: &Program, conninfo: &Conninfo) -> Result<Told> {
    let questions = [VERSION, WHOLE, SYSTEM_IDENTIFIER];
    let (finished, said) = psql::ask(pg_dump, conninfo, &questions, limit(conninfo)?)?;
    match told(&said) {
        Some(told) => Ok(told),
        None => {
            finished.success_or(|| "could not ask which server it is".into())?;
            Err(Error::new("psql did not say which server it is"))
        }
    }
}

/// What was said to the questions that were answered.
fn told(said: &str) -> Option<Told> {
    let fields: Vec<&str> = said.split_terminator('\0').collect();
    let (version, rest) = fields.split_first()?;
    let (whole, rest) = match rest.split_at_checked(WHOLE_FIELDS) {
        Some((whole, rest)) => (Whole::of(whole), rest),
        None => (None, rest),
    };
    let identifier = rest.first().filter(|identifier| !identifier.is_empty());
    Some(Told {
        version: Version::parse(version)?,
        system_identifier: identifier.map(ToString::to_string),
        database: whole,
    })
}

impl Whole {
    fn of(fields: &[&str]) -> Option<Self> {
        let [
            bytes,
            is_standby,
            unlogged,
            subscriptions,
            extensions,
            settings,
        ] = fields
        else {
            return None;
        };
        let names = |joined: &str| -> Vec<String> {
            let names = joined.split('\x01').filter(|name| !name.is_empty());
            names.map(str::to_string).collect()
        };
        Some(Self {
            bytes: bytes.parse().ok()?,
            is_standby: *is_standby == "t",
            unlogged: names(unlogged),
            subscriptions: names(subscriptions),
            extensions: names(extensions)
                .chunks_exact(2)
                .map(|pair| Extension {
                    name: pair[0].clone(),
                    version: pair[1].clone(),
                })
                .collect(),
            restore_options: against(settings.split('\x01')),
        })
    }
}

/// Whether the passwords of the roles may be read: true where psql can't say, for pg_dumpall will.
pub fn reads_passwords(pg_dumpall: &Program, conninfo: &Conninfo) -> Result<bool> {
    let limit = limit(conninfo)?;
    let said = psql::ask(pg_dumpall, conninfo, &[READS_PASSWORDS], limit).map(|(_, said)| said);
    signals::check()?;
    Ok(!said.is_ok_and(|said| said.starts_with('f')))
}

fn listed(said: &str) -> Vec<Listed> {
    let fields: Vec<&str> = said.split('\0').collect();
    let rows = fields.chunks_exact(5);
    rows.map(|row| Listed {
        is_template: row[1] == "t",
        is_open: row[2] == "t",
        may_connect: row[3] == "t",
        is_half_dropped: row[4] == "t",
        ..Listed::named(row[0])
    })
    .collect()
}

impl Listed {
    /// One of which only the name is known, its bytes in hexadecimal.
    pub fn named(digits: &str) -> Self {
        let pairs = digits.as_bytes().chunks_exact(2);
        let bytes =
            pairs.filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
        let (name, is_text) = match String::from_utf8(bytes.collect()) {
            Ok(name) => (name, true),
            Err(error) => (
                String::from_utf8_lossy(error.as_bytes()).into_owned(),
                false,
            ),
        };
        Self {
            name,
            is_text,
            is_template: false,
            is_open: false,
            may_connect: false,
            is_half_dropped: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_answered_is_told() {
        let whole = "4096\0t\0a.b\x01c.d\0\0hstore\x011.8\x01ltree\x011.2\0role=a\x01work_mem=1\0";
        for (said, has_whole, identifier) in [
            (format!("15.1\0{whole}123\0"), true, Some("123")),
            (format!("15.1\0{whole}"), true, None),
            ("15.1\x00123\0".into(), false, Some("123")),
            ("15.1\0".into(), false, None),
        ] {
            let told = told(&said).unwrap();
            assert_eq!(told.system_identifier.as_deref(), identifier, "{said:?}");
            assert_eq!(told.database.is_some(), has_whole, "{said:?}");
            if let Some(whole) = told.database {
                assert_eq!((whole.bytes, whole.is_standby), (4096, true));
                assert_eq!(whole.unlogged, ["a.b", "c.d"]);
                assert!(whole.subscriptions.is_empty());
                assert_eq!(whole.restore_options.as_deref(), Some("-c role=none"));
                let second = &whole.extensions[1];
                assert_eq!(
                    (second.name.as_str(), second.version.as_str()),
                    ("ltree", "1.2")
                );
            }
        }
        assert!(told("").is_none());
    }

    #[test]
    fn names_may_hold_anything() {
        let listed = listed("617c620a63\0f\0t\0f\0f\x0074fc\0t\0f\0t\0t\0");
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0].name, "a|b\nc");
        assert!(listed[0].is_text && !listed[1].is_text);
        assert_eq!(listed[1].name, "t\u{fffd}");
        assert!(listed[0].is_open && !listed[0].may_connect);
        assert!(!listed[0].is_half_dropped && listed[1].is_half_dropped);
        assert!(!listed[1].is_open && listed[1].may_connect);
        assert!(!listed[0].is_template && listed[1].is_template);
    }
}
