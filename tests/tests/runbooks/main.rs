//! What the runbooks have people do by hand, done by the tools: a test for each
//! row, named by its id.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod backup_rows;
#[path = "../tls/certificates.rs"]
#[allow(dead_code)] // the tests of TLS use all of it
mod certificates;
mod check_rows;
#[path = "../../../pg-lock-kill/tests/cli/ground.rs"]
#[allow(dead_code)] // that tool's own tests use all of it
mod ground;
mod history_rows;
mod lock_rows;
mod log_rows;
mod migration_rows;
#[path = "../pooler/mod.rs"]
mod pooler;
mod reach_rows;
mod recovery_rows;
mod rehearsal_rows;
mod retention_rows;
mod rollback_rows;
mod security_rows;
mod server_rows;
#[path = "../tls/servers.rs"]
#[allow(dead_code)] // so of this
mod servers;
mod session_rows;
mod shared_rows;
#[path = "../../../pg-lock-kill/tests/cli/stage.rs"]
#[allow(dead_code)] // so of this
mod stage;
mod statement_rows;
mod table_rows;
mod verify_rows;
mod watched;
