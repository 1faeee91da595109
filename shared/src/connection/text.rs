//! What a connection string says, whichever way it is written.

use super::{keywords, unencoded};
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// Values by keyword. An empty value is one that was said.
pub type Settings = BTreeMap<&'static str, String>;

/// What was read from one connection string.
#[derive(Default)]
pub struct Parsed {
    /// What libpq knows.
    pub settings: Settings,
    /// `schema=`, `currentSchema=`: the search path that was asked for.
    pub schemas: Vec<String>,
    /// Something said that a pooler in transaction mode is to be expected.
    pub pooled: bool,
    /// What was dropped or translated.
    pub notes: Vec<String>,
    /// The password holds percent-encoded characters.
    pub encoded_password: bool,
}

impl Parsed {
    /// Stores the value of a keyword; false where there is no such keyword.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> bool {
        match keywords::find(name) {
            Some(keyword) => {
                self.settings.insert(keyword.name, value.into());
                true
            }
            None => false,
        }
    }

    /// Stores the value of a keyword of the table.
    pub fn put(&mut self, keyword: &'static str, value: impl Into<String>) {
        self.settings.insert(keyword, value.into());
    }
}

/// The connection string that psql's `-d` takes: a URL, key=value, or the name of a database.
pub fn parse(text: &str) -> Result<Parsed> {
    if let Some(parsed) = super::uri::parse(text)? {
        return Ok(parsed);
    }
    unencoded::check_scheme(text)?;
    if text.contains('=') {
        return super::keyvalue::parse(text);
    }
    let mut parsed = Parsed::default();
    if !text.is_empty() {
        parsed.set("dbname", text);
    }
    Ok(parsed)
}

/// Names that are no parameters, to be refused all at once.
#[derive(Default)]
pub struct UnknownNames {
    names: Vec<String>,
    hidden: Option<String>,
}

impl UnknownNames {
    /// Takes a name; what follows a secret may be a piece of it and is not shown.
    pub fn add(&mut self, name: &str, previous: &str) {
        if self.hidden.is_some() || keywords::is_secret(previous) {
            self.hidden.get_or_insert_with(|| previous.to_string());
        } else {
            self.names.push(name.to_string());
        }
    }

    /// An error that names them all, if there are any.
    pub fn refuse(self, place: &str) -> Result<()> {
        if let Some(previous) = self.hidden {
            return Err(Error::usage(format!(
                "what follows \"{previous}\" in the {place} is not a connection parameter"
            ))
            .with_hint(match place {
                "URL" => "in a URL's password, write & as %26 and = as %3D".to_string(),
                _ => format!("write a value with blanks in quotes: {previous}='…'"),
            }));
        }
        let quoted: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        match quoted.as_slice() {
            [] => Ok(()),
            [one] => Err(Error::usage(format!(
                "unknown connection parameter {one} in the {place}"
            ))),
            _ => Err(Error::usage(format!(
                "unknown connection parameters in the {place}: {}",
                quoted.join(", ")
            ))),
        }
    }
}
