//! All checks, the worst first: one file each.

pub mod activity;
pub mod bloat;
pub mod checkpoints;
pub mod collations;
pub mod configuration;
pub mod connect;
pub mod connections;
pub mod constraints;
pub mod databases;
pub mod design;
pub mod disk;
pub mod drift;
pub mod extensions;
pub mod grants;
pub mod growth;
pub mod indexes;
pub mod keys;
pub mod locks;
pub mod logs;
pub mod pgbouncer;
pub mod queries;
pub mod rates;
pub mod replication;
pub mod roles;
pub mod security;
pub mod sequences;
pub mod server;
pub mod sessions;
pub mod settings;
pub mod slots;
pub mod subscriptions;
pub mod tables;
pub mod triggers;
pub mod vacuum;
pub mod wal;
pub mod wraparound;

use shared::cli::suggest::nearest;
use shared::{Error, Result};

use crate::check::Check;

/// All of them.
pub const CHECKS: &[&Check] = &[
    &connect::CHECK,
    &connections::CHECK,
    &activity::IDLE_IN_TRANSACTION,
    &activity::LONG_TRANSACTIONS,
    &activity::LONG_QUERIES,
    &activity::PREPARED_TRANSACTIONS,
    &activity::XMIN_HORIZON,
    &wraparound::WRAPAROUND,
    &wraparound::MULTIXACTS,
    &wraparound::FREEZING,
    &replication::LAG,
    &replication::LAG_BYTES,
    &replication::STANDBY,
    &replication::MISSING,
    &replication::SUBSCRIPTIONS,
    &subscriptions::ERRORS,
    &slots::RETAINED,
    &slots::INACTIVE,
    &wal::ARCHIVING,
    &wal::READY,
    &wal::DIRECTORY,
    &locks::WAITS,
    &locks::TABLE,
    &sequences::ENDS,
    &keys::ENDS,
    &keys::NARROW,
    &indexes::INVALID,
    &indexes::DUPLICATE,
    &indexes::OVERLAPPING,
    &indexes::UNUSED,
    &bloat::TABLES,
    &bloat::INDEXES,
    &bloat::NULLS,
    &vacuum::DEAD_ROWS,
    &vacuum::AUTOVACUUM_OFF,
    &vacuum::STALE,
    &vacuum::LAST_VACUUM,
    &vacuum::LAST_ANALYZE,
    &vacuum::PASSES,
    &databases::CHECKSUMS,
    &databases::INVALID,
    &databases::COLLATION,
    &collations::COLUMNS,
    &databases::CACHE,
    &databases::COMMITS,
    &databases::SIZE,
    &settings::UNSAFE,
    &settings::PENDING_RESTART,
    &configuration::RELOAD,
    &configuration::ERRORS,
    &configuration::OF_ROLES,
    &settings::ADVICE,
    &checkpoints::REQUESTED,
    &disk::SPACE,
    &growth::DISK_FULL,
    &growth::FAST,
    &drift::SETTINGS,
    &rates::DEADLOCKS,
    &rates::TEMP_FILES,
    &rates::CONFLICTS,
    &sessions::LOST,
    &queries::SLOW,
    &tables::SEQUENTIAL,
    &tables::SIZE,
    &tables::UNLOGGED,
    &constraints::NOT_VALIDATED,
    &constraints::UNINDEXED,
    &constraints::NO_PRIMARY_KEY,
    &design::NESTED,
    &design::WIDE,
    &triggers::DISABLED,
    &server::VERSION,
    &server::UPTIME,
    &server::NOTIFICATIONS,
    &roles::EXPIRY,
    &security::HBA,
    &security::PASSWORDS,
    &security::SUPERUSERS,
    &security::SSL,
    &security::UNENCRYPTED,
    &grants::SCHEMAS,
    &grants::TABLES,
    &grants::FUNCTIONS,
    &grants::POLICIES,
    &extensions::OUTDATED,
    &pgbouncer::WAITS,
    &pgbouncer::CLIENTS,
    &pgbouncer::STOPPED,
    &logs::FAILED_CONNECTIONS,
    &logs::ALARMS,
];

/// The check of this name.
pub fn find(name: &str) -> Result<&'static Check> {
    let found = CHECKS.iter().find(|check| check.name == name);
    found.copied().ok_or_else(|| {
        let error = Error::usage(format!("there is no check {name:?}"));
        match nearest(name, CHECKS.iter().map(|check| check.name)) {
            Some(near) => error.with_hint(format!("did you mean {near}?")),
            None => error.with_hint("--list-checks names them"),
        }
    })
}
