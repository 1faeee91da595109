//! What becomes of a restored database: it is dropped, kept, or takes the place of a live one.

use std::sync::Arc;

use shared::cli::Context;
use shared::dump::quote_identifier;
use shared::{Result, units};

use crate::cli::After;
use crate::promotion::Promotion;
use crate::record::{Findings, Status};
use crate::restore::Target;
use crate::server::Server;

/// Does with the restored database what was asked.
///
/// # Errors
/// When that can't be done; then nothing of it is left, and the live one is as it was.
pub fn settle(
    target: Target,
    after: &After,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<()> {
    if let Some(live) = &after.promote {
        return promote(target, live, after.dry_run, context, findings);
    }
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
    is_dry: bool,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<()> {
    if let Some(why) = findings.unproved() {
        let refused = findings.check("promote", Status::Skipped).object(live);
        let message = format!(
            "{} stays as it is, for not everything was proved: {why}",
            quote_identifier(live)
        );
        findings.unprovable(&message);
        findings.add(refused.message(message))?;
        return target.clean();
    }
    let promotion = Promotion::plan(target.server(), live)?;
    let finding = findings.check("promote", Status::Ok).object(live);
    if is_dry {
        findings.add(finding.message(promotion.words(false)))?;
        return target.clean();
    }
    target.analyze()?;
    for role in &target.created_roles {
        context.warn(format!("role {role} was created, without login"));
    }
    target.promote(&promotion)?;
    findings.add(finding.message(promotion.words(true)))
}
