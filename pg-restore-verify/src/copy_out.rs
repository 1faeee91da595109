//! The rows of a COPY, as fast as the server sends them where that is ours.
//!
//! The blocking client goes in and out of its runtime for every row, which costs
//! more than digesting it; on a socket of our own one stay serves a whole COPY.

use std::cell::RefCell;
use std::io::BufRead;
use std::pin::pin;

use futures_core::Stream;
use shared::cluster::Cluster;
use shared::{Context, Result};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls};

use crate::server::Database;

/// A session that reads tables.
pub enum CopyOut {
    /// Of the throw-away server.
    Ours {
        runtime: Runtime,
        client: Box<Client>,
    },
    /// Of a server that was named, which may ask for encryption.
    Named(Box<RefCell<postgres::Client>>),
}

impl CopyOut {
    /// Connects to a database.
    pub fn connect(database: &Database) -> Result<Self> {
        match database.server().cluster() {
            Some(cluster) => Self::ours(cluster, database.name()),
            None => Ok(Self::Named(Box::new(RefCell::new(database.connect()?)))),
        }
    }

    fn ours(cluster: &Cluster, database: &str) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut config = Config::new();
        config.host_path(cluster.socket_dir()).port(cluster.port());
        config.user(cluster.superuser()).dbname(database);
        if !cluster.session_options().is_empty() {
            config.options(cluster.session_options());
        }
        let client = runtime
            .block_on(async {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok::<Client, tokio_postgres::Error>(client)
            })
            .context(|| format!("database \"{database}\" of the temporary server"))?;
        Ok(Self::Ours {
            runtime,
            client: Box::new(client),
        })
    }

    /// Runs statements that answer nothing.
    pub fn execute(&self, sql: &str) -> Result<()> {
        match self {
            Self::Ours { runtime, client } => Ok(runtime.block_on(client.batch_execute(sql))?),
            Self::Named(client) => Ok(client.borrow_mut().batch_execute(sql)?),
        }
    }

    /// Hands each row of a COPY to `take`, with the newline at its end.
    pub fn rows(&self, copy: &str, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Self::Ours { runtime, client } => runtime.block_on(async {
                let mut rows = pin!(client.copy_out(copy).await?);
                while let Some(row) = std::future::poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
                    take(&row?)?;
                }
                Ok(())
            }),
            Self::Named(client) => {
                let mut client = client.borrow_mut();
                let mut rows = client.copy_out(copy)?;
                let mut row = Vec::new();
                while rows.read_until(b'\n', &mut row)? > 0 {
                    take(&row)?;
                    row.clear();
                }
                Ok(())
            }
        }
    }
}
