//! What lies in a backup's folder and is none of its files.

use shared::Result;
use shared::dump::{Files, Other};

use crate::archive::{Archive, Kind};
use crate::checksum::Known;
use crate::record::{Findings, Status};

/// More are counted, not named.
const MOST: usize = 10;

/// Names them: they take nothing away from what is restored, unless one may be meant to be.
pub fn report(archive: &Archive, known: &Known, findings: &mut Findings<'_>) -> Result<()> {
    if archive.kind != Kind::Directory {
        return Ok(());
    }
    // What is wrong with the folder itself has been said.
    let others = match Files::open(&archive.path) {
        Ok(Some(files)) => files.others().unwrap_or_default(),
        _ => Vec::new(),
    };
    let (doubles, strangers): (Vec<&Other>, Vec<&Other>) =
        others.iter().partition(|other| other.instead.is_some());
    for double in doubles {
        let instead = double.instead.as_deref().unwrap_or_default();
        let message = format!("pg_dump writes one of them: {instead} is what pg_restore reads");
        let finding = findings
            .check("archive", Status::Skipped)
            .object(&double.name);
        let finding = finding.message(&message);
        if known.manifest().is_none() {
            findings.unprovable(&format!("{} beside {instead}: {message}", double.name));
            findings.add(finding)?;
        } else {
            // It says what has to come back.
            findings.add(finding.remark())?;
        }
    }
    if strangers.is_empty() {
        return Ok(());
    }
    let names = strangers.iter().take(MOST).map(|other| other.name.as_str());
    let mut names = names.collect::<Vec<_>>().join(", ");
    if strangers.len() > MOST {
        names.push_str(&format!(" and {} more", strangers.len() - MOST));
    }
    let message = format!("in its folder and no part of it, pg_restore passes over it: {names}");
    findings.add(
        findings
            .check("archive", Status::Skipped)
            .message(message)
            .remark(),
    )
}
