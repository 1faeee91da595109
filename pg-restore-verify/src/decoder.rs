//! The text of a script as UTF-8, whatever its encoding, by the server's own conversions;
//! without a server what is not UTF-8 is shown as well as it can be.

use std::borrow::Cow;
use std::sync::Arc;

use postgres::Client;
use postgres::types::Type;
use shared::dump::{CopyTarget, decode};
use shared::{Error, Result};

use crate::server::Server;

/// Turns statements into text.
pub struct Decoder {
    server: Option<Arc<Server>>,
    encoding: Option<String>,
    client: Option<Client>,
}

impl Decoder {
    /// A decoder of UTF-8 until the script says otherwise.
    pub fn new(server: &Arc<Server>) -> Self {
        Self {
            server: Some(Arc::clone(server)),
            encoding: None,
            client: None,
        }
    }

    /// The same where no server runs.
    pub fn without_server() -> Self {
        Self {
            server: None,
            encoding: None,
            client: None,
        }
    }

    /// Another one for the same backup, with a session of its own.
    pub fn another(&self) -> Self {
        Self {
            server: self.server.clone(),
            encoding: self.encoding.clone(),
            client: None,
        }
    }

    /// The encoding of the script, where it is not UTF-8.
    pub fn encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }

    /// The script is in this encoding, which it need not say itself.
    pub fn declare(&mut self, encoding: &str) {
        self.encoding = (encoding != "UTF8").then(|| encoding.to_string());
    }

    /// What a statement says. `SET client_encoding` is heeded.
    pub fn text<'s>(&mut self, sql: &'s [u8]) -> Result<Cow<'s, str>> {
        if let Some(rest) = sql.strip_prefix(b"SET client_encoding = '") {
            let name = String::from_utf8_lossy(rest);
            let name = name.split('\'').next().unwrap_or_default();
            self.declare(name);
        }
        match std::str::from_utf8(sql) {
            Ok(text) if self.encoding.is_none() || text.is_ascii() => Ok(Cow::Borrowed(text)),
            Err(_) if self.encoding.is_none() => Ok(String::from_utf8_lossy(sql)),
            _ => self.convert(sql).map(Cow::Owned),
        }
    }

    /// What a COPY is aimed at, given what its bytes say.
    pub fn copy(&mut self, sql: &[u8], target: CopyTarget) -> Result<CopyTarget> {
        if self.encoding.is_none() || sql.is_ascii() {
            return Ok(target);
        }
        let text = self.text(sql)?;
        Ok(CopyTarget::parse(text.as_bytes()).unwrap_or(target))
    }

    fn convert(&mut self, sql: &[u8]) -> Result<String> {
        let Some(server) = &self.server else {
            return Ok(self.guess(sql));
        };
        let encoding = self.encoding.clone().unwrap_or_default();
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(server.connect_to_server()?),
        };
        let convert = "SELECT pg_catalog.convert_from($1, $2)";
        let rows = client.query_typed(convert, &[(&sql, Type::BYTEA), (&encoding, Type::TEXT)]);
        match rows {
            Ok(rows) => {
                let row = rows
                    .first()
                    .ok_or_else(|| Error::new("the server converted nothing"))?;
                Ok(row.try_get(0)?)
            }
            // What is not in the encoding that it claims is damage, which comparing shows.
            Err(error) if error.as_db_error().is_some() => Ok(self.guess(sql)),
            Err(error) => Err(error.into()),
        }
    }

    /// The text without a server, as a manifest has it.
    fn guess(&self, sql: &[u8]) -> String {
        let text = decode(sql, self.encoding.as_deref().unwrap_or("UTF8"));
        text.unwrap_or_else(|| String::from_utf8_lossy(sql))
            .into_owned()
    }
}
