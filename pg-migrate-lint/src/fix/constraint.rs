//! Constraints that are added so that nobody waits.

use super::{Definition, Fix, Replaced, Way, free_name, set_not_null};
use crate::catalogue::Relation;
use crate::look::Look;
use crate::model::{Column, Constraint, ConstraintKind, Key};
use crate::name::{Name, list, quoted};

/// A key: an index that is built with CONCURRENTLY, and the constraint that uses it. None where PostgreSQL knows no
/// such way.
pub fn key(look: &Look, table: &Name, constraint: &Constraint) -> Option<Fix> {
    let (key, kind) = match &constraint.kind {
        ConstraintKind::Unique(key) => (key, "UNIQUE"),
        ConstraintKind::Primary(key) => (key, "PRIMARY KEY"),
        _ => return None,
    };
    if key.without_overlaps {
        return None;
    }
    let relation = look.relation(table);
    let name = constraint.name.clone().unwrap_or_else(|| match kind {
        "UNIQUE" => automatic(relation, table, &covered(key), "key"),
        _ => format!("{}_pkey", table.name),
    });
    let mut fix = Fix::default();
    if kind == "PRIMARY KEY" {
        let is_null = |column: &&String| {
            relation
                .and_then(|relation| relation.column(column))
                .is_some_and(|facts| !facts.not_null)
        };
        for column in key.columns.iter().filter(is_null) {
            fix = fix.and(set_not_null(look, table, column));
        }
    }
    if key.has_storage {
        fix = fix.words("with the WITH (…) and the TABLESPACE that the constraint has");
    }
    let timing = timing(constraint);
    let replaced = Replaced::by(look, table, &name, true);
    Some(match relation.filter(|table| table.is_partitioned()) {
        None => fix.and(of_table(look, table, &replaced, &name, key, kind, timing)),
        Some(relation) => {
            let built = of_partitioned(look, table, relation, &name, key, kind, timing)?;
            match replaced.is_some() {
                    true => fix.words("what is dropped for it stays until all of this is there, under another name").and(built),
                    false => fix.and(built),
                }
        }
    })
}

/// All columns of its index.
fn covered(key: &Key) -> Vec<String> {
    key.columns.iter().chain(&key.included).cloned().collect()
}

/// The name that PostgreSQL gives a constraint of these columns.
fn automatic(relation: Option<&Relation>, table: &Name, columns: &[String], end: &str) -> String {
    let name = format!("{}_{}_{end}", table.name, columns.join("_"));
    free_name(relation, &name)
}

fn of_table(
    look: &Look,
    table: &Name,
    replaced: &Replaced,
    name: &str,
    key: &Key,
    kind: &str,
    timing: &str,
) -> Fix {
    let index = replaced.name_meanwhile(look, table, name);
    let build = format!(
        "CREATE UNIQUE INDEX CONCURRENTLY {} ON {table} {};",
        quoted(&index),
        columns(key)
    );
    let adding = format!("ADD CONSTRAINT {} {kind}", quoted(name));
    match replaced.is_some() {
        true => replaced.by_constraint(table, &build, &index, &adding, timing),
        false => Fix::default().outside(format!(
            "{build}\nALTER TABLE {table} {adding} USING INDEX {}{timing};",
            quoted(&index)
        )),
    }
}

/// The columns of an index for it.
fn columns(key: &Key) -> String {
    format!("({}){}{}", list(&key.columns), included(key), nulls(key))
}

fn included(key: &Key) -> String {
    match key.included.is_empty() {
        true => String::new(),
        false => format!(" INCLUDE ({})", list(&key.included)),
    }
}

fn nulls(key: &Key) -> &'static str {
    match key.nulls_not_distinct {
        true => " NULLS NOT DISTINCT",
        false => "",
    }
}

/// On a partitioned table USING INDEX is refused: it is added to the parent alone, and each partition brings its own.
fn of_partitioned(
    look: &Look,
    table: &Name,
    relation: &Relation,
    name: &str,
    key: &Key,
    kind: &str,
    timing: &str,
) -> Option<Fix> {
    let is_divided = |child: &Name| {
        let child = look.catalogue.relation(child);
        child.is_none_or(Relation::is_partitioned)
    };
    if relation.children.is_empty() || relation.children.iter().any(is_divided) {
        return None;
    }
    let (nulls, included) = (nulls(key), included(key));
    let parent = format!(
        "-- on the parent alone, which is quick\n\
         ALTER TABLE ONLY {table} ADD CONSTRAINT {} {kind}{nulls} ({}){included}{timing};",
        quoted(name),
        list(&key.columns)
    );
    let mut steps = Vec::new();
    for child in &relation.children {
        let own = child.beside(match kind {
            "UNIQUE" => automatic(look.catalogue.relation(child), child, &covered(key), "key"),
            _ => format!("{}_pkey", child.name),
        });
        let index = quoted(&own.name);
        steps.push(format!(
            "CREATE UNIQUE INDEX CONCURRENTLY {index} ON {child} {};\n\
             ALTER TABLE {child} ADD CONSTRAINT {index} {kind} USING INDEX {index}{timing};\n\
             ALTER INDEX {} ATTACH PARTITION {own};",
            columns(key),
            table.beside(name)
        ));
    }
    let note =
        "for each partition, outside of a transaction; with the last one the parent's is valid";
    Some(Fix::here(parent).step(Way::Outside, note, steps.join("\n")))
}

fn timing(constraint: &Constraint) -> &'static str {
    match (
        constraint.deferrable || constraint.deferred,
        constraint.deferred,
    ) {
        (_, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, false) => "",
    }
}

/// The constraints of a new column, each added by itself once the column is there.
pub fn of_column(look: &Look, table: &Name, column: &Column, definition: &Definition) -> Fix {
    let texts = definition.constraints().map(|(_, text)| text);
    let constraints = column.constraints.iter().zip(texts);
    let fixes = constraints.filter_map(|(constraint, text)| match &constraint.kind {
        ConstraintKind::Check(_) => {
            let form = ("check", "CHECK", "");
            Some(validated(look, table, column, constraint, text, form))
        }
        ConstraintKind::Foreign { .. } => {
            let of = format!("FOREIGN KEY ({}) ", quoted(&column.name));
            let form = ("fkey", "REFERENCES", of.as_str());
            Some(validated(look, table, column, constraint, text, form))
        }
        _ => key(look, table, constraint),
    });
    fixes.fold(Fix::default(), Fix::and)
}

/// NOT VALID first. `form`: how PostgreSQL ends its name, the word that it begins with in a column's definition, and what
/// is said before that where it is one of the table.
fn validated(
    look: &Look,
    table: &Name,
    column: &Column,
    constraint: &Constraint,
    text: &str,
    (suffix, word, before): (&str, &str, &str),
) -> Fix {
    let columns = std::slice::from_ref(&column.name);
    let default = automatic(look.relation(table), table, columns, suffix);
    let name = quoted(constraint.name.as_ref().unwrap_or(&default));
    let text = super::keyword(text, word).map_or(text, |at| &text[at..]);
    Fix::here(format!(
        "ALTER TABLE {table} ADD CONSTRAINT {name} {before}{text} NOT VALID;"
    ))
    .later(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};"))
}
