//! A function that names what is no longer there.

use super::{Example, Group, Rule};
use crate::code::{Word, words};
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
        known from earlier migrations. A statement of the body has to read or write the table, and to name the column by \
        the table's name, or where no other table of it has one.",
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
        Example::new("ALTER TABLE users DROP COLUMN id;")
            .after("CREATE TABLE users (id int, n int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET n = 1 WHERE n = NEW.id; RETURN NEW; END $$;"),
        Example::new("ALTER TABLE users DROP COLUMN id;")
            .after("CREATE TABLE users (id int, n int); CREATE TABLE posts (id int); CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'INSERT INTO users (n) SELECT id FROM posts';"),
        Example::new("DROP TABLE state;").after("CREATE TABLE state (id int); CREATE TABLE users (state text); CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT state FROM users';"),
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
    let functions = look.catalogue.functions_naming(&table.name);
    let names = functions.filter(|(name, code)| is_left(name) && names_it(look, code, table, column));
    let names: Vec<String> = names.map(|(name, _)| name.to_string()).collect();
    let what = match column {
        Some(column) => format!("{} of {table}", quoted(column)),
        None => table.to_string(),
    };
    let message = match names.as_slice() {
        [] => return,
        [name] => format!("the body of {name} names {what}, which PostgreSQL does not see: a call that gets there fails"),
        names => format!("the bodies of {} name {what}, which PostgreSQL does not see: a call that gets there fails", names.join(", ")),
    };
    found.push(look.finding(&RULE, message).on(table));
}

/// Whether a statement of the code reads or writes the table, and names the column as one of it.
fn names_it(look: &Look, code: &str, table: &Name, column: Option<&String>) -> bool {
    let source = Source::new("", code.as_bytes().to_vec());
    let comments = &source.comments;
    source.statements.iter().any(|statement| {
        let text = source.text.get(statement.start()..statement.end()).unwrap_or_default();
        let is_code = |at: usize| !comments.iter().any(|comment| comment.range.contains(&(statement.start() + at)));
        let words: Vec<Word> = words(text).filter(|word| is_code(word.at)).collect();
        let is_there = words.iter().any(|word| is_table(word, table));
        is_there && column.is_none_or(|column| words.iter().any(|word| is_column(look, word, &words, table, column)))
    })
}

/// Whether it stands where a table does, and is this one.
fn is_table(word: &Word, table: &Name) -> bool {
    let schema = table.schema.as_deref().unwrap_or("public");
    let is_schema = word.of.is_none_or(|of| of.eq_ignore_ascii_case(schema));
    word.text.eq_ignore_ascii_case(&table.name) && is_schema && word.is_of_table()
}

/// Whether it is this column of the table: by its qualifier, or because no other table of the statement has one.
fn is_column(look: &Look, word: &Word, words: &[Word], table: &Name, column: &str) -> bool {
    if !word.text.eq_ignore_ascii_case(column) {
        return false;
    }
    let has_such = |word: &Word| {
        let name = Name { schema: word.of.map(str::to_string), name: word.text.to_lowercase() };
        name.name != table.name && look.catalogue.column(&name, column).is_some()
    };
    match word.of {
        Some(of) => of.eq_ignore_ascii_case(&table.name),
        None => !words.iter().any(has_such),
    }
}
