//! What was ordered by a collation is still in that order.

use std::time::Instant;

use postgres::{Client, Row};
use shared::Result;

use super::{Done, Origin, Outcome, Seen};
use crate::proof::counted;
use crate::server::Database;

pub const CHECK: &str = "collations";

/// Compares the versions that were noted with those of now.
pub fn look(client: &mut Client, database: &Database, origin: Origin<'_>) -> Result<Done> {
    let began = Instant::now();
    let mut rows = client.query_typed(include_str!("../../sql/collations.sql"), &[])?;
    if database.server().version().major >= 15 {
        let own = include_str!("../../sql/database_collation.15.sql");
        rows.extend(client.query_typed(own, &[])?);
    }
    let seen = rows.iter().map(|row| of_row(row, origin));
    Ok(Done {
        check: CHECK,
        seen: seen.collect::<Result<_>>()?,
        took: began.elapsed(),
    })
}

fn of_row(row: &Row, origin: Origin<'_>) -> Result<Seen> {
    let recorded: String = row.try_get("recorded")?;
    let actual: Option<String> = row.try_get("actual")?;
    let outcome = match &actual {
        Some(actual) if *actual == recorded => Outcome::Holds,
        _ => {
            let (what, indexes): (String, i64) =
                (row.try_get("kind_and_name")?, row.try_get("indexes")?);
            let message = format!(
                "was of version {recorded} and is of {} here: rebuild what it orders ({} by it), \
                 then ALTER {what} REFRESH {}VERSION",
                actual.as_deref().unwrap_or("none"),
                counted(indexes.unsigned_abs(), "index"),
                if what.starts_with("DATABASE") {
                    "COLLATION "
                } else {
                    ""
                },
            );
            match origin {
                // Of this machine, and none of the backup's.
                Origin::Recovered => Outcome::Listed(message),
                _ => Outcome::Broken {
                    expected: Some(recorded),
                    actual: actual.clone(),
                    message,
                },
            }
        }
    };
    Ok(Seen {
        object: row.try_get("name")?,
        outcome,
    })
}
