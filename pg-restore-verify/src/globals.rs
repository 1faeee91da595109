//! The roles and tablespaces of a server, as pg_dumpall's script has them.
//!
//! They are restored before the databases of the same set, and proved when they are named
//! themselves. The superuser of our server stays as it is, whatever the script says of one of
//! that name; tablespaces are put inside the server's own folder. A role may have its password
//! in here, so no statement is ever shown, only what it is about.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use shared::backup::{Manifest, Name};
use shared::dump::{Event, Script, Token, spans, tokens};
use shared::{Error, Result, signals};

use crate::archive::Archive;
use crate::decoder::Decoder;
use crate::reading::Object;
use crate::restore::{Refusal, Target};
use crate::restriction::Restriction;
use crate::source;

/// What a script of roles and tablespaces says.
pub struct Globals {
    statements: Vec<String>,
    /// Why it could not be read to its end.
    pub damage: Option<String>,
    /// That it holds databases as well, in words.
    pub is_of_cluster: Option<&'static str>,
}

impl Globals {
    /// Reads the script. It is short.
    pub fn read(archive: &Archive) -> Result<Self> {
        Self::of(source::plain(archive)?)
    }

    /// Reads a script from its beginning.
    pub fn of<R: Read>(mut script: Script<R>) -> Result<Self> {
        let mut decoder = Decoder::without_server();
        let mut restriction = Restriction::default();
        let mut statements = Vec::new();
        let mut is_of_cluster = None;
        let damage = loop {
            signals::check()?;
            match script.next() {
                Ok(None) => {
                    let (header, cut) = (
                        script.header(),
                        "its closing words are missing: it is cut short",
                    );
                    let is_whole = header.clusters.0 == header.clusters.1;
                    let incomplete = restriction.incomplete(header);
                    break incomplete.or_else(|| (!is_whole).then(|| cut.to_string()));
                }
                Err(error) => break Some(error.message().to_string()),
                Ok(Some(_)) if is_of_cluster.is_some() => {}
                Ok(Some(Event::Statement { sql, .. })) => {
                    statements.push(decoder.text(sql)?.trim().to_string());
                }
                Ok(Some(Event::Command { text, line })) => {
                    let text = String::from_utf8_lossy(text);
                    let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
                    if word == "\\connect" {
                        // Each part has a key of its own.
                        restriction = Restriction::default();
                        is_of_cluster = Some(OF_A_CLUSTER);
                    } else if !restriction.command(word, rest) {
                        break Some(format!(
                            "line {line}: {word} is a command of psql that no dump has"
                        ));
                    }
                }
                Ok(Some(_)) => is_of_cluster = Some(OF_A_CLUSTER),
            }
        };
        Ok(Self {
            statements,
            damage,
            is_of_cluster,
        })
    }

    /// The roles and tablespaces.
    pub fn objects(&self) -> BTreeSet<Object> {
        let statements = self.statements.iter();
        statements
            .filter_map(|sql| match subject(sql)? {
                (verb, kind, name) if verb == "CREATE" => Some(Object { kind, name }),
                _ => None,
            })
            .collect()
    }

    /// Restores them; what the server refused.
    pub fn restore(&self, target: &mut Target) -> Result<Vec<Refusal>> {
        let superuser = target.server().user().to_string();
        let mut client = target.server().connect_to_server()?;
        client.batch_execute("SET allow_in_place_tablespaces = on")?;
        let mut refusals = Vec::new();
        for sql in &self.statements {
            signals::check()?;
            let Some(statement) = restorable(sql, &superuser) else {
                continue;
            };
            match client.batch_execute(&statement).map_err(Error::from) {
                Ok(()) => target.has(subject(&statement)),
                Err(error) if error.sqlstate().is_none() => return Err(error),
                Err(error) => refusals.push(Refusal::new(about(&statement), error.message(), "")),
            }
        }
        Ok(refusals)
    }

    /// What each statement is about that is here and not in `restored`, or the other way about.
    pub fn differences(&self, restored: &Self, superuser: &str) -> Vec<(String, &'static str)> {
        let here = self.comparable(superuser);
        let there = restored.comparable(superuser);
        let missing = here
            .difference(&there)
            .map(|sql| (about(sql), "is missing"));
        let more = there.difference(&here).map(|sql| (about(sql), "is new"));
        missing.chain(more).collect()
    }

    /// What statements here are about and none in `restored` is, whatever words its version has.
    pub fn lost(&self, restored: &Self, superuser: &str) -> BTreeSet<String> {
        let about = |globals: &Self| -> BTreeSet<String> {
            let statements = globals.comparable(superuser);
            statements.iter().map(|sql| in_any_words(sql)).collect()
        };
        let there = about(restored);
        about(self).difference(&there).cloned().collect()
    }

    fn comparable(&self, superuser: &str) -> BTreeSet<String> {
        let statements = self.statements.iter();
        let restorable = statements.filter_map(|sql| restorable(sql, superuser));
        restorable.filter(|sql| !sql.starts_with("SET ")).collect()
    }
}

const OF_A_CLUSTER: &str = "it is pg_dumpall's dump of a whole cluster, not of a database";

/// Whether a manifest is of globals. Of an adopted backup the database may be unknown.
pub fn is_of_globals(manifest: &Manifest) -> bool {
    manifest.database.is_none() && !manifest.adopted
}

/// The globals that lie beside a backup and belong to its set.
pub fn beside(backup: &Path, manifest: &Manifest) -> Option<PathBuf> {
    let set = manifest.set.as_ref()?;
    manifest.database.as_ref()?;
    let taken_at = Name::parse(backup.file_name()?.to_str()?)?.taken_at();
    let mut name = Name::new(None, manifest.label.as_deref(), taken_at, "sql.gz");
    // Another run may have had the first name in the same second.
    for _ in 0..3 {
        let path = backup.with_file_name(name.to_string());
        let found = Manifest::read(&path).ok().flatten();
        if found.is_some_and(|found| found.set.as_ref() == Some(set) && is_of_globals(&found)) {
            return Some(path);
        }
        name = name.next();
    }
    None
}

/// The statement as it is run here; `None` if it is not.
fn restorable(sql: &str, superuser: &str) -> Option<String> {
    let tokens = tokens(sql.as_bytes());
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    // What --clean drops is not there, but for the superuser's role, which stays.
    if sql.starts_with("SET client_encoding") || sql.starts_with("DROP ") {
        return None;
    }
    let is_role = word(1, "role") || word(1, "user");
    let name = tokens.get(2).and_then(Token::identifier);
    if is_role && name.as_deref() == Some(superuser) {
        return None;
    }
    if word(0, "create") && word(1, "tablespace") {
        return Some(format!("{} LOCATION '';", before(sql, &["location"])?));
    }
    if word(0, "grant")
        && tokens
            .windows(2)
            .any(|two| two[0].is("granted") && two[1].is("by"))
    {
        // By whom is another matter where the first superuser has another name.
        return Some(format!("{};", before(sql, &["granted", "by"])?));
    }
    Some(sql.to_string())
}

/// What comes before the last of these words, one after the other.
fn before<'s>(sql: &'s str, words: &[&str]) -> Option<&'s str> {
    let spans: Vec<_> = spans(sql.as_bytes()).collect();
    let matches = |at: &[(Token<'_>, std::ops::Range<usize>)]| {
        at.iter()
            .zip(words)
            .all(|((token, _), word)| token.is(word))
    };
    let at = spans.windows(words.len()).rposition(matches)?;
    Some(sql[..spans[at].1.start].trim_end())
}

/// `CREATE`, `ROLE` and the name.
fn subject(sql: &str) -> Option<(String, String, String)> {
    let tokens = tokens(sql.as_bytes());
    let [verb, kind, name, ..] = tokens.as_slice() else {
        return None;
    };
    let word = |token: &Token<'_>| token.identifier().map(|word| word.to_uppercase());
    Some((word(verb)?, word(kind)?, name.identifier()?))
}

/// What a statement is about, without what may be secret in it.
fn about(sql: &str) -> String {
    match (subject(sql), sql.starts_with("GRANT ")) {
        (Some((verb, kind, name)), false) => format!("{verb} {kind} {name}"),
        _ => sql
            .chars()
            .take_while(|c| *c != '\'' && *c != ';')
            .collect(),
    }
}

/// The same of a membership without how it was granted, which versions say differently.
fn in_any_words(sql: &str) -> String {
    let tokens = tokens(sql.as_bytes());
    let name = |at: usize| tokens.get(at).and_then(Token::identifier);
    match (sql.starts_with("GRANT "), name(1), name(3)) {
        (true, Some(role), Some(member)) => format!("GRANT {role} TO {member}"),
        _ => about(sql),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(sql: &str) -> Option<String> {
        restorable(sql, "postgres")
    }

    #[test]
    fn what_can_not_be_here_as_it_was_there() {
        for (sql, expected) in [
            ("CREATE ROLE app;", Some("CREATE ROLE app;")),
            ("CREATE ROLE postgres;", None),
            ("DROP ROLE IF EXISTS app;", None),
            ("ALTER ROLE postgres WITH NOSUPERUSER;", None),
            ("ALTER ROLE postgres SET statement_timeout TO '1';", None),
            (
                "CREATE TABLESPACE \"location\" OWNER app LOCATION '/srv/fast';",
                Some("CREATE TABLESPACE \"location\" OWNER app LOCATION '';"),
            ),
            (
                "GRANT a TO \"granted\" WITH ADMIN OPTION GRANTED BY rds_superuser;",
                Some("GRANT a TO \"granted\" WITH ADMIN OPTION;"),
            ),
            ("GRANT a TO postgres;", Some("GRANT a TO postgres;")),
        ] {
            assert_eq!(run(sql).as_deref(), expected, "{sql}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let sql = "ALTER ROLE app WITH LOGIN PASSWORD 'SCRAM-SHA-256$secret';";
        assert_eq!(about(sql), "ALTER ROLE app");
        assert_eq!(about("GRANT a TO b;"), "GRANT a TO b");
    }
}
