//! The SQL within PL/pgSQL: [`look`] has its statements in order, [`pieces`] all of it.

use std::panic::catch_unwind;

use serde_json::Value;

/// What a body runs, in the order in which it is written.
#[derive(Debug, Default)]
pub struct Code {
    /// The statements.
    pub statements: Vec<Step>,
    /// The lines where a statement is put together only when it runs.
    pub unseen: Vec<usize>,
    /// Whether it may have ended before what comes next.
    may_have_ended: bool,
    /// Whether it has variables, but `FOUND`.
    has_variables: bool,
}

/// A statement of a body.
#[derive(Debug)]
pub struct Step {
    /// Its line in the body, from 1.
    pub line: usize,
    /// The statement.
    pub sql: String,
    /// Whether the body, once it is run, is sure to run it, and to fail where it does.
    pub is_sure: bool,
    /// Whether its names mean what they would outside: no variable of the body is meant by one.
    pub is_plain: bool,
}

/// Looks into a `DO` or `CREATE FUNCTION` statement; none where it can't be parsed.
pub fn look(statement: &str) -> Option<Code> {
    let parsed = parsed(statement)?;
    let mut code = Code {
        has_variables: has_variables(&parsed),
        ..Code::default()
    };
    walk(&parsed, &mut code, true);
    Some(code)
}

/// All SQL of a `DO` or `CREATE FUNCTION` statement; none where it can't be parsed.
pub fn pieces(statement: &str) -> Option<Pieces> {
    let mut pieces = Pieces::default();
    pieces.gather(&parsed(statement)?);
    Some(pieces)
}

fn parsed(statement: &str) -> Option<Value> {
    catch_unwind(|| pg_query::parse_plpgsql(statement))
        .ok()?
        .ok()
}

/// The SQL of a body: statements, expressions, assignments.
#[derive(Debug, Default)]
pub struct Pieces {
    /// Each as it is written.
    pub texts: Vec<String>,
    /// Whether some of what is run is put together only then.
    pub is_dynamic: bool,
    /// Whether it ends transactions.
    pub ends_transactions: bool,
}

impl Pieces {
    fn gather(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.gather(item)),
            Value::Object(fields) => {
                for (name, inner) in fields {
                    self.is_dynamic |= matches!(
                        name.as_str(),
                        "PLpgSQL_stmt_dynexecute" | "PLpgSQL_stmt_dynfors" | "dynquery"
                    );
                    self.ends_transactions |= matches!(
                        name.as_str(),
                        "PLpgSQL_stmt_commit" | "PLpgSQL_stmt_rollback"
                    );
                    match (name.as_str(), inner["query"].as_str()) {
                        ("PLpgSQL_expr", Some(text)) => self.texts.push(text.to_string()),
                        _ => self.gather(inner),
                    }
                }
            }
            _ => {}
        }
    }
}

fn walk(value: &Value, code: &mut Code, is_sure: bool) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(value, code, is_sure)),
        Value::Object(fields) => {
            for (kind, inner) in fields {
                statement(kind, inner, code, is_sure);
            }
        }
        _ => {}
    }
}

fn statement(kind: &str, inner: &Value, code: &mut Code, is_sure: bool) {
    match kind {
        "PLpgSQL_stmt_execsql" => code.run(query(inner, "sqlstmt"), inner, is_sure),
        "PLpgSQL_stmt_perform" => code.run(query(inner, "expr"), inner, is_sure),
        "PLpgSQL_stmt_dynexecute" => match query(inner, "query").as_deref().and_then(literal) {
            Some(text) => code.push(text, inner, is_sure, true),
            None => code.unseen.push(line(inner)),
        },
        "PLpgSQL_stmt_commit" => code.run(Some("COMMIT".to_string()), inner, is_sure),
        "PLpgSQL_stmt_rollback" => code.run(Some("ROLLBACK".to_string()), inner, is_sure),
        "PLpgSQL_stmt_dynfors" => code.unseen.push(line(inner)),
        "PLpgSQL_stmt_block" => {
            let catches = inner.get("exceptions").is_some();
            walk(inner, code, is_sure && !catches);
        }
        "PLpgSQL_stmt_raise" => code.may_have_ended |= is_error(inner),
        "PLpgSQL_stmt_return" | "PLpgSQL_stmt_exit" | "PLpgSQL_stmt_assert" => {
            code.may_have_ended = true;
        }
        "PLpgSQL_stmt_if"
        | "PLpgSQL_stmt_case"
        | "PLpgSQL_stmt_loop"
        | "PLpgSQL_stmt_while"
        | "PLpgSQL_stmt_fori"
        | "PLpgSQL_stmt_fors"
        | "PLpgSQL_stmt_forc"
        | "PLpgSQL_stmt_foreach_a" => walk(inner, code, false),
        _ => walk(inner, code, is_sure),
    }
}

impl Code {
    /// Nothing but these.
    pub fn of(statements: Vec<Step>) -> Self {
        Self {
            statements,
            ..Self::default()
        }
    }

    fn run(&mut self, sql: Option<String>, statement: &Value, is_sure: bool) {
        let Some(sql) = sql else { return };
        let is_plain = !self.has_variables && !sql.to_lowercase().contains(FOUND);
        self.push(sql, statement, is_sure, is_plain);
    }

    fn push(&mut self, sql: String, statement: &Value, is_sure: bool, is_plain: bool) {
        self.statements.push(Step {
            line: line(statement),
            sql,
            is_sure: is_sure && !self.may_have_ended,
            is_plain,
        });
    }
}

/// The variable that every body has.
const FOUND: &str = "found";

fn has_variables(parsed: &Value) -> bool {
    let mut functions = parsed.as_array().into_iter().flatten();
    functions.any(|function| {
        let datums = function["PLpgSQL_function"]["datums"].as_array();
        let mut variables = datums.into_iter().flatten();
        variables.any(|datum| datum["PLpgSQL_var"]["refname"] != FOUND)
    })
}

/// Whether a RAISE ends what it stands in.
fn is_error(raise: &Value) -> bool {
    const ERROR: u64 = 21;
    raise["elog_level"]
        .as_u64()
        .is_none_or(|level| level >= ERROR)
}

fn query(statement: &Value, field: &str) -> Option<String> {
    let expr = &statement[field]["PLpgSQL_expr"]["query"];
    expr.as_str().map(str::to_string)
}

fn line(statement: &Value) -> usize {
    let line = statement["lineno"].as_u64().unwrap_or(1);
    usize::try_from(line).unwrap_or(1)
}

/// A string that stands there as such.
fn literal(expr: &str) -> Option<String> {
    let expr = expr.trim();
    if let Some(body) = expr
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    {
        let is_one = !body.replace("''", "").contains('\'');
        return is_one.then(|| body.replace("''", "'"));
    }
    let tag = expr.strip_prefix('$')?.split_once('$')?.0;
    let mark = format!("${tag}$");
    let body = expr.strip_prefix(&mark)?.strip_suffix(&mark)?;
    (!body.contains(&mark)).then(|| body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure(body: &str) -> Vec<bool> {
        let code = look(&format!("DO $do${body}$do$")).unwrap_or_default();
        code.statements.iter().map(|step| step.is_sure).collect()
    }

    #[test]
    fn names_mean_what_they_do_outside_where_there_is_no_variable() {
        let plain = |body: &str| {
            let code = look(&format!("DO $do${body}$do$")).unwrap_or_default();
            let steps = code.statements.iter();
            steps.map(|step| step.is_plain).collect::<Vec<_>>()
        };
        assert_eq!(
            plain("BEGIN UPDATE a SET b = 1; PERFORM f(); EXECUTE 'DELETE FROM a'; END"),
            [true; 3]
        );
        assert_eq!(
            plain("DECLARE b int; BEGIN UPDATE a SET b = 1; EXECUTE 'DELETE FROM a'; END"),
            [false, true]
        );
        assert_eq!(
            plain("BEGIN UPDATE a SET b = FOUND; FOR i IN 1..2 LOOP DELETE FROM a; END LOOP; END"),
            [false; 2]
        );
    }

    #[test]
    fn what_stands_under_a_condition_or_behind_a_way_out_may_not_be_run() {
        assert_eq!(
            sure("BEGIN DROP TABLE a; BEGIN DROP TABLE b; END; EXECUTE 'DROP TABLE c'; END"),
            [true; 3]
        );
        assert_eq!(
            sure("BEGIN IF now() > 'epoch' THEN DROP TABLE a; END IF; DROP TABLE b; END"),
            [false, true]
        );
        assert_eq!(
            sure("BEGIN IF now() > 'epoch' THEN RETURN; END IF; DROP TABLE b; END"),
            [false]
        );
        assert_eq!(
            sure("BEGIN RAISE NOTICE 'a'; DROP TABLE a; RAISE EXCEPTION 'b'; DROP TABLE b; END"),
            [true, false]
        );
        assert_eq!(
            sure(
                "BEGIN BEGIN DROP TABLE a; EXCEPTION WHEN others THEN DROP TABLE c; END; DROP TABLE b; END"
            ),
            [false, false, true]
        );
        assert_eq!(
            sure(
                "BEGIN FOR i IN 1..0 LOOP DROP TABLE a; END LOOP; WHILE false LOOP DROP TABLE b; END LOOP; END"
            ),
            [false; 2]
        );
        assert_eq!(
            sure(
                "DECLARE r record; BEGIN FOR r IN SELECT 1 WHERE false LOOP DROP TABLE a; END LOOP; CASE 1 WHEN 1 THEN DROP TABLE b; END CASE; END"
            ),
            [false; 2]
        );
    }
}
