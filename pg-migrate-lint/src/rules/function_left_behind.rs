//! A function that names what is no longer there.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Kind};
use crate::name::{Name, quoted};
use crate::source::Source;

pub static RULE: Rule = Rule {
    name: "function-left-behind",
    group: Group::Compatibility,
    severity: Severity::Warning,
    summary: "a table or column that goes, or gets another name, and a function whose body still names it",
    explanation: "PostgreSQL does not look into the body of a function that is written as a string: what the body names can \
        be dropped and renamed without a word, and the function fails at its next call. If it belongs to a trigger, so \
        does every write to the table of that.\n\n\
        Replace the function in the same migration, before the table or column goes. A body that begins with BEGIN \
        ATOMIC, or RETURN, since 14, is known to PostgreSQL, which then refuses the drop. Which functions there are is \
        known from earlier migrations; both names have to be in one statement of the body.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users DROP COLUMN plan;").after("CREATE TABLE users (id int, plan text); CREATE FUNCTION plan_of(int) RETURNS text LANGUAGE sql AS 'SELECT plan FROM users WHERE id = $1';"),
        Example::new("ALTER TABLE users RENAME COLUMN plan TO tariff;").after("CREATE TABLE users (plan text); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; UPDATE users SET plan = 'free'; END $$;"),
        Example::new("DROP TABLE plans;").after("CREATE TABLE plans (id int); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM plans';"),
        Example::new("ALTER TABLE plans RENAME TO tariffs;").after("CREATE TABLE plans (id int); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.plans';"),
    ],
    good: &[
        Example::new("ALTER TABLE users DROP COLUMN plan; CREATE OR REPLACE FUNCTION plan_of(int) RETURNS text LANGUAGE sql AS 'SELECT null::text';")
            .after("CREATE TABLE users (id int, plan text); CREATE FUNCTION plan_of(int) RETURNS text LANGUAGE sql AS 'SELECT plan FROM users WHERE id = $1';"),
        Example::new("DROP FUNCTION f; DROP TABLE plans;").after("CREATE TABLE plans (id int); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM plans';"),
        Example::new("ALTER TABLE users DROP COLUMN plan;").after("CREATE TABLE users (id int, plan text); CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT planned FROM users; -- plan';"),
        Example::new("DROP TABLE plans; CREATE VIEW plans AS SELECT 1;").after("CREATE TABLE plans (id int); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM plans';"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    match look.change {
        Change::Alter(Alter { table, action: Action::DropColumn { column, .. }, .. }) => say(look, table, Some(column), found),
        Change::Rename(rename) if rename.kind == Kind::Column => {
            if let Some(column) = &rename.part {
                say(look, &rename.name, Some(column), found);
            }
        }
        Change::Rename(rename) if is_relation(rename.kind) => say(look, &rename.name, None, found),
        Change::Drop(drop) if is_relation(drop.kind) => drop.names.iter().for_each(|name| say(look, name, None, found)),
        _ => {}
    }
}

fn is_relation(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::View | Kind::MaterializedView | Kind::ForeignTable)
}

fn say(look: &Look, table: &Name, column: Option<&String>, found: &mut Vec<Finding>) {
    // What another thing of this name takes the place of is still found.
    if column.is_none() && look.is_remade(table) {
        return;
    }
    let is_left = |name: &Name| !look.ahead.functions.contains(&name.name) && !look.ahead.gone.contains(&name.name);
    let words: Vec<&str> = [Some(&table.name), column].into_iter().flatten().map(String::as_str).collect();
    let functions = look.catalogue.functions_with(&table.name).into_iter();
    let names: Vec<String> = functions.filter(|(name, code)| is_left(name) && names_all(code, &words)).map(|(name, _)| name.to_string()).collect();
    let (what, verb) = match (column, names.as_slice()) {
        (_, []) => return,
        (Some(column), [_]) => (format!("{} of {table}", quoted(column)), "names"),
        (Some(column), _) => (format!("{} of {table}", quoted(column)), "name"),
        (None, [_]) => (table.to_string(), "names"),
        (None, _) => (table.to_string(), "name"),
    };
    let message = format!("{} {verb} {what}, and PostgreSQL does not see that: its next call fails", names.join(", "));
    found.push(look.finding(&RULE, message).on(table));
}

/// Whether one statement of the code has all these words, apart from comments.
fn names_all(code: &str, words: &[&str]) -> bool {
    let source = Source::new("", code.as_bytes().to_vec());
    let comments = &source.comments;
    let has = |from: usize, to: usize, wanted: &str| {
        let text = source.text.get(from..to).unwrap_or_default();
        let mut places = text.match_indices(wanted).map(|(at, _)| at);
        places.any(|at| is_word(text, at, wanted.len()) && !comments.iter().any(|comment| comment.range.contains(&(from + at))))
    };
    source.statements.iter().any(|statement| words.iter().all(|word| has(statement.start, statement.end, word)))
}

fn is_word(text: &str, at: usize, length: usize) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let before = text[..at].chars().next_back();
    let after = text[at + length..].chars().next();
    !before.is_some_and(is_part) && !after.is_some_and(is_part)
}
