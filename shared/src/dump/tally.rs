//! The tables and large objects of a dump, counted and digested, as a manifest has them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::copy::CopyTarget;
use super::digest::{Digest, LargeObjectDigest};
use super::encoding::decode;
use crate::backup::{LargeObjects, Table};

/// What was found in a dump, or in a part of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// By the COPY statement, in whatever encoding.
    tables: BTreeMap<Vec<u8>, Digest>,
    uncountable: bool,
    large_objects: u64,
    sum: u128,
}

/// Why a manifest can't tell a dump's rows table by table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untold {
    /// They are INSERT statements.
    Inserts,
    /// A name can't be read in the encoding of the dump.
    Name(String),
}

impl Tally {
    /// Adds the rows of a table, or of one of its parts, under its COPY statement.
    pub fn add_table(&mut self, copy: &[u8], rows: Digest) {
        match self.tables.get_mut(copy) {
            Some(known) => known.merge(rows),
            None => {
                self.tables.insert(copy.to_vec(), rows);
            }
        }
    }

    /// Says that there are rows which can't be counted.
    pub fn set_uncountable(&mut self) {
        self.uncountable = true;
    }

    /// Adds a large object.
    pub fn add_large_object(&mut self, oid: u32, content: &LargeObjectDigest) {
        self.large_objects += 1;
        self.sum = self.sum.wrapping_add(content.with_number(oid));
    }

    /// Adds what was found in another part of the dump.
    pub fn merge(&mut self, other: Self) {
        for (table, rows) in other.tables {
            self.tables.entry(table).or_default().merge(rows);
        }
        self.uncountable |= other.uncountable;
        self.large_objects += other.large_objects;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// The COPY statements that nobody can read in this encoding here.
    pub fn unread(&self, encoding: &str) -> Vec<Vec<u8>> {
        let copies = self.tables.keys();
        let unread = copies.filter(|copy| decode(copy, encoding).is_none());
        unread.cloned().collect()
    }

    /// The tables of a dump in this encoding, in the order of their names. `known` says what some of
    /// the COPY statements say.
    ///
    /// # Errors
    /// When the rows of one can't be told: then those of the others are no whole either.
    pub fn tables(
        &self,
        encoding: &str,
        known: &HashMap<Vec<u8>, String>,
    ) -> Result<Vec<Table>, Untold> {
        if self.uncountable {
            return Err(Untold::Inserts);
        }
        let tables = self.tables.iter().map(|(copy, rows)| {
            let text = match known.get(copy) {
                Some(text) => Some(Cow::Borrowed(text.as_str())),
                None => decode(copy, encoding),
            };
            let target = text.and_then(|copy| CopyTarget::parse(copy.as_bytes()));
            let Some(CopyTarget { table, columns }) = target else {
                let words = String::from_utf8_lossy(copy);
                let name = words.split_whitespace().nth(1).unwrap_or_default();
                return Err(Untold::Name(name.to_string()));
            };
            Ok(Table {
                schema: table.schema.unwrap_or_default(),
                name: table.name,
                columns,
                rows: rows.rows,
                digest: rows.sum(),
            })
        });
        let mut tables: Vec<Table> = tables.collect::<Result<_, _>>()?;
        let key = |table: &Table| (table.schema.clone(), table.name.clone());
        tables.sort_by_cached_key(key);
        // Names that differ in bytes that are no text.
        let is_lossy = |table: &Table| {
            let names = [&table.schema, &table.name];
            names
                .iter()
                .any(|name| name.contains(char::REPLACEMENT_CHARACTER))
        };
        let mut pairs = tables.windows(2);
        match pairs.find(|two| key(&two[0]) == key(&two[1]) && is_lossy(&two[0])) {
            Some(two) => Err(Untold::Name(two[0].name.clone())),
            None => Ok(tables),
        }
    }

    /// The large objects.
    pub fn large_objects(&self) -> LargeObjects {
        LargeObjects {
            count: self.large_objects,
            digest: format!("{:032x}", self.sum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(lines: &str) -> Digest {
        let mut digest = Digest::default();
        digest.add_lines(lines.as_bytes());
        digest
    }

    #[test]
    fn parts_of_a_table_are_one_table() {
        let mut tally = Tally::default();
        tally.add_table(b"COPY public.t (a) FROM stdin;\n", rows("1\n"));
        let mut other = Tally::default();
        other.add_table(b"COPY public.t (a) FROM stdin;\n", rows("2\n3\n"));
        other.add_table(b"COPY public.b (a) FROM stdin;\n", rows(""));
        tally.merge(other);
        let tables = tally.tables("UTF8", &HashMap::new()).unwrap();
        let told: Vec<_> = tables.iter().map(|t| (t.name.as_str(), t.rows)).collect();
        assert_eq!(told, [("b", 0), ("t", 3)]);
        assert_eq!(tables[1].digest, rows("3\n2\n1\n").sum());
    }

    #[test]
    fn names_are_read_in_the_encoding_of_the_dump() {
        let mut tally = Tally::default();
        tally.add_table(b"COPY public.t (a) FROM stdin;\n", rows("1\n"));
        tally.add_table(
            b"COPY public.\"\xe4\" (\"\xfc\") FROM stdin;\n",
            rows("1\n"),
        );
        let tables = tally.tables("LATIN1", &HashMap::new()).unwrap();
        assert_eq!(
            (tables[1].name.as_str(), &tables[1].columns[0][..]),
            ("ä", "ü")
        );
        assert_eq!(
            tally.tables("SQL_ASCII", &HashMap::new()).unwrap()[1].name,
            "\u{fffd}"
        );
        let untold = tally.tables("EUC_JP", &HashMap::new()).unwrap_err();
        assert!(matches!(untold, Untold::Name(name) if name.starts_with("public.")));
        let unread = tally.unread("EUC_JP");
        assert_eq!(unread.len(), 1);
        let says = "COPY public.\"表\" (a) FROM stdin;\n".to_string();
        let known = unread.into_iter().map(|copy| (copy, says.clone()));
        let tables = tally.tables("EUC_JP", &known.collect()).unwrap();
        assert_eq!((tables[1].name.as_str(), tables[1].rows), ("表", 1));
        tally.add_table(b"COPY public.\"\xe5\" (a) FROM stdin;\n", rows("1\n"));
        assert!(tally.tables("SQL_ASCII", &HashMap::new()).is_err());
    }

    #[test]
    fn rows_that_can_not_be_counted_are_not_told() {
        let mut tally = Tally::default();
        tally.add_table(b"COPY public.t (a) FROM stdin;\n", rows("1\n"));
        tally.set_uncountable();
        assert_eq!(tally.tables("UTF8", &HashMap::new()), Err(Untold::Inserts));
    }

    #[test]
    fn large_objects_are_told_apart_by_number_and_content() {
        let digest = |objects: &[(u32, &[u8])]| {
            let mut tally = Tally::default();
            for (oid, bytes) in objects {
                let mut content = LargeObjectDigest::default();
                content.add(bytes);
                tally.add_large_object(*oid, &content);
            }
            tally.large_objects()
        };
        let expected = digest(&[(1, b"a"), (2, b"")]);
        assert_eq!(expected.count, 2);
        assert_eq!(digest(&[(2, b""), (1, b"a")]), expected);
        for other in [&[(1, &b"b"[..]), (2, b"")], &[(2, b"a"), (1, b"")]] {
            assert_ne!(digest(other), expected);
        }
    }
}
