//! Patterns of names as pg_dump's `-t` and `-n` take them.

/// A pattern's parts as regular expressions of the server (PostgreSQL's patternToSQLRegex); at most
/// so many, of which the last has the dots that are left.
pub fn pattern_regexes(pattern: &str, most: usize) -> Vec<String> {
    let mut done = Vec::new();
    let mut part = String::from("^(");
    let mut quoted = false;
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                part.push('"');
            }
            '"' => quoted = !quoted,
            '*' if !quoted => part.push_str(".*"),
            '?' if !quoted => part.push('.'),
            '.' if !quoted && done.len() + 1 < most => {
                part.push_str(")$");
                done.push(std::mem::replace(&mut part, String::from("^(")));
            }
            '$' => part.push_str("\\$"),
            '[' if !quoted && characters.peek() == Some(&']') => part.push_str("\\["),
            c if quoted && "|*+?()[]{}.^\\".contains(c) => part.extend(['\\', c]),
            c if quoted => part.push(c),
            c => part.push(c.to_ascii_lowercase()),
        }
    }
    part.push_str(")$");
    done.push(part);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_regular_expressions_as_in_pg_dump() {
        for (pattern, expected) in [
            ("Orders", &["^(orders)$"][..]),
            ("\"Orders\"", &["^(Orders)$"]),
            ("Sales.\"Or\"\"d.ers\"", &["^(sales)$", "^(Or\"d\\.ers)$"]),
            ("a*.b?", &["^(a.*)$", "^(b.)$"]),
            ("db.a.b", &["^(db)$", "^(a)$", "^(b)$"]),
            ("db.a.b.c", &["^(db)$", "^(a)$", "^(b.c)$"]),
            ("(a|b)$", &["^((a|b)\\$)$"]),
            ("a[]", &["^(a\\[])$"]),
            ("a[0-9]", &["^(a[0-9])$"]),
            ("\"a*\"", &["^(a\\*)$"]),
            ("É", &["^(É)$"]),
            ("", &["^()$"]),
        ] {
            assert_eq!(pattern_regexes(pattern, 3), expected, "{pattern}");
        }
    }
}
