//! Settings of a database that spoil a restore which makes it ([`Spoiling`]).
//!
//! The backup is as good as any, and what it holds is proved without them. Who restores it has to
//! know.

use std::collections::BTreeMap;

use shared::Result;
use shared::backup::Spoiling;
use shared::dump::{Token, tokens};

use crate::archive::{Archive, Kind};
use crate::contents::Contents;
use crate::record::{Findings, Status};

/// A setting that harms who restores, or one role that does.
struct Setting {
    role: Option<String>,
    harm: &'static Spoiling,
}

/// Adds a remark for each; in words, for the verdict, what a restore that makes the database needs.
pub fn report(archive: &Archive, backup: &Contents, findings: &mut Findings<'_>) -> Result<String> {
    let restorer = match archive.kind {
        Kind::Plain(_) | Kind::Globals(_) => "psql",
        Kind::Custom | Kind::Directory | Kind::Tar => "pg_restore --create",
    };
    let mut needs: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for Setting { role, harm } in harmful(backup) {
        if !concerns(harm, backup) {
            continue;
        }
        let by_whom = by_whom(role.as_deref());
        let message = format!(
            "{restorer}{by_whom} sets it as soon as it has made the database, and {}: \
             PGOPTIONS='{}' {restorer} … restores all",
            harm.effect,
            harm.remedy()
        );
        let finding = findings.check("database", Status::Skipped);
        let finding = finding.object(format!("{}{by_whom}", harm.parameter));
        findings.add(finding.message(message).remark())?;
        needs.entry(role).or_default().push(harm.remedy());
    }
    let needs = needs.iter().map(|(role, remedies)| {
        let by_whom = by_whom(role.as_deref());
        format!(
            "; {restorer}{by_whom} needs PGOPTIONS='{}'",
            remedies.join(" ")
        )
    });
    Ok(needs.collect())
}

/// The statements by which a session that restores a script goes on without them.
pub fn undone(backup: &Contents) -> Vec<String> {
    let settings = harmful(backup).into_iter();
    let undone = settings
        .map(|Setting { harm, .. }| format!("SET {} TO '{}'", harm.parameter, harm.harmless));
    undone.collect()
}

fn by_whom(role: Option<&str>) -> String {
    role.map(|role| format!(" as {role}")).unwrap_or_default()
}

/// Those that harm, for everybody or for a role by which a database is likely to be restored: its
/// owner, and the superuser by the name that it mostly has.
fn harmful(backup: &Contents) -> Vec<Setting> {
    let mut roles = vec!["postgres".to_string()];
    let mut settings = Vec::new();
    let statements = || backup.of_database();
    roles.extend(statements().filter_map(|sql| owner(&tokens(sql.as_bytes()))));
    for statement in statements() {
        let tokens = tokens(statement.as_bytes());
        let Some((role, parameter, value)) = set(&tokens) else {
            continue;
        };
        let Some(harm) = Spoiling::by(&parameter, &value) else {
            continue;
        };
        if role.as_ref().is_none_or(|role| roles.contains(role)) {
            settings.push(Setting { role, harm });
        }
    }
    settings
}

/// Whom `ALTER DATABASE … OWNER TO` names.
fn owner(tokens: &[Token<'_>]) -> Option<String> {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let is_one = is(0, "alter") && is(1, "database") && is(3, "owner") && is(4, "to");
    tokens.get(5).filter(|_| is_one)?.identifier()
}

/// What a statement sets for those who come to the database, and for which role if not for all:
/// `ALTER DATABASE … SET … TO …`, `ALTER ROLE … IN DATABASE … SET … TO …`.
fn set(tokens: &[Token<'_>]) -> Option<(Option<String>, String, String)> {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let (role, at) = match () {
        () if is(1, "database") => (None, 3),
        () if is(1, "role") && is(3, "in") && is(4, "database") => (tokens.get(2), 6),
        () => return None,
    };
    if !(is(0, "alter") && is(at, "set") && is(at + 2, "to")) {
        return None;
    }
    let values = tokens.get(at + 3..)?.iter();
    let values = values.filter_map(|token| match token {
        Token::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    });
    let values: Vec<String> = values.collect();
    Some((
        role.and_then(Token::identifier),
        tokens.get(at + 1)?.identifier()?.to_ascii_lowercase(),
        values.join(", "),
    ))
}

/// Whether this backup holds what it is done to.
fn concerns(harm: &Spoiling, backup: &Contents) -> bool {
    match harm.parameter {
        "array_nulls" => may_have_arrays(backup),
        "restrict_nonsystem_relation_kind" => !backup.refreshed.is_empty(),
        _ => true,
    }
}

/// Of an archive that is only read, the definitions are not known.
fn may_have_arrays(backup: &Contents) -> bool {
    backup.schema.is_of_database_alone() || backup.schema.mentions("[]")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_set_and_for_whom() {
        let read = |sql: &str| set(&tokens(sql.as_bytes()));
        let all = |name: &str, value: &str| Some((None, name.to_string(), value.to_string()));
        let on = read("ALTER DATABASE \"a b\" SET default_transaction_read_only TO 'on';");
        assert_eq!(on, all("default_transaction_read_only", "on"));
        let quoted = read("ALTER DATABASE \"d\" SET \"role\" TO 'It''s';");
        assert_eq!(quoted, all("role", "It's"));
        let of_role = read("ALTER ROLE \"R\" IN DATABASE d SET array_nulls TO 'off';");
        let (role, parameter, value) = of_role.unwrap();
        assert_eq!(role.as_deref(), Some("R"));
        assert_eq!((parameter.as_str(), value.as_str()), ("array_nulls", "off"));
        for other in [
            "ALTER DATABASE d RESET role;",
            "ALTER DATABASE d SET TABLESPACE t;",
            "ALTER ROLE r SET role TO 'x';",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(
            owner(&tokens(b"ALTER DATABASE d OWNER TO \"O\";")).as_deref(),
            Some("O")
        );
    }
}
