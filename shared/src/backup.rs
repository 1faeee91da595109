//! A backup on disk: what its files are called, what its manifest says, what a folder holds.
//!
//! A backup is a data file or folder and, beside it, a manifest. The manifest appears
//! last, so data without one is either another's or unfinished, and is not touched.

mod checksum;
mod folder;
mod manifest;
mod name;
mod outline;
mod place;
mod proof;
mod spoiling;

pub use checksum::sha256;
pub use folder::{Backup, Backups, Glimpse, State, list};
pub use manifest::{Extension, File, Format, LargeObjects, Manifest, Table, VERSION, hexadecimal};
pub use name::{
    Name, checksums_of, is_unfinished_proof, manifest_of, mark_of, partial_of, partial_with,
    proof_of, stamp, unchecksums, unmanifest, unmark, unpartial, unproof,
};
pub use outline::{Common, Outline, Tried};
pub use place::{Claim, Found, Kind, Lock, Place};
pub use proof::Proof;
pub use spoiling::Spoiling;
