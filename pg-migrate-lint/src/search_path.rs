//! Where names without a schema are looked for.

use postgres::Transaction;
use shared::Result;

/// The schemas that the URL says, or else those of the role's own search path, in order; the session has to be one
/// that `resets_search_path`. From here on nothing is looked for but in pg_catalog.
pub fn of(transaction: &mut Transaction) -> Result<Vec<String>> {
    let sql = include_str!("../sql/search_path.sql");
    let mut path: Vec<String> = transaction.query_typed(sql, &[])?[0].try_get("path")?;
    if path.is_empty() {
        transaction.batch_execute("reset search_path")?;
        path = transaction.query_typed(sql, &[])?[0].try_get("path")?;
        transaction.batch_execute("set local search_path = ''")?;
    }
    Ok(path)
}
