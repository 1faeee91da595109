//! Everybody gets another function or view at once.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "replaced-definition",
    group: Group::Review,
    severity: Severity::Info,
    summary: "CREATE OR REPLACE: whoever still runs gets the new function or view at once",
    explanation: "The next call of every session runs the new code, that of the old application and of triggers too. \
        A function keeps its owner and its privileges, and nothing else: SECURITY DEFINER, SET, IMMUTABLE or STABLE, \
        STRICT, PARALLEL and COST that the new definition does not repeat are as if they had never been there. A view \
        keeps its columns with their names, types and order; it can only get more behind them.\n\n\
        Where both have to work for a while give the new one another name.",
    versions: "",
    bad: &[
        Example::new("CREATE OR REPLACE FUNCTION price(int) RETURNS int LANGUAGE sql AS 'SELECT 2';"),
        Example::new("CREATE OR REPLACE VIEW adults AS SELECT id FROM users WHERE age > 20;").after("CREATE VIEW adults AS SELECT id FROM users;"),
    ],
    good: &[
        Example::new("CREATE FUNCTION price(int) RETURNS int LANGUAGE sql AS 'SELECT 2';"),
        Example::new("CREATE VIEW adults AS SELECT id FROM users; CREATE OR REPLACE VIEW adults AS SELECT id, age FROM users;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (name, what) = match look.change {
        Change::CreateFunction(function) if function.replace => (&function.name, "function"),
        Change::CreateView { name, replace: true, .. } if !look.is_new(name) => (name, "view"),
        _ => return,
    };
    let message = format!("whoever uses the {what} {name} gets this one at once, if it is there");
    found.push(look.finding(&RULE, message).on(name));
}
