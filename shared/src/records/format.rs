//! The formats that every tool writes.

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines: one object a line.
    Jsonl,
    /// One JSON array.
    Json,
    /// RFC 4180 with a header.
    Csv,
    /// Aligned columns for people.
    Table,
}

impl Format {
    /// The format that `-o` calls so.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "jsonl" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "table" => Some(Self::Table),
            _ => None,
        }
    }
}
