//! What a backup says of its database itself: owner, rights, comment, settings, also those of
//! roles in it. A restore into another database does none of that, and tells nobody.

use std::collections::BTreeSet;
use std::time::Instant;

use shared::programs::Program;
use shared::{Error, Result, signals};

use crate::archive::Archive;
use crate::contents::Contents;
use crate::proof::counted;
use crate::record::{Findings, Status};
use crate::redump::{self, Quotes};
use crate::restore::{LABELS, Target, is_about_label_provider};
use shared::dump::{Difference, Schema};
use shared::secrets::{masked, masked_words};

/// Does to the restored database what the backup says of its own, last of all, and looks whether
/// that is what a dump then says.
pub fn report(
    archive: &Archive,
    backup: &Contents,
    target: &Target,
    pg_dump: &Program,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let mut wanted = backup.database.of_database(target.database().name());
    if wanted.count() == 0 {
        return Ok(());
    }
    let count = counted(wanted.all_statements().count() as u64, "statement");
    let what = format!("{count} of owner, rights, comment and settings of the database itself");
    if !target.server().is_ours() {
        let words = format!("{what}: not done here, as by pg_restore without --create");
        let finding = findings.check("database", Status::Skipped).message(words);
        // What takes a live database's place takes over what is said of that one itself.
        return findings.add(match target.replaces_nothing() {
            true => finding,
            false => finding.remark(),
        });
    }
    let began = Instant::now();
    let refused = give(archive, &wanted, target, findings)?;
    wanted.forget(&refused.statements);
    let differences = match differences(&wanted, pg_dump, target, backup) {
        Ok(differences) => differences,
        Err(error) => {
            signals::check()?;
            let words = format!("they can't be read back: {}", error.in_one_line());
            return findings.add(findings.check("database", Status::Skipped).message(words));
        }
    };
    if differences.is_empty() && !refused.failed {
        let words = format!("{what}: pg_restore does them with --create only");
        let finding = findings.check("database", Status::Ok).message(words);
        findings.add(finding.took(began.elapsed()))?;
    }
    let is_other = is_of_other_versions(archive, target, pg_dump);
    for difference in differences {
        let (status, words) = match is_other && in_other_words(&difference) {
            true => (Status::Skipped, "this version says it in other words"),
            false => (Status::Failed, "differs in the restored database"),
        };
        let finding = findings.check("database", status);
        let mut finding = finding.object(difference.object.trim_end());
        finding.expected = difference.expected;
        finding.actual = difference.actual;
        findings.add(finding.message(words))?;
    }
    Ok(())
}

/// What is not the same, with names quoted as the backup has them.
fn differences(
    wanted: &Schema,
    pg_dump: &Program,
    target: &Target,
    backup: &Contents,
) -> Result<Vec<Difference>> {
    let read_back = |quotes| {
        let restored = redump::database(pg_dump, target, backup, quotes)?;
        Ok(wanted.differences(&restored.of_database(target.database().name())))
    };
    let found: Vec<Difference> = read_back(Quotes::Needed)?;
    match wanted.quotes_all() && !found.is_empty() {
        true => read_back(Quotes::All),
        false => Ok(found),
    }
}

/// What is not to be looked for afterwards.
#[derive(Default)]
struct Refused {
    statements: BTreeSet<String>,
    failed: bool,
}

/// Runs the statements; what the server refuses is told.
fn give(
    archive: &Archive,
    wanted: &Schema,
    target: &Target,
    findings: &mut Findings<'_>,
) -> Result<Refused> {
    let mut refused = Refused::default();
    // Settings of its own are for the sessions that come after it.
    let mut client = target.connect()?;
    for (object, statement) in wanted.all_statements() {
        signals::check()?;
        let (status, why) = match left_alone(statement) {
            Some(why) => (Status::Skipped, why.to_string()),
            None => match client.batch_execute(statement).map_err(Error::from) {
                Ok(()) => continue,
                Err(error) if error.sqlstate().is_none() => return Err(error),
                Err(error) if is_about_label_provider(error.message()) => {
                    let words = format!("{}: {LABELS}", error.in_one_line());
                    findings.unprovable(&words);
                    (Status::Skipped, words)
                }
                Err(error) => {
                    let words = masked_words(&error.in_one_line(), statement);
                    (refusal(archive, statement, &error, target), words)
                }
            },
        };
        refused.failed |= status == Status::Failed;
        refused.statements.insert(statement.to_string());
        let mut finding = findings.check("database", status).object(object);
        finding.expected = Some(masked(statement));
        findings.add(finding.message(why))?;
    }
    Ok(refused)
}

/// Another major has other settings, and other values of them; this machine may have other locales.
fn refusal(archive: &Archive, statement: &str, error: &Error, target: &Target) -> Status {
    let other = archive.server_major != Some(target.server().version().major);
    // undefined_object, invalid_parameter_value, cant_change_runtime_param
    let of_setting = ["42704", "22023", "55P02"];
    let of_setting = |code: &str| of_setting.contains(&code);
    let sets = statement.contains(" SET ") && error.sqlstate().is_some_and(of_setting);
    match other && sets || statement.contains(" SET lc_") {
        true => Status::Skipped,
        false => Status::Failed,
    }
}

fn is_of_other_versions(archive: &Archive, target: &Target, pg_dump: &Program) -> bool {
    let server = archive.server_major == Some(target.server().version().major);
    !server || archive.pg_dump_major != Some(pg_dump.version.major)
}

/// Whether two versions may only write the same in different words: nothing of it is gone, and
/// nothing was added.
fn in_other_words(difference: &Difference) -> bool {
    let statements = |side: &Option<String>| side.as_deref().map_or(0, |text| text.lines().count());
    statements(&difference.expected) == statements(&difference.actual)
}

/// Why something is not done to the restored database, if it is not.
fn left_alone(statement: &str) -> Option<&'static str> {
    if statement.contains("preload_libraries") {
        return Some(
            "not done: no library is loaded for a restored database; where a server lacks one, \
             nobody can connect to what pg_restore --create makes there",
        );
    }
    let template = statement.contains("IS_TEMPLATE") || statement.contains("datistemplate");
    template.then_some("not done: a template can't be dropped")
}
