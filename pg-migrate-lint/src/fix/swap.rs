//! A key or an index that takes the place of one which its file drops: the new one is built first, and the old one
//! goes in the moment in which the new one comes, so that duplicates are kept out all the time.

use std::ops::Range;

use super::{Fix, Way};
use crate::dropped::Dropped;
use crate::look::Look;
use crate::model::{Action, Alter, Change, Kind};
use crate::name::{Name, quoted};

/// What something new takes the place of.
#[derive(Debug, Default)]
pub struct Replaced {
    /// What is dropped, before it or by the same statement.
    all: Vec<Dropped>,
    /// Whether the statement does nothing but this exchange.
    is_statement: bool,
}

impl Replaced {
    /// What a key or an index of this name comes for: what had its name; else, if it keeps duplicates out, whatever the
    /// file dropped of its table that may have done so.
    pub fn by(look: &Look, table: &Name, name: &str, is_unique: bool) -> Self {
        let resolved = look.catalogue.resolve(table);
        let is_of = |dropped: &&Dropped| match &dropped.table {
            Some(table) => {
                *table == resolved && (is_unique && dropped.is_key || is_named(dropped, name))
            }
            None => is_unique || is_named(dropped, name),
        };
        let (own, before): (Vec<_>, Vec<_>) = look
            .session
            .dropped
            .iter()
            .filter(is_of)
            .partition(|dropped| dropped.range.start == look.start);
        let own: Vec<_> = own
            .into_iter()
            .cloned()
            .chain(parts_behind(look).filter(|dropped| is_of(&dropped)))
            .collect();
        let is_statement = !own.is_empty() && own.len() + 1 == look.siblings.len();
        let same = before
            .iter()
            .filter(|dropped| is_named(dropped, name))
            .copied()
            .collect::<Vec<_>>();
        let before = match same.is_empty() && !own.iter().any(|dropped| is_named(dropped, name)) {
            // What is made again by its name is replaced by that.
            true => before
                .into_iter()
                .filter(|dropped| !look.ahead.named.contains(&dropped.name.name))
                .collect(),
            false => same,
        };
        Self {
            all: own.into_iter().chain(before.into_iter().cloned()).collect(),
            is_statement,
        }
    }

    /// Whether there is such.
    pub fn is_some(&self) -> bool {
        !self.all.is_empty()
    }

    /// What is built is called so until it takes the name.
    pub fn name_meanwhile(&self, look: &Look, table: &Name, name: &str) -> String {
        if !self.all.iter().any(|dropped| is_named(dropped, name)) {
            return name.to_string();
        }
        let relation = look.relation(table);
        let is_taken = |name: &str| {
            let is_constraint =
                relation.is_some_and(|relation| relation.constraint(name).is_some());
            is_constraint || look.catalogue.index(&table.beside(name)).is_some()
        };
        let numbered = (2..).map(|number| format!("{name}_new{number}"));
        let mut names = std::iter::once(format!("{name}_new")).chain(numbered);
        names.find(|name| !is_taken(name)).unwrap_or_default()
    }

    /// A constraint that uses the index which `build` makes by the name `index`. `adding`: from ADD to USING INDEX.
    pub fn by_constraint(
        &self,
        table: &Name,
        build: &str,
        index: &str,
        adding: &str,
        timing: &str,
    ) -> Fix {
        let drops = self.constraints().map(|drop| format!("{drop}, "));
        let drops: String = drops.collect();
        let swap = format!(
            "ALTER TABLE {table} {drops}{adding} USING INDEX {}{timing};",
            quoted(index)
        );
        self.fix(build, &[swap])
    }

    /// An index that `build` makes by the name `meanwhile`.
    pub fn by_index(&self, table: &Name, build: &str, meanwhile: &str, name: &str) -> Fix {
        let drops: Vec<_> = self.constraints().collect();
        let drop =
            (!drops.is_empty()).then(|| format!("ALTER TABLE {table} {};", drops.join(", ")));
        let rename = (meanwhile != name).then(|| {
            format!(
                "ALTER INDEX {} RENAME TO {};",
                table.beside(meanwhile),
                quoted(name)
            )
        });
        let swap: Vec<_> = drop.into_iter().chain(rename).collect();
        self.fix(build, &swap)
    }

    /// What drops the constraints, as parts of ALTER TABLE.
    fn constraints(&self) -> impl Iterator<Item = String> {
        let constraints = self
            .all
            .iter()
            .filter(|dropped| dropped.kind == Kind::Constraint);
        constraints.map(|dropped| {
            let exists = if dropped.if_exists { "IF EXISTS " } else { "" };
            let cascade = if dropped.cascade { " CASCADE" } else { "" };
            format!(
                "DROP CONSTRAINT {exists}{}{cascade}",
                quoted(&dropped.name.name)
            )
        })
    }

    fn fix(&self, build: &str, swap: &[String]) -> Fix {
        let mut outside = vec![build.to_string()];
        let indexes = self
            .all
            .iter()
            .filter(|dropped| dropped.kind == Kind::Index);
        for dropped in indexes {
            let exists = if dropped.if_exists { "IF EXISTS " } else { "" };
            outside.push(format!("DROP INDEX CONCURRENTLY {exists}{};", dropped.name));
        }
        let mut fix = self.words();
        fix = fix.step(Way::Outside, "outside of a transaction", outside.join("\n"));
        if !swap.is_empty() {
            let note = "in one transaction, which is quick";
            fix = fix.step(Way::Later, note, swap.join("\n"));
            fix = if swap.len() > 1 { fix.together() } else { fix };
        }
        let before = self.all.iter().map(|dropped| dropped.range.clone());
        fix.in_place_of(before.collect(), self.is_statement)
    }

    /// What people have to see to, where the statements that drop it do something else as well.
    fn words(&self) -> Fix {
        let is_part = |dropped: &&Dropped| !dropped.is_alone && !self.is_statement;
        let fix = Fix::default();
        if let Some(part) = self.all.iter().find(|dropped| dropped.cascade) {
            let name = quoted(&part.name.name);
            return fix.words(&format!(
                "{name} stays until the new one is built; foreign keys that CASCADE takes along are added again as NOT VALID, and validated"
            ));
        }
        match self.all.iter().find(is_part) {
            Some(part) if part.kind == Kind::Column => fix.words(&format!(
                "build the index before {} is dropped, and drop that in the transaction that adds the key",
                quoted(&part.name.name)
            )),
            Some(part) => fix.words(&format!(
                "{} stays until the new one is built: that goes from what drops it before",
                quoted(&part.name.name)
            )),
            None => fix,
        }
    }
}

fn is_named(dropped: &Dropped, name: &str) -> bool {
    dropped.kind != Kind::Column && dropped.name.name == name
}

/// Constraints that the parts of the statement behind this one drop.
fn parts_behind<'a>(look: &'a Look) -> impl Iterator<Item = Dropped> + 'a {
    let drops = |change: &&Change| {
        matches!(
            change,
            Change::Alter(Alter {
                action: Action::DropConstraint { .. },
                ..
            })
        )
    };
    let place: Range<usize> = look.start..look.end;
    let parts = look.siblings.iter().skip(look.place + 1).filter(drops);
    parts.flat_map(move |part| Dropped::of(part, look.catalogue, place.clone(), false))
}
