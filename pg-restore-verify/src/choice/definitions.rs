//! Which definitions belong to what was chosen.

use std::collections::HashMap;

use shared::dump::{ForeignKey, QualifiedName, Schema, part_of_table, subject};

use super::{Chosen, is_open};

/// Entries that give something to a table and need not be told of with its name.
const PARTS: [&str; 4] = ["INDEX", "CONSTRAINT", "FK CONSTRAINT", "STATISTICS"];

impl Chosen {
    /// Forgets the definitions of what was not chosen, and foreign keys that can't hold.
    pub fn retain(&self, schema: &mut Schema) {
        if self.is_everything() {
            return;
        }
        let parts: HashMap<QualifiedName, QualifiedName> = PARTS
            .iter()
            .flat_map(|kind| schema.statements(kind))
            .filter_map(part_of_table)
            .collect();
        let is_chosen = |name: &QualifiedName| self.holds(parts.get(name).unwrap_or(name));
        schema.retain(|object, statements| {
            let key = statements.iter().find_map(|sql| ForeignKey::parse(sql));
            if key.is_some_and(|key| !self.holds(&key.table) || is_open(&key, self)) {
                return false;
            }
            let schema = match object.schema.as_str() {
                "-" | "" => object.name.strip_prefix("SCHEMA ").unwrap_or(&object.name),
                schema => schema,
            };
            match self.holds_schema(schema) {
                Some(holds) => holds,
                None if !self.is_part() => true,
                None => {
                    let subjects = statements.iter().filter_map(|sql| subject(sql));
                    subjects.into_iter().any(|name| is_chosen(&name))
                }
            }
        });
    }
}
