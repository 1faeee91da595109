//! The rows of a COPY, as fast as the server sends them where that is ours.
//!
//! The client library goes in and out of its runtime for every row, or at least through a
//! channel, which costs more than digesting it. What the throw-away server's own socket needs of
//! the protocol is little: it trusts us, and rows are all that we ask it for.

mod wire;

use std::cell::RefCell;
use std::io::BufRead;

use shared::Result;

use crate::server::Database;
use wire::Wire;

/// A session that reads tables.
pub enum CopyOut {
    /// Of the throw-away server.
    Ours(RefCell<Wire>),
    /// Of a server that was named, which may ask for encryption.
    Named(Box<RefCell<postgres::Client>>),
}

/// The server's own words for why it refuses.
pub type Refused = String;

impl CopyOut {
    /// Connects to a database.
    pub fn connect(database: &Database) -> Result<Self> {
        match database.server().cluster() {
            Some(cluster) => Ok(Self::Ours(RefCell::new(Wire::connect(
                cluster,
                database.name(),
            )?))),
            None => Ok(Self::Named(Box::new(RefCell::new(database.connect()?)))),
        }
    }

    /// Runs statements that answer nothing.
    pub fn execute(&self, sql: &str) -> Result<()> {
        match self {
            Self::Ours(wire) => wire
                .borrow_mut()
                .query(sql, |_| Ok(()))?
                .map_err(shared::Error::new),
            Self::Named(client) => Ok(client.borrow_mut().batch_execute(sql)?),
        }
    }

    /// Hands each row of a COPY to `take`, with the newline at its end.
    ///
    /// # Errors
    /// When the session fails, or `take` does. What the server refuses is the inner error.
    pub fn rows(
        &self,
        copy: &str,
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<std::result::Result<(), Refused>> {
        match self {
            Self::Ours(wire) => wire.borrow_mut().query(copy, take),
            Self::Named(client) => match rows_of(&mut client.borrow_mut(), copy, &mut take) {
                Err(error) if error.sqlstate().is_some() => Ok(Err(error.message().to_string())),
                ended => ended.map(Ok),
            },
        }
    }
}

fn rows_of(
    client: &mut postgres::Client,
    copy: &str,
    take: &mut impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut rows = client.copy_out(copy)?;
    let mut row = Vec::new();
    while rows.read_until(b'\n', &mut row)? > 0 {
        take(&row)?;
        row.clear();
    }
    Ok(())
}
