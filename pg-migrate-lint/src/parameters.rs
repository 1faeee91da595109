//! Who may set what of a server's configuration: `GRANT … ON PARAMETER`.

use postgres::Client;
use shared::Result;

/// The parameters of which that is said, and what; none before 15, which knows nothing of the sort.
///
/// # Errors
/// Where the server can't be asked.
pub fn granted(client: &mut Client) -> Result<Vec<(String, String)>> {
    let known = "select pg_catalog.to_regclass('pg_catalog.pg_parameter_acl') is not null";
    if !client.query_typed_one(known, &[])?.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let rows = client.query_typed(include_str!("../sql/parameters.sql"), &[])?;
    let rows = rows.iter();
    rows.map(|row| Ok((row.try_get("name")?, row.try_get("grants")?)))
        .collect()
}
