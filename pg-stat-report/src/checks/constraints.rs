//! Keys that are missing, and what was never proved.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::constraints::SECTION;
use crate::words;

/// NOT VALID.
pub const NOT_VALIDATED: Check = Check {
    name: "not_validated",
    finds: "constraints that were never proved for the rows that were there (NOT VALID), those of domains too, or are NOT ENFORCED",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether there are rows that break them",
    judge: not_validated,
};

/// Foreign keys whose rows are found by reading the table.
pub const UNINDEXED: Check = Check {
    name: "unindexed_foreign_keys",
    finds: "foreign keys without an index on their side, where the other side sees deletes or the table is large",
    unit: Unit::Bytes,
    warn: Some(10e6),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether the keys of the other side ever change",
    judge: unindexed,
};

/// No way to name a row.
pub const NO_PRIMARY_KEY: Check = Check {
    name: "no_primary_key",
    finds: "tables without a primary key, or a unique index that is as good; published ones without a replica identity",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "tables of extensions; temporary ones; those with REPLICA IDENTITY FULL, of which all columns name a row",
    judge: no_primary_key,
};

fn of_kind<'a>(case: &'a Case, kind: &str) -> impl Iterator<Item = &'a Row> {
    let kind = kind.to_string();
    case.rows(&SECTION)
        .iter()
        .filter(move |row| row.text("kind") == Some(&kind))
}

fn not_validated(case: &Case) -> Vec<Finding> {
    let findings = of_kind(case, "not_validated").filter_map(|row| {
        let (table, name) = (row.text("table")?, row.text("name")?);
        let object = format!("{table} {name}");
        let finding = case.judge(Some(&object), 1.0, "it was never proved for all rows");
        let name = shared::dump::quote_identifier(name);
        let is_domain = row.text("referenced") == Some("domain");
        let kind = if is_domain { "DOMAIN" } else { "TABLE" };
        let validate = format!("ALTER {kind} {table} VALIDATE CONSTRAINT {name};");
        Some(finding.remedy(match row.text("definition") {
            Some(definition) if !definition.starts_with("CHECK") => validate,
            // Its functions are the owner's, and run with the rights of whoever validates.
            _ => format!("-- as its owner: {validate}"),
        }))
    });
    let unenforced = of_kind(case, "not_enforced").filter_map(|row| {
        let (table, name) = (row.text("table")?, row.text("name")?);
        let words = "it is not enforced: rows that break it may come";
        let finding = case.judge(Some(&format!("{table} {name}")), 1.0, words);
        Some(finding.remedy("-- if it is to hold: ALTER TABLE … ALTER CONSTRAINT … ENFORCED for a foreign key; a CHECK has to be made anew"))
    });
    findings.chain(unenforced).collect()
}

fn unindexed(case: &Case) -> Vec<Finding> {
    let findings = of_kind(case, "unindexed_foreign_key").filter_map(|row| {
        let (table, name) = (row.text("table")?, row.text("name")?);
        let (columns, other) = (row.text("columns")?, row.text("referenced")?);
        let bytes = row.number("bytes")?;
        let writes = row.number("writes").unwrap_or(0.0);
        let whole = match row.text("helper") {
            Some(helper) => format!(", as far as {helper} does not help"),
            None if row.is("is_partitioned") => ", those of its parts that have no index".to_string(),
            None => " whole".to_string(),
        };
        let message = format!(
            "each delete in {other} ({} writes there) reads {table}{whole}, {} in all: no B-tree of all its rows begins with {columns}",
            words::count(writes),
            words::bytes(bytes)
        );
        let mut finding = case.judge(Some(&format!("{table} {name}")), bytes, message);
        let is_asked = case.limits.of(case.check, finding.object.as_deref()).0.is_some();
        if writes > 0.0 && finding.status == Status::Ok && is_asked {
            finding.status = Status::Warning;
        }
        Some(finding.remedy(match row.is("is_partitioned") {
            true => format!("-- locks writes out while it is built, unless its parts get theirs before: CREATE INDEX ON {table} ({columns});"),
            false => format!("CREATE INDEX CONCURRENTLY ON {table} ({columns});"),
        }))
    });
    findings.collect()
}

fn no_primary_key(case: &Case) -> Vec<Finding> {
    let is_published = |table: &str| {
        let mut published = of_kind(case, "no_replica_identity");
        published.any(|row| row.text("table") == Some(table))
    };
    let published = of_kind(case, "no_replica_identity").filter_map(|row| {
        let table = row.text("table")?;
        let words = format!(
            "it is published ({}) and has no replica identity: UPDATE and DELETE fail",
            row.text("publications")?
        );
        let finding = case.judge(Some(table), 1.0, words);
        Some(finding.remedy(match row.text("helper") {
            Some(index) => format!("-- locks everybody out for a moment: ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index};"),
            None => "-- add a primary key, or set REPLICA IDENTITY FULL".to_string(),
        }))
    });
    let findings =
        of_kind(case, "no_primary_key").filter_map(|row| {
            let table = row.text("table").filter(|table| !is_published(table))?;
            let finding = case.judge(
                Some(table),
                1.0,
                "nothing names a row of it: logical replication can't change or delete any",
            );
            Some(finding.remedy(
                "-- add a primary key, or set REPLICA IDENTITY FULL where it is replicated",
            ))
        });
    published.chain(findings).collect()
}
