//! A session that migrations are run in, and what ends its statement, or the session itself where that does not help.

use std::sync::Arc;

use postgres::types::Type;
use postgres::{Client, NoTls};
use shared::Result;
use shared::connection::{Conninfo, Session, SessionOptions};

/// Does something to a session, from any thread.
pub type Act = Arc<dyn Fn() + Send + Sync>;

/// A session.
pub struct Connection {
    /// The session itself.
    pub client: Client,
    cancel: Act,
    end: Act,
}

impl Connection {
    /// One on a socket, without TLS.
    pub fn local(client: Client) -> Self {
        let token = client.cancel_token();
        Self {
            client,
            // A server that is gone has nothing left to cancel.
            cancel: Arc::new(move || drop(token.cancel_query(NoTls))),
            end: Arc::new(|| ()),
        }
    }

    /// One to wherever a user said.
    pub fn of(session: Session) -> Self {
        let canceller = session.canceller();
        Self {
            client: session.into_client(),
            cancel: Arc::new(move || drop(canceller.cancel())),
            end: Arc::new(|| ()),
        }
    }

    /// The same, which another session to there can end.
    ///
    /// # Errors
    /// Where the server does not say which it is.
    pub fn within_reach(mut self, conninfo: Conninfo) -> Result<Self> {
        let sql = "select pg_catalog.pg_backend_pid()";
        let pid: i32 = self.client.query_typed_one(sql, &[])?.try_get(0)?;
        // A session that is gone needs no end, and who can't be reached can't be ended.
        self.end = Arc::new(move || drop(end(&conninfo, pid)));
        Ok(self)
    }

    /// What ends the statement that it runs at the moment.
    pub fn canceller(&self) -> Act {
        Arc::clone(&self.cancel)
    }

    /// What ends the session: code can catch what ends its statement, and go on.
    pub fn ender(&self) -> Act {
        Arc::clone(&self.end)
    }
}

fn end(conninfo: &Conninfo, pid: i32) -> Result<()> {
    let mut session = Session::open(conninfo, &SessionOptions::default())?;
    let sql = "select pg_catalog.pg_terminate_backend($1)";
    session.client().query_typed(sql, &[(&pid, Type::INT4)])?;
    Ok(())
}
