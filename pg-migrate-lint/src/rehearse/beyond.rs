//! Statements that reach beyond their database: roles, other databases, tablespaces, the server's configuration.

use shared::{Error, Result};

use crate::apply::Script;
use crate::model::Change;
use crate::parse::Parsed;

/// Refuses a script that has one.
///
/// # Errors
/// Names the first.
pub fn refuse(script: &Script) -> Result<()> {
    for step in &script.steps {
        let is_code = matches!(&step.parsed, Parsed::Changes(changes)
            if changes.iter().any(|change| matches!(change, Change::Do(_))));
        let Some(what) = first(&step.text, is_code) else {
            continue;
        };
        let (path, line) = (
            &script.source.path,
            script.source.lines().line(step.place.start),
        );
        let error = Error::new(format!(
            "{path}:{line}: {what} is about the whole server, of which only a database was declared disposable"
        ));
        return Err(error.with_hint(
            "--yes-disposable-server declares all of it; without -d a throw-away server is used",
        ));
    }
    Ok(())
}

/// The words of such a statement, at the beginning of a text, or anywhere in code.
fn first(text: &str, is_code: bool) -> Option<String> {
    let words: Vec<String> = text
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    let mut places = words.windows(2).enumerate();
    let found = places.find(|(at, pair)| {
        let next = words.get(at + 2).map(String::as_str);
        let verb = matches!(pair[0].as_str(), "CREATE" | "ALTER" | "DROP");
        let noun = match pair[1].as_str() {
            "DATABASE" | "ROLE" | "GROUP" | "TABLESPACE" | "SUBSCRIPTION" => true,
            "USER" => next != Some("MAPPING"),
            "SYSTEM" => pair[0] == "ALTER",
            _ => false,
        };
        verb && noun && (is_code || *at == 0)
    });
    let found = found.map(|(_, pair)| pair.join(" "));
    found.or_else(|| shared_object(&words))
}

/// What is said of roles, databases and files of the server by other verbs.
fn shared_object(words: &[String]) -> Option<String> {
    let word = |at: usize| words.get(at).map(String::as_str).unwrap_or_default();
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let is_wide = matches!(word(2), "ROLE" | "DATABASE" | "TABLESPACE");
    match (word(0), word(1)) {
        ("GRANT" | "REVOKE", _) if !has("ON") => Some(format!("{} of a role", word(0))),
        ("GRANT" | "REVOKE", _) => {
            let on = words.iter().position(|word| word == "ON")?;
            matches!(word(on + 1), "DATABASE" | "TABLESPACE" | "PARAMETER")
                .then(|| format!("{} ON {}", word(0), word(on + 1)))
        }
        ("COMMENT", "ON") if is_wide => Some(format!("COMMENT ON {}", word(2))),
        ("SECURITY", "LABEL") if has("ROLE") || has("DATABASE") => Some("SECURITY LABEL".into()),
        ("REASSIGN" | "DROP", "OWNED") => Some(format!("{} OWNED", word(0))),
        ("COPY", _) if has("PROGRAM") => Some("COPY … PROGRAM".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_the_server_is_known_by_its_words() {
        let of = |text| first(text, false);
        assert_eq!(of("create  role x"), Some("CREATE ROLE".to_string()));
        assert_eq!(
            of("ALTER SYSTEM SET x = 1"),
            Some("ALTER SYSTEM".to_string())
        );
        assert_eq!(of("drop database x"), Some("DROP DATABASE".to_string()));
        assert_eq!(of("create user mapping for x server y"), None);
        assert_eq!(of("create table role (x int)"), None);
        assert_eq!(of("grant a to b"), Some("GRANT of a role".to_string()));
        assert_eq!(of("grant select on t to b"), None);
        let connect = of("grant connect on database d to b");
        assert_eq!(connect, Some("GRANT ON DATABASE".to_string()));
        assert_eq!(of("drop owned by b"), Some("DROP OWNED".to_string()));
        assert_eq!(of("comment on table t is 'role'"), None);
        let code = "do $$ begin execute 'create role x'; end $$";
        assert_eq!(first(code, true), Some("CREATE ROLE".to_string()));
        assert_eq!(first(code, false), None);
    }
}
