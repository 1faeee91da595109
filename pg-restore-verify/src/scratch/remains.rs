//! What earlier runs had to leave on a server, and what becomes of it.

use std::sync::Arc;

use postgres::Client;
use postgres::types::Type;
use shared::Result;
use shared::dump::quote_identifier;

use super::{allow_connections, drop_database};
use crate::server::Server;

/// Does on the server what every run there does first.
pub fn sweep_on(server: &Arc<Server>) -> Result<()> {
    sweep(server, &mut server.connect_to_server()?)
}

/// Drops the scratch databases and roles that are nobody's any more. One that can't be dropped
/// is left to the next run: it is no reason not to start.
pub fn sweep(server: &Arc<Server>, client: &mut Client) -> Result<()> {
    // Nor one that somebody holds.
    client.batch_execute("SET lock_timeout = '10s'")?;
    let swept = sweep_patiently(server, client);
    client.batch_execute("SET lock_timeout = 0")?;
    swept
}

fn sweep_patiently(server: &Arc<Server>, client: &mut Client) -> Result<()> {
    let abandoned = include_str!("../../sql/abandoned_databases.sql");
    for row in client.query_typed(abandoned, &[])? {
        let name: String = row.try_get(0)?;
        if let Some(live) = row.try_get::<_, Option<String>>(1)? {
            let _ = allow_connections(client, &live);
        }
        let _ = drop_database(server, client, &name);
    }
    drop_roles(client)
}

/// A role that something else needs by now stays, and so its comment: a later run tries again.
/// So does the one that another run counts on.
pub fn drop_roles(client: &mut Client) -> Result<()> {
    for row in client.query_typed(include_str!("../../sql/abandoned_roles.sql"), &[])? {
        let role: String = row.try_get(0)?;
        let take = include_str!("../../sql/take_role.sql");
        let taken = client.query_typed(take, &[(&role, Type::TEXT)])?;
        if !taken.first().is_some_and(|row| row.get(0)) {
            continue;
        }
        let _ = client.batch_execute(&format!("DROP ROLE IF EXISTS {}", quote_identifier(&role)));
        let release = include_str!("../../sql/release_role.sql");
        client.query_typed(release, &[(&role, Type::TEXT)])?;
    }
    Ok(())
}
