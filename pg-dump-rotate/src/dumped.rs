//! What became of a dump that is whole, proved and on disk.

use shared::backup::{self, Manifest};

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

impl Dumped {
    /// Adds all of it to what is known otherwise. What the server said comes before what the
    /// dump says of itself.
    pub fn describe(self, known: Manifest) -> Manifest {
        Manifest {
            database: known.database.or(self.head.database),
            server_version: known.server_version.or(self.head.server_version),
            pg_dump_version: known.pg_dump_version.or(self.head.pg_dump_version),
            encoding: known.encoding.or(self.head.encoding),
            files: self.files,
            tables: self.tables,
            large_objects: self.large_objects,
            ..known
        }
    }
}

/// What a dump says of itself.
#[derive(Debug, Default)]
pub struct Head {
    pub database: Option<String>,
    pub server_version: Option<String>,
    pub pg_dump_version: Option<String>,
    pub encoding: Option<String>,
}
