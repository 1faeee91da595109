//! What few relations have, so that the many others need no room for it.

use std::ops::{Deref, DerefMut};

use super::Relation;
use super::views::ViewColumn;
use crate::model::{Bound, Dependent, Partitioning};
use crate::name::Name;

/// What a relation has as a partition or its parent, as a view, or around it.
#[derive(Debug, Clone, Default)]
pub struct Particulars {
    /// What it is a partition of.
    pub parent: Option<Name>,
    /// Which rows it has as a partition, where that can be told.
    pub bound: Option<Bound>,
    /// Its partitions.
    pub children: Vec<Name>,
    /// The one for what fits no other.
    pub default_child: Option<Name>,
    /// How it is divided, where a migration said that.
    pub partitioning: Option<Partitioning>,
    /// What a CHECK says that DETACH CONCURRENTLY has left.
    pub kept_bound: Option<KeptBound>,
    /// What a view reads.
    pub reads: Vec<Name>,
    /// The columns that a view reads, of whatever.
    pub read_columns: Vec<String>,
    /// `*`
    pub reads_all_columns: bool,
    /// The columns of a view, where it is known how many they are.
    pub output: Option<Vec<ViewColumn>>,
    /// Its triggers, with what they run.
    pub triggers: Vec<(String, Name)>,
    /// Its policies.
    pub policies: Vec<String>,
    /// What reads its columns, other than views and indexes.
    pub dependents: Vec<Dependent>,
}

/// Which rows a table can have because it was a partition before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBound {
    /// Of which table.
    pub parent: Name,
    /// How that was divided.
    pub partitioning: Partitioning,
    /// Which of its rows.
    pub bound: Bound,
}

static NONE: Particulars = Particulars {
    parent: None,
    bound: None,
    children: Vec::new(),
    default_child: None,
    partitioning: None,
    kept_bound: None,
    reads: Vec::new(),
    read_columns: Vec::new(),
    reads_all_columns: false,
    output: None,
    triggers: Vec::new(),
    policies: Vec::new(),
    dependents: Vec::new(),
};

impl Deref for Relation {
    type Target = Particulars;

    fn deref(&self) -> &Particulars {
        self.particulars.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Relation {
    fn deref_mut(&mut self) -> &mut Particulars {
        self.particulars.get_or_insert_default()
    }
}
