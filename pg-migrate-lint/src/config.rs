//! `pg-migrate-lint.toml`: which rules, how bad, of which server.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use shared::{Context as _, Error, Result};
use toml::{Table, Value};

use crate::cli::{self, FailOn, InTransaction};
use crate::effects::Version;
use crate::finding::Severity;
use crate::history::Wanted;
use crate::layout::Layout;

/// Where it is looked for.
const NAME: &str = "pg-migrate-lint.toml";

/// What the file says.
#[derive(Debug, Default)]
pub struct Config {
    /// These rules and groups only.
    pub rules: Vec<String>,
    /// These besides the usual ones.
    pub also: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// How bad each rule's findings are.
    pub severities: HashMap<String, Severity>,
    /// Rules that are not asked in some files: a pattern, and rules or groups.
    pub paths: Vec<(String, Vec<String>)>,
    /// The server's version.
    pub version: Option<Version>,
    /// From where on the status is 1.
    pub fail_on: Option<FailOn>,
    /// The framework.
    pub layout: Option<Layout>,
    /// How files are put into transactions.
    pub in_transaction: Option<InTransaction>,
    /// The runner sets lock_timeout itself.
    pub has_lock_timeout: bool,
    /// Where the framework's history table is.
    pub history: Option<Wanted>,
    /// Tables with fewer rows are small.
    pub small_table: Option<i64>,
}

impl Config {
    /// The file of the folder that the tool is run in, if there is one.
    pub fn of_folder() -> Result<Self> {
        match Path::new(NAME).is_file() {
            true => Self::read(Path::new(NAME)),
            false => Ok(Self::default()),
        }
    }

    /// Reads it.
    pub fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        if path.is_dir() {
            let file = path.join(NAME);
            return Err(
                Error::usage(format!("--config {} is a folder", path.display()))
                    .with_hint(format!("name a file, such as {}", file.display())),
            );
        }
        let text = fs::read_to_string(path).context(name)?;
        Self::parse(&text).context(name)
    }

    /// What the text of one says.
    pub fn parse(text: &str) -> Result<Self> {
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().and_then(|span| text.get(..span.start));
            let line = line.map(|before| format!("line {}: ", before.matches('\n').count() + 1));
            Error::usage(format!("{}{}", line.unwrap_or_default(), error.message()))
        })?;
        Self::of(&table)
    }

    fn of(table: &Table) -> Result<Self> {
        let mut config = Self::default();
        for (key, value) in table {
            match (key.as_str(), value) {
                ("rules", value) => config.rules = rules(key, value)?,
                ("also", value) => config.also = rules(key, value)?,
                ("skip", value) => config.skip = rules(key, value)?,
                ("pg_version", Value::Integer(version)) => {
                    config.version = Some(cli::version(&version.to_string())?)
                }
                ("pg_version", Value::String(version)) => {
                    config.version = Some(cli::version(version)?)
                }
                ("pg_version", _) => {
                    return Err(refuse(key, "a version such as 16 or \"16.4\" is needed"));
                }
                ("fail_on", value) => {
                    let fail_on = value.as_str().and_then(FailOn::from_name);
                    config.fail_on = Some(
                        fail_on.ok_or_else(|| refuse(key, "error, warning or never is needed"))?,
                    );
                }
                ("layout", value) => {
                    let layout = value.as_str().map(cli::layout).transpose()?;
                    config.layout =
                        layout.ok_or_else(|| refuse(key, "the name of a layout is needed"))?;
                }
                ("in_transaction", value) => {
                    let how = value.as_str().and_then(InTransaction::from_name);
                    config.in_transaction =
                        Some(how.ok_or_else(|| refuse(key, "auto, yes or no is needed"))?);
                }
                ("history", value) => {
                    let table = value.as_str().and_then(Wanted::parse);
                    config.history = Some(table.ok_or_else(|| {
                        refuse(
                            key,
                            "\"TABLE\" or \"SCHEMA.TABLE\" is needed, as SQL writes it",
                        )
                    })?);
                }
                ("small_table", value) => {
                    let rows = value.as_integer().filter(|rows| *rows > 0);
                    let rows = rows.ok_or_else(|| refuse(key, "a number of rows is needed"))?;
                    config.small_table = Some(rows);
                }
                ("lock_timeout_is_set", value) => {
                    let is_set = value.as_bool();
                    config.has_lock_timeout =
                        is_set.ok_or_else(|| refuse(key, "true or false is needed"))?;
                }
                ("severity", Value::Table(severities)) => {
                    for (name, value) in severities {
                        let severity = value.as_str().and_then(Severity::from_name);
                        let severity = severity
                            .ok_or_else(|| refuse(name, "error, warning or info is needed"))?;
                        config
                            .severities
                            .insert(cli::rule(name)?.name.to_string(), severity);
                    }
                }
                ("paths", Value::Table(paths)) => {
                    for (pattern, value) in paths {
                        config
                            .paths
                            .push((pattern.clone(), path_rules(pattern, value)?));
                    }
                }
                ("severity" | "paths", _) => {
                    return Err(refuse(key, &format!("it is a table: [{key}]")));
                }
                _ => {
                    let known = "rules, also, skip, pg_version, layout, in_transaction, fail_on, history, small_table, lock_timeout_is_set, [severity] or [paths.\"PATTERN\"] with skip";
                    return Err(refuse(key, &format!("there is no such key: {known}")));
                }
            }
        }
        Ok(config)
    }

    /// Whether the rule is not asked in this file.
    pub fn leaves_out(&self, path: &str, rule: &crate::rules::Rule) -> bool {
        let mut paths = self.paths.iter().filter(|(pattern, _)| fits(pattern, path));
        paths.any(|(_, rules)| {
            rules
                .iter()
                .any(|name| name == rule.name || name == rule.group.name())
        })
    }
}

fn path_rules(pattern: &str, value: &Value) -> Result<Vec<String>> {
    match value
        .as_table()
        .map(|table| (table.len(), table.get("skip")))
    {
        Some((1, Some(value))) => rules(pattern, value),
        _ => Err(refuse(pattern, "only skip = [\"RULE\", …] may stand there")),
    }
}

fn rules(key: &str, value: &Value) -> Result<Vec<String>> {
    let needed = || refuse(key, "a list of rules and groups is needed");
    let values = value.as_array().ok_or_else(needed)?;
    let mut names = Vec::new();
    for value in values {
        names.extend(cli::named(value.as_str().ok_or_else(needed)?)?);
    }
    Ok(names)
}

fn refuse(key: &str, why: &str) -> Error {
    Error::usage(format!("{key}: {why}"))
}

/// Whether a path, or its end after a slash, fits a pattern of `*` and `?`; `*` stands for slashes as well.
fn fits(pattern: &str, path: &str) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
    std::iter::once(path)
        .chain(ends)
        .any(|path| fits_whole(pattern.as_bytes(), path.as_bytes()))
}

fn fits_whole(pattern: &[u8], path: &[u8]) -> bool {
    // Where the last star was, and what it stands for so far.
    let (mut at, mut place, mut star) = (0, 0, None);
    while place < path.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(letter) if *letter == b'?' || *letter == path[place] => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((known, upto)) => {
                    star = Some((known, upto + 1));
                    at = known + 1;
                    place = upto + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_paths_and_their_ends() {
        assert!(fits("seed/*", "db/seed/a/1.sql"));
        assert!(fits("*.down.sql", "db/1.down.sql"));
        assert!(!fits("seed/*", "db/reseed/1.sql"));
        assert!(!fits("*.up.sql", "db/1.down.sql"));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let of = |text: &str| Config::of(&toml::from_str(text).unwrap());
        assert!(of("pg_verson = 15").is_err());
        assert!(of("skip = [\"no-such-rule\"]").is_err());
        assert!(of("[severity]\nsyntax = \"bad\"").is_err());
        let config = of(
            "pg_version = \"15.4\"\nskip = [\"style\"]\n[paths.\"seed/*\"]\nskip = [\"syntax\"]",
        )
        .unwrap();
        let minor = Some(4);
        assert_eq!(config.version, Some(Version { major: 15, minor }));
        assert!(config.leaves_out("a/seed/1.sql", &crate::rules::SYNTAX));
    }
}
