//! A view or function that PostgreSQL does not replace.

use super::{Example, Group, Rule};
use crate::catalogue::{RelationKind, ViewColumn};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Function, Parameter, Signature};
use crate::name::{Name, quoted};
use crate::types::Type;

pub static RULE: Rule = Rule {
    name: "replacement-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "CREATE OR REPLACE of a view without one of its columns, or of a function with other names or another result",
    explanation: "CREATE OR REPLACE VIEW can only add columns, behind those that are there: to leave one out, to rename one, to give one another type or to \
        put one between is refused, and so is to put a view in the place of a table or materialized view. CREATE OR REPLACE FUNCTION can't change what the function returns, what its \
        parameters are called, or take a default away. A function with other types of parameters is another one, which stands \
        beside the first.\n\n\
        Drop it and create it anew in one transaction, with its grants, and with what depends on it. A view's column is \
        renamed by ALTER VIEW … RENAME COLUMN.",
    versions: "",
    bad: &[
        Example::new("CREATE OR REPLACE VIEW names AS SELECT id FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT id, name AS called FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT 'a' AS sort, id, name FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names (number) AS SELECT id, name FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE FUNCTION half(b int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE OR REPLACE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE OR REPLACE FUNCTION half(a int) RETURNS bigint LANGUAGE sql AS 'SELECT $1::bigint / 2';").after("CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE OR REPLACE FUNCTION half(a int) RETURNS SETOF int LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE OR REPLACE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE OR REPLACE FUNCTION pair() RETURNS TABLE (a int, b text) LANGUAGE sql AS 'SELECT 1, 2';").after("CREATE FUNCTION pair() RETURNS TABLE (a int, b int) LANGUAGE sql AS 'SELECT 1, 2';"),
        Example::new("CREATE OR REPLACE VIEW users AS SELECT 1 AS a;").after("CREATE TABLE users (id int);"),
        Example::new("CREATE OR REPLACE VIEW sums AS SELECT 1 AS a;").after("CREATE MATERIALIZED VIEW sums AS SELECT 1 AS a;"),
        Example::new("CREATE OR REPLACE PROCEDURE half(a int) LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT id, id AS name FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT u.id::bigint, u.name FROM users u;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT 1 AS id, count(*) AS name FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT id, name::varchar(9) FROM users;")
            .after("CREATE TABLE users (id int, name varchar(5)); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT * FROM users;")
            .after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT * FROM users; ALTER TABLE users RENAME name TO called;"),
        Example::new("ALTER TABLE users ADD COLUMN email text; CREATE OR REPLACE VIEW names AS SELECT users.*, 1 AS one FROM users;")
            .after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT users.*, 1 AS one FROM users;"),
        Example::new("CREATE OR REPLACE VIEW more AS SELECT name AS id FROM names;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users; CREATE VIEW more AS SELECT id FROM names;"),
    ],
    good: &[
        Example::new("CREATE OR REPLACE VIEW names AS SELECT u.id, 'a' AS name FROM users u LEFT JOIN users v ON v.id = u.id;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT v.id, u.name::text FROM users u LEFT JOIN users v USING (id);").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("ALTER TABLE users ADD COLUMN email text; CREATE OR REPLACE VIEW names AS SELECT * FROM users;")
            .after("CREATE TABLE users (id serial, name text); CREATE VIEW names AS SELECT * FROM users;"),
        Example::new("ALTER VIEW names RENAME COLUMN name TO called; CREATE OR REPLACE VIEW names AS SELECT * FROM users;")
            .after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT * FROM users; ALTER TABLE users RENAME name TO called;"),
        Example::new("CREATE OR REPLACE VIEW names AS WITH users AS (SELECT 1 AS id, 'a' AS name) SELECT id, name FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW all_names AS SELECT id FROM users UNION SELECT n FROM others;")
            .after("CREATE TABLE users (id int); CREATE TABLE others (n int); CREATE VIEW all_names AS SELECT id FROM users UNION SELECT n FROM others;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT id, name, 1 AS more FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE VIEW names AS SELECT * FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("DROP VIEW names; CREATE OR REPLACE VIEW names AS SELECT id FROM users;").after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("ALTER VIEW names RENAME COLUMN name TO called; CREATE OR REPLACE VIEW names AS SELECT id, name AS called FROM users;")
            .after("CREATE TABLE users (id int, name text); CREATE VIEW names AS SELECT id, name FROM users;"),
        Example::new("CREATE OR REPLACE FUNCTION half(a int, b int DEFAULT 1) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';").after("CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE OR REPLACE FUNCTION half(a integer DEFAULT 5) RETURNS int4 LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE OR REPLACE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("DROP FUNCTION half; CREATE OR REPLACE FUNCTION half(b int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    // A block may catch the error, or never come here.
    if look.is_in_doubt {
        return;
    }
    let refused = match look.change {
        Change::CreateView { name, replace: true, temporary: false, columns, .. } => {
            let columns = || of_view(look, name, &look.catalogue.outputs(columns.as_ref()?)?);
            other_kind(look, name).or_else(columns).map(|why| (name, why))
        }
        Change::CreateFunction(function) if function.replace => of_function(look, function).map(|why| (&function.name, why)),
        _ => None,
    };
    if let Some((name, why)) = refused {
        found.push(look.finding(&RULE, format!("PostgreSQL does not replace {name}: {why}")).on(name));
    }
}

fn other_kind(look: &Look, name: &Name) -> Option<String> {
    let kind = look.catalogue.sure(&look.catalogue.place(name))?.kind;
    (kind != RelationKind::View).then(|| "it is not a view".to_string())
}

fn of_view(look: &Look, name: &Name, new: &[ViewColumn]) -> Option<String> {
    let old = look.catalogue.sure(name)?.output.as_ref()?;
    if new.len() < old.len() {
        return Some(format!("it has {} columns, and here {}", old.len(), new.len()));
    }
    old.iter().zip(new).enumerate().find_map(|(place, (old, new))| {
        let column = place + 1;
        match (&old.name, &new.name) {
            (Some(old), Some(new)) if old != new => return Some(format!("its column {column} is {}, and here {}", quoted(old), quoted(new))),
            _ => {}
        }
        let (was, is) = (old.type_.as_ref()?, new.type_.as_ref()?);
        let name = old.name.as_ref().map_or(format!("column {column}"), |name| format!("column {}", quoted(name)));
        (!was.is_same(is)).then(|| format!("its {name} is of the type {was}, and here {is}"))
    })
}

fn of_function(look: &Look, function: &Function) -> Option<String> {
    let new = &function.signature;
    let old = look.catalogue.replaced(&function.name, new)?;
    if old.is_procedure != new.is_procedure {
        return Some("a function and a procedure of one name and the same types are not exchanged".to_string());
    }
    if old.has_copied_types || new.has_copied_types {
        return None;
    }
    if returns_other(old, new) {
        return Some("it returns another type".to_string());
    }
    let renamed = old.inputs.iter().zip(&new.inputs).find(|(old, new)| !old.name.is_empty() && old.name != new.name);
    let renamed = renamed.map(|(old, _)| format!("its parameter {} has another name here", quoted(&old.name)));
    let defaults = |signature: &Signature| signature.inputs.iter().filter(|input| input.has_default).count();
    let lacks = defaults(new) < defaults(old);
    renamed.or_else(|| lacks.then(|| "a parameter has a default that is not here".to_string()))
}

fn returns_other(old: &Signature, new: &Signature) -> bool {
    let is_other = |old: &Type, new: &Type| (&old.name, old.dimensions > 0) != (&new.name, new.dimensions > 0);
    let outputs = |signature: &Signature| signature.outputs.len();
    let differs = |(old, new): (&Parameter, &Parameter)| is_other(&old.type_, &new.type_) || old.name != new.name;
    match (&old.returns, &new.returns) {
        (Some((old, old_set)), Some((new, new_set))) if is_other(old, new) || old_set != new_set => true,
        _ if outputs(old) != outputs(new) => outputs(old) > 0 && outputs(new) > 0,
        // One that is alone is the result, and its name is free.
        _ if outputs(old) > 1 => old.outputs.iter().zip(&new.outputs).any(differs),
        _ => false,
    }
}
