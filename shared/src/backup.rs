//! A backup on disk: what its files are called, what its manifest says, what a folder holds.
//!
//! A backup is a data file and, beside it, a manifest. The manifest appears last,
//! so a file without one is either another's or unfinished, and is not touched.

mod folder;
mod manifest;
mod name;

pub use folder::{Backup, State, list};
pub use manifest::{File, Format, Manifest, VERSION};
pub use name::{Name, manifest_of, partial_of, unmanifest};
