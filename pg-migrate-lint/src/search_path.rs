//! Where names without a schema are looked for.

use postgres::Transaction;
use shared::Result;

/// The schemas that the URL says, or else those of the role's own search path, in order; the session has to be one
/// that `resets_search_path`. From here on nothing is looked for but in pg_catalog.
pub fn of(transaction: &mut Transaction) -> Result<Vec<String>> {
    let path = current(transaction)?;
    match path.is_empty() {
        true => own(transaction),
        false => Ok(path),
    }
}

/// The schemas of the role's own search path, whatever a URL says. As [`of`] otherwise.
pub fn own(transaction: &mut Transaction) -> Result<Vec<String>> {
    transaction.batch_execute("reset search_path")?;
    let path = current(transaction)?;
    transaction.batch_execute("set local search_path = ''")?;
    Ok(path)
}

fn current(transaction: &mut Transaction) -> Result<Vec<String>> {
    let sql = include_str!("../sql/search_path.sql");
    Ok(transaction.query_typed(sql, &[])?[0].try_get("path")?)
}
