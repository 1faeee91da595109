//! What functions and sequences are needed for.

use super::{Catalogue, Relation};
use crate::model::{ConstraintKind, Signature};
use crate::name::{Name, quoted};

impl Catalogue {
    /// What keeps a function, of which there is one of this name, from being dropped, in words.
    pub fn user_of_function(&self, function: &Name) -> Option<String> {
        let place = self.place(function);
        match self.signatures.get(&place)?.as_slice() {
            [(_, since)] if *since == Some(self.unseen) => {}
            _ => return None,
        }
        let mut users = self
            .callers(function)
            .iter()
            .filter(|table| self.sure(table).is_some());
        users.find_map(|table| self.use_of_function(table, function))
    }

    /// The tables with something that calls a function: that goes with it by CASCADE.
    pub fn users_of_function(&self, function: &Name) -> impl Iterator<Item = &Name> {
        let users = self.callers(function).iter();
        users.filter(|table| self.use_of_function(table, function).is_some())
    }

    fn use_of_function(&self, table: &Name, function: &Name) -> Option<String> {
        let place = self.place(function);
        let is_it = |name: &Name| self.place(name) == place;
        let relation = self.relations.get(table)?;
        let column = relation.columns.iter().find(|column| {
            let calls = column.calls.as_ref();
            calls.is_some_and(|calls| calls.functions.iter().any(is_it))
        });
        let column = column.map(|column| {
            format!(
                "the default of {} of {table} calls {function}",
                quoted(&column.name)
            )
        });
        let trigger = || {
            let trigger = relation.triggers.iter().find(|(_, runs)| is_it(runs));
            trigger
                .map(|(name, _)| format!("the trigger {} of {table} runs {function}", quoted(name)))
        };
        column
            .or_else(trigger)
            .or_else(|| of_shape(relation, table, function, is_it))
    }

    /// What keeps a sequence from being dropped, in words.
    pub fn user_of_sequence(&self, sequence: &Name) -> Option<String> {
        let place = self.place(sequence);
        let find = |table: &Name| {
            let relation = self.sure(table)?;
            let column = relation.columns.iter().find(|column| {
                let calls = column
                    .calls
                    .as_ref()
                    .and_then(|calls| calls.sequence.as_ref());
                calls.is_some_and(|sequence| self.place(sequence) == place)
            })?;
            // One that was there before has the name that a serial column's would have.
            let is_other = column.is_numbered && self.relation(sequence).is_some();
            (!is_other).then(|| {
                format!(
                    "{} of {table} takes its numbers from {sequence}",
                    quoted(&column.name)
                )
            })
        };
        self.callers(sequence).iter().find_map(find)
    }

    /// How a function is called that would be replaced by one of this signature, if it is sure to be here.
    pub fn replaced(&self, function: &Name, signature: &Signature) -> Option<&Signature> {
        let mut signatures = self.signatures.get(&self.place(function))?.iter();
        let (known, _) = signatures
            .find(|(known, since)| *since == Some(self.unseen) && known.is_called_as(signature))?;
        Some(known)
    }
}

fn of_shape(
    relation: &Relation,
    table: &Name,
    function: &Name,
    is_it: impl Fn(&Name) -> bool,
) -> Option<String> {
    let index = relation
        .indexes
        .iter()
        .find(|index| index.functions.iter().any(&is_it));
    let check = relation
        .constraints
        .iter()
        .find(|constraint| match &constraint.kind {
            ConstraintKind::Check(expr) => expr.functions.iter().any(&is_it),
            _ => false,
        });
    let index = index.map(|index| format!("the index {} of {table} calls {function}", index.name));
    index.or_else(|| {
        check.map(|check| {
            format!(
                "the CHECK {} of {table} calls {function}",
                quoted(&check.name)
            )
        })
    })
}
