//! What a statement does, in terms of the field and apart from the grammar's tree: what rules,
//! history and the table of effects work with.

mod column;
mod constraint;
mod function;
mod index;
mod limit;
mod object;
mod partition;
mod publication;
mod query;
mod session;
mod table;
mod view;
mod write;

use crate::lock::Mode;
use crate::name::Name;
use crate::types::Type;

pub use column::{Column, Generated, Part};
pub use constraint::{Constraint, ConstraintKind, Key};
pub use function::{Body, Function, Parameter, Signature, Volatility};
pub use index::{CreateIndex, ReindexKind};
pub use limit::{Comparison, Limit, Limits};
pub use object::{
    Dependent, DependentKind, DomainAction, Drop, Grant, Kind, Policy, Rename, Restart,
};
pub use partition::{Bound, Datum, Partitioning, Strategy};
pub use publication::{Identity, Publication, Publishes};
pub use query::{Expr, Query, Scope};
pub use session::{Setting, Transaction};
pub use table::{Action, Alter, CreateTable, CreateTableAs};
pub use view::{Output, Outputs, Source};
pub use write::{Insert, Write};

/// One thing that a statement does; `ALTER TABLE` does as many as it has actions.
#[derive(Debug, Clone)]
pub enum Change {
    /// `CREATE TABLE`, also `PARTITION OF`.
    CreateTable(CreateTable),
    /// `CREATE TABLE AS`, `SELECT INTO`, `CREATE MATERIALIZED VIEW`.
    CreateTableAs(CreateTableAs),
    /// One action of `ALTER TABLE`, or of `ALTER INDEX`, `ALTER VIEW` and their like.
    Alter(Alter),
    /// `CREATE INDEX`
    CreateIndex(CreateIndex),
    /// `DROP` of anything that is in a schema, or a schema.
    Drop(Drop),
    /// `RENAME` of anything.
    Rename(Rename),
    /// `SET SCHEMA`
    SetSchema {
        /// What sort of thing.
        kind: Kind,
        /// Which.
        name: Name,
        /// Where to.
        schema: String,
    },
    /// `TRUNCATE`
    Truncate {
        /// Which.
        tables: Vec<Name>,
        /// And what references them.
        cascade: bool,
    },
    /// `UPDATE`
    Update(Write),
    /// `DELETE`
    Delete(Write),
    /// `INSERT`
    Insert(Insert),
    /// `COPY … FROM`
    CopyFrom {
        /// Which.
        table: Name,
        /// The columns; empty where none are said.
        columns: Vec<String>,
    },
    /// `SELECT`, `CALL`, `VALUES`: what it reads and calls.
    Query(Query),
    /// `VACUUM`
    Vacuum {
        /// Which; empty: all.
        tables: Vec<Name>,
        /// Whether tables are written anew.
        full: bool,
    },
    /// `ANALYZE`
    Analyze(Vec<Name>),
    /// `CLUSTER`
    Cluster {
        /// Which; none: all.
        table: Option<Name>,
        /// `USING`
        index: Option<String>,
    },
    /// `REINDEX`
    Reindex {
        /// An index, a table, or something greater.
        kind: ReindexKind,
        /// Which, for an index or a table.
        name: Option<Name>,
        /// Which schema or database.
        greater: Option<String>,
        /// Without blocking.
        concurrently: bool,
    },
    /// `REFRESH MATERIALIZED VIEW`
    Refresh {
        /// Which.
        view: Name,
        /// Without blocking readers.
        concurrently: bool,
        /// `WITH NO DATA`
        no_data: bool,
    },
    /// `LOCK TABLE`
    Lock {
        /// Which.
        tables: Vec<Name>,
        /// How.
        mode: Mode,
    },
    /// `CREATE TRIGGER`
    CreateTrigger {
        /// On which.
        table: Name,
        /// The other table of a constraint trigger.
        other: Option<Name>,
        /// What it is called.
        name: String,
        /// `OR REPLACE`
        replace: bool,
        /// `UPDATE OF`
        columns: Vec<String>,
        /// What it runs.
        function: Name,
    },
    /// `CREATE RULE`
    CreateRule {
        /// On which.
        table: Name,
        /// The command of which it lets nothing be done: `DO INSTEAD NOTHING`, without a condition.
        discards: Option<&'static str>,
    },
    /// `CREATE POLICY`, `ALTER POLICY`
    Policy(Policy),
    /// `COMMENT ON`
    Comment {
        /// What sort of thing; of those that are neither tables nor in one, any.
        kind: Kind,
        /// The table, or that which it is in.
        table: Option<Name>,
        /// What is in it.
        part: Option<String>,
    },
    /// `CREATE DOMAIN`
    CreateDomain {
        /// What it is called.
        name: Name,
        /// What is below it.
        base: Type,
        /// `NOT NULL` or `CHECK`.
        constrained: bool,
        /// `NOT NULL`
        not_null: bool,
        /// `DEFAULT`
        default: Option<Box<Expr>>,
    },
    /// `ALTER DOMAIN`
    AlterDomain {
        /// Which.
        name: Name,
        /// How.
        action: DomainAction,
    },
    /// `CREATE TYPE … AS ENUM`
    CreateEnum {
        /// What it is called.
        name: Name,
        /// Its values.
        values: Vec<String>,
    },
    /// `ALTER TYPE … ADD VALUE`
    AddEnumValue {
        /// Of which.
        name: Name,
        /// What is new.
        value: String,
        /// `BEFORE`, `AFTER`
        beside: Option<String>,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
    },
    /// `ALTER TYPE … RENAME VALUE`
    RenameEnumValue {
        /// Of which.
        name: Name,
        /// As it was called.
        old: String,
        /// As it is called from now on.
        new: String,
    },
    /// `CREATE TYPE` of several columns, or of ranges.
    CreateType(Name),
    /// `CREATE SCHEMA`
    CreateSchema {
        /// What it is called; empty: as its owner.
        name: String,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
    },
    /// `CREATE VIEW`
    CreateView {
        /// What it is called.
        name: Name,
        /// `OR REPLACE`
        replace: bool,
        /// `TEMPORARY`
        temporary: bool,
        /// Its columns, as far as its query says them.
        columns: Option<Box<Outputs>>,
        /// What it reads.
        query: Query,
    },
    /// `CREATE FUNCTION`, `CREATE PROCEDURE`
    CreateFunction(Function),
    /// `DO`
    Do(Body),
    /// `SET`, `SET LOCAL`, `RESET` (then there is no value), `set_config`
    Set(Setting),
    /// `SET CONSTRAINTS … IMMEDIATE`
    CheckNow,
    /// `BEGIN` and its like.
    Transaction(Transaction),
    /// What can't be run inside of a transaction, besides the forms above.
    Alone(&'static str),
    /// `DROP DATABASE`
    DropDatabase(String),
    /// `DROP OWNED BY`
    DropOwned(Vec<String>),
    /// `GRANT`, `REVOKE`
    Grant(Grant),
    /// `CREATE STATISTICS`, publications: with a lock on tables that blocks nobody.
    Describe {
        /// Which.
        tables: Vec<Name>,
        /// The columns that are named.
        columns: Vec<String>,
    },
    /// Something that reads columns of tables, and stands in the way of changes to them.
    Depends(Vec<(Name, Dependent)>),
    /// `CREATE SEQUENCE`
    CreateSequence {
        /// What it is called.
        name: Name,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// `TEMPORARY`
        temporary: bool,
        /// `OWNED BY`: the table and the column with which it goes.
        owner: Option<(Name, String)>,
    },
    /// `ALTER SEQUENCE`
    AlterSequence {
        /// Which.
        name: Name,
        /// `RESTART`
        restart: Restart,
        /// `AS smallint`
        is_small: bool,
        /// `IF EXISTS`
        if_exists: bool,
        /// `OWNED BY`: the table and the column with which it goes.
        owner: Option<(Name, String)>,
    },
    /// `CREATE PUBLICATION`, `ALTER PUBLICATION`
    Publish(Publication),
    /// `ALTER TABLE ALL IN TABLESPACE … SET TABLESPACE`
    MoveAll,
    /// `CREATE ROLE`, `ALTER ROLE`, and whether a password stands there that can be read.
    Role {
        /// Not one that is encrypted already.
        has_password: bool,
    },
    /// `DROP SUBSCRIPTION`
    DropSubscription(String),
    /// `ALTER SUBSCRIPTION … SET (slot_name = NONE)`
    ForgetSlot(String),
    /// What other statements mean from now on is not seen: names are looked for elsewhere, or a trigger changes tables.
    Unseen,
    /// Nothing that concerns anybody.
    Other,
}
