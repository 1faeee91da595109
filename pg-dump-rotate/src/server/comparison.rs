//! Does a dump hold what the server has?

use std::collections::BTreeMap;

use shared::backup;
use shared::dump::QualifiedName;
use shared::{Error, Result};

use super::rights::some;

/// What the server has.
#[derive(Debug, Default)]
pub struct Found {
    pub tables: Vec<Rows>,
    /// The large objects, where they are dumped.
    pub large_objects: Option<LargeObjects>,
}

/// How many large objects, and their digest if they were read.
pub type LargeObjects = (u64, Option<String>);

/// The rows of one table: how many, and their digest if they were read.
#[derive(Debug)]
pub struct Rows {
    pub name: QualifiedName,
    /// The table that it is a partition of; a dump may have its rows under that name.
    pub root: Option<QualifiedName>,
    pub digest: (u64, Option<String>),
}

impl Found {
    /// An error that names what differs.
    pub fn compare(
        &self,
        tables: &[backup::Table],
        large_objects: Option<&backup::LargeObjects>,
    ) -> Result<()> {
        let mut differences = self.differences(tables);
        if let (Some((there, digest)), Some(dumped)) = (&self.large_objects, large_objects) {
            let count = dumped.count;
            if *there != count {
                differences.push(format!(
                    "{count} large objects in the dump, {there} on the server"
                ));
            } else if digest
                .as_ref()
                .is_some_and(|digest| *digest != dumped.digest)
            {
                differences
                    .push("the large objects are others in the dump than on the server".into());
            }
        }
        match differences.is_empty() {
            true => Ok(()),
            false => Err(Error::new(format!(
                "the dump does not hold what the server has: {}",
                some(&differences)
            ))
            .with_hint(
                "nothing was kept of it; run it again, and if that is no better, suspect the \
                 network or the memory before the disk",
            )),
        }
    }

    fn differences(&self, tables: &[backup::Table]) -> Vec<String> {
        let mut dumped: BTreeMap<QualifiedName, (u64, Option<u128>)> = BTreeMap::new();
        for table in tables {
            let name = QualifiedName {
                schema: Some(table.schema.clone()),
                name: table.name.clone(),
            };
            add(&mut dumped, name, table.rows, Some(&table.digest));
        }
        let mut there = BTreeMap::new();
        for table in &self.tables {
            let root = table.root.as_ref().filter(|root| dumped.contains_key(root));
            let name = match dumped.contains_key(&table.name) {
                true => &table.name,
                false => root.unwrap_or(&table.name),
            };
            let (rows, digest) = &table.digest;
            add(&mut there, name.clone(), *rows, digest.as_deref());
        }
        let mut differences: Vec<_> = there
            .iter()
            .filter_map(|(name, there)| difference(name, dumped.get(name), *there))
            .collect();
        let unknown = dumped.keys().filter(|name| !there.contains_key(name));
        differences.extend(unknown.map(|name| format!("{name} is in the dump alone")));
        differences
    }
}

/// Rows add up, and so do their digests: the order of a table's parts makes no difference.
fn add(
    sums: &mut BTreeMap<QualifiedName, (u64, Option<u128>)>,
    name: QualifiedName,
    rows: u64,
    digest: Option<&str>,
) {
    let digest = digest.and_then(|digest| u128::from_str_radix(digest, 16).ok());
    let sum = sums.entry(name).or_insert((0, Some(0)));
    sum.0 += rows;
    sum.1 = sum.1.zip(digest).map(|(sum, more)| sum.wrapping_add(more));
}

fn difference(
    name: &QualifiedName,
    dumped: Option<&(u64, Option<u128>)>,
    there: (u64, Option<u128>),
) -> Option<String> {
    let Some(dumped) = dumped else {
        return Some(format!("{name} is not in the dump"));
    };
    if dumped.0 != there.0 {
        let (dumped, there) = (dumped.0, there.0);
        return Some(format!(
            "{name} has {dumped} rows in the dump, {there} on the server"
        ));
    }
    let differs = there.1.is_some() && dumped.1 != there.1;
    differs.then(|| format!("{name} has other rows in the dump than on the server"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> QualifiedName {
        QualifiedName {
            schema: Some("s".into()),
            name: name.into(),
        }
    }

    fn dumped(name: &str, rows: u64, digest: u128) -> backup::Table {
        backup::Table {
            schema: "s".into(),
            name: name.into(),
            columns: Vec::new(),
            rows,
            digest: format!("{digest:032x}"),
        }
    }

    fn there(table: &str, root: Option<&str>, rows: u64, digest: Option<u128>) -> Rows {
        Rows {
            name: name(table),
            root: root.map(name),
            digest: (rows, digest.map(|digest| format!("{digest:032x}"))),
        }
    }

    fn differences(there: Vec<Rows>, dumped: &[backup::Table]) -> String {
        let found = Found {
            tables: there,
            large_objects: None,
        };
        found.differences(dumped).join("; ")
    }

    #[test]
    fn the_same_rows_are_no_difference() {
        let dump = [dumped("a", 2, 7), dumped("root", 3, u128::MAX)];
        let parts = vec![
            there("a", None, 2, Some(7)),
            there("p1", Some("root"), 1, Some(u128::MAX - 1)),
            there("p2", Some("root"), 2, Some(1)),
        ];
        assert_eq!(differences(parts, &dump), "");
        assert_eq!(differences(vec![there("a", None, 2, None)], &dump[..1]), "");
    }

    #[test]
    fn every_difference_is_named() {
        let dump = [dumped("a", 2, 7), dumped("b", 1, 1), dumped("d", 0, 0)];
        let server = vec![
            there("a", None, 3, Some(8)),
            there("b", None, 1, Some(2)),
            there("c", Some("root"), 0, Some(0)),
        ];
        assert_eq!(
            differences(server, &dump),
            "s.a has 2 rows in the dump, 3 on the server; \
             s.b has other rows in the dump than on the server; \
             s.c is not in the dump; s.d is in the dump alone"
        );
    }

    #[test]
    fn large_objects_are_counted() {
        let compared = |count, digest: Option<&str>| {
            let found = Found {
                tables: Vec::new(),
                large_objects: Some((2, digest.map(str::to_string))),
            };
            let dumped = backup::LargeObjects {
                count,
                digest: "1".into(),
            };
            found.compare(&[], Some(&dumped)).is_ok()
        };
        assert!(compared(2, None) && compared(2, Some("1")));
        assert!(!compared(1, None) && !compared(2, Some("2")));
    }
}
