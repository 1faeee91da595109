//! What became of a dump that is whole, proved and on disk.

use shared::backup;

/// What a manifest says of the dump itself.
#[derive(Debug, Default)]
pub struct Dumped {
    /// The files, by the names that they will have beside the manifest.
    pub files: Vec<backup::File>,
    /// The rows of each table; `None` where they were not counted.
    pub tables: Option<Vec<backup::Table>>,
    /// The large objects; `None` where they were not counted.
    pub large_objects: Option<backup::LargeObjects>,
    pub head: Head,
}

/// What a dump says of itself.
#[derive(Debug, Default)]
pub struct Head {
    pub database: Option<String>,
    pub server_version: Option<String>,
    pub pg_dump_version: Option<String>,
    pub encoding: Option<String>,
}
