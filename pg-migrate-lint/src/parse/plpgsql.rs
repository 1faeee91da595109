//! The SQL within PL/pgSQL.

use std::panic::catch_unwind;

use serde_json::Value;

/// What a body runs, in the order in which it is written.
#[derive(Debug, Default)]
pub struct Code {
    /// The statements, each with its line in the body, from 1.
    pub statements: Vec<(usize, String)>,
    /// The lines where a statement is put together only when it runs.
    pub unseen: Vec<usize>,
}

/// Looks into a `DO` or `CREATE FUNCTION` statement; none where it can't be parsed.
pub fn look(statement: &str) -> Option<Code> {
    let parsed = catch_unwind(|| pg_query::parse_plpgsql(statement))
        .ok()?
        .ok()?;
    let mut code = Code::default();
    walk(&parsed, &mut code);
    Some(code)
}

fn walk(value: &Value, code: &mut Code) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(value, code)),
        Value::Object(fields) => {
            for (kind, inner) in fields {
                match kind.as_str() {
                    "PLpgSQL_stmt_execsql" => {
                        let text = query(inner, "sqlstmt");
                        code.statements.extend(text.map(|text| (line(inner), text)));
                    }
                    "PLpgSQL_stmt_perform" => {
                        let text = query(inner, "expr");
                        code.statements.extend(text.map(|text| (line(inner), text)));
                    }
                    "PLpgSQL_stmt_dynexecute" => {
                        match query(inner, "query").as_deref().and_then(literal) {
                            Some(text) => code.statements.push((line(inner), text)),
                            None => code.unseen.push(line(inner)),
                        }
                    }
                    "PLpgSQL_stmt_commit" => {
                        code.statements.push((line(inner), "COMMIT".to_string()));
                    }
                    "PLpgSQL_stmt_rollback" => {
                        code.statements.push((line(inner), "ROLLBACK".to_string()));
                    }
                    "PLpgSQL_stmt_dynfors" => code.unseen.push(line(inner)),
                    _ => walk(inner, code),
                }
            }
        }
        _ => {}
    }
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
