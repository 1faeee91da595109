//! Whether an index of a table leads to as many rows as the table has.
//!
//! A table that lost its end, or its file, is an empty or a shorter one to the server. Where nothing
//! says how long it was (a backup without a manifest) its indexes do, which nobody cut with it:
//! amcheck finds nothing wrong with them, for it never goes from an index to the rows.

use postgres::Client;
use shared::Result;
use shared::{Error, signals};

use crate::proof::counted;
use crate::server::Database;

/// Both counts see the same rows: a worker that the server was told to load may write.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
const BY_TABLE: &str = "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; \
                        SET LOCAL enable_bitmapscan = off";
/// Every row is looked up, or its page's mark that all rows there are visible.
const BY_INDEX: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off";
/// What is said of damage: class XX, other than what the server itself did wrong.
const DAMAGED: [&str; 2] = ["XX001", "XX002"];

/// A session that counts by indexes.
pub struct Indexed {
    client: Client,
    _guard: signals::Guard,
}

impl Indexed {
    /// Opens it.
    pub fn connect(database: &Database) -> Result<Self> {
        let (client, guard) = database.server().connect_cancelled(database.name())?;
        Ok(Self {
            client,
            _guard: guard,
        })
    }

    /// What is wrong with a relation of so many rows that has an index on all of them. That they can't be
    /// counted for another reason than damage is no fault of theirs.
    pub fn fault(&mut self, relation: &str, rows: u64) -> Result<Option<String>> {
        let fault = self.compare(relation, rows);
        self.client.batch_execute("ROLLBACK")?;
        let error = match fault {
            Ok(None) => return Ok(None),
            Ok(Some(found)) => {
                let found = counted(found, "row");
                let why = "some were lost, or the index is damaged";
                return Ok(Some(format!("an index leads to {found}: {why}")));
            }
            Err(error) => error,
        };
        signals::check()?;
        let is_damage = error
            .code()
            .is_some_and(|code| DAMAGED.contains(&code.code()));
        let words = Error::from(error).in_one_line();
        let what = "an index leads to what is not there";
        Ok(is_damage.then(|| format!("{what}: {words}")))
    }

    /// How many rows the index leads to, if it is another number.
    fn compare(
        &mut self,
        relation: &str,
        rows: u64,
    ) -> std::result::Result<Option<u64>, postgres::Error> {
        self.client.batch_execute(BEGIN)?;
        let found = self.count(BY_INDEX, relation)?;
        if found == rows {
            return Ok(None);
        }
        self.client.batch_execute("SET LOCAL enable_seqscan = on")?;
        let rows = self.count(BY_TABLE, relation)?;
        Ok((found != rows).then_some(found))
    }

    fn count(
        &mut self,
        settings: &str,
        relation: &str,
    ) -> std::result::Result<u64, postgres::Error> {
        self.client.batch_execute(settings)?;
        let count = format!("SELECT pg_catalog.count(*) FROM ONLY {relation}");
        let found: i64 = self.client.query_typed(&count, &[])?[0].try_get(0)?;
        Ok(found.unsigned_abs())
    }
}
