//! `--drift`: whether a database is what its migrations make.
//!
//! They are run on a throw-away server of the same major version, and both are read back by the same pg_dump. Nothing
//! is written to the database; pg_dump takes the weakest lock on each table, and waits for it for ten seconds at most.

mod patience;
mod record;
mod scope;
mod states;

use shared::cli::Context;
use shared::connection::{Conninfo, Environment, Need, Session, SessionOptions};
use shared::dump::Schema;
use shared::records::Writer;
use shared::{Context as _, Error, Exit, Result, signals};

use crate::apply::{Script, refuse_outside};
use crate::cli::Options;
use crate::history::{self, State, Told};
use crate::layout::{Kind, Migration, Project};
use crate::site::Site;
use crate::unsaid::Unsaid;
use crate::{asked, definitions};
use patience::Patience;
pub use record::{Drift, FIELDS, TELLING};
use scope::Scope;
use states::States;

/// Neither owners and rights nor where files are is what migrations say for every server alike; a subscription is one
/// server's.
const OPTIONS: &[&str] = &[
    "--no-owner",
    "--no-privileges",
    "--no-tablespaces",
    "--no-security-labels",
    "--no-subscriptions",
];

/// Compares, and writes what differs.
pub fn find(options: &Options, context: &Context) -> Result<Exit> {
    history::refuse_formats(context)?;
    let mut projects = asked::projects(options, context)?;
    let server = history::read_all(&mut projects, options, context)?;
    let mut site = Site::start(Some(server.major), options, context)?;
    let database = site.create()?;
    let mut scope = Scope {
        ignored: options.ignored.iter().cloned().map(Into::into).collect(),
        ..Scope::default()
    };
    for (project, told) in projects.iter().zip(&server.told) {
        if let Some(told) = told {
            scope.schemas.extend(told.own_schema().map(str::to_string));
            scope.tables.extend(told.tables());
        }
        let known = told.as_ref().filter(|told| told.is_known());
        if let (None, Some(place)) = (known, told.as_ref().and_then(|told| told.place.as_ref())) {
            context.warn(format!(
                "the role may not read {place}: with SELECT on it, only what is applied would be compared"
            ));
        }
        build(&mut site, &database, project, known, (options, context))?;
    }
    let mut built = site.schema(&database, OPTIONS)?;
    let need = Need::Session;
    let conninfo = Conninfo::resolve(&context.common.connect, &Environment::of_process(), need)?;
    let mut live = live(&site, &conninfo)?;
    let mut of_built = site.client(&database)?;
    let mut of_live = Session::open(&conninfo, &gentle())?.into_client();
    States::add(
        (&mut built, States::of(&mut of_built)?),
        (&mut live, States::of(&mut of_live)?),
    );
    let (mut made, mut there) = (Unsaid::of(&mut of_built)?, Unsaid::of(&mut of_live)?);
    let usual = made.forget_usual_versions(&mut there);
    if !usual.is_empty() {
        context.remark(format!(
            "{}: another version there than here, and each is what its server installs: not compared",
            usual.join(", ")
        ));
    }
    made.add(&mut built);
    there.add(&mut live);
    scope.limit(&mut built);
    scope.limit(&mut live);
    for pattern in scope.unfitting() {
        context.remark(format!(
            "--ignore {pattern}: there is no such object, neither here nor there"
        ));
    }
    let foreign = scope::without_foreign_extensions(&mut live, &built);
    if !foreign.is_empty() {
        context.remark(format!(
            "{} {} there, and no migration creates {}: left out",
            foreign.join(", "),
            if foreign.len() == 1 { "is" } else { "are" },
            if foreign.len() == 1 { "it" } else { "them" },
        ));
    }
    let mut writer: Writer<Drift> = context.records().telling(TELLING);
    let mut differences = built.differences(&live);
    states::join_checks(&mut differences);
    let count = differences.len();
    for difference in differences {
        writer.write(&Drift::of(difference, conninfo.database()))?;
    }
    writer.finish()?;
    context.note(format!(
        "{count} of {} objects differ",
        built.count().max(live.count())
    ));
    Ok(match count {
        0 => Exit::Ok,
        _ => Exit::Found,
    })
}

fn gentle() -> SessionOptions {
    SessionOptions {
        read_only: true,
        ..SessionOptions::default()
    }
}

/// What the database has.
fn live(site: &Site, conninfo: &Conninfo) -> Result<Schema> {
    let name = format!("pg-migrate-lint --drift {}", std::process::id());
    let mut environment = conninfo.child_environment();
    environment.push(("PGAPPNAME".into(), Some(name.clone().into())));
    let patience = Patience::start(Session::open(conninfo, &gentle())?, name);
    let way = (environment, conninfo.child_arguments());
    let live = definitions::of(site.pg_dump(), way, OPTIONS);
    let was_ended = patience.end();
    signals::check()?;
    if was_ended? {
        let error = Error::new(format!(
            "database {:?}: pg_dump waited for a lock for ten seconds, and was ended so that nobody waits behind it",
            conninfo.database()
        ));
        return Err(error.with_hint("pg-lock-kill shows who holds it"));
    }
    let live = live.context(|| format!("database {:?}", conninfo.database()));
    live.map_err(|error| match error.in_one_line().contains("permission denied") {
        true => error.with_hint(
            "pg_dump locks each table: grant SELECT on all to the role, or pg_read_all_data from PostgreSQL 14 on",
        ),
        false => error,
    })
}

/// Runs the migrations that are applied there, or all where nobody knows which.
fn build(
    site: &mut Site,
    database: &str,
    project: &Project,
    told: Option<&Told>,
    (options, context): (&Options, &Context),
) -> Result<()> {
    let migrations = match told {
        Some(told) => applied(project, told, context)?,
        None => {
            let root = project.root.display();
            context.remark(format!(
                "which migrations of {root} are applied is not known: all of them are compared"
            ));
            project.migrations.iter().collect()
        }
    };
    let runs = |one: &&&Migration| matches!(one.kind, Kind::Versioned | Kind::Repeatable);
    for migration in migrations.iter().filter(runs) {
        let scripts = Script::up(project.layout, migration, options)?;
        refuse_outside(&scripts)?;
        if let Some(failure) = site.run(database, &scripts, context)? {
            let error = Error::from(failure);
            let words = || {
                "the migrations do not run on an empty database of a throw-away server".to_string()
            };
            let failed: Result<()> = Err(error);
            let failed = failed.context(words);
            return failed.map_err(|error| {
                error.with_hint(
                "--setup FILE makes there what they take for granted: extensions, schemas, roles"
            )
            });
        }
    }
    Ok(())
}

fn applied<'a>(project: &'a Project, told: &Told, context: &Context) -> Result<Vec<&'a Migration>> {
    let mut left = 0;
    let mut applied = Vec::new();
    for entry in told.entries(project)? {
        match (entry.state, entry.migration) {
            (State::Applied | State::Edited, Some(migration)) => applied.push(migration),
            (State::MissingHere | State::Failed | State::Dirty, _) => {
                let words = entry.message.unwrap_or(entry.version);
                context.warn(format!("{words}: what it did there is taken for drift"));
            }
            _ => left += 1,
        }
    }
    let place = |one: &&Migration| {
        let migrations = &project.migrations;
        migrations
            .iter()
            .position(|other| std::ptr::eq(other, *one))
    };
    applied.sort_by_key(place);
    if left > 0 {
        let count = applied.len();
        context.remark(format!(
            "{count} migrations are applied there and compared; {left} are not"
        ));
    }
    Ok(applied)
}
