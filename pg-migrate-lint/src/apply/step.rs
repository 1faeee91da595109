//! A statement of a script, as it is sent.

use std::io::Write as _;
use std::ops::Range;

use postgres::Client;

use super::failure::Refusal;
use crate::model::{Change, Transaction};
use crate::parse::Parsed;

/// What a statement is to the transaction that it is run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Any but the others.
    Plain,
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, ROLLBACK, PREPARE TRANSACTION.
    End {
        /// Whether what was done is there for others from now on.
        is_kept: bool,
        /// AND CHAIN: another transaction follows at once.
        chain: bool,
    },
    /// SAVEPOINT and what goes back to one or releases it.
    Within,
    /// `SET` and its like: nothing is locked or changed.
    Setting,
}

impl Sort {
    /// Of a statement.
    pub fn of(parsed: &Parsed) -> Self {
        let Parsed::Changes(changes) = parsed else {
            return Self::Plain;
        };
        match changes.as_slice() {
            [Change::Transaction(transaction)] => Self::of_transaction(*transaction),
            [Change::Set(_)] => Self::Setting,
            _ => Self::Plain,
        }
    }

    fn of_transaction(transaction: Transaction) -> Self {
        let end = |is_kept, chain| Self::End { is_kept, chain };
        match transaction {
            Transaction::Begin => Self::Begin,
            Transaction::Commit(chain) => end(true, chain),
            Transaction::Rollback(chain) => end(false, chain),
            // The session goes on without it.
            Transaction::Prepare => end(false, false),
            Transaction::Other => Self::Within,
        }
    }
}

/// A statement of a script.
#[derive(Debug)]
pub struct Step {
    /// Its bytes in the file, without the semicolon.
    pub place: Range<usize>,
    /// As it is sent.
    pub text: String,
    /// What it is to its transaction.
    pub sort: Sort,
    /// What it does.
    pub parsed: Parsed,
    /// What psql would send after it: the rows behind `COPY … FROM stdin`.
    pub rows: Option<Vec<u8>>,
}

impl Step {
    /// Sends it and waits for its end. The server's refusal is `Some`.
    pub fn send(&self, client: &mut Client) -> Option<Refusal> {
        let sent = match &self.rows {
            None => client.batch_execute(&self.text),
            Some(rows) => client.copy_in(&self.text).and_then(|mut copy| {
                // What breaks here is said by `finish`, in the server's words.
                let _ = copy.write_all(rows);
                copy.finish().map(drop)
            }),
        };
        sent.err().map(|error| Refusal::of(error, client))
    }
}
