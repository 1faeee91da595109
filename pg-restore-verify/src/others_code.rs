//! Whoever reads a table as a superuser may run what its owner wrote, as one.

use postgres::Client;
use shared::Result;

use crate::record::Findings;

/// Warns if that could be so in this live database.
pub fn warn(client: &mut Client, name: &str, findings: &Findings<'_>) -> Result<()> {
    let rows = client.query_typed(include_str!("../sql/others_code.sql"), &[])?;
    let runs = rows.first().map(|row| row.try_get("runs_others_code"));
    if runs.transpose()?.unwrap_or(false) {
        findings.warn(&format!(
            "{name} is read as a superuser, and roles that are none have functions in it, which \
             indexes may run: a role with pg_read_all_data (14 and later) is enough to read"
        ));
    }
    Ok(())
}
