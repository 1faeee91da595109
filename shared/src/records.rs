//! Records out and in: what one tool writes, another one, `jq` or a spreadsheet
//! reads. A record is a flat struct, which is the one definition of its columns:
//! names, order and types are the same in every format.
//!
//! `#[serde(flatten)]`, `alias` and `skip_serializing` have no place in it: all
//! columns are there in every record.

mod cells;
mod columns;
mod csv;
mod format;
mod json;
mod jsonl;
mod missing;
mod reader;
mod stdin;
mod stdout;
mod table;
mod text;
mod together;
mod writer;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use cells::integer;
pub use columns::columns;
pub use format::Format;
pub use reader::{Reader, read};
pub use stdin::Stdin;
pub use stdout::Stdout;
pub use writer::Writer;

/// What a tool writes, one line each.
pub trait Record: Serialize + DeserializeOwned {}

impl<R: Serialize + DeserializeOwned> Record for R {}
