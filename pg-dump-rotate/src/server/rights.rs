//! What the role can't read and pg_dump would fail on, sometimes after hours: said before the
//! dump, all at once, with what to do.

use std::collections::BTreeSet;

use shared::dump::QualifiedName;
use shared::{Error, Result};

use super::relations::{Kind, Relation};
use super::selection::Selection;
use super::surroundings::Surroundings;

/// How many names of each kind an error shows.
const SHOWN: usize = 3;
/// The first version with the role pg_read_all_data.
const HAS_READ_ALL_DATA: u32 = 14;

/// What is judged.
pub struct Judged<'a> {
    pub database: &'a str,
    pub server_major: u32,
    pub relations: &'a [Relation],
    pub selection: &'a Selection,
    pub surroundings: &'a Surroundings,
}

/// An error that names everything in a dump's way, if anything is.
pub fn check(judged: &Judged<'_>) -> Result<()> {
    let found = Obstacles::of(judged);
    let complaints = found.complaints();
    if complaints.is_empty() {
        return Ok(());
    }
    let (role, database) = (&judged.surroundings.role, judged.database);
    Err(Error::new(format!(
        "the user {role} can't read everything in the database {database}: {}",
        complaints.join("; ")
    ))
    .with_hint(found.remedies(judged).join("; ")))
}

/// What pg_dump would fail on.
#[derive(Default)]
struct Obstacles<'a> {
    schemas: BTreeSet<&'a str>,
    tables: Vec<&'a QualifiedName>,
    sequences: Vec<&'a QualifiedName>,
    with_hidden_rows: Vec<&'a QualifiedName>,
    large_objects: (i64, Option<u32>),
}

impl<'a> Obstacles<'a> {
    fn of(judged: &Judged<'a>) -> Self {
        let mut found = Self {
            large_objects: (
                judged.surroundings.hidden_large_objects,
                judged.surroundings.first_hidden_large_object,
            ),
            ..Self::default()
        };
        for relation in judged.relations {
            found.look_at(relation, judged.selection);
        }
        found
    }

    fn look_at(&mut self, relation: &'a Relation, selection: &Selection) {
        let is_read = relation.has_rows && !selection.no_rows;
        // Tables are locked even where their rows are not wanted, which takes the same right.
        let is_locked = relation.kind != Kind::Sequence && !relation.is_member;
        if !is_read && !is_locked {
            return;
        }
        if !relation.may_enter {
            self.schemas.extend(relation.name.schema.as_deref());
        } else if !relation.may_read {
            match relation.kind {
                Kind::Sequence => self.sequences.push(&relation.name),
                _ => self.tables.push(&relation.name),
            }
        } else if is_read && relation.hides_rows && !selection.row_security {
            self.with_hidden_rows.push(&relation.name);
        }
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut add = |what: &str, names: Vec<String>| {
            if !names.is_empty() {
                let plural = if names.len() == 1 { "" } else { "s" };
                complaints.push(format!("{what}{plural} {}", some(&names)));
            }
        };
        let schemas = self.schemas.iter().map(|name| plain(name));
        add("no USAGE on the schema", schemas.collect());
        add("no SELECT on the table", strings(&self.tables));
        add("no SELECT on the sequence", strings(&self.sequences));
        add(
            "row security hides rows of the table",
            strings(&self.with_hidden_rows),
        );
        if let (count @ 1.., Some(first)) = self.large_objects {
            complaints.push(match count {
                1 => format!("no SELECT on the large object {first}"),
                _ => format!("no SELECT on {count} large objects, {first} the first"),
            });
        }
        complaints
    }

    fn remedies(&self, judged: &Judged<'_>) -> Vec<String> {
        let role = plain(&judged.surroundings.role);
        let mut remedies = Vec::new();
        let names = [&self.tables, &self.sequences];
        if !self.schemas.is_empty() || names.iter().any(|names| !names.is_empty()) {
            remedies.push(match judged.server_major >= HAS_READ_ALL_DATA {
                true => format!("GRANT pg_read_all_data TO {role}"),
                false => self.grants(&role),
            });
        }
        if !self.with_hidden_rows.is_empty() {
            remedies.push(format!("ALTER ROLE {role} BYPASSRLS"));
        }
        if self.large_objects.0 > 0 {
            remedies.push(format!(
                "GRANT SELECT ON LARGE OBJECT … TO {role}, --no-blobs leaves them out"
            ));
        }
        remedies
    }

    /// Schema by schema, before there was a role for it.
    fn grants(&self, role: &str) -> String {
        let of = |names: &[&'a QualifiedName]| -> BTreeSet<&'a str> {
            let schemas = names.iter().filter_map(|name| name.schema.as_deref());
            schemas.chain(self.schemas.iter().copied()).collect()
        };
        let list = |schemas: BTreeSet<&str>| {
            let schemas: Vec<_> = schemas.iter().map(|name| plain(name)).collect();
            schemas.join(", ")
        };
        let kinds = [
            ("USAGE ON SCHEMA", self.schemas.clone()),
            ("SELECT ON ALL TABLES IN SCHEMA", of(&self.tables)),
            ("SELECT ON ALL SEQUENCES IN SCHEMA", of(&self.sequences)),
        ];
        let grants = kinds.into_iter().filter(|(_, schemas)| !schemas.is_empty());
        let grants =
            grants.map(|(right, schemas)| format!("GRANT {right} {} TO {role}", list(schemas)));
        grants.collect::<Vec<_>>().join("; ")
    }
}

/// The first names, and how many more there are.
pub fn some(names: &[String]) -> String {
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn strings(names: &[&QualifiedName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A name as SQL takes it, without quotes where it needs none.
fn plain(name: &str) -> String {
    let name = QualifiedName {
        schema: None,
        name: name.into(),
    };
    name.to_string()
}
