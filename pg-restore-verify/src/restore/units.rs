//! Which statements of a script may run beside each other.
//!
//! Those that build an index or check a constraint over a table's rows: each needs its table,
//! which is whole by then, and nothing of the others that come with it. All else in a script runs
//! in its order, after what comes before it and before what comes after it.

use shared::dump::{Entry, QualifiedName, Token, tokens};

/// Statements that belong together, in their order: an index, and what is said of it.
#[derive(Debug)]
pub struct Unit {
    /// The table whose rows it goes through.
    pub table: QualifiedName,
    /// Statements, each with what to call it.
    pub statements: Vec<(String, String)>,
    kind: Kind,
    entry: Entry,
    /// Tables that nobody else may have meanwhile.
    alone_with: Vec<QualifiedName>,
}

const COMMENTS: [&str; 2] = ["COMMENT ON INDEX ", "COMMENT ON CONSTRAINT "];

/// All of one batch are of the same kind: foreign keys count on unique indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Index,
    ForeignKey,
}

impl Unit {
    /// The unit that a statement begins, if it is one of those.
    pub fn of(entry: &Entry, sql: &str, label: &str) -> Option<Self> {
        let tokens = tokens(sql.as_bytes());
        let (kind, table, alone_with) = match entry.kind.as_str() {
            "INDEX" => (Kind::Index, indexed(&tokens)?, Vec::new()),
            "CONSTRAINT" => {
                let table = altered(&tokens, &["primary", "unique", "exclude"])?;
                (Kind::Index, table.clone(), vec![table])
            }
            "FK CONSTRAINT" => {
                let table = altered(&tokens, &["foreign"])?;
                let place = tokens.iter().position(|token| token.is("references"))?;
                let (referenced, _) = name(&tokens[place + 1..])?;
                (Kind::ForeignKey, table.clone(), vec![table, referenced])
            }
            _ => return None,
        };
        Some(Self {
            table,
            statements: vec![(sql.to_string(), label.to_string())],
            kind,
            entry: entry.clone(),
            alone_with,
        })
    }

    /// Takes in a statement that goes on about the same object, if it is one.
    pub fn goes_on(&mut self, entry: &Entry, sql: &str, label: &str) -> bool {
        let same = *entry == self.entry
            && ["ALTER TABLE ", "ALTER INDEX "]
                .iter()
                .any(|start| sql.starts_with(start));
        let commented = COMMENTS.iter().any(|start| sql.starts_with(start))
            && entry.kind == "COMMENT"
            && entry.schema == self.entry.schema
            && self.names().contains(&entry.name);
        if same || commented {
            self.statements.push((sql.to_string(), label.to_string()));
            if !self.alone_with.contains(&self.table) {
                self.alone_with.push(self.table.clone());
            }
        }
        same || commented
    }

    /// Whether both may be of one batch.
    pub fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind
    }

    /// Whether both must not run at the same time.
    pub fn is_in_the_way_of(&self, other: &Self) -> bool {
        let needs = |one: &Self, table: &QualifiedName| {
            one.table == *table || one.alone_with.contains(table)
        };
        let blocks =
            |one: &Self, other: &Self| one.alone_with.iter().any(|table| needs(other, table));
        blocks(self, other) || blocks(other, self)
    }

    /// Whether nobody can read this table while it runs.
    pub fn locks_readers_out_of(&self, table: &QualifiedName) -> bool {
        self.kind == Kind::Index && self.alone_with.contains(table)
    }

    /// What a comment's entry calls it.
    fn names(&self) -> Vec<String> {
        let name = &self.entry.name;
        let table = &self.table.name;
        let constraint = name.strip_prefix(table.as_str()).map(str::trim_start);
        let of_table = constraint.map(|constraint| format!("CONSTRAINT {constraint} ON {table}"));
        [format!("INDEX {name}")]
            .into_iter()
            .chain(of_table)
            .collect()
    }
}

/// `CREATE [UNIQUE] INDEX name ON [ONLY] table`.
fn indexed(tokens: &[Token<'_>]) -> Option<QualifiedName> {
    let rest = after(tokens, "create")?;
    let rest = after(rest, "unique").unwrap_or(rest);
    let rest = after(rest, "index")?;
    rest.first()?.identifier()?;
    let rest = after(&rest[1..], "on")?;
    name(after(rest, "only").unwrap_or(rest)).map(|(table, _)| table)
}

/// `ALTER TABLE ONLY table ADD CONSTRAINT name KIND`. Without ONLY it is of partitions too.
fn altered(tokens: &[Token<'_>], kinds: &[&str]) -> Option<QualifiedName> {
    let rest = after(after(tokens, "alter")?, "table")?;
    let (table, rest) = name(after(rest, "only")?)?;
    let rest = after(after(rest, "add")?, "constraint")?;
    rest.first()?.identifier()?;
    let kind = rest.get(1)?;
    kinds.iter().any(|word| kind.is(word)).then_some(table)
}

fn after<'a, 'b>(tokens: &'a [Token<'b>], word: &str) -> Option<&'a [Token<'b>]> {
    let (first, rest) = tokens.split_first()?;
    first.is(word).then_some(rest)
}

/// A name with its schema, and what follows it.
fn name<'a, 'b>(tokens: &'a [Token<'b>]) -> Option<(QualifiedName, &'a [Token<'b>])> {
    let schema = tokens.first()?.identifier()?;
    if tokens.get(1)? != &Token::Symbol(b'.') {
        return None;
    }
    let name = tokens.get(2)?.identifier()?;
    let schema = Some(schema);
    Some((QualifiedName { schema, name }, &tokens[3..]))
}

#[cfg(test)]
mod test {
    use super::*;

    fn entry(kind: &str, name: &str) -> Entry {
        Entry {
            kind: kind.to_string(),
            schema: "s".to_string(),
            name: name.to_string(),
            owner: "o".to_string(),
        }
    }

    fn unit(kind: &str, name: &str, sql: &str) -> Option<Unit> {
        Unit::of(&entry(kind, name), sql, name)
    }

    fn index(table: &str) -> Unit {
        let sql = format!("CREATE INDEX i ON {table} USING btree (a);");
        unit("INDEX", "i", &sql).unwrap()
    }

    fn key(table: &str) -> Unit {
        let sql = format!("ALTER TABLE ONLY {table}\n    ADD CONSTRAINT k PRIMARY KEY (a);");
        unit("CONSTRAINT", "t k", &sql).unwrap()
    }

    fn foreign(table: &str, other: &str) -> Unit {
        let sql = format!(
            "ALTER TABLE ONLY {table} ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES {other}(a) NOT VALID;"
        );
        unit("FK CONSTRAINT", "t f", &sql).unwrap()
    }

    #[test]
    fn indexes_of_a_table_go_beside_each_other_and_keys_do_not() {
        assert!(!index("s.t").is_in_the_way_of(&index("s.t")));
        assert!(index("s.t").is_in_the_way_of(&key("s.t")));
        assert!(key("s.t").is_in_the_way_of(&index("s.\"t\"")));
        assert!(key("s.t").is_in_the_way_of(&key("s.t")));
        assert!(!key("s.t").is_in_the_way_of(&key("s.u")));
    }

    #[test]
    fn a_foreign_key_has_both_tables_and_waits_for_all_keys() {
        let one = foreign("s.t", "s.u");
        assert!(!one.is_like(&key("s.u")));
        assert!(one.is_in_the_way_of(&foreign("s.u", "s.v")));
        assert!(one.is_in_the_way_of(&foreign("s.w", "s.u")));
        assert!(one.is_in_the_way_of(&foreign("s.t", "s.t")));
        assert!(!one.is_in_the_way_of(&foreign("s.v", "s.w")));
    }

    #[test]
    fn what_is_said_of_an_index_stays_with_it() {
        let mut unit = index("s.t");
        let entry_of_index = entry("INDEX", "i");
        assert!(unit.goes_on(&entry_of_index, "ALTER TABLE s.t CLUSTER ON i;", "i"));
        assert!(unit.goes_on(
            &entry("COMMENT", "INDEX i"),
            "COMMENT ON INDEX s.i IS 'x';",
            "c"
        ));
        assert!(!unit.goes_on(
            &entry("COMMENT", "INDEX j"),
            "COMMENT ON INDEX s.j IS 'x';",
            "c"
        ));
        assert!(!unit.goes_on(&entry_of_index, "SET default_tablespace = '';", ""));
        assert_eq!(unit.statements.len(), 3);
        // Which takes a lock that other indexes wait for.
        assert!(unit.is_in_the_way_of(&index("s.t")));
        let mut unit = key("s.t");
        let comment = entry("COMMENT", "CONSTRAINT k ON t");
        assert!(unit.goes_on(&comment, "COMMENT ON CONSTRAINT k ON s.t IS 'x';", "c"));
    }

    #[test]
    fn all_else_keeps_its_place() {
        for (kind, sql) in [
            ("INDEX", "ALTER INDEX s.i ATTACH PARTITION s.j;"),
            ("INDEX ATTACH", "ALTER INDEX s.i ATTACH PARTITION s.j;"),
            (
                "CONSTRAINT",
                "ALTER TABLE ONLY s.t ADD CONSTRAINT c NOT NULL a;",
            ),
            (
                "CHECK CONSTRAINT",
                "ALTER TABLE s.t ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID;",
            ),
            (
                "FK CONSTRAINT",
                "ALTER TABLE s.t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES s.u(a);",
            ),
            (
                "TRIGGER",
                "CREATE TRIGGER x BEFORE INSERT ON s.t EXECUTE FUNCTION s.f();",
            ),
            ("INDEX", "CREATE INDEX i ON t USING btree (a);"),
            ("TABLE", "CREATE TABLE s.t (a integer);"),
            ("INDEX", "CREATE"),
        ] {
            assert!(unit(kind, "x", sql).is_none(), "{sql}");
        }
    }
}
