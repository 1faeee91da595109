//! The rows of a COPY as fast as the server sends them.
//!
//! The blocking client goes in and out of its runtime for every row, which costs
//! more than digesting it; here one stay serves a whole COPY.

use std::pin::pin;

use futures_core::Stream;
use shared::cluster::Cluster;
use shared::{Context, Result};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls};

/// A session that reads tables.
pub struct CopyOut {
    runtime: Runtime,
    client: Client,
}

impl CopyOut {
    /// Connects to a database of the throw-away server.
    pub fn connect(cluster: &Cluster, database: &str) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut config = Config::new();
        config.host_path(cluster.socket_dir()).port(cluster.port());
        config.user(cluster.superuser()).dbname(database);
        let client = runtime
            .block_on(async {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok::<Client, tokio_postgres::Error>(client)
            })
            .context(|| format!("database \"{database}\" of the temporary server"))?;
        Ok(Self { runtime, client })
    }

    /// Runs statements that answer nothing.
    pub fn execute(&self, sql: &str) -> Result<()> {
        Ok(self.runtime.block_on(self.client.batch_execute(sql))?)
    }

    /// Hands each row of a COPY to `take`, with the newline at its end.
    pub fn rows(&self, copy: &str, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.runtime.block_on(async {
            let mut rows = pin!(self.client.copy_out(copy).await?);
            while let Some(row) = std::future::poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
                take(&row?)?;
            }
            Ok(())
        })
    }
}
