//! What a statement of a fix is called by, and what undoes it.

use std::cell::OnceCell;

use crate::model::{Action, Alter, Change, ConstraintKind, Kind};
use crate::name::{Name, quoted};
use crate::parse::{self, Parsed};

/// Longer titles make names of files that nobody reads.
const LONGEST: usize = 48;

/// A statement of a fix, which is parsed at most once.
#[derive(Debug)]
pub struct Statement {
    /// As it is written, with its semicolon and the comments before it.
    pub sql: String,
    changes: OnceCell<Vec<Change>>,
}

impl Statement {
    /// Of this text.
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            changes: OnceCell::new(),
        }
    }

    /// The title of a migration that begins with it.
    pub fn title(&self) -> Option<String> {
        // Most fixes end so, and are not parsed for it.
        let validated = self.sql.strip_prefix("ALTER TABLE ");
        let validated = validated.and_then(|rest| rest.split_once(" VALIDATE CONSTRAINT "));
        match validated {
            Some((_, name)) => Some(slug(&format!("validate_{name}"))),
            None => self.changes().first().and_then(title),
        }
    }

    /// What it does; nothing where it is not understood.
    pub fn changes(&self) -> &[Change] {
        self.changes.get_or_init(|| match parse::one(&self.sql) {
            Parsed::Changes(changes) => changes,
            Parsed::Refused(_) | Parsed::Unseen(_) => Vec::new(),
        })
    }
}

/// The title of a migration that makes this change first: letters, digits and underscores.
fn title(change: &Change) -> Option<String> {
    let words = match change {
        Change::CreateIndex(index) => match &index.name {
            Some(name) => name.clone(),
            None => format!("{}_index", index.table.name),
        },
        Change::Drop(drop) => match (drop.kind, drop.names.first()?) {
            // By the table: what is dropped there gives way to something else.
            (Kind::Trigger | Kind::Policy | Kind::Rule, table) => format!("finish_{}", table.name),
            (_, name) => format!("drop_{}", name.name),
        },
        Change::Reindex { name, greater, .. } => {
            let name = name.as_ref().map(|name| &name.name);
            format!("reindex_{}", name.or(greater.as_ref())?)
        }
        Change::Rename(rename) => format!("rename_{}", rename.name.name),
        Change::Alter(Alter { table, action, .. }) => of_action(table, action),
        _ => return None,
    };
    Some(slug(&words))
}

fn of_action(table: &Name, action: &Action) -> String {
    match action {
        Action::Detach { child, .. } => format!("detach_{}", child.name),
        Action::AddConstraint(constraint) => match &constraint.name {
            Some(name) => name.clone(),
            None => format!("{}_constraint", table.name),
        },
        Action::SetNotNull(column) => format!("{}_{column}_not_null", table.name),
        Action::AddColumn { column, .. } => format!("{}_{}", table.name, column.name),
        _ => format!("alter_{}", table.name),
    }
}

/// As names of files have it.
fn slug(words: &str) -> String {
    let mut slug = String::new();
    for letter in words.to_lowercase().chars() {
        match letter.is_ascii_alphanumeric() {
            true => slug.push(letter),
            false if slug.is_empty() || slug.ends_with('_') => {}
            false => slug.push('_'),
        }
    }
    slug.truncate(LONGEST);
    slug.trim_end_matches('_').to_string()
}

/// What undoes statements of a fix.
pub struct Undo<'a> {
    /// All that the fix does.
    pub fix: &'a [&'a Change],
    /// The same as statements.
    pub texts: Vec<&'a Statement>,
    /// Whether it is about a primary key: that leaves NOT NULL behind when it goes.
    pub is_primary: bool,
}

impl Undo<'_> {
    /// What undoes these, the last one first, without waiting for others where it can. None where one of them can't be
    /// undone by what it says.
    pub fn of(&self, statements: &[Statement], is_outside: bool) -> Option<Vec<String>> {
        let mut undone = Vec::new();
        for statement in statements.iter().rev() {
            for change in statement.changes().iter().rev() {
                match self.of_change(change, is_outside)? {
                    words if words.is_empty() || undone.contains(&words) => {}
                    words => undone.push(words),
                }
            }
        }
        Some(undone)
    }

    /// Empty where nothing is to be done.
    fn of_change(&self, change: &Change, is_outside: bool) -> Option<String> {
        Some(match change {
            Change::CreateIndex(index) if self.is_attached(index.name.as_ref()?) => String::new(),
            Change::CreateIndex(index) => {
                let name = index.table.beside(index.name.as_ref()?);
                // A constraint that used it has taken it along.
                let exists = match index.unique {
                    true => " IF EXISTS",
                    false => "",
                };
                let concurrently = match index.concurrently && is_outside {
                    true => " CONCURRENTLY",
                    false => "",
                };
                format!("DROP INDEX{concurrently}{exists} {name};")
            }
            Change::Alter(Alter { table, action, .. }) => match action {
                Action::AddConstraint(constraint) => {
                    let name = constraint.name.as_ref()?;
                    let quoted = quoted(name);
                    match constraint.kind {
                        ConstraintKind::Primary(_) | ConstraintKind::Unique(_) => {
                            match self.is_attached(name) {
                                true => String::new(),
                                false => format!("ALTER TABLE {table} DROP CONSTRAINT {quoted};"),
                            }
                        }
                        _ if self.is_primary => String::new(),
                        _ => format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quoted};"),
                    }
                }
                Action::SetNotNull(_) | Action::DropConstraint { .. } if self.is_primary => {
                    String::new()
                }
                Action::SetNotNull(column) => {
                    format!(
                        "ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL;",
                        quoted(column)
                    )
                }
                Action::DropConstraint { constraint, .. } => self.adding(constraint)?,
                // What is known to hold may stay known; what is attached goes with what it is attached to.
                Action::Validate(_) | Action::Attach { .. } => String::new(),
                _ => return None,
            },
            Change::Reindex { .. } | Change::Analyze(_) => String::new(),
            _ => return None,
        })
    }

    /// Whether an index of this name is attached to that of a partitioned table, which takes it along.
    fn is_attached(&self, name: &str) -> bool {
        self.fix.iter().any(|change| match change {
            Change::Alter(Alter {
                action: Action::Attach { child, .. },
                ..
            }) => child.name == *name,
            _ => false,
        })
    }

    /// The statement that adds a constraint of this name.
    fn adding(&self, name: &str) -> Option<String> {
        let adds = |change: &Change| match change {
            Change::Alter(Alter {
                action: Action::AddConstraint(constraint),
                ..
            }) => constraint.name.as_deref() == Some(name),
            _ => false,
        };
        let mut statements = self.texts.iter();
        let found = statements.find(|statement| {
            let changes = statement.changes();
            changes.len() == 1 && changes.iter().all(adds)
        });
        found.map(|statement| statement.sql.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(sql: &[&str]) -> Option<Vec<String>> {
        let statements: Vec<_> = sql.iter().copied().map(Statement::new).collect();
        let fix: Vec<_> = statements.iter().flat_map(Statement::changes).collect();
        let undo = Undo {
            fix: &fix,
            texts: statements.iter().collect(),
            is_primary: false,
        };
        undo.of(&statements, true)
    }

    #[test]
    fn statements_are_undone_backwards() {
        let key = [
            "CREATE UNIQUE INDEX CONCURRENTLY \"T_key\" ON s.\"T\" (a)",
            "ALTER TABLE s.\"T\" ADD CONSTRAINT \"T_key\" UNIQUE USING INDEX \"T_key\"",
        ];
        let expected = [
            "ALTER TABLE s.\"T\" DROP CONSTRAINT \"T_key\";",
            "DROP INDEX CONCURRENTLY IF EXISTS s.\"T_key\";",
        ];
        assert_eq!(undone(&key).unwrap(), expected);
    }

    #[test]
    fn what_can_not_be_undone_by_itself_is_left_to_people() {
        assert_eq!(
            undone(&["ALTER TABLE t VALIDATE CONSTRAINT c"]),
            Some(Vec::new())
        );
        assert_eq!(undone(&["DROP INDEX CONCURRENTLY i"]), None);
        assert_eq!(undone(&["CREATE INDEX CONCURRENTLY ON t (a)"]), None);
    }

    #[test]
    fn what_is_attached_goes_with_what_it_is_attached_to() {
        let index = [
            "CREATE INDEX CONCURRENTLY p1_k ON p1 (k)",
            "ALTER INDEX pk ATTACH PARTITION p1_k",
        ];
        assert_eq!(undone(&index), Some(Vec::new()));
    }

    #[test]
    fn a_constraint_that_was_only_needed_meanwhile_comes_back() {
        let not_null = [
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;",
            "ALTER TABLE t ALTER COLUMN a SET NOT NULL;",
            "ALTER TABLE t DROP CONSTRAINT c;",
        ];
        let expected = [
            not_null[0],
            "ALTER TABLE t ALTER COLUMN a DROP NOT NULL;",
            "ALTER TABLE t DROP CONSTRAINT IF EXISTS c;",
        ];
        assert_eq!(undone(&not_null).unwrap(), expected);
    }

    #[test]
    fn titles_are_fit_for_names_of_files() {
        let title = |sql: &str| Statement::new(sql).title();
        let of = |sql: &str| title(sql).unwrap();
        assert_eq!(of("CREATE INDEX \"At (day)\" ON t (a)"), "at_day");
        assert_eq!(
            of("ALTER TABLE t VALIDATE CONSTRAINT \"C d\";"),
            "validate_c_d"
        );
        assert_eq!(
            of("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
            "c"
        );
        assert_eq!(of("DROP INDEX s.i"), "drop_i");
        assert_eq!(title("SELECT 1"), None);
    }
}
