//! What sections need of the command line.

/// Beyond where and how long.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    /// How much is read to see bloat as it is.
    pub exact: Exact,
}

/// `--exact` and `--exact-bytes`
#[derive(Debug, Clone, Copy)]
pub struct Exact {
    /// So many of the largest relations of each database.
    pub relations: usize,
    /// So much of them in all.
    pub bytes: u64,
}

impl Default for Given {
    fn default() -> Self {
        let exact = Exact {
            relations: 0,
            bytes: u64::MAX,
        };
        Self { exact }
    }
}
