//! The report: what was asked for, of every server that was named.

use std::thread;
use std::time::{Duration, Instant};

use shared::cli::Context;
use shared::connection::{Conninfo, within};
use shared::error::Kind;
use shared::{Error, Exit, Result};

use crate::baseline::Baseline;
use crate::cli::Options;
use crate::look::{self, Part, Plan, Seen};
use crate::output;
use crate::section::Gather;
use crate::sections::ping;
use crate::server::Patience;
use crate::{target, verdict};

/// So long after the end an answer may be under way.
const GRACE: Duration = Duration::from_secs(1);

/// Looks, and writes what was seen.
pub fn report(options: &Options, context: &Context) -> Result<Exit> {
    if let Some(format) = context
        .extra_format()
        .filter(|_| !options.sections.is_empty())
    {
        return Err(Error::usage(format!("-o {format} is for checks"))
            .with_hint("sections are written as jsonl, json, csv or table"));
    }
    let mut sections_needed = match options.sections.is_empty() {
        true => verdict::sections(&verdict::chosen(options)),
        false => options.sections.clone(),
    };
    let compared = sections_needed
        .iter()
        .copied()
        .find(|section| section.compares().is_some());
    for section in compared
        .and_then(|section| section.compares())
        .unwrap_or_default()
    {
        if !sections_needed
            .iter()
            .any(|other| other.name == section.name)
        {
            sections_needed.push(section);
        }
    }
    sections_needed.retain(|section| !section.is_input() && section.compares().is_none());
    let baseline = options.baseline.as_ref();
    let baseline = baseline
        .map(|path| Baseline::read(path, context))
        .transpose()?;
    let targets = match sections_needed.is_empty() {
        true => Vec::new(),
        false => target::targets(&options.targets, context)?,
    };
    let plan = Plan {
        sections: sections_needed,
        all_databases: options.all_databases,
        patience: Patience {
            section: options.timeout,
            end: options.end,
        },
    };
    let mut seen = look_at_all(&targets, &plan);
    if let Some(section) = compared {
        for seen in seen.iter_mut().flatten() {
            let part = match &baseline {
                Some(baseline) => baseline.compare(seen),
                None => Part {
                    section,
                    database: None,
                    rows: Err(
                        Error::new("there is no earlier report to compare with").with_hint(
                            "--baseline FILE names one: the records of databases and tables",
                        ),
                    ),
                },
            };
            seen.parts.push(part);
        }
    }
    if is_only_ping(options) {
        for (looked, target) in seen.iter_mut().zip(&targets) {
            if let Err(error) = looked {
                *looked = ping::unreachable(target, error);
            }
        }
    }
    match options.sections.is_empty() {
        true => verdict::judge(options, context, seen),
        false => sections(options, context, seen),
    }
}

fn is_only_ping(options: &Options) -> bool {
    matches!(options.sections.as_slice(), [section] if section.name == ping::SECTION.name)
}

/// All servers at the same time; in their order.
fn look_at_all(targets: &[Conninfo], plan: &Plan) -> Vec<Result<Seen>> {
    if let [target] = targets {
        return vec![look_in_time(target, plan)];
    }
    thread::scope(|scope| {
        let looks: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(move || look_in_time(target, plan)))
            .collect();
        let looks = looks.into_iter().map(|look| {
            let died = |_| Err(Error::new("the look at this server broke off"));
            look.join().unwrap_or_else(died)
        });
        looks.collect()
    })
}

/// Looks at one server, and leaves it where it does not answer at all by the end.
fn look_in_time(target: &Conninfo, plan: &Plan) -> Result<Seen> {
    let Some(end) = plan.patience.end else {
        return look::look(target, plan);
    };
    // The server itself ends statements at that time, and then there is something to show.
    let left = end.saturating_duration_since(Instant::now()) + GRACE;
    let (target, plan) = (target.clone(), plan.clone());
    match within(Some(left), move || look::look(&target, &plan)) {
        Ok(looked) => looked,
        Err(error) if error.kind() == Kind::Interrupted => Err(error),
        Err(_) => Err(Error::new(
            "the server did not answer before the end of --deadline",
        )),
    }
}

/// The rows of those sections that are not a server's.
fn inputs(options: &Options) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for section in &options.sections {
        if let Gather::Input(read) = section.gather {
            let rows = Ok(read(section, options)?);
            parts.push(Part {
                section,
                database: None,
                rows,
            });
        }
    }
    Ok(parts)
}

/// Writes the rows of each section; what could not be seen is named, and makes the report incomplete.
fn sections(options: &Options, context: &Context, seen: Vec<Result<Seen>>) -> Result<Exit> {
    let is_one = seen.len() == 1;
    let mut exit = Exit::Ok;
    let mut parts = inputs(options)?;
    for seen in seen {
        match seen {
            Ok(seen) => parts.extend(seen.parts),
            Err(error) if is_one => return Err(error),
            Err(error) => {
                context.warn(error.in_one_line());
                exit = Exit::Incomplete;
            }
        }
    }
    for part in &parts {
        if let Err(error) = &part.rows {
            let place = part.database.as_ref();
            let place = place.map(|name| format!(" in database \"{name}\""));
            context.warn(format!(
                "section {}{}: {}",
                part.section.name,
                place.unwrap_or_default(),
                error.in_one_line()
            ));
            exit = Exit::Incomplete;
        }
    }
    let is_unhealthy = ping::is_unhealthy(&parts);
    output::sections(options, context, parts)?;
    Ok(match is_unhealthy {
        true => Exit::Found,
        false => exit,
    })
}
