//! Tables as they are made and altered.

use super::{Bound, Column, Constraint, Expr, Identity, Kind, Partitioning, Query, Restart};
use crate::name::Name;
use crate::types::Type;

/// A new table.
#[derive(Debug, Clone, Default)]
pub struct CreateTable {
    /// What it is called.
    pub name: Name,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Those of the table, not of a column.
    pub constraints: Vec<Constraint>,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// `UNLOGGED`
    pub unlogged: bool,
    /// `TEMPORARY`
    pub temporary: bool,
    /// What it is a partition of, and whether it is the default one.
    pub partition_of: Option<(Name, bool)>,
    /// Which rows it has as a partition, where that can be told.
    pub bound: Option<Bound>,
    /// `PARTITION BY`
    pub partitioning: Option<Partitioning>,
    /// `INHERITS`
    pub inherits: Vec<Name>,
    /// `LIKE`
    pub like: Vec<Name>,
    /// `OF`, a type that has its columns.
    pub is_typed: bool,
    /// `FOREIGN`
    pub is_foreign: bool,
}

/// A table or materialized view made by a query.
#[derive(Debug, Clone)]
pub struct CreateTableAs {
    /// What it is called.
    pub name: Name,
    /// A table or a materialized view.
    pub kind: Kind,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// `TEMPORARY`
    pub temporary: bool,
    /// `UNLOGGED`
    pub unlogged: bool,
    /// `WITH NO DATA`
    pub no_data: bool,
    /// What fills it.
    pub query: Query,
}

/// An action on a relation.
#[derive(Debug, Clone)]
pub struct Alter {
    /// The relation.
    pub table: Name,
    /// What sort of relation the statement says it is.
    pub kind: Kind,
    /// `ONLY`
    pub only: bool,
    /// `IF EXISTS`
    pub if_exists: bool,
    /// What is done.
    pub action: Action,
}

/// An action of `ALTER TABLE`.
#[derive(Debug, Clone)]
pub enum Action {
    /// `ADD COLUMN`
    AddColumn {
        /// Which.
        column: Box<Column>,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
    },
    /// `DROP COLUMN`
    DropColumn {
        /// Which.
        column: String,
        /// `CASCADE`
        cascade: bool,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// `SET DEFAULT`, `DROP DEFAULT`
    Default {
        /// Of which column.
        column: String,
        /// What it is now.
        default: Option<Expr>,
    },
    /// `SET NOT NULL`
    SetNotNull(String),
    /// `DROP NOT NULL`
    DropNotNull(String),
    /// `ALTER COLUMN … TYPE`
    SetType {
        /// Of which column.
        column: String,
        /// What it becomes.
        to: Type,
        /// `USING`
        using: Option<Expr>,
        /// `COLLATE`
        collation: Option<Name>,
        /// Where the column stands in the statement, behind which comes its new type.
        at: usize,
    },
    /// `SET EXPRESSION`
    SetExpression(String),
    /// `DROP EXPRESSION`
    DropExpression(String),
    /// `ADD GENERATED … AS IDENTITY`
    AddIdentity(String),
    /// `SET GENERATED`, `RESTART`, `DROP IDENTITY`
    Identity(String),
    /// `RESTART` of an identity.
    Restart {
        /// Of which column.
        column: String,
        /// Where it goes on.
        restart: Restart,
    },
    /// `SET STATISTICS`, `SET (n_distinct = …)`
    ColumnStatistics,
    /// `SET STATISTICS` of the column of an index that has this number, from 1.
    IndexStatistics(usize),
    /// `SET STORAGE`, `SET COMPRESSION`
    ColumnStorage,
    /// `ADD CONSTRAINT`
    AddConstraint(Box<Constraint>),
    /// `VALIDATE CONSTRAINT`
    Validate(String),
    /// `DROP CONSTRAINT`
    DropConstraint {
        /// Which.
        constraint: String,
        /// `CASCADE`
        cascade: bool,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// `ALTER CONSTRAINT`
    AlterConstraint {
        /// Which.
        constraint: String,
        /// Whether it is held to from now on, where that is said.
        enforced: Option<bool>,
    },
    /// `ATTACH PARTITION`
    Attach {
        /// What becomes a partition; on an index, an index.
        child: Name,
        /// As the default one.
        default: bool,
        /// Which rows it has, where that can be told.
        bound: Option<Bound>,
    },
    /// `DETACH PARTITION`
    Detach {
        /// What is one no longer.
        child: Name,
        /// Without blocking.
        concurrently: bool,
    },
    /// `INHERIT`
    Inherit(Name),
    /// `NO INHERIT`
    NoInherit(Name),
    /// `ENABLE TRIGGER`, `DISABLE TRIGGER`
    Trigger {
        /// Whether it works from now on.
        enable: bool,
        /// Which; none: several.
        trigger: Option<String>,
        /// All but those of foreign keys and other constraints.
        user: bool,
    },
    /// `SET LOGGED`, `SET UNLOGGED`
    SetLogged(bool),
    /// `SET TABLESPACE`
    SetTablespace,
    /// `SET ACCESS METHOD`
    SetAccessMethod,
    /// `SET (…)`, `CLUSTER ON`: with a lock that blocks nobody.
    Options,
    /// `ENABLE ROW LEVEL SECURITY`, `DISABLE`; none for `FORCE`, `NO FORCE`.
    RowSecurity(Option<bool>),
    /// `REPLICA IDENTITY`
    ReplicaIdentity {
        /// How.
        identity: Identity,
        /// `USING INDEX`
        index: Option<String>,
    },
    /// `OWNER TO`
    Owner,
    /// Something else, with a lock that blocks everybody for a moment.
    Other,
}
