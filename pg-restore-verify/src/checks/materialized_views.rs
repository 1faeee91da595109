//! Materialised views hold rows where the backup filled them.

use std::time::Instant;

use postgres::Client;
use shared::Result;
use shared::dump::QualifiedName;

use super::{Done, Outcome, Seen};
use crate::contents::Contents;

pub const CHECK: &str = "materialized_views";

/// Compares them with what the backup fills.
pub fn look(client: &mut Client, contents: &Contents) -> Result<Done> {
    let began = Instant::now();
    let mut seen = Vec::new();
    for row in client.query_typed(include_str!("../../sql/materialized_views.sql"), &[])? {
        let view = QualifiedName {
            schema: Some(row.try_get("schema")?),
            name: row.try_get("name")?,
        };
        let populated = row.try_get("populated")?;
        let outcome = match (contents.refreshed.contains(&view), populated) {
            (_, true) => Outcome::Holds,
            _ if contents.held_off.holds(&view) => {
                let why = "not filled: it shows what is elsewhere (foreign tables, dblink), which \
                           nothing may read";
                match contents.held_off.is_missed {
                    true => Outcome::Lacking(format!("{why}: REFRESH it once it is promoted")),
                    false => Outcome::Listed(why.to_string()),
                }
            }
            (true, false) if contents.withheld.leaves_gap() => {
                Outcome::Listed("not filled: the server refused that".to_string())
            }
            (true, false) => Outcome::Broken {
                expected: Some("rows".to_string()),
                actual: Some("never filled".to_string()),
                message: "the backup fills it, the restore did not".to_string(),
            },
            // Of definitions alone, nothing is.
            (false, false) if contents.tables.is_empty() => continue,
            (false, false) => Outcome::Listed("holds no rows: the backup does not fill it".into()),
        };
        seen.push(Seen {
            object: view.to_string(),
            outcome,
        });
    }
    Ok(Done {
        check: CHECK,
        seen,
        took: began.elapsed(),
    })
}
