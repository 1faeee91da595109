//! Numbers that a server gives to columns by itself, which are no part of their definition.
//!
//! Debian's PostgreSQL 17.12 keeps one for each column as the option `pg_attver`. Its own pg_dump
//! leaves it out; one that does not know it writes it down, and after a restore it is another, or
//! the server refuses it.

/// What the option is called.
pub const NAME: &str = "pg_attver";
/// Why another server may refuse a backup that has it: pg_restore creates a table and sets its
/// columns' options by one command.
pub const NEEDS_SUCH_A_SERVER: &str = "the backup has numbers that Debian's PostgreSQL 17 gives to columns (pg_attver), for its \
     pg_dump was none of that build: what it says of them loads into such a server only";
const OPTION: &str = "pg_attver=";

/// The statement without those numbers; `None` if it says nothing else.
pub fn removed(statement: &str) -> Option<String> {
    let column = " ALTER COLUMN ";
    let is_about_options = statement.starts_with("ALTER ") && statement.contains(column);
    let Some((begin, list)) = statement.rsplit_once(" SET (").filter(|_| is_about_options) else {
        return Some(statement.to_string());
    };
    if !list.contains(OPTION) {
        return Some(statement.to_string());
    }
    let list = list.trim_end_matches(';').trim_end_matches(')');
    let others: Vec<&str> = list
        .split(", ")
        .filter(|option| !option.starts_with(OPTION))
        .collect();
    (!others.is_empty()).then(|| format!("{begin} SET ({});", others.join(", ")))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn of_a_column() {
        let column = "ALTER TABLE ONLY s.t ALTER COLUMN a SET";
        assert_eq!(removed(&format!("{column} (pg_attver=33692912);")), None);
        let both = format!("{column} (n_distinct=5, pg_attver=7);");
        assert_eq!(removed(&both), Some(format!("{column} (n_distinct=5);")));
        for other in [
            "ALTER TABLE s.t ALTER COLUMN a SET (n_distinct=5);",
            "COMMENT ON TABLE t IS ' ALTER COLUMN x SET (pg_attver=1);';",
            "ALTER TABLE t ALTER COLUMN a SET DEFAULT ' SET (pg_attver'::text;",
        ] {
            assert_eq!(removed(other).as_deref(), Some(other));
        }
    }
}
