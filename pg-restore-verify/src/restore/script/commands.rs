//! The commands of psql in a script.

use shared::Result;
use shared::dump::{Token, tokens};

use super::Restore;
use crate::restore::Refusal;
use crate::settings;

impl Restore<'_> {
    /// Does what psql would, of what a dump asks it for.
    pub(super) fn command(&mut self, text: &[u8], line: u64) -> Result<()> {
        let text = String::from_utf8_lossy(text);
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        match word {
            _ if self.restriction.command(word, rest) => {}
            "\\connect" => self.connect(rest)?,
            _ => self.refusals.push(Refusal::new(
                format!("line {line}"),
                format!("{word} is a command of psql that no dump has"),
                "",
            )),
        }
        Ok(())
    }

    /// `\connect name`, or `\connect -reuse-previous=on "dbname='name'"`.
    fn connect(&mut self, rest: &str) -> Result<()> {
        let tokens = tokens(rest.as_bytes());
        let name = match tokens.last() {
            Some(Token::Quoted(conninfo)) if rest.contains("dbname=") => {
                let conninfo = String::from_utf8_lossy(conninfo).into_owned();
                conninfo.strip_prefix("dbname=").map(unquoted_value)
            }
            Some(name) => name.identifier(),
            None => None,
        };
        if let Some(name) = name {
            self.target.set_database(name);
            self.client = self.target.database().connect_to_restore()?;
            self.sessions = self.sessions.of(self.target.database().clone());
            self.typed = false;
            self.go_on_without_settings();
        }
        Ok(())
    }

    /// The settings of the database that it has just made, as who restores it has to.
    fn go_on_without_settings(&mut self) {
        if !self.target.server().is_ours() {
            return;
        }
        for statement in settings::undone(self.collector.contents()) {
            // What this server does not know it has not set, either.
            let _ = self.client.batch_execute(&statement);
            self.sessions.note(&statement);
        }
    }
}

/// A conninfo value without its quotes and backslashes.
fn unquoted_value(value: &str) -> String {
    let inner = value
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    let mut plain = String::new();
    let mut characters = inner.unwrap_or(value).chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' {
            characters.next()
        } else {
            Some(character)
        });
    }
    plain
}
