//! What must hold in a database, whether it was restored or is live.

use shared::Result;

use crate::cli::Checks;
use crate::record::Findings;
use crate::server::Database;

/// Makes the checks of `database` on so many connections and writes what they find.
pub fn report(
    _database: &Database,
    _checks: &Checks,
    _jobs: usize,
    _findings: &mut Findings<'_>,
) -> Result<()> {
    Ok(())
}
