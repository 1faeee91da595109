//! The tables and large objects of a dump, counted and digested, as a manifest has them.

use std::collections::BTreeMap;

use super::copy::CopyTarget;
use super::digest::{Digest, LargeObjectDigest};
use crate::backup::{LargeObjects, Table};

/// What was found in a dump, or in a part of it.
#[derive(Debug, Default)]
pub struct Tally {
    tables: BTreeMap<(String, String, Vec<String>), Digest>,
    uncountable: bool,
    large_objects: u64,
    sum: u128,
}

impl Tally {
    /// Adds the rows of a table, or of one of its parts, under its COPY statement. Tables whose
    /// rows are INSERT statements, or whose names are in no encoding that is known here, make
    /// the rows of the whole dump uncountable.
    pub fn add_table(&mut self, copy: &[u8], rows: Digest) {
        let target = std::str::from_utf8(copy)
            .ok()
            .and_then(|copy| CopyTarget::parse(copy.as_bytes()));
        match target {
            Some(target) => self.add(target, rows),
            None => self.set_uncountable(),
        }
    }

    /// The same by what the COPY statement is aimed at.
    pub fn add(&mut self, target: CopyTarget, rows: Digest) {
        let table = target.table;
        let key = (table.schema.unwrap_or_default(), table.name, target.columns);
        self.tables.entry(key).or_default().merge(rows);
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

    /// The tables, in the order of their names; `None` when some rows could not be counted.
    pub fn tables(&self) -> Option<Vec<Table>> {
        let table =
            |((schema, name, columns), rows): (&(String, String, Vec<String>), &Digest)| Table {
                schema: schema.clone(),
                name: name.clone(),
                columns: columns.clone(),
                rows: rows.rows,
                digest: rows.sum(),
            };
        (!self.uncountable).then(|| self.tables.iter().map(table).collect())
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
        let tables = tally.tables().unwrap();
        let told: Vec<_> = tables.iter().map(|t| (t.name.as_str(), t.rows)).collect();
        assert_eq!(told, [("b", 0), ("t", 3)]);
        assert_eq!(tables[1].digest, rows("3\n2\n1\n").sum());
    }

    #[test]
    fn rows_that_can_not_be_counted_are_not_told() {
        for copy in [&b""[..], b"COPY public.\"\xe4\" (a) FROM stdin;\n"] {
            let mut tally = Tally::default();
            tally.add_table(b"COPY public.t (a) FROM stdin;\n", rows("1\n"));
            tally.add_table(copy, rows("1\n"));
            assert_eq!(tally.tables(), None);
        }
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
