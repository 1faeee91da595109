//! The rules. One of them is one file: what it finds, why, how it is avoided, and an example of both.

use crate::finding::{Finding, Severity};
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

/// A migration, and what was before it.
#[derive(Debug)]
pub struct Example {
    /// Earlier migrations.
    pub before: &'static str,
    /// The migration.
    pub sql: &'static str,
    /// Whether it is run in one transaction.
    pub in_transaction: bool,
    /// On which version, if not the newest.
    pub version: u32,
}

impl Example {
    /// Nothing is known.
    pub const fn new(sql: &'static str) -> Self {
        Self {
            before: "",
            sql,
            in_transaction: false,
            version: 18,
        }
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
        self.version = version;
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
    /// How long is waited.
    Timeouts,
    /// Types that disappoint.
    Types,
    /// Taste.
    Style,
    /// What can't be run twice.
    Idempotence,
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
        Self::Timeouts,
        Self::Types,
        Self::Style,
        Self::Idempotence,
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
            Self::Timeouts => "timeouts",
            Self::Types => "types",
            Self::Style => "style",
            Self::Idempotence => "idempotence",
        }
    }

    /// Whether its rules are asked without being named.
    pub fn is_usual(self) -> bool {
        !matches!(self, Self::Types | Self::Style | Self::Idempotence)
    }
}

macro_rules! rules {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// All rules, in the order of the listing.
        pub static RULES: &[&Rule] = &[$(&$module::RULE),*];
    };
}


/// The rule of this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name).copied()
}

rules! {
    index_not_concurrent,
    suppression,
    syntax,
    unseen_code,
}

pub use suppression::RULE as SUPPRESSION;
pub use syntax::RULE as SYNTAX;
pub use unseen_code::RULE as UNSEEN;

#[cfg(test)]
mod tests;
