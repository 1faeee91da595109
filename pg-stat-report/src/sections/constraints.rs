//! `constraints`: what keys are missing, and what was never proved.

use shared::Result;

use super::keys::array;
use crate::row::Row;
use crate::section::{Gather, Reach, Section, for_version};
use crate::server::Server;

/// One row for each.
pub const SECTION: Section = Section {
    name: "constraints",
    answers: "which tables have no primary key, which constraints were never proved, which foreign keys have no index on their side?",
    costs: "one look at constraints and indexes",
    needs: "no right",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        (
            "kind",
            "no_primary_key, no_replica_identity: published, and nothing says which row an UPDATE means; not_validated, not_enforced or unindexed_foreign_key",
        ),
        ("table", "which; of a constraint of a domain that"),
        ("name", "of the constraint"),
        ("columns", "of the foreign key"),
        (
            "referenced",
            "the table that it points to; domain, of one of those",
        ),
        ("bytes", "of the table's own"),
        (
            "writes",
            "updates and deletes of the table; of a foreign key, of the referenced one: each looks for rows that point there",
        ),
        ("is_partitioned", "the table has parts"),
        ("definition", "of the constraint"),
        (
            "helper",
            "an index on some columns of a foreign key, or not a B-tree: whether it finds the rows is for the planner to say; a unique one that could be the replica identity",
        ),
        ("publications", "that it is in, without a replica identity"),
    ],
    gather: Gather::Made(rows),
};

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let constraints = [(13, include_str!("../../sql/constraints.sql"))];
    let mut rows = section.queried(&constraints, server, false)?;
    if server.there().has("foreign keys") {
        rows.extend(unindexed(section, server)?);
    }
    if server.there().has("publications") {
        let published = [(13, include_str!("../../sql/replica_identity.sql"))];
        rows.extend(section.queried(&published, server, false)?);
        rows.sort_by(|one, other| one.text("kind").cmp(&other.text("kind")));
    }
    Ok(rows)
}

/// The foreign keys without an index on their side.
fn unindexed(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let keys = include_str!("../../sql/foreign_keys.sql");
    let keys = server.ask(&for_version(keys, server.major()))?;
    let keys = keys.iter().map(|row| row.try_get("oid"));
    let keys = keys.collect::<std::result::Result<Vec<u32>, _>>()?;
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let statement = include_str!("../../sql/unindexed_keys.sql");
    let statement = statement.replace("{keys}", &array(keys.into_iter()));
    let statement = server.there().of_statement(&statement);
    section.answered(&statement, server)
}
