//! The ways back of migrations: named ([`plan`]), and tried ([`check()`]).
//!
//! `--rollback-plan`: the ways back of migrations, the newest first, with what each statement locks and loses,
//! and which migrations have none.
//!
//! Without a server all that was named is taken for applied; with one, what the framework's history says.

mod check;
mod checked;
mod globals;
mod large_objects;
mod numbered;
mod positions;
mod record;
mod rows;
mod seed;
mod way;

use std::collections::{HashMap, HashSet};

use shared::cli::Context;
use shared::records::Writer;
use shared::{Error, Exit, Result};

use crate::apply;
use crate::asked;
use crate::cli::Options;
use crate::effects::Version;
use crate::finding::{Finding, Severity};
use crate::history;
use crate::layout::{Kind, Layout, Migration, Project};
use crate::lint::{Linter, Role, Seen, Step};
use crate::pipeline::{self, Content, Input, Part};
use crate::run;
use crate::said::Said;
use crate::source::Source;
use crate::suppress::Suppressions;
pub use check::check;
#[cfg(test)]
pub use checked::Checked;
pub use checked::FIELDS as CHECKED_FIELDS;
pub use record::{FIELDS, Record, TELLING};
use way::Stop;

/// So many migrations without a way back are named on stderr.
const NAMED: usize = 10;

/// Writes the plan.
pub fn plan(options: &Options, context: &Context) -> Result<Exit> {
    history::refuse_formats(context)?;
    let mut projects = asked::projects(options, context)?;
    let mut version = options.version(None);
    let ways = match run::names_server(context) {
        Some(_) => {
            let server = history::read_all(&mut projects, options, context)?;
            version = options.version(Some(Version::major(server.major)));
            let both = projects.iter().zip(server.told.iter().flatten());
            both.map(|(project, told)| way::of_server(project, told, options.to.as_deref()))
                .collect::<Result<Vec<_>>>()?
        }
        None => {
            history::tell(&projects, context);
            let ways = projects.iter();
            ways.map(|project| way::of_folder(project, options.to.as_deref()))
                .collect::<Result<Vec<_>>>()?
        }
    };
    if let (Some(_), [_, second, ..]) = (&options.to, projects.as_slice()) {
        let error = Error::usage("--to is of one project, and several are named");
        return Err(error.with_hint(format!("{} is another one", second.root.display())));
    }
    let mut planner = Planner::new(Linter::new(options.rules(), version));
    let mut inputs = Vec::new();
    for (number, (project, way)) in projects.iter().zip(&ways).enumerate() {
        planner.expect(project, way, number, options, &mut inputs);
    }
    pipeline::run(inputs, |part| planner.part(part?))?;
    write(planner.finish(&ways), options, context)
}

fn write(records: Vec<Record>, options: &Options, context: &Context) -> Result<Exit> {
    let mut writer: Writer<Record> = context.records().telling(TELLING);
    for record in &records {
        writer.write(record)?;
    }
    writer.finish()?;
    let severity = |record: &Record| record.severity.as_deref().and_then(Severity::from_name);
    let is_bad = |record: &&Record| {
        severity(record).is_some_and(|severity| options.fail_on().counts(severity))
    };
    let errors = records
        .iter()
        .filter(|record| severity(record) == Some(Severity::Error));
    let errors: Vec<&str> = errors
        .filter_map(|record| record.message.as_deref())
        .collect();
    for words in errors.iter().take(NAMED) {
        context.report().error(&Error::new(*words));
    }
    if errors.len() > NAMED {
        context.warn(format!("and {} more", errors.len() - NAMED));
    }
    let migrations = records.last().map_or(0, |record| record.step);
    context.note(format!("{migrations} migrations to take back"));
    Ok(match records.iter().any(|record| is_bad(&record)) {
        true => Exit::Found,
        false => Exit::Ok,
    })
}

/// What goes through the ways there, and then through those back.
struct Planner {
    linter: Linter,
    suppressions: Suppressions,
    said: Said,
    /// What is said once in a run, and was.
    of_run: HashSet<&'static str>,
    /// The stop that a step of the linter stands for: its project's number, and its own.
    stops: HashMap<usize, (usize, usize)>,
    drafts: HashMap<(usize, usize), Vec<Draft>>,
    /// Of each project.
    layouts: Vec<Layout>,
    steps: usize,
}

/// A record, until it is known what of its findings stays true.
struct Draft {
    record: Record,
    findings: Vec<Finding>,
}

impl Planner {
    fn new(mut linter: Linter) -> Self {
        linter.watch();
        Self {
            linter,
            suppressions: Suppressions::default(),
            said: Said::default(),
            of_run: HashSet::new(),
            stops: HashMap::new(),
            drafts: HashMap::new(),
            layouts: Vec::new(),
            steps: 0,
        }
    }

    /// Puts what is read of a project in order: what was run there, then what leads back.
    fn expect(
        &mut self,
        project: &Project,
        way: &way::Way,
        number: usize,
        options: &Options,
        inputs: &mut Vec<Input>,
    ) {
        self.layouts.push(project.layout);
        let mut step = Step {
            project: number + 1,
            has_gap: project.has_gaps,
            role: Role::History,
            ..Step::default()
        };
        let runs = |one: &&&Migration| matches!(one.kind, Kind::Versioned | Kind::Repeatable);
        for migration in way.there.iter().filter(runs) {
            self.steps += 1;
            step.migration = self.steps;
            for part in &migration.up {
                let content = Content::File(part.clone());
                inputs.push(Input { content, step });
            }
        }
        step.role = Role::Asked;
        for (place, stop) in way.back.iter().enumerate() {
            self.steps += 1;
            step.migration = self.steps;
            self.stops.insert(self.steps, (number, place));
            for part in stop.down() {
                let own = asked::wrapping(part.wrapping, false);
                step.wrapping = options.wrapping(own);
                let content = Content::File(part.clone());
                inputs.push(Input { content, step });
            }
        }
    }

    fn part(&mut self, part: Part) -> Result<()> {
        let source = &*part.source;
        if part.first == 0 {
            self.linter.start(source, part.step);
            self.suppressions = Suppressions::of(source);
            self.said = Said::default();
        }
        if part.step.role == Role::History {
            self.linter.remember(&part.parsed);
            return Ok(());
        }
        let Some(stop) = self.stops.get(&part.step.migration).copied() else {
            return Ok(());
        };
        if part.first == 0 {
            let layout = self.layouts.get(stop.0);
            let refused = layout.and_then(|layout| apply::command_of_psql(*layout, source));
            if let Some((line, words)) = refused {
                let draft = Draft {
                    record: Record::refused(source, line, words),
                    findings: Vec::new(),
                };
                self.drafts.entry(stop).or_default().push(draft);
            }
            for finding in self.linter.unread(source) {
                let draft = self.draft(source, finding.start, finding.end, vec![finding]);
                self.drafts.entry(stop).or_default().push(draft);
            }
        }
        self.linter.expect(part.ahead);
        for (place, parsed) in part.parsed.into_iter().enumerate() {
            let number = part.first + place;
            let Some(statement) = source.statements.get(number) else {
                continue;
            };
            let mut found = Vec::new();
            self.linter.look(source, number, parsed, &mut found);
            let draft = self.draft(source, statement.start(), statement.end(), found);
            self.drafts.entry(stop).or_default().push(draft);
        }
        Ok(())
    }

    fn draft(&mut self, source: &Source, start: usize, end: usize, found: Vec<Finding>) -> Draft {
        let mut findings = found;
        findings.retain(|finding| !self.suppressions.silences(finding));
        findings.retain(|finding| match finding.rule.is_of_run() {
            true => self.of_run.insert(finding.rule.name),
            false => self.said.is_first(finding),
        });
        let seen: Vec<Seen> = self.linter.seen();
        Draft {
            record: Record::of_statement(source, start, end, seen),
            findings,
        }
    }

    /// All is read: the records of all stops, in order.
    fn finish(mut self, ways: &[way::Way]) -> Vec<Record> {
        let settled = self.linter.finish();
        let mut records = Vec::new();
        let mut step = 0;
        for (number, way) in ways.iter().enumerate() {
            for (place, stop) in way.back.iter().enumerate() {
                step += 1;
                let drafts = self.drafts.remove(&(number, place)).unwrap_or_default();
                records.extend(of_stop(stop, step, drafts, &settled));
            }
        }
        records
    }
}

fn of_stop(stop: &Stop, step: usize, drafts: Vec<Draft>, settled: &HashSet<usize>) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for draft in drafts {
        let mut record = draft.record;
        let mut findings = draft.findings;
        findings.retain(|finding| {
            finding
                .pending
                .is_none_or(|number| !settled.contains(&number))
        });
        record.say(&findings);
        records.push(record);
    }
    if records.is_empty() || stop.note.is_some() {
        match (records.first_mut(), &stop.note) {
            (Some(first), Some(note)) => first.warn(note),
            _ => records.push(Record::without_statement(stop)),
        }
    }
    for record in &mut records {
        record.stand(stop, step);
    }
    records
}
