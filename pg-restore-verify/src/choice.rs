//! Which part of a backup is restored and proved: `-t`, `-n` and `--where`.
//!
//! All definitions are restored, so that what was chosen finds the types and functions that it
//! needs; the rows of what was chosen; and then the other relations go. So the server itself says
//! what a pattern means, and what needs something that was not chosen.

mod definitions;
mod others;
mod references;
mod rest;

use std::collections::{BTreeMap, BTreeSet};

use postgres::types::Type;
use postgres::{Client, Row};
use shared::dump::{ForeignKey, QualifiedName, Schema, pattern_regexes, quote_identifier, subject};
use shared::{Error, Result};

pub use others::drop_others;
pub use references::{References, is_open};
pub use rest::{Limited, forget, set_aside};

use crate::cli::Choice;
use crate::restore::Refusal;

/// What was chosen of the backup that is being restored.
#[derive(Debug, Default)]
pub struct Chosen {
    /// The relations; `None` where no pattern was given.
    relations: Option<BTreeSet<QualifiedName>>,
    /// The schemas, where patterns of them were given.
    schemas: Option<BTreeSet<String>>,
    /// The tables whose rows have to meet a condition.
    limited: Vec<Limited>,
    /// These tables, and those that they are partitions of; and those of which not all partitions
    /// were chosen.
    incomplete: BTreeSet<QualifiedName>,
    /// Tables that a backup of a part refers to and does not have.
    absent: BTreeSet<QualifiedName>,
}

impl Chosen {
    /// Looks up in the restored definitions what the user chose. One that is refused may be
    /// among `refusals`.
    ///
    /// # Errors
    /// When a pattern matches nothing, or a condition makes no sense.
    pub fn resolve(client: &mut Client, choice: &Choice, refusals: &[Refusal]) -> Result<Self> {
        let mut chosen = Self::default();
        let mut typos = Vec::new();
        if !choice.tables.is_empty() {
            let mut relations = BTreeSet::new();
            for (pattern, found) in choice.tables.iter().zip(tables(client, &choice.tables)?) {
                if found.is_empty() {
                    typos.push(format!("-t {pattern}"));
                }
                relations.extend(found.into_iter().map(|(name, _)| name));
            }
            chosen.relations = Some(relations);
        } else if !choice.schemas.is_empty() {
            let mut schemas = BTreeSet::new();
            for (pattern, found) in choice
                .schemas
                .iter()
                .zip(schemas_of(client, &choice.schemas)?)
            {
                if found.is_empty() {
                    typos.push(format!("-n {pattern}"));
                }
                schemas.extend(found);
            }
            chosen.relations = Some(relations_in(client, &schemas)?);
            chosen.schemas = Some(schemas);
        }
        if !typos.is_empty() {
            return Err(unmatched(&typos, refusals));
        }
        if chosen.is_part() {
            chosen.note_partitions(client)?;
        }
        for limit in &choice.rows {
            chosen.limit(client, limit, refusals)?;
        }
        Ok(chosen)
    }

    /// Notes of which tables not all partitions were chosen.
    fn note_partitions(&mut self, client: &mut Client) -> Result<()> {
        for row in client.query_typed(include_str!("../sql/partitions.sql"), &[])? {
            if !self.holds(&named(&row, "schema", "name")?) {
                let above = named(&row, "above_schema", "above_name")?;
                self.incomplete.insert(above);
            }
        }
        Ok(())
    }

    /// Whether `-t` or `-n` leave something out.
    pub fn is_part(&self) -> bool {
        self.relations.is_some()
    }

    /// Whether everything is restored, with all its rows.
    pub fn is_everything(&self) -> bool {
        !self.is_part() && self.limited.is_empty() && self.absent.is_empty()
    }

    /// The backup itself is of some tables only: notes what its foreign keys miss.
    pub fn note_absent(&mut self, schema: &Schema) {
        let keys = schema.statements("FK CONSTRAINT");
        let others = keys.filter_map(ForeignKey::parse).map(|key| key.other);
        let defined: BTreeSet<QualifiedName> =
            schema.statements("TABLE").filter_map(subject).collect();
        let absent = others.filter(|other| !defined.contains(other));
        self.absent.extend(absent);
    }

    /// Whether a relation was chosen.
    pub fn holds(&self, relation: &QualifiedName) -> bool {
        let chosen = self.relations.as_ref();
        chosen.is_none_or(|relations| relations.contains(relation))
    }

    /// Whether a table is restored with all its rows.
    pub fn is_complete(&self, table: &QualifiedName) -> bool {
        self.holds(table) && !self.incomplete.contains(table) && !self.absent.contains(table)
    }

    /// The tables of which not all rows are restored.
    pub fn limited(&self) -> &[Limited] {
        &self.limited
    }

    /// The relations that were chosen, as two lists.
    fn names(&self) -> (Vec<&str>, Vec<&str>) {
        let relations = self.relations.iter().flatten();
        relations
            .map(|name| (name.schema.as_deref().unwrap_or(""), name.name.as_str()))
            .unzip()
    }

    /// Whether the schema itself, with all that is in it, was chosen.
    pub fn holds_schema(&self, schema: &str) -> Option<bool> {
        let schemas = self.schemas.as_ref()?;
        Some(schemas.contains(schema))
    }

    fn limit(&mut self, client: &mut Client, limit: &str, refusals: &[Refusal]) -> Result<()> {
        let (pattern, condition) = table_and_condition(limit)?;
        let found = tables(client, &[pattern.to_string()])?;
        let found = found.into_iter().flatten();
        let chosen: Vec<QualifiedName> = found
            .filter(|(name, kind)| matches!(kind.as_str(), "r" | "p") && self.holds(name))
            .map(|(name, _)| name)
            .collect();
        if chosen.is_empty() {
            return Err(unmatched(&[format!("--where {pattern}")], refusals));
        }
        for table in chosen {
            try_condition(client, &table, condition)?;
            for (leaf, above) in leaves(client, &table)? {
                self.incomplete.extend(above.iter().cloned());
                let known = self
                    .limited
                    .iter_mut()
                    .find(|limited| limited.table == leaf);
                match known {
                    Some(known) => known.also(condition),
                    None => {
                        let number = self.limited.len();
                        let limited = Limited::new(leaf, above, condition, number);
                        self.limited.push(limited);
                    }
                }
            }
        }
        Ok(())
    }
}

/// `TABLE=CONDITION`; the table's name may have an `=` inside quotes.
fn table_and_condition(limit: &str) -> Result<(&str, &str)> {
    let mut quoted = false;
    let place = limit.find(|c| {
        quoted ^= c == '"';
        c == '=' && !quoted
    });
    let parts = place.map(|place| (limit[..place].trim(), limit[place + 1..].trim()));
    parts
        .filter(|(table, condition)| !table.is_empty() && !condition.is_empty())
        .ok_or_else(|| {
            Error::usage(format!(
                "--where {limit}: a table and a condition are needed"
            ))
            .with_hint("--where 'orders=created_at >= date ''2026-01-01'''")
        })
}

/// Refuses a condition before any row is restored for it.
fn try_condition(client: &mut Client, table: &QualifiedName, condition: &str) -> Result<()> {
    let mut transaction = client.transaction()?;
    transaction.batch_execute(&search_path(table))?;
    // Behind a line's end: the condition may end in a comment.
    let sql = format!(
        "SELECT FROM {} WHERE ({condition}\n) LIMIT 0",
        table.to_sql()
    );
    match transaction.query_typed(&sql, &[]) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::usage(format!(
            "--where {table}: {}",
            Error::from(error).message()
        ))),
    }
}

/// Names in a condition are looked for beside its table first.
fn search_path(table: &QualifiedName) -> String {
    let schema = quote_identifier(table.schema.as_deref().unwrap_or("public"));
    format!("SET LOCAL search_path = {schema}, public")
}

fn unmatched(patterns: &[String], refusals: &[Refusal]) -> Error {
    let error = Error::usage(format!(
        "nothing in the backup matches {}",
        patterns.join(", ")
    ));
    match refusals.iter().find(|refusal| refusal.harmless.is_none()) {
        // It may be what was meant.
        Some(refused) => error.with_detail(format!(
            "{} was not restored: {}",
            refused.shown(),
            refused.in_words()
        )),
        None => error.with_hint(
            "letters outside double quotes are taken as lower case, and a table without a schema \
             is only looked for in public: 'sales.\"Orders\"'; --list shows what there is",
        ),
    }
}

/// A relation, and what kind it is.
type Relation = (QualifiedName, String);

fn tables(client: &mut Client, patterns: &[String]) -> Result<Vec<Vec<Relation>>> {
    let any = |regex: String| Some(regex).filter(|regex| regex != "^(.*)$");
    let parts = patterns.iter().map(|pattern| {
        let mut parts = pattern_regexes(pattern, 3);
        let name = parts.pop().and_then(any);
        (parts.pop(), name)
    });
    let (schemas, names): (Vec<Option<String>>, Vec<Option<String>>) = parts.unzip();
    let sql = include_str!("../sql/chosen_relations.sql");
    let rows = client.query_typed(
        sql,
        &[(&schemas, Type::TEXT_ARRAY), (&names, Type::TEXT_ARRAY)],
    )?;
    let mut found = vec![Vec::new(); patterns.len()];
    for row in rows {
        let number: i64 = row.try_get("number")?;
        let relation = (
            QualifiedName {
                schema: Some(row.try_get("schema")?),
                name: row.try_get("name")?,
            },
            row.try_get("kind")?,
        );
        let place = usize::try_from(number - 1).ok();
        if let Some(list) = place.and_then(|place| found.get_mut(place)) {
            list.push(relation);
        }
    }
    Ok(found)
}

fn schemas_of(client: &mut Client, patterns: &[String]) -> Result<Vec<Vec<String>>> {
    let names: Vec<Option<String>> = patterns
        .iter()
        .map(|pattern| pattern_regexes(pattern, 2).pop())
        .collect();
    let sql = include_str!("../sql/chosen_schemas.sql");
    let mut found = vec![Vec::new(); patterns.len()];
    for row in client.query_typed(sql, &[(&names, Type::TEXT_ARRAY)])? {
        let number: i64 = row.try_get("number")?;
        let place = usize::try_from(number - 1).ok();
        if let Some(list) = place.and_then(|place| found.get_mut(place)) {
            list.push(row.try_get("name")?);
        }
    }
    Ok(found)
}

fn relations_in(
    client: &mut Client,
    schemas: &BTreeSet<String>,
) -> Result<BTreeSet<QualifiedName>> {
    let schemas: Vec<&String> = schemas.iter().collect();
    let sql = include_str!("../sql/relations_of_schemas.sql");
    let rows = client.query_typed(sql, &[(&schemas, Type::TEXT_ARRAY)])?;
    rows.iter()
        .map(|row| {
            Ok(QualifiedName {
                schema: Some(row.try_get(0)?),
                name: row.try_get(1)?,
            })
        })
        .collect()
}

/// The tables that have the rows of this one, each with itself and what it is a partition of.
fn leaves(
    client: &mut Client,
    table: &QualifiedName,
) -> Result<BTreeMap<QualifiedName, BTreeSet<QualifiedName>>> {
    let schema = table.schema.as_deref().unwrap_or("public");
    let parameters: [(&(dyn postgres::types::ToSql + Sync), Type); 2] =
        [(&schema, Type::TEXT), (&table.name, Type::TEXT)];
    let mut found: BTreeMap<QualifiedName, BTreeSet<QualifiedName>> = BTreeMap::new();
    for row in client.query_typed(include_str!("../sql/leaves.sql"), &parameters)? {
        let above = found.entry(named(&row, "schema", "name")?).or_default();
        above.insert(named(&row, "above_schema", "above_name")?);
    }
    Ok(found)
}

/// The relation that these two columns name.
fn named(row: &Row, schema: &str, name: &str) -> Result<QualifiedName> {
    Ok(QualifiedName {
        schema: Some(row.try_get(schema)?),
        name: row.try_get(name)?,
    })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_table_and_its_condition() {
        for (given, expected) in [
            ("t=a > 1", ("t", "a > 1")),
            ("app.t = a = 1", ("app.t", "a = 1")),
            ("\"a=b\".t=x", ("\"a=b\".t", "x")),
        ] {
            assert_eq!(table_and_condition(given).unwrap(), expected);
        }
        for given in ["t", "=a", "t=", "\"t=a\""] {
            assert!(table_and_condition(given).is_err(), "{given}");
        }
    }
}
