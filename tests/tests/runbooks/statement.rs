//! A server that has worked.

use serde_json::Value;
use tests::Database;

use crate::watched::{database, session};

/// Statements of the application, some often, some slow.
pub fn worked() -> Database<'static> {
    let database = database();
    let mut app = session(&database, "app", "web");
    for _ in 0..60 {
        app.batch_execute("select pg_sleep(0.002) as often")
            .unwrap();
    }
    app.batch_execute("select pg_sleep(0.1), 1 as once")
        .unwrap();
    database
}

pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
