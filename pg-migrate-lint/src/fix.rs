//! What fixes are made of: parts of a statement as its author wrote them, and steps that several rules advise.
//!
//! A fix says in SQL only what is right for these tables; what depends on more than is known it says in comments.

mod around;
mod back;
pub mod constraint;
pub mod files;
mod moved;
mod steps;
mod swap;
mod text;
mod undo;

use crate::catalogue::Relation;
use crate::look::Look;
use crate::model::{Column, ConstraintKind, Part};
use crate::name::{Name, quoted};

pub use steps::{Fix, Way};
pub use swap::Replaced;
pub use text::{code, keyword, plain};

/// The definition of a new column, cut into its parts.
#[derive(Debug)]
pub struct Definition {
    /// Its name, type and collation.
    base: String,
    /// What follows, in order.
    parts: Vec<(Part, String)>,
}

impl Definition {
    /// As the statement has it.
    pub fn of(look: &Look, column: &Column) -> Self {
        let end = column.at + look.clause(column.at).len();
        let text = |from: usize, to: usize| plain(look.text.get(from..to).unwrap_or_default());
        let ends = column.parts.iter().skip(1).map(|(_, at)| *at);
        let parts = column.parts.iter().zip(ends.chain([end]));
        Self {
            base: text(column.at, column.parts.first().map_or(end, |(_, at)| *at)),
            parts: parts
                .map(|((part, at), end)| (*part, text(*at, end)))
                .collect(),
        }
    }

    /// The column with only these of its parts.
    pub fn with(&self, wanted: impl Fn(Part) -> bool) -> String {
        let parts = self.parts.iter().filter(|(part, _)| wanted(*part));
        let parts = parts.map(|(_, text)| format!(" {text}"));
        format!("{}{}", self.base, parts.collect::<String>())
    }

    /// What stands behind DEFAULT.
    pub fn default(&self) -> Option<&str> {
        let (_, text) = self.parts.iter().find(|(part, _)| *part == Part::Default)?;
        let at = keyword(text, "DEFAULT")? + "DEFAULT".len();
        Some(text[at..].trim())
    }

    /// How it is generated.
    pub fn generated(&self) -> Option<&str> {
        let (_, text) = self
            .parts
            .iter()
            .find(|(part, _)| *part == Part::Generated)?;
        let at = keyword(text, "GENERATED")?;
        Some(&text[at..])
    }

    /// What follows that is neither a default nor about nulls.
    pub fn constraints(&self) -> impl Iterator<Item = (Part, &str)> {
        let parts = self.parts.iter().filter(|(part, _)| {
            !matches!(
                part,
                Part::Default | Part::NotNull | Part::Null | Part::Generated
            )
        });
        parts.map(|(part, text)| (*part, text.as_str()))
    }
}

/// The column that is the primary key by itself, if it is a number.
fn number_key<'a>(look: &'a Look, table: &Name) -> Option<&'a str> {
    let relation = look.relation(table)?;
    let [key] = relation.primary_key()? else {
        return None;
    };
    let type_ = &relation.column(key)?.type_;
    matches!(type_.name.as_str(), "int2" | "int4" | "int8").then_some(key)
}

/// Rows are changed some at a time, by the table's own key.
pub fn batches(look: &Look, table: &Name, set: &str, condition: &str) -> Fix {
    let update = format!("UPDATE {table} SET {set} WHERE {condition}");
    let note = "in batches that are committed one by one";
    match number_key(look, table) {
        Some(key) => Fix::default().step(
            Way::Batches,
            note,
            format!("{update} AND {} BETWEEN 1 AND 10000;", quoted(key)),
        ),
        None => Fix::default().step(
            Way::Batches,
            &format!("{note}, by ranges of the table's key"),
            format!("-- {update} AND …;"),
        ),
    }
}

/// A column is made NOT NULL, and nobody waits while its rows are read.
pub fn set_not_null(look: &Look, table: &Name, column: &str) -> Fix {
    let known = look.relation(table);
    let constraints = known
        .into_iter()
        .flat_map(|relation| &relation.constraints)
        .filter(|constraint| !constraint.is_valid && constraint.is_enforced);
    let waiting = constraints
        .clone()
        .find(|constraint| matches!(&constraint.kind, ConstraintKind::NotNull(of) if of == column));
    if let Some(waiting) = waiting {
        return Fix::here(format!(
            "ALTER TABLE {table} VALIDATE CONSTRAINT {};",
            quoted(&waiting.name)
        ));
    }
    let quoted_column = quoted(column);
    if look.server.version >= 18 {
        let name = quoted(&free_name(
            known,
            &format!("{}_{column}_not_null", table.name),
        ));
        return Fix::here(format!(
            "ALTER TABLE {table} ADD CONSTRAINT {name} NOT NULL {quoted_column} NOT VALID;"
        ))
        .later(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};"));
    }
    let waiting = constraints.clone().find(|constraint| {
        matches!(&constraint.kind, ConstraintKind::Check(expr) if expr.proves_not_null == [column])
    });
    let set = format!("ALTER TABLE {table} ALTER COLUMN {quoted_column} SET NOT NULL;");
    let quick = "in a later one, which is quick";
    let validate = |name: &str| format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};");
    if let Some(waiting) = waiting {
        return Fix::here(validate(&quoted(&waiting.name))).step(Way::Later, quick, set);
    }
    let name = quoted(&free_name(
        known,
        &format!("{}_{column}_not_null", table.name),
    ));
    Fix::here(format!(
        "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({quoted_column} IS NOT NULL) NOT VALID;"
    ))
    .later(validate(&name))
    .step(
        Way::Later,
        quick,
        format!("{set}\nALTER TABLE {table} DROP CONSTRAINT {name};"),
    )
}

/// The name, or the next of its like that no constraint of the table has, as PostgreSQL numbers them.
pub fn free_name(relation: Option<&Relation>, name: &str) -> String {
    let is_taken =
        |name: &str| relation.is_some_and(|relation| relation.constraint(name).is_some());
    let numbered = (1..).map(|number| format!("{name}{number}"));
    let mut names = std::iter::once(name.to_string()).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

/// What a column has that another one in its place needs, in words; none where it is all known and there is nothing.
pub fn belongings(look: &Look, table: &Name, column: &str) -> Option<String> {
    let known = look
        .relation(table)
        .and_then(|relation| Some((relation, relation.column(column)?)));
    let Some((relation, facts)) = known.filter(|(relation, _)| relation.is_complete) else {
        return Some(format!(
            "what {} has: NOT NULL, its default or sequence, keys, indexes, CHECKs, foreign keys",
            quoted(column)
        ));
    };
    let has = |columns: &[String]| columns.iter().any(|part| part == column);
    let mut all = Vec::new();
    if facts.not_null {
        all.push("NOT NULL".to_string());
    }
    if facts.has_default {
        all.push("the default, identity or sequence".to_string());
    }
    for constraint in &relation.constraints {
        let is_of_it = match &constraint.kind {
            ConstraintKind::Check(expr) => has(&expr.columns),
            ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => has(&key.columns),
            ConstraintKind::Foreign { columns, .. } => has(columns),
            ConstraintKind::Exclude => true,
            ConstraintKind::NotNull(_) => false,
        };
        if is_of_it {
            all.push(format!("the constraint {}", quoted(&constraint.name)));
        }
    }
    for (name, index) in look.catalogue.indexes_of(table) {
        if index.reads_column(column) && relation.constraint(&name.name).is_none() {
            all.push(format!("the index {name}"));
        }
    }
    for other in look.catalogue.referencing(table) {
        all.push(format!("the foreign key of {other}"));
    }
    if relation.is_partitioned() || relation.parent.is_some() {
        all.push("the same in each partition".to_string());
    }
    (!all.is_empty()).then(|| all.join(", "))
}
