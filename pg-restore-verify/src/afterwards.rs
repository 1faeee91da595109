//! What becomes of a restored database: it is dropped, kept, or takes the place of a live one.

use std::sync::Arc;

use shared::backup::Manifest;
use shared::cli::Context;
use shared::dump::quote_identifier;
use shared::{Result, signals, units};

use crate::cli::After;
use crate::limits::Watch;
use crate::record::{Findings, Status};
use crate::restore::Target;
use crate::server::Server;

/// Says that what was asked for can't be done: there is no restored database.
pub fn without_target(after: &After, findings: &mut Findings<'_>) -> Result<()> {
    if let Some(live) = &after.promote {
        let finding = findings.check("promote", Status::Skipped).object(live);
        let name = quote_identifier(live);
        let message = format!("{name} stays as it is: no database was restored");
        findings.unprovable(&message);
        return findings.add(finding.message(message));
    }
    match after.keep {
        true => {
            let finding = findings.check("kept", Status::Skipped);
            findings.add(finding.message("no database was restored that could stay"))
        }
        false => Ok(()),
    }
}

/// Does with the restored database what was asked.
///
/// # Errors
/// When that can't be done; then nothing of it is left, and the error says what the live one is like.
pub fn settle(
    target: Target,
    manifest: Option<&Manifest>,
    after: &After,
    watch: &mut Watch,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<()> {
    if let Some(live) = &after.promote {
        return promote(target, live, manifest, after, watch, context, findings);
    }
    watch.end()?;
    if after.keep && target.is_restored() {
        return keep(target, after, context, findings);
    }
    target.clean()
}

fn keep(
    target: Target,
    after: &After,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let name = target.database().name().to_string();
    let server = Arc::clone(target.database().server());
    target.keep()?;
    report_kept(&server, &name, after, context, findings)
}

/// Says how to reach a database that stays, and for how long.
pub fn report_kept(
    server: &Server,
    name: &str,
    after: &After,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let until = match (server.is_ours(), after.keep_for) {
        (false, _) => "until somebody drops it".to_string(),
        (true, None) => "until a signal comes".to_string(),
        (true, Some(duration)) => {
            format!(
                "for {}, or until a signal comes",
                units::human_duration(duration)
            )
        }
    };
    let conninfo = server.conninfo(name);
    context.note(format!("the restored database is kept {until}: {conninfo}"));
    let mut finding = findings.check("kept", Status::Ok).object(name);
    finding.actual = Some(conninfo);
    findings.add(finding.message(format!("kept {until}; actual is how to reach it")))
}

fn promote(
    mut target: Target,
    live: &str,
    manifest: Option<&Manifest>,
    after: &After,
    watch: &mut Watch,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<()> {
    origin(live, &target, manifest, findings)?;
    likeness(live, &target, findings)?;
    if let Some(why) = findings.unproved(&after.accepted) {
        let refused = findings.check("promote", Status::Skipped).object(live);
        let message = format!(
            "{} stays as it is, for not everything was proved: {why}",
            quote_identifier(live)
        );
        findings.unprovable(&message);
        findings.add(refused.message(message))?;
        watch.end()?;
        return target.clean();
    }
    if !after.dry_run {
        // What stands in the way is looked for after it: it can take an hour.
        target.analyze()?;
    }
    let promotion = target.plan_promotion(live, after)?;
    let mut remarks = String::new();
    for accepted in findings.skipped() {
        remarks.push_str(&format!("; accepted: {accepted}"));
    }
    let finding = findings.check("promote", Status::Ok).object(live);
    if after.dry_run {
        watch.end()?;
        findings.add(finding.message(promotion.words(false) + &remarks))?;
        return target.clean();
    }
    target.let_through()?;
    // From here on it is brought to an end, which takes a minute at most.
    watch.end()?;
    signals::check()?;
    for role in &target.created_roles {
        context.warn(format!("role {role} was created, without login"));
    }
    target.promote(&promotion, context)?;
    findings.add(finding.message(promotion.words(true) + &remarks))
}

/// Looks whether the restored database is like the one whose place it takes.
fn likeness(live: &str, target: &Target, findings: &mut Findings<'_>) -> Result<()> {
    for difference in target.unlike()? {
        let finding = findings.check(difference.check, Status::Skipped);
        let finding = finding.object(live);
        // What is expected is what the place had.
        let finding = finding.compared(difference.live, difference.restored);
        findings.add(finding.message(difference.words))?;
    }
    Ok(())
}

/// Looks whether the backup is one of that database, and all of it.
fn origin(
    live: &str,
    target: &Target,
    manifest: Option<&Manifest>,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let told = manifest.and_then(|manifest| manifest.database.as_deref());
    let database = told.or(target.source.as_deref());
    if let Some(other) = database.filter(|database| *database != live) {
        let finding = findings.check("origin", Status::Skipped).object(other);
        let message = format!(
            "the backup is of this one, not of {}",
            quote_identifier(live)
        );
        findings.add(finding.message(message))?;
    }
    if database.is_none() {
        let finding = findings.check("origin", Status::Skipped);
        findings.add(finding.message("nothing tells of which database the backup is"))?;
    }
    let selection = manifest.map_or(&[][..], |manifest| &manifest.selection);
    if !selection.is_empty() {
        let finding = findings.check("selection", Status::Skipped);
        let options = selection.join(" ");
        let message = format!("the backup does not hold everything, but what {options} chose");
        findings.add(finding.message(message))?;
    }
    Ok(())
}
