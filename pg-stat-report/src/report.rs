//! The report: what was asked for, of every server that was named.

use shared::cli::Context;
use shared::{Error, Exit, Result, signals};

use crate::baseline::{self, Earlier};
use crate::cli::Options;
use crate::look::{Part, Plan, Seen};
use crate::output;
use crate::patience::Patience;
use crate::section::{Gather, Section, Source};
use crate::sections::{logs, ping};
use crate::{narrow, servers, target, verdict};

/// Looks, and writes what was seen.
pub fn report(options: &Options, context: &Context) -> Result<Exit> {
    if let Some(format) = context
        .extra_format()
        .filter(|_| !options.sections.is_empty())
    {
        return Err(Error::usage(format!("-o {format} is for checks"))
            .with_hint("sections are written as jsonl, json, csv or table"));
    }
    if options.sections.is_empty() && verdict::chosen(options).is_empty() {
        return Err(Error::usage("no check is left to ask")
            .with_hint("--skip, or a file (--config), leaves out all that are asked for"));
    }
    let earlier = Earlier::open(options, context)?;
    let needed = sections_needed(options, &earlier);
    let targets = match needed.is_empty() {
        true => Vec::new(),
        false => target::targets(options, context)?,
    };
    let plan = Plan {
        is_judged: options.sections.is_empty(),
        narrow: narrow::sections(options),
        sections: needed,
        all_databases: options.all_databases,
        jobs: options.jobs(),
        asked: (!is_only_ping(options)).then(Default::default),
        patience: Patience::new(options.timeout, options.end),
        given: options.given,
        report: context.report().clone(),
    };
    let mut seen = servers::look_at_all(&targets, &plan, options.targets_at_once());
    let silent = targets.iter().zip(&seen);
    let silent = silent.filter(|(_, seen)| seen.is_err());
    let silent: Vec<_> = silent.map(|(target, _)| target).collect();
    if !is_only_ping(options) {
        seen = servers::one_for_each(seen);
    }
    if earlier.is_asked() || asked(options).any(|section| section.compares().is_some()) {
        for seen in seen.iter_mut().flatten() {
            earlier.date(seen);
            let parts = earlier.compare(seen, options);
            seen.parts.extend(parts);
        }
    }
    let kept = earlier.keep(&seen);
    signals::check()?;
    if is_only_ping(options) {
        for (looked, target) in seen.iter_mut().zip(&targets) {
            if let Err(error) = looked {
                *looked = ping::unreachable(target, error);
            }
        }
    }
    // What could not be kept is as bad as a server that could not be asked, and is said beside the rest.
    seen.extend(kept.err().map(Err));
    seen.extend(log(options));
    match options.sections.is_empty() {
        true => verdict::judge(options, context, seen, &silent),
        false => sections(options, context, seen),
    }
}

/// The sections that were named, or that the checks judge.
fn asked(options: &Options) -> impl Iterator<Item = &'static Section> {
    let sections = match options.sections.is_empty() {
        true => verdict::sections(&verdict::chosen(options)),
        false => options.sections.clone(),
    };
    sections.into_iter()
}

/// What servers have to be asked for, each once.
fn sections_needed(options: &Options, earlier: &Earlier) -> Vec<&'static Section> {
    let compared = asked(options).filter_map(Section::compares).flatten();
    let kept = baseline::SECTIONS.iter().chain(baseline::SETTINGS);
    let kept = kept.filter(|_| earlier.is_asked());
    let mut needed: Vec<&'static Section> = Vec::new();
    for section in asked(options).chain(compared.copied()).chain(kept.copied()) {
        let is_new = needed.iter().all(|other| other.name != section.name);
        if is_new && !section.is_input() && section.compares().is_none() {
            needed.push(section);
        }
    }
    needed
}

fn is_only_ping(options: &Options) -> bool {
    matches!(options.sections.as_slice(), [section] if section.name == ping::SECTION.name)
}

/// The server's log, where checks judge it.
fn log(options: &Options) -> Option<Result<Seen>> {
    let is_judged = options.sections.is_empty()
        && verdict::chosen(options)
            .iter()
            .any(|check| check.source() == Source::Log);
    is_judged.then(|| logs::look(options))
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
    // Others were looked at for what is compared, and nobody asked for them.
    let is_asked = |part: &&Part| {
        let mut asked = options.sections.iter();
        asked.any(|section| section.name == part.section.name)
    };
    for part in parts.iter().filter(is_asked) {
        if let Err(error) = &part.rows {
            let place = part.database.as_ref();
            let place = place.map(|name| format!(" in database \"{name}\""));
            let hint = error.hint().map(|hint| format!("; {hint}"));
            context.warn(format!(
                "section {}{}: {}{}",
                part.section.name,
                place.unwrap_or_default(),
                error.in_one_line(),
                hint.unwrap_or_default()
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
