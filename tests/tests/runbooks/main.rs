//! What the runbooks have people do by hand, done by the tools: a file for each guide, with a test for each of its
//! rows, named by the row's id. `rows` holds the one against the other.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod guide_a;
mod guide_g;
mod guide_n;
mod guide_t;
mod guide_v;
mod rows;

mod backup;
#[path = "../tls/certificates.rs"]
#[allow(dead_code)] // the tests of TLS use all of it
mod certificates;
mod check;
mod every_tool;
#[path = "../../../pg-lock-kill/tests/cli/ground.rs"]
#[allow(dead_code)] // that tool's own tests use all of it
mod ground;
mod history;
mod lock;
mod migration;
#[path = "../pooler/mod.rs"]
mod pooler;
mod reach;
mod rehearsal;
mod retention;
mod rollback;
mod security;
#[path = "../tls/servers.rs"]
#[allow(dead_code)] // so of this
mod servers;
mod session;
#[path = "../../../pg-lock-kill/tests/cli/stage.rs"]
#[allow(dead_code)] // so of this
mod stage;
mod statement;
mod table;
mod verify;
mod watched;
