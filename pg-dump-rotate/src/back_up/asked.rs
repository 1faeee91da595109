//! What a session of our own was told of a database before its dump, and what that is good for.

use std::time::Duration;

use shared::backup::Manifest;
use shared::connection::{Conninfo, Session, within};
use shared::{Context, Result};

use super::Run;
use crate::server::{Attempt, Preflight, Request, Server, Snapshot};

/// All that is asked may take so many times what a connection may.
const QUESTIONS: u32 = 10;

/// The server and its database.
pub struct Asked {
    pub server: Server,
    pub preflight: Preflight,
    /// How both were reached, and will be again.
    pub conninfo: Conninfo,
}

impl Asked {
    /// Asks what could spoil the dump; an error where it would fail. Warnings are told.
    pub fn ask(run: &Run<'_>, session: Session, conninfo: &Conninfo) -> Result<Self> {
        let reached = conninfo.at(&session);
        let (server, preflight) = questions(session, conninfo, &run.options.selection)?;
        let warnings = preflight.warnings.iter();
        warnings.for_each(|text| run.context.warn(text));
        Ok(Self {
            server,
            preflight,
            conninfo: reached,
        })
    }

    /// The snapshot to dump, where the server's rows are to be compared with the dump's.
    pub fn snapshot(&self, run: &Run<'_>) -> Result<Option<Snapshot>> {
        let Some(source) = run.options.source else {
            return Ok(None);
        };
        let snapshot = Snapshot::export(Request {
            conninfo: self.conninfo.clone(),
            selection: self.preflight.selection.clone(),
            source,
            encoding: self.server.encoding.clone(),
            is_standby: self.preflight.surroundings.is_standby,
            lock_wait: run.options.lock_wait,
        });
        let snapshot = snapshot.map_err(|error| self.attempt(run).explain(error))?;
        Ok(Some(snapshot))
    }

    /// What explains why a dump failed.
    pub fn attempt<'a>(&'a self, run: &Run<'_>) -> Attempt<'a> {
        Attempt {
            conninfo: &self.conninfo,
            surroundings: &self.preflight.surroundings,
            lock_wait: run.options.lock_wait,
        }
    }

    /// The manifest with what the server said of itself.
    pub fn described(&self, manifest: Manifest) -> Manifest {
        let server = self.server.clone();
        Manifest {
            server_version: Some(server.version.to_string()),
            encoding: Some(server.encoding),
            collate: Some(server.collate),
            ctype: Some(server.ctype),
            locale_provider: server.locale_provider,
            locale: server.locale,
            restore_options: server.restore_options,
            extensions: Some(self.preflight.surroundings.extensions.clone()),
            source_bytes: self.preflight.source_bytes,
            omissions: self.preflight.omissions.clone(),
            ..manifest
        }
    }
}

fn questions(
    mut session: Session,
    conninfo: &Conninfo,
    selection: &[String],
) -> Result<(Server, Preflight)> {
    let selection = selection.to_vec();
    limited(conninfo, move || {
        let server = Server::ask(&mut session)?;
        let preflight = Preflight::check(&mut session, &server, &selection)?;
        Ok((server, preflight))
    })
}

/// A server that limits each statement may still never be heard of again, so all that is asked
/// before a dump has a limit here.
pub fn limited<T: Send + 'static>(
    conninfo: &Conninfo,
    questions: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let answered = within(limit(conninfo)?, questions);
    answered.context(|| "what the server is asked before a dump".into())?
}

/// How long all that may take.
pub fn limit(conninfo: &Conninfo) -> Result<Option<Duration>> {
    Ok(conninfo.patience()?.map(|patience| patience * QUESTIONS))
}
