//! What the columns of views are called, and of which types they are.

use super::{Catalogue, Relation, RelationKind};
use crate::model::{Output, Outputs, Source};
use crate::name::Name;
use crate::types::Type;

/// A column of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewColumn {
    /// What it is called, where that is known.
    pub name: Option<String>,
    /// Of which type, where that is known.
    pub type_: Option<Type>,
}

impl Catalogue {
    /// The columns that a query gives; none where it is not known how many these are.
    pub fn outputs(&self, outputs: &Outputs) -> Option<Vec<ViewColumn>> {
        let mut columns = Vec::new();
        for output in &outputs.all {
            match output {
                Output::All(called) => {
                    let is_meant = |own: &&(String, Name)| {
                        called.as_ref().is_none_or(|called| *called == own.0)
                    };
                    let mut tables = outputs.tables.iter().filter(is_meant);
                    let (Some((_, table)), None) = (tables.next(), tables.next()) else {
                        return None;
                    };
                    columns.extend(self.view_columns(table)?);
                }
                Output::One { name, of } => columns.push(ViewColumn {
                    name: name.clone(),
                    type_: self.type_of(of, &outputs.tables),
                }),
            }
        }
        for (column, name) in columns.iter_mut().zip(&outputs.names) {
            column.name = Some(name.clone());
        }
        Some(columns)
    }

    /// All columns of a table or view, in order.
    fn view_columns(&self, name: &Name) -> Option<Vec<ViewColumn>> {
        if let Some(view) = self
            .sure(name)
            .filter(|view| view.kind == RelationKind::View)
        {
            return view.output.clone();
        }
        // Those of LIKE have their place among the others.
        let table = self.whole(name).filter(|table| !table.may_have_keys)?;
        let columns = table.columns.iter().map(|column| ViewColumn {
            name: Some(column.name.to_string()),
            type_: Some((*column.type_).clone()),
        });
        Some(columns.collect())
    }

    fn type_of(&self, source: &Source, tables: &[(String, Name)]) -> Option<Type> {
        let (called, column) = match source {
            Source::Type(type_) => return Some(type_.clone()),
            Source::Unknown => return None,
            Source::Column(called, column) => (called, column),
        };
        let mut found = None;
        for (own, table) in tables {
            if called.as_ref().is_some_and(|called| called != own) {
                continue;
            }
            let columns = self.view_columns(table)?;
            let is_meant = |known: &ViewColumn| known.name.as_ref() == Some(column);
            if let Some(known) = columns.into_iter().find(is_meant) {
                // Of two of that name one is meant by the join, or none.
                if found.is_some() {
                    return None;
                }
                found = Some(known.type_?);
            }
        }
        found
    }
}

impl Relation {
    /// A column of a view is called otherwise.
    pub(super) fn rename_output(&mut self, old: &str, new: &str) {
        let Some(particulars) = &mut self.particulars else {
            return;
        };
        let columns = particulars.output.iter_mut().flatten();
        let mut named = columns.filter(|column| column.name.as_deref() == Some(old));
        match named.next() {
            Some(column) => column.name = Some(new.to_string()),
            None => particulars.output = None,
        }
    }
}
