//! The rules. One of them is one file: what it finds, why, how it is avoided, and an example of both.

use crate::effects::Version;
use crate::finding::{Finding, Severity};
use crate::layout;
use crate::look::Look;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// How bad it is in general; a finding may be less so.
    pub severity: Severity,
    /// What it finds, in a few words.
    pub summary: &'static str,
    /// Why it matters and what to do, in paragraphs.
    pub explanation: &'static str,
    /// For which versions it holds, where not for all.
    pub versions: &'static str,
    /// What it finds.
    pub bad: &'static [Example],
    /// What it does not find.
    pub good: &'static [Example],
    /// Looks.
    pub check: fn(&Look, &mut Vec<Finding>),
}

impl Rule {
    /// Whether it is about how a project runs its migrations, so that it is said once in a run.
    pub fn is_of_run(&self) -> bool {
        self.name == MISSING_LOCK_TIMEOUT.name
    }

    /// Whether what it finds in several statements of a file has one consequence, so that it is said once there. What
    /// fails is mended statement by statement.
    pub fn is_gathered(&self) -> bool {
        let is_by_itself = matches!(self.group, Group::Correctness | Group::Folder);
        !is_by_itself || self.name == UNSEEN.name
    }

    /// Whether what it finds is refused, so that what other rules say of the statement does not come to pass.
    pub fn is_of_names(&self) -> bool {
        OF_NAMES.contains(&self.name)
    }
}

/// Rules of statements that PostgreSQL refuses for what they name, or what that is: nothing else comes of such a one.
const OF_NAMES: &[&str] = &[
    "duplicate-column",
    "duplicate-name",
    "partition-refused",
    "refused-statement",
    "type-change-refused",
    "undefined-name",
];

/// A migration, and what was before it; or a folder of them.
#[derive(Debug)]
pub struct Example {
    /// Earlier migrations.
    pub before: &'static str,
    /// The migration.
    pub sql: &'static str,
    /// Whether it is run in one transaction.
    pub in_transaction: bool,
    /// On which version, if not the newest.
    pub version: Version,
    /// Whose folder it is, in the terms of `--layout`.
    pub layout: &'static str,
    /// The names and texts of its files; any statement where there is no text.
    pub files: &'static [(&'static str, &'static str)],
    /// What the folder was at the commit that `--since` names.
    pub earlier: &'static [(&'static str, &'static str)],
}

impl Example {
    /// Nothing is known.
    pub const fn new(sql: &'static str) -> Self {
        Self {
            before: "",
            sql,
            in_transaction: false,
            version: Version::major(18),
            layout: "",
            files: &[],
            earlier: &[],
        }
    }

    /// A folder, for a rule that is not about SQL.
    pub const fn folder(
        layout: &'static str,
        files: &'static [(&'static str, &'static str)],
    ) -> Self {
        let mut example = Self::new("");
        example.layout = layout;
        example.files = files;
        example
    }

    /// That was this at an earlier commit.
    pub const fn since(mut self, earlier: &'static [(&'static str, &'static str)]) -> Self {
        self.earlier = earlier;
        self
    }

    /// After these.
    pub const fn after(mut self, before: &'static str) -> Self {
        self.before = before;
        self
    }

    /// As one transaction.
    pub const fn in_transaction(mut self) -> Self {
        self.in_transaction = true;
        self
    }

    /// On this version.
    pub const fn on(mut self, version: u32) -> Self {
        self.version = Version::major(version);
        self
    }

    /// On this minor version of it.
    pub const fn minor(mut self, minor: u32) -> Self {
        self.version.minor = Some(minor);
        self
    }
}

/// What a rule belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Locks that are held while rows are read or written.
    Locks,
    /// Other work that a busy server feels.
    Availability,
    /// What can't be brought back.
    DataLoss,
    /// What the application that still runs trips over.
    Compatibility,
    /// What fails, or does not do what it seems to.
    Correctness,
    /// How statements share transactions.
    Transactions,
    /// What the runner makes of the folder.
    Folder,
    /// How long is waited.
    Timeouts,
    /// Types that disappoint.
    Types,
    /// Taste.
    Style,
    /// What can't be run twice.
    Idempotence,
    /// What is often wanted, and has to be known by whoever reviews it.
    Review,
}

impl Group {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Locks,
        Self::Availability,
        Self::DataLoss,
        Self::Compatibility,
        Self::Correctness,
        Self::Transactions,
        Self::Folder,
        Self::Timeouts,
        Self::Types,
        Self::Style,
        Self::Idempotence,
        Self::Review,
    ];

    /// As a user names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Locks => "locks",
            Self::Availability => "availability",
            Self::DataLoss => "data-loss",
            Self::Compatibility => "compatibility",
            Self::Correctness => "correctness",
            Self::Transactions => "transactions",
            Self::Folder => "folder",
            Self::Timeouts => "timeouts",
            Self::Types => "types",
            Self::Style => "style",
            Self::Idempotence => "idempotence",
            Self::Review => "review",
        }
    }

    /// Whether its rules are asked without being named.
    pub fn is_usual(self) -> bool {
        !matches!(
            self,
            Self::Types | Self::Style | Self::Idempotence | Self::Review
        )
    }
}

macro_rules! rules {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// The rules about statements.
        pub static RULES: &[&Rule] = &[$(&$module::RULE),*];
    };
}

/// All rules, in the order of the listing: those about statements, then those about folders.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().chain(layout::RULES).copied()
}

/// The rule of this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}

rules! {
    index_not_concurrent,
    drop_index_not_concurrent,
    reindex_not_concurrent,
    partitioned_index,
    add_column_rewrites,
    add_column_scans,
    set_not_null_scans,
    type_change_rewrites,
    check_without_not_valid,
    foreign_key_without_not_valid,
    validate_in_same_transaction,
    key_builds_index,
    exclusion_constraint,
    foreign_key_locks_other_table,
    domain_constraint_scans,
    table_copied,
    lock_table,
    attach_partition_scans,
    detach_partition_blocks,
    partition_of_locks_parent,
    refresh_blocks_readers,
    lock_held_during_work,
    several_tables_locked,
    unbatched_write,
    delete_all,
    rule_discards_writes,
    table_exchanged,
    repeated_rewrite,
    foreign_key_without_index,
    index_gap,
    redundant_index,
    drop_table,
    drop_column,
    drop_schema_or_database,
    truncate,
    narrowing_type,
    unlogged_table,
    trigger_disabled,
    required_column,
    rename_column,
    rename_object,
    drop_cascade,
    drop_not_null,
    drop_default,
    primary_key_dropped,
    function_left_behind,
    syntax,
    unseen_code,
    enum_value_in_transaction,
    duplicate_column,
    duplicate_name,
    undefined_name,
    drop_refused,
    index_method,
    concurrent_build_corrupts,
    function_of_index_replaced,
    foreign_key_without_key,
    type_change_refused,
    refused_statement,
    replacement_refused,
    partition_refused,
    newer_than_server,
    not_immutable,
    vector_dimensions,
    partition_key_missing,
    not_valid_refused,
    view_depends_on_column,
    key_type_mismatch,
    sequence_behind,
    sequence_restarted,
    publication_without_key,
    constraint_not_enforced,
    row_security_incomplete,
    existing_table_kept,
    invalid_index_kept,
    open_search_path,
    identifier_cut,
    suppression,
    cannot_run_in_transaction,
    pending_trigger_events,
    uncommitted_transaction,
    nested_transaction,
    set_local_without_transaction,
    prepared_transaction,
    missing_lock_timeout,
    endless_lock_timeout,
    timeout_breaks_concurrent_build,
    char_type,
    varchar_limit,
    timestamp_without_zone,
    timestamp_precision,
    integer_key,
    serial_column,
    json_column,
    money_column,
    float_money,
    column_padding,
    enum_type,
    unqualified_name,
    missing_primary_key,
    unnamed_constraint,
    quoted_name,
    wide_index,
    schema_and_data_mixed,
    insert_without_columns,
    not_repeatable,
    insert_without_conflict,
    missing_comment,
    new_restriction,
    replaced_definition,
    dropped_object,
    enum_value_added,
    privileges_changed,
    readable_password,
    cascading_delete,
    missing_analyze,
    missing_statement_timeout,
    missing_idle_timeout,
}

pub use cannot_run_in_transaction::alone as refuses_transaction;
pub use missing_lock_timeout::RULE as MISSING_LOCK_TIMEOUT;
pub use suppression::RULE as SUPPRESSION;
pub use syntax::RULE as SYNTAX;
pub use unseen_code::RULE as UNSEEN;

#[cfg(test)]
mod tests;
