//! A function with another's rights looks for names where anybody may put some.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "open-search-path",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "a SECURITY DEFINER function without a search_path of its own",
    explanation: "A SECURITY DEFINER function runs with the rights of its owner, but finds tables, functions and \
        operators by the search_path of whoever calls it. Who may create objects in any schema, a temporary one too, \
        can put one in the way, and it runs with the owner's rights.\n\n\
        SET search_path = pg_catalog, pg_temp in the function's definition, and name all else with its schema.",
    versions: "",
    bad: &[Example::new("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*)::int FROM users';")],
    good: &[
        Example::new("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1';"),
        Example::new("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateFunction(function) = look.change else { return };
    if function.security_definer && !function.sets_search_path {
        let message = format!("{} runs with its owner's rights, and finds names by the caller's search_path", function.name);
        found.push(look.finding(&RULE, message).on(&function.name));
    }
}
