//! The code of DO and of functions, as far as it can be looked into.

use crate::effects::casts::ASSIGNED;
use crate::model::{Body, Function, Parameter};
use crate::name::quoted;
use crate::parse::plpgsql::{self, Code, Step};
use crate::source::Source;
use crate::types::Type;

/// What it runs; none where that can't be told. That of a function has arguments, and returns something.
pub fn look(body: &Body, made: Option<&Function>) -> Option<Code> {
    match body.language.as_str() {
        "plpgsql" => {
            let before = made.map_or_else(|| "DO".to_string(), declaration);
            plpgsql::look(&format!(
                "{before} $pg_migrate_lint${}$pg_migrate_lint$",
                body.code
            ))
        }
        "sql" => Some(sql_code(&body.code)),
        _ => None,
    }
}

/// How a function is made, but for its body. Rows, and types that users made, stand for themselves as records do: they
/// are looked up nowhere.
fn declaration(function: &Function) -> String {
    let signature = &function.signature;
    let typed = |type_: &Type| {
        let mut known = ASSIGNED.iter().map(|(name, _)| *name);
        let is_known = type_.schema.is_none() && known.any(|name| name == type_.name);
        match is_known || matches!(type_.name.as_str(), "void" | "record") {
            true => type_.to_string(),
            false => "record".to_string(),
        }
    };
    let named = |mode: &str, parameter: &Parameter| match parameter.name.as_str() {
        "" => format!("{mode} {}", typed(&parameter.type_)),
        name => format!("{mode} {} {}", quoted(name), typed(&parameter.type_)),
    };
    let is_among = |own: &Parameter, others: &[Parameter]| {
        !own.name.is_empty() && others.iter().any(|other| other.name == own.name)
    };
    let inputs = signature
        .inputs
        .iter()
        .map(|input| match is_among(input, &signature.outputs) {
            true => named("INOUT", input),
            false => named("IN", input),
        });
    let outputs = signature.outputs.iter();
    let outputs = outputs.filter(|output| !is_among(output, &signature.inputs));
    let parameters: Vec<String> = inputs
        .chain(outputs.map(|output| named("OUT", output)))
        .collect();
    let returns = match &signature.returns {
        Some((type_, true)) => format!(" RETURNS SETOF {}", typed(type_)),
        Some((type_, false)) if signature.outputs.is_empty() => {
            format!(" RETURNS {}", typed(type_))
        }
        _ => String::new(),
    };
    let kind = match signature.is_procedure {
        true => "PROCEDURE",
        false => "FUNCTION",
    };
    let (name, parameters) = (&function.name, parameters.join(", "));
    format!("CREATE {kind} {name}({parameters}){returns} LANGUAGE plpgsql AS")
}

/// That code is not seen, in words: a statement of it that is put together, or all of it.
pub fn unseen_words(language: &str, is_read: bool) -> String {
    match is_read {
        true => "what this EXECUTE runs is put together only when it runs: no rule has seen it"
            .to_string(),
        false => format!("this code is {language} that no rule can look into"),
    }
}

/// The statements of a body in SQL, each with its line.
fn sql_code(code: &str) -> Code {
    let source = Source::new("", code.as_bytes().to_vec());
    let statements = source.statements.iter().map(|statement| {
        let line = code
            .get(..statement.start())
            .map_or(0, |before| before.matches('\n').count());
        Step {
            line: line + 1,
            sql: source.parsable(statement).to_string(),
            is_sure: false,
            is_plain: true,
        }
    });
    Code::of(statements.collect())
}
