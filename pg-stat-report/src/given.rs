//! What sections need of the command line.

/// Beyond where and how long.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    /// How much is read to see bloat as it is.
    pub exact: Exact,
    /// The memory of the server's machine (`--ram`).
    pub ram: Option<u64>,
    /// How many instances of an application share the connections (`--instances`).
    pub instances: Option<u64>,
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
        Self {
            exact,
            ram: None,
            instances: None,
        }
    }
}
