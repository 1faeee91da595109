//! Servers for tests.

use std::sync::OnceLock;

use shared::cluster::{Cluster, ClusterOptions};

/// The server that all tests of this process share, by its socket, as superuser.
/// It ends with the process.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| start(&ClusterOptions::default()))
}

/// A shared server that other users of this machine can reach too, at
/// 127.0.0.1, without a password.
pub fn tcp_cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        start(&ClusterOptions {
            tcp: true,
            hba: vec!["host all all 127.0.0.1/32 trust".to_string()],
            ..ClusterOptions::default()
        })
    })
}

/// A server of the test's own.
pub fn start(options: &ClusterOptions) -> Cluster {
    match Cluster::start(options) {
        Ok(cluster) => cluster,
        Err(error) => panic!("no server for the tests: {error}"),
    }
}
