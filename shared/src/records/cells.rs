//! A record's values as they are written, the same in every format.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use crate::{Error, Result};

/// The largest integer that every reader of JSON holds exactly.
pub(super) const EXACT: u64 = 1 << 53;

/// The values of a record in the order of its columns.
pub(super) fn cells<R: Serialize>(record: &R, columns: &[&str]) -> Result<Vec<Value>> {
    let value = serde_json::to_value(record)
        .map_err(|error| Error::new(format!("a record could not be written: {error}")))?;
    let Value::Object(object) = value else {
        return Err(Error::new("a record that is no struct cannot be written"));
    };
    if !object.keys().eq(columns) {
        return Err(Error::new(format!(
            "a record has the fields {:?} instead of {columns:?}",
            object.keys().collect::<Vec<_>>()
        )));
    }
    Ok(object.into_iter().map(|(_, value)| exact(value)).collect())
}

/// Integers beyond 2^53 become strings: jq and JavaScript would round them.
fn exact(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let large = number.as_u64().or(number.as_i64().map(i64::unsigned_abs));
            match large.is_some_and(|magnitude| magnitude > EXACT) {
                true => Value::String(number.to_string()),
                false => Value::Number(number),
            }
        }
        Value::Array(values) => values.into_iter().map(exact).collect(),
        Value::Object(object) => object
            .into_iter()
            .map(|(key, value)| (key, exact(value)))
            .collect(),
        other => other,
    }
}

/// A cell of a CSV file: text as it is, nothing for null, and JSON for what is nested.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A cell of a table, for people: a list is its items one after the other, an object all that is text in it.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(words).collect();
            let has_comma = items.iter().any(|item| item.contains(','));
            items.join(if has_comma { "; " } else { ", " })
        }
        Value::Object(fields) => {
            let texts: Vec<&str> = fields.values().filter_map(Value::as_str).collect();
            match texts.is_empty() {
                true => text(value),
                false => texts.join(" "),
            }
        }
        other => text(other),
    }
}

/// For `#[serde(deserialize_with = "shared::records::integer")]` on an integer
/// that may be beyond 2^53 and is then written as a string.
pub fn integer<'de, T, D>(deserializer: D) -> std::result::Result<T, D::Error>
where
    T: TryFrom<i128>,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    let wide = match &value {
        Value::String(text) => text.parse::<i128>().ok(),
        Value::Number(number) => number.to_string().parse::<i128>().ok(),
        _ => None,
    };
    let narrow = wide.and_then(|wide| T::try_from(wide).ok());
    narrow.ok_or_else(|| de::Error::custom(format!("{value} is no integer of the expected size")))
}
