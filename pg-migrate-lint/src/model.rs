//! What a statement does, in terms of the field and apart from the grammar's tree: what rules,
//! history and the table of effects work with.

use crate::lock::Mode;
use crate::name::Name;
use crate::types::Type;

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
    CopyFrom(Name),
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
    Cluster(Option<Name>),
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
    },
    /// `CREATE RULE`
    CreateRule(Name),
    /// `CREATE POLICY`, `ALTER POLICY`
    Policy(Name),
    /// `COMMENT ON TABLE` and what is in one.
    Comment(Option<Name>),
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
    },
    /// `ALTER TYPE … RENAME VALUE`
    RenameEnumValue {
        /// Of which.
        name: Name,
        /// As it was called.
        old: String,
    },
    /// `CREATE VIEW`
    CreateView {
        /// What it is called.
        name: Name,
        /// `OR REPLACE`
        replace: bool,
        /// What it reads.
        query: Query,
    },
    /// `CREATE FUNCTION`, `CREATE PROCEDURE`
    CreateFunction(Function),
    /// `DO`
    Do(Body),
    /// `SET`, `SET LOCAL`, `RESET` (then there is no value), `set_config`
    Set(Setting),
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
    Describe(Vec<Name>),
    /// Something that reads columns of tables, and stands in the way of changes to them.
    Depends(Vec<(Name, Dependent)>),
    /// `CREATE SEQUENCE`
    CreateSequence(Name),
    /// `ALTER SEQUENCE`
    AlterSequence(Name),
    /// Nothing that concerns anybody.
    Other,
}

/// What reads columns of a table, other than a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// What sort of thing.
    pub kind: DependentKind,
    /// What it is called.
    pub name: Name,
    /// The columns that it reads.
    pub columns: Vec<String>,
}

/// What sort of thing reads columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependentKind {
    /// A column that is computed from them.
    Generated,
    /// A trigger, by `UPDATE OF` or `WHEN`.
    Trigger,
    /// A policy.
    Policy,
    /// A rewrite rule.
    Rule,
    /// A function whose body is parsed when it is made.
    Function,
    /// A publication, by `WHERE`.
    Publication,
}

impl DependentKind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated column",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::Function => "function",
            Self::Publication => "publication",
        }
    }
}

/// What sort of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A table.
    Table,
    /// An index.
    Index,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
    /// A sequence.
    Sequence,
    /// A type, enum or composite.
    Type,
    /// A domain.
    Domain,
    /// A schema.
    Schema,
    /// A function, procedure or aggregate.
    Function,
    /// A trigger, by its table.
    Trigger,
    /// A policy, by its table.
    Policy,
    /// A rewrite rule, by its table.
    Rule,
    /// A column.
    Column,
    /// A constraint.
    Constraint,
    /// An extension.
    Extension,
    /// Something else.
    Other,
}

impl Kind {
    /// As SQL has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::Index => "INDEX",
            Self::View => "VIEW",
            Self::MaterializedView => "MATERIALIZED VIEW",
            Self::ForeignTable => "FOREIGN TABLE",
            Self::Sequence => "SEQUENCE",
            Self::Type => "TYPE",
            Self::Domain => "DOMAIN",
            Self::Schema => "SCHEMA",
            Self::Function => "FUNCTION",
            Self::Trigger => "TRIGGER",
            Self::Policy => "POLICY",
            Self::Rule => "RULE",
            Self::Column => "COLUMN",
            Self::Constraint => "CONSTRAINT",
            Self::Extension => "EXTENSION",
            Self::Other => "object",
        }
    }
}

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
    /// The columns that it is partitioned by; an expression is none.
    pub partitioned_by: Option<Vec<String>>,
    /// `INHERITS`
    pub inherits: Vec<Name>,
    /// `LIKE`
    pub like: Vec<Name>,
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
    /// `SET STATISTICS`, `SET (n_distinct = …)`
    ColumnStatistics,
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
    ReplicaIdentity,
    /// `OWNER TO`
    Owner,
    /// Something else, with a lock that blocks everybody for a moment.
    Other,
}

/// A column as it is made.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// Of what type.
    pub type_: Type,
    /// `DEFAULT`
    pub default: Option<Expr>,
    /// `NOT NULL`, said or by `PRIMARY KEY` or identity.
    pub not_null: bool,
    /// `GENERATED … AS IDENTITY`
    pub identity: bool,
    /// `GENERATED ALWAYS AS (…)`
    pub generated: Option<Generated>,
    /// What it is computed from.
    pub expression: Option<Expr>,
    /// An identity that says where it starts.
    pub starts: bool,
    /// `CHECK`, `UNIQUE`, `PRIMARY KEY`, `REFERENCES`
    pub constraints: Vec<Constraint>,
    /// `COLLATE`
    pub collation: Option<Name>,
    /// Where its definition begins in the statement.
    pub at: usize,
    /// Where each of its constraints begins there, of one that is added.
    pub parts: Vec<(Part, usize)>,
}

/// What a column's definition is made of, beside its name and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `DEFAULT`
    Default,
    /// `NOT NULL`
    NotNull,
    /// `NULL`
    Null,
    /// `UNIQUE`
    Unique,
    /// `PRIMARY KEY`
    Primary,
    /// `CHECK`
    Check,
    /// `REFERENCES`
    Foreign,
    /// `GENERATED`
    Generated,
}

impl Column {
    /// Its constraint of this kind.
    pub fn constraint(&self, wanted: impl Fn(&ConstraintKind) -> bool) -> Option<&Constraint> {
        self.constraints
            .iter()
            .find(|constraint| wanted(&constraint.kind))
    }

    /// Whether every row gets a value although none is given.
    pub fn has_value(&self) -> bool {
        self.default
            .as_ref()
            .is_some_and(|default| !default.is_null)
            || self.identity
            || self.generated.is_some()
            || self.type_.is_serial()
    }
}

/// How a generated column is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// On disk.
    Stored,
    /// Computed when it is read.
    Virtual,
}

/// A constraint.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// What it is called, where it was said.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Not `NOT VALID`.
    pub validated: bool,
    /// Not `NOT ENFORCED`.
    pub enforced: bool,
    /// `DEFERRABLE`
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`
    pub deferred: bool,
    /// Where its definition begins in the statement.
    pub at: usize,
}

/// What a constraint demands.
#[derive(Debug, Clone)]
pub enum ConstraintKind {
    /// `CHECK`
    Check(Box<Expr>),
    /// `NOT NULL` as a constraint of its own, since 18.
    NotNull(String),
    /// `PRIMARY KEY`
    Primary(Key),
    /// `UNIQUE`
    Unique(Key),
    /// `FOREIGN KEY`
    Foreign {
        /// On this side.
        columns: Vec<String>,
        /// The other side.
        table: Name,
        /// Its columns; empty: its primary key.
        referenced: Vec<String>,
        /// `ON DELETE CASCADE`
        cascades: bool,
    },
    /// `EXCLUDE`
    Exclude,
}

impl ConstraintKind {
    /// The columns that it is of, on its own side.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Check(expr) => &expr.columns,
            Self::NotNull(column) => std::slice::from_ref(column),
            Self::Primary(key) | Self::Unique(key) => &key.columns,
            Self::Foreign { columns, .. } => columns,
            Self::Exclude => &[],
        }
    }
}

/// The columns of a key.
#[derive(Debug, Clone, Default)]
pub struct Key {
    /// Which; empty where an index says it.
    pub columns: Vec<String>,
    /// `USING INDEX`
    pub index: Option<String>,
    /// `WITHOUT OVERLAPS`
    pub without_overlaps: bool,
    /// `NULLS NOT DISTINCT`
    pub nulls_not_distinct: bool,
    /// `INCLUDE`
    pub included: Vec<String>,
    /// `WITH (…)` or `USING INDEX TABLESPACE`
    pub has_storage: bool,
}

/// A new index.
#[derive(Debug, Clone, Default)]
pub struct CreateIndex {
    /// What it is called, where it was said.
    pub name: Option<String>,
    /// On which.
    pub table: Name,
    /// `ONLY`
    pub only: bool,
    /// `UNIQUE`
    pub unique: bool,
    /// Without blocking.
    pub concurrently: bool,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its columns, in order; none for an expression.
    pub columns: Vec<Option<String>>,
    /// What its expressions and its condition call and read.
    pub expressions: Vec<Expr>,
    /// `WHERE`
    pub partial: bool,
    /// The column of which that leaves out the nulls, and nothing else.
    pub without_nulls_of: Option<String>,
    /// `USING`
    pub method: String,
    /// `INCLUDE`
    pub included: Vec<String>,
    /// An operator class, a collation, or an order that is not the usual one.
    pub has_options: bool,
}

impl CreateIndex {
    /// Whether it finds every row by a value of its first column: nulls are all that it may leave out.
    pub fn finds_values(&self) -> bool {
        let first = self.columns.first().and_then(Option::as_ref);
        !self.partial || first.is_some() && first == self.without_nulls_of.as_ref()
    }
}

/// `GRANT`, `REVOKE`
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// On which tables; none where it is on something else.
    pub tables: Vec<Name>,
    /// Not `REVOKE`.
    pub gives: bool,
    /// Whether it is for everybody.
    pub public: bool,
}

/// `DROP`
#[derive(Debug, Clone)]
pub struct Drop {
    /// What sort of thing.
    pub kind: Kind,
    /// Which; for triggers, policies and rules their tables.
    pub names: Vec<Name>,
    /// `CASCADE`
    pub cascade: bool,
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Without blocking.
    pub concurrently: bool,
}

/// `RENAME`
#[derive(Debug, Clone)]
pub struct Rename {
    /// What sort of thing.
    pub kind: Kind,
    /// Which, or its table.
    pub name: Name,
    /// The column or constraint, as it was called.
    pub part: Option<String>,
    /// As it is called from now on.
    pub to: String,
}

/// `UPDATE`, `DELETE`
#[derive(Debug, Clone, Default)]
pub struct Write {
    /// Which.
    pub table: Name,
    /// Whether there is a condition that leaves out rows.
    pub has_where: bool,
    /// Whether rows are taken some at a time: a limit, or a range of keys.
    pub is_batched: bool,
    /// The columns that are set.
    pub columns: Vec<String>,
    /// The columns that the condition compares with one value each.
    pub equals: Vec<String>,
    /// What else is read and called.
    pub query: Query,
}

impl Write {
    /// Whether it says which version the schema has now: the table of that has one row.
    pub fn says_version(&self) -> bool {
        let is_version = |name: &str| name.to_ascii_lowercase().ends_with("version");
        let [column] = self.columns.as_slice() else {
            return false;
        };
        is_version(&self.table.name) && is_version(column)
    }
}

/// `INSERT`
#[derive(Debug, Clone, Default)]
pub struct Insert {
    /// Which.
    pub table: Name,
    /// The columns; empty where none are said.
    pub columns: Vec<String>,
    /// `ON CONFLICT`
    pub on_conflict: bool,
    /// Rows that a query finds, and not written out.
    pub from_query: bool,
    /// The greatest number that is written out for each of the columns.
    pub numbers: Vec<Option<i64>>,
    /// Not `DEFAULT VALUES`.
    pub has_values: bool,
    /// What else is read and called.
    pub query: Query,
}

impl Insert {
    /// The columns that are given numbers from 1 on, as a sequence gives them, or whatever a query finds.
    pub fn numbered(&self) -> impl Iterator<Item = &String> {
        let columns = self.columns.iter().enumerate();
        columns.filter_map(|(place, column)| {
            let number = self.numbers.get(place).copied().flatten();
            (self.from_query || number.is_some_and(|number| number > 0)).then_some(column)
        })
    }
}

/// What a query reads and calls.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Relations.
    pub relations: Vec<Name>,
    /// Columns, wherever they are named.
    pub columns: Vec<String>,
    /// `*`
    pub all_columns: bool,
    /// Functions.
    pub functions: Vec<Name>,
    /// Words in quotes: perhaps values of an enum.
    pub words: Vec<String>,
    /// Settings that it changes by `set_config`.
    pub settings: Vec<Setting>,
    /// Columns that are cast, and to what.
    pub casts: Vec<(String, String)>,
}

impl Query {
    /// Whether it calls a function of this name.
    pub fn calls(&self, function: &str) -> bool {
        self.functions.iter().any(|name| name.name == function)
    }
}

/// An expression, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub struct Expr {
    /// `NULL`
    pub is_null: bool,
    /// A constant in quotes, or `true` or `false`.
    pub is_constant: bool,
    /// Columns that it reads.
    pub columns: Vec<String>,
    /// Functions that it calls, by their folded names.
    pub functions: Vec<Name>,
    /// Columns that are not null wherever it holds.
    pub proves_not_null: Vec<String>,
    /// It is nothing but this column.
    pub bare_column: Option<String>,
    /// Words in quotes.
    pub words: Vec<String>,
    /// Columns that are cast, and to what.
    pub casts: Vec<(String, String)>,
}

/// `ALTER DOMAIN`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainAction {
    /// `ADD CONSTRAINT`, and whether it is checked at once.
    AddConstraint {
        /// Not `NOT VALID`.
        validated: bool,
    },
    /// `SET NOT NULL`
    SetNotNull,
    /// `VALIDATE CONSTRAINT`
    Validate,
    /// Something else.
    Other,
}

/// A function as it is made.
#[derive(Debug, Clone, Default)]
pub struct Function {
    /// What it is called.
    pub name: Name,
    /// `VOLATILE` unless said otherwise.
    pub volatility: Volatility,
    /// `SECURITY DEFINER`
    pub security_definer: bool,
    /// `SET search_path`
    pub sets_search_path: bool,
    /// `OR REPLACE`
    pub replace: bool,
    /// `RETURNS trigger`: no query can call it.
    pub is_trigger: bool,
    /// What it does.
    pub body: Body,
}

/// Whether a function may give another value each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Volatility {
    /// Always the same.
    Immutable,
    /// The same within a statement.
    Stable,
    /// Any.
    #[default]
    Volatile,
}

/// Code in a string.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// The language, folded.
    pub language: String,
    /// The code.
    pub code: String,
}

/// A setting and what it is set to.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Which, folded.
    pub name: String,
    /// To what; none: as it was before.
    pub value: Option<String>,
    /// All the values, where there are several.
    pub values: Vec<String>,
    /// Until the transaction ends.
    pub local: bool,
}

/// `BEGIN` and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// `BEGIN`, `START TRANSACTION`
    Begin,
    /// `COMMIT`, `END`; the second with `AND CHAIN`.
    Commit(bool),
    /// `ROLLBACK`; the second with `AND CHAIN`.
    Rollback(bool),
    /// `PREPARE TRANSACTION`
    Prepare,
    /// `SAVEPOINT` and what belongs to it, the end of what was prepared.
    Other,
}

/// What `REINDEX` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReindexKind {
    /// An index.
    Index,
    /// A table.
    Table,
    /// A schema, the system's catalogues, a database.
    Greater,
}
