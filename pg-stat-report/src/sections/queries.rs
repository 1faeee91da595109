//! `queries`: which statements cost most.

use std::sync::Arc;

use shared::{Error, Result};

use crate::row::Row;
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// One row for each of the costliest.
pub const SECTION: Section = Section {
    name: "queries",
    answers: "which statements cost most, by total and mean time, calls and blocks?",
    costs: "one look at pg_stat_statements",
    needs: "the extension pg_stat_statements in this database, and pg_monitor: other roles' texts are hidden without",
    reach: Reach::Server,
    fields: &[
        ("database", "where it ran"),
        ("user", "whose it was"),
        ("queryid", "what pg_stat_statements calls it"),
        ("calls", "how often"),
        ("total_ms", "all of them together"),
        ("mean_ms", "on the average"),
        ("max_ms", "the longest"),
        ("stddev_ms", "how much they differ"),
        ("share_ratio", "of the time of all statements"),
        ("rows", "that came back or were changed"),
        (
            "plan_ms",
            "in planning, if pg_stat_statements.track_planning is on",
        ),
        ("blocks_hit", "in shared_buffers"),
        ("blocks_read", "that were not there"),
        ("blocks_dirtied", "that it changed"),
        (
            "temp_blocks_written",
            "for sorts and hashes that did not fit work_mem",
        ),
        ("wal_bytes", "that it wrote"),
        ("read_ms", "waiting for reads, if track_io_timing is on"),
        ("write_ms", "waiting for writes"),
        (
            "forgotten",
            "how often statements were dropped for want of room (pg_stat_statements.max); since 14",
        ),
        (
            "counted_since",
            "since when; since 14, of each by itself since 17",
        ),
        ("is_hidden", "the role may not see its text"),
        ("query", "with parameters for constants; secrets are masked"),
    ],
    gather: Gather::Anywhere(rows),
};

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let found = server.ask(include_str!("../../sql/extension.sql"))?;
    let Some(found) = found.first() else {
        let words = format!(
            "pg_stat_statements is not in database \"{}\"",
            server.database()
        );
        let is_loaded = server.ask(include_str!("../../sql/statements_loaded.sql"))?;
        return Err(Error::new(words).with_hint(match is_loaded.is_empty() {
            true => "put it into shared_preload_libraries, restart, and CREATE EXTENSION pg_stat_statements",
            false => "CREATE EXTENSION pg_stat_statements there, or name the database that has it with -d",
        }));
    };
    let (schema, version): (String, String) = (found.try_get("schema")?, found.try_get("version")?);
    let statement = statement(&version)?.replace("{schema}", &schema);
    let rows = server.query(&statement, section.fields)?;
    let origin = server.origin();
    let row = |cells| Row::new(section, Arc::clone(&origin), cells);
    Ok(rows.into_iter().map(row).collect())
}

/// By the version of the extension, which may be older than the server.
fn statement(version: &str) -> Result<&'static str> {
    let minor = version
        .strip_prefix("1.")
        .and_then(|minor| minor.parse::<u32>().ok());
    match minor {
        Some(11..) => Ok(include_str!("../../sql/queries.17.sql")),
        Some(9..) => Ok(include_str!("../../sql/queries.14.sql")),
        Some(8) => Ok(include_str!("../../sql/queries.sql")),
        _ => Err(
            Error::new(format!("pg_stat_statements {version} is not known"))
                .with_hint("ALTER EXTENSION pg_stat_statements UPDATE"),
        ),
    }
}
