//! A record as JSON, written straight from its struct.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter};

use super::cells::{self, EXACT};
use crate::{Error, Result};

/// Appends `{"column":value,…}` without a space or a line feed in it.
///
/// # Errors
/// When the record is no struct with just these columns.
pub(super) fn object<R: Serialize>(record: &R, columns: &[&str], out: &mut Vec<u8>) -> Result<()> {
    let mut seen = Seen::default();
    let exact = Exact {
        columns,
        seen: &mut seen,
    };
    let written = record.serialize(&mut Serializer::with_formatter(out, exact));
    match written.is_ok() && !seen.others && seen.fields == columns.len() {
        true => Ok(()),
        // It tells what is wrong.
        false => cells::cells(record, columns)
            .and_then(|_| Err(Error::new("a record could not be written"))),
    }
}

/// Writes integers beyond 2^53 as strings, as [`cells::cells`] does, and looks at the names of the
/// record's own fields.
struct Exact<'a> {
    columns: &'a [&'a str],
    seen: &'a mut Seen,
}

#[derive(Default)]
struct Seen {
    /// How many objects and arrays are open.
    depth: usize,
    is_key: bool,
    fields: usize,
    /// Whether there is a field that is no column, or not in its place.
    others: bool,
}

impl Exact<'_> {
    /// Quotes what would be rounded; keys have their quotes already.
    fn quoted<W: ?Sized + Write>(
        &self,
        writer: &mut W,
        magnitude: u128,
        write: impl Fn(&mut W) -> io::Result<()>,
    ) -> io::Result<()> {
        if magnitude <= u128::from(EXACT) || self.seen.is_key {
            return write(writer);
        }
        writer.write_all(b"\"")?;
        write(writer)?;
        writer.write_all(b"\"")
    }
}

impl Formatter for Exact<'_> {
    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        let write = |writer: &mut W| CompactFormatter.write_i64(writer, value);
        self.quoted(writer, value.unsigned_abs().into(), write)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        let write = |writer: &mut W| CompactFormatter.write_u64(writer, value);
        self.quoted(writer, value.into(), write)
    }

    fn write_i128<W: ?Sized + Write>(&mut self, writer: &mut W, value: i128) -> io::Result<()> {
        let write = |writer: &mut W| CompactFormatter.write_i128(writer, value);
        self.quoted(writer, value.unsigned_abs(), write)
    }

    fn write_u128<W: ?Sized + Write>(&mut self, writer: &mut W, value: u128) -> io::Result<()> {
        let write = |writer: &mut W| CompactFormatter.write_u128(writer, value);
        self.quoted(writer, value, write)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.seen.depth += 1;
        CompactFormatter.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.seen.depth -= 1;
        CompactFormatter.end_array(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.seen.depth += 1;
        CompactFormatter.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.seen.depth -= 1;
        CompactFormatter.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.seen.is_key = true;
        CompactFormatter.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.seen.is_key = false;
        if self.seen.depth == 1 {
            self.seen.fields += 1;
        }
        CompactFormatter.end_object_key(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let Seen { depth, fields, .. } = *self.seen;
        if self.seen.is_key && depth == 1 && self.columns.get(fields) != Some(&fragment) {
            self.seen.others = true;
        }
        CompactFormatter.write_string_fragment(writer, fragment)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Mixed {
        text: String,
        number: i64,
        wide: u64,
        ratio: f64,
        none: Option<u8>,
        nested: Value,
        by_number: BTreeMap<u64, u128>,
    }

    const COLUMNS: &[&str] = &[
        "text",
        "number",
        "wide",
        "ratio",
        "none",
        "nested",
        "by_number",
    ];

    #[test]
    fn says_what_the_cells_say() {
        let numbers = [0, EXACT, EXACT + 1, u64::MAX];
        let numbers = numbers.into_iter().flat_map(|wide| {
            let negative = -i64::try_from(wide).unwrap_or(i64::MAX);
            [(wide, negative), (0, i64::MIN), (7, -7)]
        });
        for (wide, number) in numbers {
            let record = Mixed {
                text: "a \"b\"\n\u{1b}ö\u{2028}".into(),
                number,
                wide,
                ratio: if wide == 7 { f64::NAN } else { 0.1 },
                none: None,
                nested: json!({"text": [wide, {"number": number}], "none": {}, "x": []}),
                by_number: BTreeMap::from([(wide, wide.into())]),
            };
            let mut text = Vec::new();
            object(&record, COLUMNS, &mut text).unwrap();
            let cells = cells::cells(&record, COLUMNS).unwrap();
            let mut expected = Vec::new();
            let mut before = '{';
            for (column, cell) in COLUMNS.iter().zip(&cells) {
                write!(expected, "{before}\"{column}\":{cell}").unwrap();
                before = ',';
            }
            expected.push(b'}');
            assert_eq!(String::from_utf8(text), String::from_utf8(expected));
        }
    }

    #[test]
    fn what_has_not_its_columns_is_refused() {
        let words = |columns: &[&str], value: Value| {
            let refused = object(&value, columns, &mut Vec::new());
            refused.unwrap_err().message().to_string()
        };
        let fields = json!({"a": 1, "b": {"c": 2}});
        object(&fields, &["a", "b"], &mut Vec::new()).unwrap();
        for columns in [&["a"][..], &["b", "a"], &["a", "b", "c"], &[], &["a", "x"]] {
            assert!(words(columns, fields.clone()).contains("instead of"));
        }
        for value in [json!([1]), json!(1), json!("a")] {
            assert!(words(&["a"], value).contains("no struct"));
        }
    }
}
