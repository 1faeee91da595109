//! What a logical backup says: the SQL script of pg_dump, read as a stream.
//!
//! Every kind of backup can be had as such a script (`pg_restore -f -` turns an
//! archive into one), so this is the one reader of what a backup holds. Memory
//! is bounded by the longest statement or row, never by the size of the data.

mod archive;
pub mod attribute_versions;
mod columns;
mod copy;
mod digest;
mod encoding;
mod entry;
mod instants;
mod large_object;
mod lexer;
mod name;
mod pattern;
mod rows;
mod scanner;
mod schema;
mod script;
mod statement;
mod tally;
mod tuples;
mod unpack;

pub use archive::{
    Archive, Block, BlockKind, Blocks, CONTENTS, Content, Files, Other, Packing, Part, Storage,
    Toc, TocEntry, archive_versions,
};
pub use copy::CopyTarget;
pub use digest::{Digest, LargeObjectDigest, without_line_end};
pub use encoding::decode;
pub use entry::{Entry, Header};
pub use instants::{line_in_utc, row_in_utc, text_in_utc};
pub use large_object::LargeObjectCall;
pub use lexer::{Token, spans, tokens};
pub use name::{QualifiedName, quote_identifier, quote_literal};
pub use pattern::pattern_regexes;
pub use rows::CopyRows;
pub use schema::{DEFAULT_TABLESPACE, Difference, Object, Schema, is_data};
pub use script::{Event, Script};
pub use statement::{ForeignKey, part_of_table, subject};
pub use tally::{Tally, Untold};
pub use tuples::{InsertedRows, members};
pub use unpack::Compression;
