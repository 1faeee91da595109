//! `\restrict KEY` and `\unrestrict KEY`, which newer scripts begin and end with.
//!
//! psql takes no commands between them; who forges them wants it to take some. We run none anyway.

use shared::dump::Header;

/// Whether the script has given back the key that it began with.
#[derive(Debug, Default)]
pub struct Restriction(Option<String>);

impl Restriction {
    /// Notes a command of psql; false if no dump has it, or has it there. `\connect` is not ours.
    pub fn command(&mut self, word: &str, rest: &str) -> bool {
        match word {
            "\\restrict" if self.0.is_none() && is_key(rest) => self.0 = Some(rest.to_string()),
            "\\unrestrict" if self.0.as_deref() == Some(rest) => self.0 = None,
            // Before it connects to a database with an odd name; client_encoding is set after it.
            "\\encoding" if rest == "SQL_ASCII" => {}
            // A part of the key: what ends there is told as incomplete.
            "\\unrestrict" if self.0.as_ref().is_some_and(|key| key.starts_with(rest)) => {}
            _ => return false,
        }
        true
    }

    /// Why the script that ends here is not whole, if it is not.
    pub fn incomplete(&self, header: &Header) -> Option<String> {
        if !header.complete {
            return Some("pg_dump's closing words are missing: it is cut short".to_string());
        }
        let words = "\\restrict is not answered by \\unrestrict with its key: it is cut short";
        self.0.as_ref().map(|_| words.to_string())
    }
}

/// pg_dump's keys are letters and digits: in backquotes an older psql would run what is there.
fn is_key(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
