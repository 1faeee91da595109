//! The relations that were not chosen go, and what can't do without them.

use std::collections::BTreeSet;

use postgres::Client;
use postgres::types::Type;
use shared::Result;

use super::Chosen;

/// Drops what was not chosen; in words, what of the chosen ones went with it.
pub fn drop_others(client: &mut Client, chosen: &Chosen) -> Result<BTreeSet<String>> {
    if !chosen.is_part() {
        return Ok(BTreeSet::new());
    }
    client.batch_execute("SET client_min_messages = warning; SET search_path = ''")?;
    // A restored event trigger would fire for what is dropped; who can't restore one can't do this.
    let _ = client.batch_execute("SET session_replication_role = replica");
    let before = parts(client, chosen)?;
    let (schemas, names) = chosen.names();
    let parameters: [(&(dyn postgres::types::ToSql + Sync), Type); 2] =
        [(&schemas, Type::TEXT_ARRAY), (&names, Type::TEXT_ARRAY)];
    for row in client.query_typed(include_str!("../../sql/drop_others.sql"), &parameters)? {
        let step: i32 = row.try_get("step")?;
        let statement: String = row.try_get("statement")?;
        match client.batch_execute(&statement) {
            // A sequence that a chosen table takes its values from stays.
            Err(error) if step == 3 && error.as_db_error().is_some() => {}
            other => other?,
        }
    }
    client.batch_execute(
        "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata",
    )?;
    let after = parts(client, chosen)?;
    Ok(before.difference(&after).cloned().collect())
}

fn parts(client: &mut Client, chosen: &Chosen) -> Result<BTreeSet<String>> {
    let (schemas, names) = chosen.names();
    let parameters: [(&(dyn postgres::types::ToSql + Sync), Type); 2] =
        [(&schemas, Type::TEXT_ARRAY), (&names, Type::TEXT_ARRAY)];
    let rows = client.query_typed(include_str!("../../sql/chosen_parts.sql"), &parameters)?;
    rows.iter().map(|row| Ok(row.try_get("part")?)).collect()
}
