//! Indexes can be used.

use std::time::Instant;

use postgres::{Client, Row};
use shared::Result;
use shared::dump::QualifiedName;

use super::{Done, Origin, Outcome, Seen};

pub const CHECK: &str = "indexes";

/// Looks which are valid and ready.
pub fn look(client: &mut Client, origin: Origin<'_>) -> Result<Done> {
    let began = Instant::now();
    let rows = client.query_typed(include_str!("../../sql/indexes.sql"), &[])?;
    let seen = rows.iter().map(|row| of_row(row, origin));
    Ok(Done {
        check: CHECK,
        seen: seen.collect::<Result<_>>()?,
        took: began.elapsed(),
    })
}

fn of_row(row: &Row, origin: Origin<'_>) -> Result<Seen> {
    let index = QualifiedName {
        schema: Some(row.try_get("schema")?),
        name: row.try_get("name")?,
    };
    let (valid, ready): (bool, bool) = (row.try_get("valid")?, row.try_get("ready")?);
    let outcome = match (valid && ready, row.try_get("partitioned")?) {
        (true, _) => Outcome::Holds,
        // A backup takes it along as it is; what is only half built it leaves out.
        (false, true) => {
            Outcome::Inherited("not valid: some partition has no such index attached to it".into())
        }
        (false, false) if origin.is_live() && row.try_get("is_built_now")? => {
            Outcome::Listed("not valid yet: it is being built".into())
        }
        (false, false) => {
            let table: String = row.try_get("table_name")?;
            let how = if ready { "not valid" } else { "not ready" };
            let message = format!(
                "{how}: no query on {table} uses it; REINDEX, or drop it and create it anew"
            );
            match origin {
                Origin::Recovered => Outcome::Inherited(message),
                _ => Outcome::broken(message),
            }
        }
    };
    Ok(Seen {
        object: index.to_string(),
        outcome,
    })
}
