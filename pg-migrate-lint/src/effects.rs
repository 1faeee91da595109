//! What each form of statement locks, and what it does to the rows: the one table of facts that the rules
//! speak from. A test runs every form on a real server and compares.
//!
//! Sources: PostgreSQL's `AlterTableGetLockLevel` and the manual's chapter on explicit locking; measured on
//! 13 to 18.

mod alter;
pub mod attach;
pub mod casts;
pub mod types;
mod volatility;

use crate::catalogue::{Catalogue, Relation, RelationKind};
use crate::lock::{Mode, Work};
use crate::model::{
    Change, ConstraintKind, CreateIndex, CreateTable, DomainAction, Drop, Kind, Policy,
    ReindexKind, Rename,
};
use crate::name::Name;

pub use volatility::{
    is_of_server_and_not_immutable, is_of_the_server_at_all as is_of_the_server, is_volatile,
    truncates_by_zone, turns_by_zone,
};

/// A server's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The major version.
    pub major: u32,
    /// The minor one, where it was said.
    pub minor: Option<u32>,
}

impl Version {
    /// Of whatever minor version.
    pub const fn major(major: u32) -> Self {
        Self { major, minor: None }
    }
}

/// What decides beside the statement.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// The major version.
    pub version: u32,
    /// The minor one, where it was said.
    pub minor: Option<u32>,
    /// Whether `TimeZone` is set to UTC.
    pub is_utc: bool,
}

/// What a statement takes and does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    /// Locks on relations that were there before, the strongest of each.
    pub locks: Vec<(Name, Mode)>,
    /// Relations whose rows are read or written anew.
    pub work: Vec<(Name, Work)>,
    /// Whether an index is built, which reads the table too.
    pub builds_index: bool,
}

impl Impact {
    /// Takes a lock; a stronger one takes the place of a weaker one.
    pub fn lock(&mut self, name: Name, mode: Mode) {
        match self.locks.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = (*known).max(mode),
            None => self.locks.push((name, mode)),
        }
    }

    /// Does something to the rows.
    pub fn does(&mut self, name: Name, work: Work) {
        match self.work.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = (*known).max(work),
            None => self.work.push((name, work)),
        }
    }

    /// Takes the locks that it takes anyway as strongly as these.
    pub fn raise(&mut self, others: &[(Name, Mode)]) {
        for (name, mode) in &mut self.locks {
            let other = others.iter().find(|(other, _)| other == name);
            *mode = other.map_or(*mode, |(_, other)| *other.max(mode));
        }
    }

    /// The most that is done to any table.
    pub fn greatest_work(&self) -> Work {
        self.work
            .iter()
            .map(|(_, work)| *work)
            .max()
            .unwrap_or(Work::None)
    }

    /// The lock on a relation, by its name with the schema.
    pub fn lock_on(&self, name: &Name) -> Option<Mode> {
        let mut locks = self.locks.iter();
        locks
            .find(|(known, _)| known == name)
            .map(|(_, mode)| *mode)
    }
}

/// What a change takes and does, as the catalogue is before it.
pub fn of(change: &Change, catalogue: &Catalogue, server: Server) -> Impact {
    let mut impact = Impact::default();
    let mut lock_all = |names: &[Name], mode: Mode| {
        for name in names {
            for name in catalogue.with_children(name) {
                impact.lock(name, mode);
            }
        }
    };
    match change {
        Change::Alter(alter) => return alter::of(alter, catalogue, server),
        Change::CreateTable(table) => create_table(table, catalogue, &mut impact),
        Change::CreateTableAs(table) => reads(&table.query.relations, catalogue, &mut impact),
        Change::CreateView {
            name,
            replace,
            query,
            ..
        } => {
            reads(&query.relations, catalogue, &mut impact);
            if *replace && catalogue.relation(name).is_some() {
                impact.lock(catalogue.resolve(name), Mode::AccessExclusive);
            }
        }
        Change::CreateIndex(index) => create_index(index, catalogue, &mut impact),
        Change::Drop(drop) => dropped(drop, catalogue, &mut impact),
        Change::Rename(rename) => renamed(rename, catalogue, &mut impact),
        Change::SetSchema { kind, name, .. } => {
            if matches!(
                kind,
                Kind::Table | Kind::View | Kind::MaterializedView | Kind::Sequence
            ) {
                impact.lock(catalogue.resolve(name), Mode::AccessExclusive);
            }
        }
        Change::AlterSequence { name, .. } => {
            impact.lock(catalogue.resolve(name), Mode::ShareRowExclusive);
        }
        Change::Truncate { tables, cascade } => truncate(tables, *cascade, catalogue, &mut impact),
        Change::Update(write) | Change::Delete(write) => {
            reads(&write.query.relations, catalogue, &mut impact);
            impact.lock(catalogue.resolve(&write.table), Mode::RowExclusive);
            if !write.has_where {
                impact.does(catalogue.resolve(&write.table), Work::Scan);
            }
        }
        Change::Insert(insert) => {
            reads(&insert.query.relations, catalogue, &mut impact);
            impact.lock(catalogue.resolve(&insert.table), Mode::RowExclusive);
        }
        Change::CopyFrom { table, .. } => impact.lock(catalogue.resolve(table), Mode::RowExclusive),
        Change::Query(query) => reads(&query.relations, catalogue, &mut impact),
        Change::Vacuum {
            tables,
            full: false,
        } => lock_all(tables, Mode::ShareUpdateExclusive),
        Change::Vacuum { tables, full: true } => {
            for table in tables {
                rewrite(&catalogue.resolve(table), &mut impact);
            }
        }
        Change::Analyze(tables) => lock_all(tables, Mode::ShareUpdateExclusive),
        Change::Cluster {
            table: Some(table), ..
        } => rewrite(&catalogue.resolve(table), &mut impact),
        Change::Reindex {
            kind,
            name: Some(name),
            concurrently,
            ..
        } => {
            reindex(*kind, name, *concurrently, catalogue, &mut impact);
        }
        Change::Refresh {
            view,
            no_data: true,
            ..
        } => impact.lock(catalogue.resolve(view), Mode::AccessExclusive),
        Change::Refresh {
            view, concurrently, ..
        } => {
            let view = catalogue.resolve(view);
            match concurrently {
                true => {
                    impact.lock(view.clone(), Mode::Exclusive);
                    impact.does(view.clone(), Work::Scan);
                }
                false => rewrite(&view, &mut impact),
            }
            for read in catalogue
                .relation(&view)
                .map(|view| view.reads.as_slice())
                .unwrap_or_default()
            {
                impact.lock(read.clone(), Mode::AccessShare);
                impact.does(read.clone(), Work::Scan);
            }
        }
        Change::Lock { tables, mode } => {
            lock_all(tables, *mode);
            for table in tables {
                let view = catalogue.relation(table);
                let view = view.filter(|view| view.kind == RelationKind::View);
                // What a view reads is locked as it is.
                lock_all(view.map_or(&[], |view| view.reads.as_slice()), *mode);
            }
        }
        Change::CreateTrigger { table, other, .. } => {
            lock_all(std::slice::from_ref(table), Mode::ShareRowExclusive);
            if let Some(other) = other {
                impact.lock(catalogue.resolve(other), Mode::ShareRowExclusive);
            }
        }
        Change::CreateRule { table, .. } | Change::Policy(Policy { table, .. }) => {
            impact.lock(catalogue.resolve(table), Mode::AccessExclusive);
        }
        Change::Comment {
            table: Some(name), ..
        } => impact.lock(catalogue.resolve(name), Mode::ShareUpdateExclusive),
        Change::Describe { tables, .. } => lock_all(tables, Mode::ShareUpdateExclusive),
        Change::Grant(grant) if server.version >= 18 => {
            for table in &grant.tables {
                impact.lock(catalogue.resolve(table), Mode::AccessShare);
            }
        }
        Change::AlterDomain { name, action } => alter_domain(name, action, catalogue, &mut impact),
        _ => {}
    }
    impact
}

/// The locks under which a statement of these changes does each of them: ALTER TABLE takes the strongest one that any
/// of its actions needs before it does the first.
pub fn shared_locks(
    changes: &[Change],
    catalogue: &Catalogue,
    server: Server,
) -> Vec<(Name, Mode)> {
    let mut shared = Impact::default();
    if changes.len() > 1 {
        let actions = changes
            .iter()
            .filter(|change| matches!(change, Change::Alter(_)));
        let locks = actions.flat_map(|action| of(action, catalogue, server).locks);
        locks.for_each(|(name, mode)| shared.lock(name, mode));
    }
    shared.locks
}

fn reads(relations: &[Name], catalogue: &Catalogue, impact: &mut Impact) {
    for name in relations {
        impact.lock(catalogue.resolve(name), Mode::AccessShare);
    }
}

fn rewrite(table: &Name, impact: &mut Impact) {
    impact.lock(table.clone(), Mode::AccessExclusive);
    impact.does(table.clone(), Work::Rewrite);
}

fn create_table(table: &CreateTable, catalogue: &Catalogue, impact: &mut Impact) {
    let known = catalogue.relation(&catalogue.place(&table.name));
    if table.if_not_exists && known.is_some_and(|known| known.made.is_some()) {
        return;
    }
    let constraints = table.columns.iter().flat_map(|column| &column.constraints);
    for constraint in constraints.chain(&table.constraints) {
        if let ConstraintKind::Foreign { table: other, .. } = &constraint.kind
            && catalogue.place(&table.name) != catalogue.resolve(other)
        {
            impact.lock(catalogue.resolve(other), Mode::ShareRowExclusive);
        }
    }
    for parent in &table.inherits {
        impact.lock(catalogue.resolve(parent), Mode::ShareUpdateExclusive);
    }
    for other in &table.like {
        impact.lock(catalogue.resolve(other), Mode::AccessShare);
    }
    if let Some((parent, _)) = &table.partition_of {
        let parent = catalogue.resolve(parent);
        impact.lock(parent.clone(), Mode::AccessExclusive);
        // A foreign key of the parent is the partition's, too.
        for (_, other) in catalogue.referenced(&parent) {
            impact.lock(other.clone(), Mode::ShareRowExclusive);
        }
        let known = catalogue.relation(&parent);
        if let Some(known) = known
            && let Some(default) = &known.default_child
        {
            impact.lock(default.clone(), Mode::AccessExclusive);
            if !attach::is_without(known, default, table.bound.as_ref(), catalogue) {
                impact.does(default.clone(), Work::Scan);
            }
        }
    }
}

fn create_index(index: &CreateIndex, catalogue: &Catalogue, impact: &mut Impact) {
    let table = catalogue.resolve(&index.table);
    if index.concurrently {
        impact.lock(table.clone(), Mode::ShareUpdateExclusive);
        impact.does(table, Work::Scan);
        impact.builds_index = true;
        return;
    }
    // What is there stays as it is, but the lock is taken to see that.
    let name = index.name.as_ref().map(|name| table.beside(name.clone()));
    if index.if_not_exists && name.is_some_and(|name| catalogue.is_taken(&name)) {
        impact.lock(table, Mode::Share);
        return;
    }
    let is_divided = is_partitioned(&table, catalogue);
    if is_divided && index.only {
        impact.lock(table, Mode::Share);
        return;
    }
    impact.builds_index = true;
    for name in catalogue.with_children(&table) {
        impact.lock(name.clone(), Mode::Share);
        if !is_partitioned(&name, catalogue) {
            impact.does(name, Work::Scan);
        }
    }
}

fn is_partitioned(name: &Name, catalogue: &Catalogue) -> bool {
    let relation = catalogue.relation(name);
    relation.is_some_and(Relation::is_partitioned)
}

fn dropped(drop: &Drop, catalogue: &Catalogue, impact: &mut Impact) {
    for name in &drop.names {
        match drop.kind {
            Kind::Table => {
                for name in catalogue.with_children(name) {
                    impact.lock(name.clone(), Mode::AccessExclusive);
                    partners(&name, catalogue, impact);
                    if drop.cascade {
                        for reader in catalogue.readers(&name) {
                            impact.lock(reader.clone(), Mode::AccessExclusive);
                        }
                    }
                    if let Some(parent) = catalogue
                        .relation(&name)
                        .and_then(|table| table.parent.clone())
                    {
                        impact.lock(parent, Mode::AccessExclusive);
                    }
                }
            }
            Kind::View | Kind::MaterializedView | Kind::Sequence | Kind::ForeignTable => {
                impact.lock(catalogue.resolve(name), Mode::AccessExclusive);
            }
            Kind::Index => {
                if let Some(index) = catalogue.index(name) {
                    let mode = match drop.concurrently {
                        true => Mode::ShareUpdateExclusive,
                        false => Mode::AccessExclusive,
                    };
                    impact.lock(Name::clone(&index.table), mode);
                }
            }
            Kind::Schema if drop.cascade => {
                for relation in catalogue.relations_in(&name.name) {
                    impact.lock(relation.clone(), Mode::AccessExclusive);
                    partners(&relation, catalogue, impact);
                    for reader in catalogue.readers(&relation) {
                        impact.lock(reader.clone(), Mode::AccessExclusive);
                    }
                }
            }
            Kind::Type | Kind::Domain if drop.cascade => {
                for table in catalogue.columns_of_type(name) {
                    impact.lock(table, Mode::AccessExclusive);
                }
            }
            Kind::Function if drop.cascade => {
                for table in catalogue.users_of_function(name) {
                    impact.lock(table.clone(), Mode::AccessExclusive);
                }
            }
            Kind::Trigger | Kind::Policy | Kind::Rule => {
                impact.lock(catalogue.resolve(name), Mode::AccessExclusive);
            }
            _ => {}
        }
    }
}

/// The tables on the other ends of foreign keys: their triggers go.
fn partners(table: &Name, catalogue: &Catalogue, impact: &mut Impact) {
    for (_, other) in catalogue.referenced(table) {
        impact.lock(other.clone(), Mode::AccessExclusive);
    }
    for other in catalogue.referencing(table) {
        impact.lock(other.clone(), Mode::AccessExclusive);
    }
}

fn renamed(rename: &Rename, catalogue: &Catalogue, impact: &mut Impact) {
    match rename.kind {
        Kind::Index => {}
        Kind::Column | Kind::Constraint => {
            for name in catalogue.with_children(&rename.name) {
                impact.lock(name, Mode::AccessExclusive);
            }
        }
        Kind::Table
        | Kind::View
        | Kind::MaterializedView
        | Kind::Sequence
        | Kind::Trigger
        | Kind::Policy
        | Kind::Rule => {
            impact.lock(catalogue.resolve(&rename.name), Mode::AccessExclusive);
        }
        _ => {}
    }
}

fn truncate(tables: &[Name], cascade: bool, catalogue: &Catalogue, impact: &mut Impact) {
    let mut open: Vec<Name> = tables
        .iter()
        .flat_map(|name| catalogue.with_children(name))
        .collect();
    let mut done: Vec<Name> = Vec::new();
    while let Some(name) = open.pop() {
        if done.contains(&name) {
            continue;
        }
        if cascade {
            open.extend(catalogue.referencing(&name).iter().cloned());
        }
        impact.lock(name.clone(), Mode::AccessExclusive);
        done.push(name);
    }
}

fn reindex(
    kind: ReindexKind,
    name: &Name,
    concurrently: bool,
    catalogue: &Catalogue,
    impact: &mut Impact,
) {
    let table = match kind {
        ReindexKind::Index => catalogue.index(name).map(|index| Name::clone(&index.table)),
        _ => Some(catalogue.resolve(name)),
    };
    let Some(table) = table else { return };
    let mode = match concurrently {
        true => Mode::ShareUpdateExclusive,
        false => Mode::Share,
    };
    impact.builds_index = true;
    impact.lock(table.clone(), mode);
    impact.does(table, Work::Scan);
}

fn alter_domain(name: &Name, action: &DomainAction, catalogue: &Catalogue, impact: &mut Impact) {
    let scans = matches!(
        action,
        DomainAction::AddConstraint { validated: true }
            | DomainAction::SetNotNull
            | DomainAction::Validate
    );
    if scans {
        for table in catalogue.columns_of_type(name) {
            impact.lock(table.clone(), Mode::Share);
            impact.does(table, Work::Scan);
        }
    }
}

#[cfg(test)]
pub mod truth;
