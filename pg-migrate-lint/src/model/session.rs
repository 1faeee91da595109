//! Settings and transactions.

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
