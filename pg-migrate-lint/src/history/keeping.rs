//! How each framework keeps what it has applied: the table, what a migration is called in it, how its
//! checksum is compared, and what the runner makes of one that comes too late.

use std::cmp::Ordering;

use shared::Result;

use super::compare;
use super::entry::Entry;
use super::row::Row;
use super::{counted, flyway, journal, plan};
use crate::layout::flyway::compare as dotted;
use crate::layout::{
    Layout, Migration, Project, checksum, graphile_migrate, node_pg_migrate, sql_migrate, versions,
};

/// What a framework keeps, and how it is compared with a folder.
#[derive(Debug)]
pub struct Keeping {
    /// Whose.
    pub layout: Layout,
    /// What the table is called.
    pub tables: &'static [&'static str],
    /// The schema that it is in; else it is looked for as names without one are.
    pub schema: Option<&'static str>,
    /// What it has, which tells it from others of its name.
    pub columns: &'static [&'static str],
    /// What it has not, which others of its name have.
    pub lacks: &'static [&'static str],
    /// What reads it.
    pub sql: &'static str,
    /// What stands beside it in the same schema, and what reads that: later rows of the history.
    pub beside: Option<(&'static str, &'static str)>,
    /// What became of each migration.
    pub compare: for<'a> fn(&'static Keeping, &'a Project, &[Row]) -> Result<Vec<Entry<'a>>>,
    /// What a migration is called in the table.
    pub key: fn(&Migration) -> String,
    /// Which of two versions comes first.
    pub order: fn(&str, &str) -> Ordering,
    /// Whether the file is the one that was applied; always where nothing is kept of it.
    pub is_same: fn(&Migration, &Row) -> Result<bool>,
    /// What the runner makes of one that comes before what is applied.
    pub late: Late,
    /// What it makes of an applied one that has no file.
    pub gone: Gone,
    /// What it makes of two files of one version.
    pub twin: Twin,
}

/// What a runner makes of a migration that comes before one that is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// It runs it.
    Runs,
    /// It refuses to go on.
    Refuses,
    /// It passes over it.
    Skips,
}

/// What a runner makes of a row without a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// It refuses to go on.
    Refuses,
    /// It goes on.
    Ignores,
}

/// What a runner makes of a second file of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// It refuses to run anything.
    Refuses,
    /// It runs it, and fails on the key of its history.
    Fails,
    /// It takes it for applied where the first is.
    Skips,
}

/// The one of a layout; plain files have none.
pub fn of(layout: Layout) -> Option<&'static Keeping> {
    ALL.iter().find(|keeping| keeping.layout == layout)
}

const VERSIONS: Keeping = Keeping {
    layout: Layout::Plain,
    tables: &["schema_migrations"],
    schema: None,
    columns: &["version"],
    // golang-migrate's and Flyway's tables of those names have them.
    lacks: &["dirty", "installed_rank"],
    sql: include_str!("../../sql/history_versions.sql"),
    beside: None,
    compare: compare::by_version,
    key: |migration| migration.version.clone(),
    order: versions::by_value,
    is_same: |_, _| Ok(true),
    late: Late::Runs,
    gone: Gone::Ignores,
    twin: Twin::Skips,
};

/// All of them. Sources: those that the files of [`crate::layout`] name.
pub static ALL: &[Keeping] = &[
    // `prisma migrate deploy` runs what is not applied, and only says what was edited.
    Keeping {
        layout: Layout::Prisma,
        tables: &["_prisma_migrations"],
        columns: &[
            "migration_name",
            "checksum",
            "finished_at",
            "rolled_back_at",
            "started_at",
            "logs",
        ],
        sql: include_str!("../../sql/history_prisma.sql"),
        order: str::cmp,
        is_same: |migration, row| against(migration, row, checksum::matches_prisma),
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Drizzle,
        tables: &["__drizzle_migrations"],
        schema: Some("drizzle"),
        columns: &["id", "hash", "created_at"],
        sql: include_str!("../../sql/history_drizzle.sql"),
        compare: journal::compare,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Sqlx,
        tables: &["_sqlx_migrations"],
        columns: &["version", "success", "checksum", "installed_on"],
        sql: include_str!("../../sql/history_sqlx.sql"),
        is_same: |migration, row| against(migration, row, |sum, text| sum == checksum::sqlx(text)),
        gone: Gone::Refuses,
        twin: Twin::Fails,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Diesel,
        tables: &["__diesel_schema_migrations"],
        columns: &["version", "run_on"],
        sql: include_str!("../../sql/history_diesel.sql"),
        order: str::cmp,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::GolangMigrate,
        columns: &["version", "dirty"],
        lacks: &[],
        sql: include_str!("../../sql/history_golang_migrate.sql"),
        compare: counted::compare,
        gone: Gone::Refuses,
        twin: Twin::Refuses,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Tern,
        tables: &["schema_version"],
        schema: Some("public"),
        sql: include_str!("../../sql/history_tern.sql"),
        compare: counted::compare,
        gone: Gone::Refuses,
        twin: Twin::Refuses,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Pop,
        tables: &["schema_migration", "schema_migrations"],
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Flyway,
        // Before 5 it was called otherwise.
        tables: &["flyway_schema_history", "schema_version"],
        lacks: &[],
        columns: &[
            "installed_rank",
            "version",
            "description",
            "type",
            "checksum",
            "success",
            "installed_on",
        ],
        sql: include_str!("../../sql/history_flyway.sql"),
        compare: flyway::compare,
        key: |migration| flyway::canonical(&migration.version),
        order: dotted,
        is_same: flyway::is_same,
        late: Late::Refuses,
        gone: Gone::Refuses,
        twin: Twin::Refuses,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Refinery,
        tables: &["refinery_schema_history"],
        columns: &["version", "name", "applied_on", "checksum"],
        sql: include_str!("../../sql/history_refinery.sql"),
        is_same: is_same_to_refinery,
        late: Late::Refuses,
        gone: Gone::Refuses,
        twin: Twin::Refuses,
        ..VERSIONS
    },
    // `supabase db push` refuses both; `--include-all` runs those that come late.
    Keeping {
        layout: Layout::Supabase,
        schema: Some("supabase_migrations"),
        order: str::cmp,
        late: Late::Refuses,
        gone: Gone::Refuses,
        twin: Twin::Fails,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Dbmate,
        order: str::cmp,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Goose,
        tables: &["goose_db_version"],
        columns: &["id", "version_id", "is_applied", "tstamp"],
        sql: include_str!("../../sql/history_goose.sql"),
        late: Late::Refuses,
        twin: Twin::Refuses,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::SqlMigrate,
        tables: &["gorp_migrations"],
        columns: &["id", "applied_at"],
        sql: include_str!("../../sql/history_sql_migrate.sql"),
        order: sql_migrate::by_id,
        gone: Gone::Refuses,
        ..VERSIONS
    },
    // Both, unless the order is not checked.
    Keeping {
        layout: Layout::NodePgMigrate,
        tables: &["pgmigrations"],
        columns: &["id", "name", "run_on"],
        sql: include_str!("../../sql/history_node_pg_migrate.sql"),
        order: node_pg_migrate::order,
        late: Late::Refuses,
        gone: Gone::Refuses,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Sqitch,
        tables: &["changes"],
        schema: Some("sqitch"),
        columns: &[
            "change_id",
            "script_hash",
            "change",
            "project",
            "committed_at",
        ],
        sql: include_str!("../../sql/history_sqitch.sql"),
        beside: Some((
            "events",
            include_str!("../../sql/history_sqitch_events.sql"),
        )),
        compare: plan::compare,
        order: |_, _| Ordering::Equal,
        is_same: |migration, row| {
            against(migration, row, |sum, text| sum == checksum::sqitch(text))
        },
        late: Late::Refuses,
        gone: Gone::Refuses,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::GraphileMigrate,
        tables: &["migrations"],
        schema: Some("graphile_migrate"),
        columns: &["hash", "previous_hash", "filename", "date"],
        sql: include_str!("../../sql/history_graphile_migrate.sql"),
        key: |migration| versions::name_of(&migration.path),
        order: str::cmp,
        is_same: is_same_to_graphile_migrate,
        late: Late::Skips,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Rails,
        twin: Twin::Refuses,
        ..VERSIONS
    },
    Keeping {
        layout: Layout::Prairielearn,
        tables: &["migrations"],
        columns: &["id", "filename", "project", "timestamp", "applied_at"],
        sql: include_str!("../../sql/history_prairielearn.sql"),
        ..VERSIONS
    },
];

/// Whether a rule takes the file for what the row's checksum was made of; so where there is none.
fn against(migration: &Migration, row: &Row, fits: impl Fn(&str, &[u8]) -> bool) -> Result<bool> {
    let (Some(sum), Some(part)) = (&row.checksum, migration.up.first()) else {
        return Ok(true);
    };
    Ok(fits(sum, &part.read()?))
}

fn is_same_to_refinery(migration: &Migration, row: &Row) -> Result<bool> {
    let is_named = row.name.as_ref().is_none_or(|name| *name == migration.name);
    let Ok(version) = migration.version.parse() else {
        return Ok(is_named);
    };
    let fits = |sum: &str, text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let sums = checksum::refinery(&migration.name, version, &text);
        sums.iter().any(|own| own == sum)
    };
    Ok(is_named && against(migration, row, fits)?)
}

/// The hash that the file bears is the row's; that it is the text's is checked beside it.
fn is_same_to_graphile_migrate(migration: &Migration, row: &Row) -> Result<bool> {
    against(migration, row, |sum, text| {
        graphile_migrate::is_of_hash(sum, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Layout, NAMES};

    #[test]
    fn every_layout_but_plain_files_has_a_history() {
        for name in NAMES.iter().filter(|name| **name != "auto") {
            let layout = Layout::from_name(name).unwrap();
            assert_eq!(of(layout).is_none(), layout == Layout::Plain, "{name}");
        }
    }
}
