//! A session that migrations are run in, and what ends its statement.

use std::sync::Arc;

use postgres::{Client, NoTls};
use shared::connection::Session;

/// A session.
pub struct Connection {
    /// The session itself.
    pub client: Client,
    cancel: Arc<dyn Fn() + Send + Sync>,
}

impl Connection {
    /// One on a socket, without TLS.
    pub fn local(client: Client) -> Self {
        let token = client.cancel_token();
        Self {
            client,
            // A server that is gone has nothing left to cancel.
            cancel: Arc::new(move || drop(token.cancel_query(NoTls))),
        }
    }

    /// One to wherever a user said.
    pub fn of(session: Session) -> Self {
        let canceller = session.canceller();
        Self {
            client: session.into_client(),
            cancel: Arc::new(move || drop(canceller.cancel())),
        }
    }

    /// What ends the statement that it runs at the moment, from any thread.
    pub fn canceller(&self) -> Arc<dyn Fn() + Send + Sync> {
        Arc::clone(&self.cancel)
    }
}
