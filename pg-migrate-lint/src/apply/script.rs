//! A part of a migration, read and cut as its framework would send it.

use shared::{Error, Result};

use super::step::{Sort, Step};
use super::{rows, template};
use crate::cli::Options;
use crate::layout::{self, Layout, Migration, Part};
use crate::parse;
use crate::session::Wrapping;
use crate::source::Source;

/// What is sent to the server at one go, with its own transactions or in one.
#[derive(Debug)]
pub struct Script {
    /// Whose it is.
    pub layout: Layout,
    /// The file; what of it does not run is blank.
    pub source: Source,
    /// How it is put into transactions. Scripts after one another that are of [`Wrapping::All`] share one.
    pub wrapping: Wrapping,
    /// Its statements, in order.
    pub steps: Vec<Step>,
}

impl Script {
    /// What runs on the way up.
    ///
    /// # Errors
    /// Where a file can't be read, or is not what would be sent: it has templates, commands of psql, or is no UTF-8.
    pub fn up(layout: Layout, migration: &Migration, options: &Options) -> Result<Vec<Self>> {
        let parts = migration.up.iter();
        parts.map(|part| Self::of(layout, part, options)).collect()
    }

    /// What runs on the way back; nothing where there is no way back.
    ///
    /// # Errors
    /// As [`Script::up`].
    pub fn down(layout: Layout, migration: &Migration, options: &Options) -> Result<Vec<Self>> {
        let parts = migration.down.iter();
        parts.map(|part| Self::of(layout, part, options)).collect()
    }

    fn of(layout: Layout, part: &Part, options: &Options) -> Result<Self> {
        let name = part.path.display().to_string();
        Self::new(layout, name, part.visible()?, options.wrapping(own(part)))
    }

    /// Of a text.
    ///
    /// # Errors
    /// As [`Script::up`].
    pub fn new(layout: Layout, name: String, bytes: Vec<u8>, wrapping: Wrapping) -> Result<Self> {
        let is_text = std::str::from_utf8(&bytes).is_ok();
        let source = Source::new(name, bytes);
        if let Some(error) = template::refusal(layout, &source) {
            return Err(error);
        }
        if !is_text {
            let error = Error::new(format!("{} is not in UTF-8", source.path));
            return Err(error.with_hint("save it as UTF-8: servers refuse it otherwise"));
        }
        let steps = steps(layout, &source)?;
        Ok(Self {
            layout,
            source,
            wrapping,
            steps,
        })
    }
}

fn own(part: &Part) -> Wrapping {
    match part.wrapping {
        layout::Wrapping::AllInOne => Wrapping::All,
        layout::Wrapping::PerFile => Wrapping::File,
        layout::Wrapping::ImplicitMultiStatement => Wrapping::Implicit,
        layout::Wrapping::None => Wrapping::None,
    }
}

fn steps(layout: Layout, source: &Source) -> Result<Vec<Step>> {
    let parsed = parse::parse(source, &source.statements);
    let by_psql = template::is_run_by_psql(layout);
    let mut steps = Vec::with_capacity(parsed.len());
    for (statement, parsed) in source.statements.iter().zip(parsed) {
        let place = statement.start()..statement.end();
        // psql takes its commands out of a statement; the others know none.
        let text = match by_psql {
            true => source.parsable(statement),
            false => source.text.get(place.clone()).unwrap_or_default(),
        };
        let rows = rows::wanted(&parsed, text);
        if rows && !by_psql {
            let line = source.lines().line(place.start);
            return Err(Error::new(format!(
                "{}:{line}: COPY … FROM stdin waits for rows, and {} sends none",
                source.path,
                layout.title()
            )));
        }
        steps.push(Step {
            text: text.to_string(),
            sort: Sort::of(&parsed),
            rows: rows.then(|| rows::behind(source, place.end)),
            parsed,
            place,
        });
    }
    Ok(steps)
}
