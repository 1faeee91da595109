//! What the server's own grammar takes for the same statement, by pg_query's fingerprint. It is
//! asked once for each shape: parsing takes a hundred times as long as seeing a shape again.

/// So many statements are parsed at the most: a log with more shapes has one for each statement.
const MOST: u32 = 20_000;
/// A statement that is longer is taken by its shape.
const LONGEST: usize = 16 << 10;

/// Parses statements.
#[derive(Debug, Default)]
pub struct Grammar {
    parsed: u32,
}

impl Grammar {
    /// The fingerprint of a statement; nothing if it can't be parsed.
    pub fn fingerprint(&mut self, sql: &[u8]) -> Option<u64> {
        if sql.len() > LONGEST || self.parsed >= MOST {
            return None;
        }
        self.parsed += 1;
        let sql = std::str::from_utf8(sql).ok()?;
        let found = pg_query::fingerprint(sql, 0, 0).ok()?;
        Some(found.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Option<u64> {
        Grammar::default().fingerprint(sql.as_bytes())
    }

    #[test]
    fn what_is_the_same_to_the_server_has_one_fingerprint() {
        assert_eq!(
            of("select a from t where b = 1"),
            of("SELECT \"a\" FROM t WHERE (b = $1)")
        );
        assert_eq!(
            of("select 1 where a in (1)"),
            of("select 2 where a in ($1, $2)")
        );
        assert_ne!(of("select a from t"), of("select b from t"));
    }

    #[test]
    fn what_is_no_sql_has_none() {
        for sql in ["selec 1", "select 'abc", "\0", ""] {
            let _ = of(sql);
        }
        assert_eq!(of("selec 1"), None);
        let deep = format!("select {}1{}", "(".repeat(7000), ")".repeat(7000));
        let _ = of(&deep);
    }
}
