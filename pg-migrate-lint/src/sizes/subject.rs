//! Which table a finding is about, and whose rows the statement goes through.

use crate::finding::{Finding, Severity};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind, Kind, ReindexKind};
use crate::name::Name;
use crate::rules::Group;

/// A table, as the server is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Table {
    /// Where it is looked for, in order; nowhere: along the search path of the session.
    pub schemas: Vec<String>,
    /// Its name, or that of an index of it.
    pub name: String,
    /// Whether the statement goes on to tables that inherit from it. To partitions it always does.
    pub descends: bool,
}

/// What takes the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// All rows are read.
    Scan,
    /// All rows are written anew, and with them each index.
    Rewrite,
    /// An index is built, for which the rows are read so often.
    Index {
        /// Once, or twice without blocking.
        scans: u32,
    },
    /// Each index is built.
    Indexes {
        /// As of one.
        scans: u32,
    },
    /// Each row is looked up in another table.
    Lookup,
    /// Each row gets a new version, or goes.
    Write,
}

/// What a finding is about.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The table that it names.
    pub table: Table,
    /// The tables whose rows the statement goes through.
    pub worked: Vec<Table>,
    /// What is done to these, where that takes a time that is known.
    pub task: Option<Task>,
    /// Whether a migration makes the table that it names.
    pub is_made: bool,
    /// Whether the harm is the time, and that grows with the rows.
    pub grows: bool,
}

impl Subject {
    /// Of a finding of this statement; none where it is about no table, or about one that only this file makes.
    pub fn of(look: &Look, finding: &Finding) -> Option<Box<Self>> {
        let (named, written) = named(look, finding)?;
        if look.is_new(&named) {
            return None;
        }
        let table = table(look, &named, written.as_ref());
        let worked = worked(look, finding, &named, &table);
        let is_slow = matches!(finding.rule.group, Group::Locks | Group::Availability);
        let grows = is_slow
            && finding.severity > Severity::Info
            && !worked.is_empty()
            && is_bounded(look.change);
        let relation = look.relation(&named);
        Some(Box::new(Self {
            task: task(look, finding),
            is_made: relation.is_some_and(|relation| relation.made.is_some()),
            table,
            worked,
            grows,
        }))
    }
}

/// The table that a finding names, and as it is written where that is known.
fn named(look: &Look, finding: &Finding) -> Option<(Name, Option<Name>)> {
    let locked = look.impact.locks.iter().map(|(name, _)| name);
    let worked = look.impact.work.iter().map(|(name, _)| name);
    let held = look.session.held.iter().map(|held| &held.table);
    let own = own(look.change);
    let known: Vec<Name> = locked.chain(worked).cloned().collect();
    let object = finding.object.as_deref().and_then(Name::parse);
    if let Some(object) = object {
        let resolved = look.catalogue.resolve(&object);
        let is_own = own.is_some_and(|own| look.catalogue.resolve(own) == resolved);
        if is_own || known.contains(&resolved) || held.into_iter().any(|held| *held == resolved) {
            return Some((resolved, Some(object)));
        }
        if let Some(index) = look.catalogue.index(&object) {
            return Some((Name::clone(&index.table), None));
        }
        if is_index(look.change) {
            return Some((resolved, Some(object)));
        }
    }
    if finding.lock.is_none() && finding.work == Work::None {
        return None;
    }
    match (own, known.as_slice()) {
        (Some(own), _) => Some((look.catalogue.resolve(own), Some(own.clone()))),
        (None, [only]) => Some((only.clone(), None)),
        _ => None,
    }
}

/// The table that a statement is about by its form.
fn own(change: &Change) -> Option<&Name> {
    match change {
        Change::Alter(alter) => Some(&alter.table),
        Change::CreateIndex(index) => Some(&index.table),
        Change::Update(write) | Change::Delete(write) => Some(&write.table),
        Change::Insert(insert) => Some(&insert.table),
        Change::CreateTrigger { table, .. } => Some(table),
        Change::Rename(rename) if matches!(rename.kind, Kind::Column | Kind::Table) => {
            Some(&rename.name)
        }
        _ => None,
    }
}

/// Whether the statement is about an index, whose table no migration may tell.
fn is_index(change: &Change) -> bool {
    match change {
        Change::Drop(drop) => drop.kind == Kind::Index,
        Change::Reindex { kind, .. } => *kind == ReindexKind::Index,
        _ => false,
    }
}

/// As the server is asked for it.
fn table(look: &Look, resolved: &Name, written: Option<&Name>) -> Table {
    let path = look.catalogue.path();
    let is_known = look.relation(resolved).is_some();
    let schema = written.and_then(|written| written.schema.clone());
    let schema = schema.or_else(|| match path.is_empty() || is_known {
        true => resolved.schema.clone(),
        false => None,
    });
    let schemas = match schema {
        Some(schema) => vec![schema],
        None if path.is_empty() => Vec::new(),
        // What has no schema there is in `public`.
        None if is_known => vec!["public".to_string()],
        None => path.to_vec(),
    };
    Table {
        schemas,
        name: resolved.name.clone(),
        descends: descends(look.change),
    }
}

/// Whether the statement goes on to tables that inherit.
fn descends(change: &Change) -> bool {
    match change {
        Change::Alter(alter) => !alter.only,
        Change::Update(_) | Change::Delete(_) | Change::Truncate { .. } => true,
        _ => false,
    }
}

/// The tables whose rows it goes through, those of a partitioned one as one.
fn worked(look: &Look, finding: &Finding, named: &Name, own: &Table) -> Vec<Table> {
    if finding.work == Work::None {
        return Vec::new();
    }
    let (written, read): (Option<&Name>, &[Name]) = match look.change {
        Change::Update(write) | Change::Delete(write) => {
            (Some(&write.table), &write.query.relations)
        }
        _ => (None, &[]),
    };
    let done = look.impact.work.iter().map(|(name, _)| name);
    let all = done.chain(written).chain(read);
    let mut names: Vec<Name> = Vec::new();
    for name in all.map(|name| look.catalogue.resolve(name)) {
        if !look.is_new(&name) && !names.contains(&name) {
            names.push(name);
        }
    }
    if let Change::Alter(alter) = look.change
        && looks_up(alter, look)
        && finding.work < Work::Rewrite
    {
        // How many rows the other one has matters little: each is found by its key.
        names.retain(|name| *name == look.catalogue.resolve(&alter.table));
    }
    let of_named = look.catalogue.with_children(named);
    if names.iter().all(|name| of_named.contains(name)) {
        let is_index = is_index(look.change);
        return match names.is_empty() && !is_index {
            true => Vec::new(),
            false => vec![own.clone()],
        };
    }
    let parent = |name: &Name| look.relation(name).and_then(|table| table.parent.clone());
    let is_part = |name: &Name| parent(name).is_some_and(|parent| names.contains(&parent));
    let tables = names.iter().filter(|name| !is_part(name));
    tables
        .map(|name| match name == named {
            true => own.clone(),
            false => table(look, name, None),
        })
        .collect()
}

/// Whether the rows of these tables are all that the statement can go through.
fn is_bounded(change: &Change) -> bool {
    matches!(
        change,
        Change::Alter(_)
            | Change::CreateIndex(_)
            | Change::CreateTable(_)
            | Change::Update(_)
            | Change::Delete(_)
            | Change::Vacuum { .. }
            | Change::Cluster { .. }
            | Change::Reindex { name: Some(_), .. }
    )
}

/// What takes the time, as far as the size of the tables decides.
fn task(look: &Look, finding: &Finding) -> Option<Task> {
    if finding.work == Work::None {
        return None;
    }
    let scans = |concurrently: bool| if concurrently { 2 } else { 1 };
    Some(match look.change {
        Change::CreateIndex(index) => Task::Index {
            scans: scans(index.concurrently),
        },
        Change::Reindex {
            kind,
            name: Some(_),
            concurrently,
            ..
        } => match kind {
            ReindexKind::Index => Task::Index {
                scans: scans(*concurrently),
            },
            _ => Task::Indexes {
                scans: scans(*concurrently),
            },
        },
        Change::Vacuum { .. } | Change::Cluster { .. } => Task::Rewrite,
        Change::Update(write) | Change::Delete(write) if !write.has_where => Task::Write,
        Change::AlterDomain { .. } | Change::CreateTable(_) => Task::Scan,
        Change::Alter(_) if finding.work == Work::Rewrite => Task::Rewrite,
        Change::Alter(_) if look.impact.builds_index => Task::Index { scans: 1 },
        Change::Alter(alter) if looks_up(alter, look) => Task::Lookup,
        Change::Alter(_) => Task::Scan,
        _ => return None,
    })
}

/// Whether it is a foreign key that is checked.
fn looks_up(alter: &Alter, look: &Look) -> bool {
    let is_foreign = |kind: &ConstraintKind| matches!(kind, ConstraintKind::Foreign { .. });
    match &alter.action {
        Action::AddConstraint(constraint) => is_foreign(&constraint.kind),
        Action::AddColumn { column, .. } => {
            (column.constraints.iter()).any(|constraint| is_foreign(&constraint.kind))
        }
        Action::Validate(name) => {
            let known = look.relation(&alter.table);
            let constraint = known.and_then(|table| table.constraint(name));
            // One that no migration made may be such a one, which takes longer.
            constraint.is_none_or(|constraint| is_foreign(&constraint.kind))
        }
        _ => false,
    }
}
