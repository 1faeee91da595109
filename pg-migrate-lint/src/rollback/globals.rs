//! What a migration may leave on the server, or say of its database as a whole, although all within the database is as
//! it was.

use std::collections::{BTreeMap, BTreeSet};

use postgres::Client;
use shared::Result;
use shared::dump::Difference;

use crate::parameters;

/// What is said of each, line by line.
#[derive(Debug, Default)]
pub struct Globals(BTreeMap<String, BTreeSet<String>>);

impl Globals {
    /// Reads them.
    ///
    /// # Errors
    /// Where the server can't be asked.
    pub fn of(client: &mut Client) -> Result<Self> {
        let sql = include_str!("../../sql/globals.sql");
        let mut all = Self::default();
        for row in client.query_typed(sql, &[])? {
            let lines = all.0.entry(row.try_get("object")?).or_default();
            lines.insert(row.try_get("line")?);
        }
        for (name, grants) in parameters::granted(client)? {
            let lines = all.0.entry(format!("PARAMETER {name}")).or_default();
            lines.insert(grants);
        }
        Ok(all)
    }

    /// What is other afterwards, with the lines that differ; roles that were made because they were missing count as if
    /// they had always been there.
    pub fn differences(&self, back: &Self, made: &BTreeSet<String>) -> Vec<Difference> {
        let as_made = BTreeSet::from(["CREATE ROLE".to_string()]);
        let is_ours = |object: &str| {
            let role = object.strip_prefix("ROLE ");
            role.is_some_and(|role| made.contains(role))
        };
        let objects: BTreeSet<&String> = self.0.keys().chain(back.0.keys()).collect();
        let differences = objects.into_iter().filter_map(|object| {
            let ours = is_ours(object).then_some(&as_made);
            let (before, back) = (self.0.get(object).or(ours), back.0.get(object));
            (before != back).then(|| Difference {
                object: object.clone(),
                expected: before.map(|lines| only(lines, back)),
                actual: back.map(|lines| only(lines, before)),
            })
        });
        differences.collect()
    }
}

/// The lines that the other has not, if there is another.
fn only(lines: &BTreeSet<String>, other: Option<&BTreeSet<String>>) -> String {
    let is_only = |line: &&String| other.is_none_or(|other| !other.contains(*line));
    let lines: Vec<&str> = lines.iter().filter(is_only).map(String::as_str).collect();
    lines.join("\n")
}

/// Whether it is of the whole server, where other databases may use it: what is not taken away again is no fault.
pub fn is_shared(object: &str) -> bool {
    ["ROLE ", "TABLESPACE "]
        .iter()
        .any(|kind| object.starts_with(kind))
}
