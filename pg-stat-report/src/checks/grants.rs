//! What everybody may do.

use crate::check::{Case, Check, Finding, Unit};
use crate::row::Row;
use crate::sections::grants::SECTION;

/// Schemas where everybody may put something before others.
pub const SCHEMAS: Check = Check {
    name: "public_schemas",
    finds: "schemas in which everybody may create objects, and so catch what others call",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "who has such a schema in his search_path",
    judge: |case| {
        of_kind(case, "schema_create", |row| {
            let object = row.text("object")?;
            Some((
                "everybody may create objects in it".to_string(),
                format!(
                    "-- grant it to those who need it, and then REVOKE CREATE ON SCHEMA {object} FROM PUBLIC;"
                ),
            ))
        })
    },
};

/// Tables that everybody may change.
pub const TABLES: Check = Check {
    name: "public_grants",
    finds: "tables that everybody may write to",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "what everybody may read: section grants; rights on single columns; default privileges",
    judge: |case| {
        of_kind(case, "table_grant", |row| {
            let (object, privileges) = (row.text("object")?, row.text("privileges")?);
            let writes = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];
            let writes: Vec<&str> = privileges
                .split(", ")
                .filter(|right| writes.contains(right))
                .collect();
            if writes.is_empty() {
                return None;
            }
            Some((
                format!("everybody may {privileges}"),
                format!(
                    "-- grant it to those who need it, and then REVOKE {} ON {object} FROM PUBLIC;",
                    writes.join(", ")
                ),
            ))
        })
    },
};

/// Functions that can be made to call others.
pub const FUNCTIONS: Check = Check {
    name: "definer_functions",
    finds: "functions that run with their owner's rights, and look for names where the caller says",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether it names all with a schema; functions that everybody has been denied are told of, too",
    judge: |case| {
        of_kind(case, "definer_function", |row| {
            let (object, owner) = (row.text("object")?, row.text("owner")?);
            Some((
                format!("it runs as {owner} (SECURITY DEFINER), and has no search_path of its own"),
                format!(
                    "-- with the schemas that it needs: ALTER ROUTINE {object} SET search_path = pg_catalog, …, pg_temp;"
                ),
            ))
        })
    },
};

/// Policies that nobody heeds.
pub const POLICIES: Check = Check {
    name: "policies_off",
    finds: "tables whose policies are not in force, because row security is off",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether the policies are right; owners, whom they do not bind unless FORCE is set",
    judge: |case| {
        of_kind(case, "policies_off", |row| {
            let object = row.text("object")?;
            Some((
                "it has policies, and row security is off".to_string(),
                format!(
                    "-- who is not named in a policy sees nothing then: ALTER TABLE {object} ENABLE ROW LEVEL SECURITY;"
                ),
            ))
        })
    },
};

/// One finding for each row of this kind: its message and remedy.
fn of_kind(
    case: &Case,
    kind: &str,
    words: impl Fn(&Row) -> Option<(String, String)>,
) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let rows = rows.filter(|row| row.text("kind") == Some(kind));
    let findings = rows.filter_map(|row| {
        let (message, remedy) = words(row)?;
        Some(case.judge(row.text("object"), 1.0, message).remedy(remedy))
    });
    findings.collect()
}
