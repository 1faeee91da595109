//! Strings that stand in code, put together as the server would: what `EXECUTE` runs, as far as it is written there.

use serde_json::Value;

use super::said::last_word;

/// What stands for a value that only the server knows: where it is a name, that may be any.
pub const UNKNOWN: &str = "any_of_the_server";

/// All strings of an expression, each as long as can be.
pub fn of(tree: &Value) -> Vec<String> {
    let mut all = Vec::new();
    gather(tree, &mut all);
    all
}

fn gather(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, all)),
        Value::Object(fields) => match folded(value) {
            Some(text) => all.push(text),
            None => fields.values().for_each(|inner| gather(inner, all)),
        },
        _ => {}
    }
}

/// The text of a node, if it has one.
fn folded(node: &Value) -> Option<String> {
    let node = node.get("node").unwrap_or(node);
    if let Some(text) = node["AConst"]["val"]["Sval"]["sval"].as_str() {
        return Some(text.to_string());
    }
    if node["TypeCast"].is_object() {
        return folded(&node["TypeCast"]["arg"]);
    }
    let expression = &node["AExpr"];
    if last_word(&expression["name"]) == Some("||") {
        let [left, right] = ["lexpr", "rexpr"].map(|side| folded(&expression[side]));
        return match (left, right) {
            (None, None) => None,
            (left, right) => Some(known(left) + &known(right)),
        };
    }
    let call = &node["FuncCall"];
    let args = call["args"].as_array()?.iter().map(folded);
    match last_word(&call["funcname"])? {
        "format" => {
            let args: Vec<Option<String>> = args.collect();
            let (pattern, values) = args.split_first()?;
            pattern.as_deref().map(|pattern| formatted(pattern, values))
        }
        "concat" => Some(args.map(known).collect()),
        _ => None,
    }
}

fn known(text: Option<String>) -> String {
    text.unwrap_or_else(|| UNKNOWN.to_string())
}

/// As `format()` does, but for widths.
fn formatted(pattern: &str, values: &[Option<String>]) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    let mut next = 0;
    while let Some((before, after)) = rest.split_once('%') {
        text += before;
        let end = after.find(|letter: char| letter.is_ascii_alphabetic() || letter == '%');
        let Some(end) = end else {
            return text;
        };
        let (position, kind) = (&after[..end], &after[end..=end]);
        rest = &after[end + 1..];
        if kind == "%" {
            text.push('%');
            continue;
        }
        let number = position
            .split_once('$')
            .and_then(|(number, _)| number.parse::<usize>().ok());
        let at = number.map_or(next, |number| number.saturating_sub(1));
        next = at + 1;
        let value = values.get(at).cloned().flatten();
        match kind {
            "L" => text += &format!("'{}'", known(value).replace('\'', "''")),
            _ => text += &known(value),
        }
    }
    text + rest
}
