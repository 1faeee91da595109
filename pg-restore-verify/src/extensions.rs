//! Extensions of another version than where the backup was taken: a dump says their names alone, and
//! the manifest of pg-dump-rotate the versions.

use std::collections::BTreeMap;

use postgres::types::Type;
use shared::Result;
use shared::backup::Manifest;

use crate::contents::Contents;
use crate::proof::counted;
use crate::record::{Findings, Status};
use crate::restore::Target;

/// Compares them; in words, for the verdict, which are others.
pub fn report(
    manifest: Option<&Manifest>,
    backup: &Contents,
    target: &Target,
    findings: &mut Findings<'_>,
) -> Result<String> {
    let told = manifest.and_then(|manifest| manifest.extensions.as_ref());
    let objects = backup.schema.objects();
    let created: Vec<&str> = objects
        .filter(|(kind, ..)| *kind == "EXTENSION")
        .map(|(_, _, name)| name)
        .collect();
    let told = told.into_iter().flatten();
    let told: Vec<_> = told
        .filter(|extension| created.contains(&extension.name.as_str()))
        .collect();
    if told.is_empty() {
        return Ok(String::new());
    }
    let names: Vec<&str> = told
        .iter()
        .map(|extension| extension.name.as_str())
        .collect();
    let here = versions(target, &names)?;
    let mut others = Vec::new();
    for extension in &told {
        // One that is not there at all is missed among the definitions.
        let Some(actual) = here
            .get(&extension.name)
            .filter(|here| **here != extension.version)
        else {
            continue;
        };
        let finding = findings
            .check("extensions", Status::Skipped)
            .object(&extension.name);
        let finding = finding.compared(&extension.version, actual);
        let message =
            "this server creates another version: what it does is proved as that one does it";
        findings.add(finding.message(message).remark())?;
        others.push(format!(
            "{} {actual} for {}",
            extension.name, extension.version
        ));
    }
    if others.is_empty() {
        let count = counted(here.len() as u64, "extension");
        let finding = findings.check("extensions", Status::Ok);
        findings.add(finding.compared(&count, &count))?;
        return Ok(String::new());
    }
    Ok(format!(", with extension {}", others.join(", ")))
}

/// The versions in the restored database, by name.
fn versions(target: &Target, names: &[&str]) -> Result<BTreeMap<String, String>> {
    let sql = include_str!("../sql/extensions.sql");
    let rows = target
        .connect()?
        .query_typed(sql, &[(&names, Type::TEXT_ARRAY)])?;
    let versions = rows
        .iter()
        .map(|row| Ok((row.try_get("name")?, row.try_get("version")?)));
    versions.collect()
}
