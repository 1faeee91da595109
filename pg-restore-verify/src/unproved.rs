//! What a backup can't show of itself, however well it restores.

use shared::Result;

use crate::contents::Contents;
use crate::promised::Promised;
use crate::record::{Findings, Status};

/// Notes why the backup can't be proved for what it is, where that is so. `defines`: it has
/// definitions, even if only their names are known.
pub fn report(
    backup: &Contents,
    defines: bool,
    promised: &Promised<'_>,
    findings: &mut Findings<'_>,
) -> Result<()> {
    if backup.subject_to_row_security && backup.schema.has_row_security() {
        let message = "it was dumped with --enable-row-security: rows that its role might not see \
                       are not in it";
        findings.unprovable(message);
        findings.add(findings.check("rows", Status::Skipped).message(message))?;
    }
    if !defines && backup.has_no_data() && !promised.tells_of_rows() {
        let message = "it holds neither definitions nor rows: there is nothing to prove, and no \
                       manifest says that there was nothing to take";
        findings.unprovable(message);
        findings.add(findings.check("archive", Status::Skipped).message(message))?;
    }
    Ok(())
}
