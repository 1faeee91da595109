//! `requirepeer`: the system's user who must be at the other end of a socket.

use super::conninfo::Conninfo;
use super::environment::user_name;
use super::hosts::Host;
use super::startup::socket_path;
use crate::error::{Context, Error, Result};

/// Looks who listens on the socket, on a connection of its own that says nothing:
/// the folder of a socket belongs to who made it, so the next one goes there too.
pub fn check(conninfo: &Conninfo, host: &Host) -> Result<()> {
    let (Some(required), Some(folder)) = (conninfo.text("requirepeer"), &host.socket) else {
        return Ok(());
    };
    let path = socket_path(folder).join(format!(".s.PGSQL.{}", host.port));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let peer =
        runtime.block_on(async { tokio::net::UnixStream::connect(&path).await?.peer_cred() })?;
    let actual = user_name(peer.uid()).unwrap_or_else(|| peer.uid().to_string());
    match actual == required {
        true => Ok(()),
        false => Err(Error::new(format!(
            "requirepeer specifies \"{required}\", but actual peer user name is \"{actual}\""
        ))),
    }
    .context(|| "the socket was not trusted".to_string())
}
