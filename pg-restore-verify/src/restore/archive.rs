//! Restores an archive with pg_restore, and keeps every error that it tells of.

mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use postgres::Client;
use shared::dump::{CopyTarget, QualifiedName, Schema, Toc};
use shared::programs::{Child, Program, set_environment};
use shared::{Error, Result};

use super::data;
use super::left_out::LeftOut;
use super::refusal::lacks_right;
use super::target::Target;
use super::{Part, Refusal, Restored, foreign, note_empty, script, stand_ins};
use crate::archive::{Archive, Kind};
use crate::choice::{self, Chosen};
use crate::contents::{Collector, Contents};
use crate::decoder::Decoder;
use crate::instants::InstantColumns;
use crate::source::{self, Converted};
use crate::threads::beside;
use words::{errors, is_deadlock, name_entry};

/// Restores the archive into the target's database, whose schema is already in
/// `collector`. Its rows and what follows them come by us on a server of ours; by pg_restore on those of others, or where
/// only a part was chosen, while they are read a second time for their digests.
pub fn restore_archive(
    pg_restore: &Program,
    archive: &Archive,
    target: &mut Target,
    mut collector: Collector,
    part: Part<'_>,
    jobs: usize,
) -> Result<Restored> {
    target.provide(&collector.contents().needs)?;
    if part.is_partial {
        stand_ins::schemas(&mut target.connect()?, &collector.contents().schema)?;
    }
    let mut run = Run {
        began: Instant::now(),
        pg_restore,
        archive,
        target: &*target,
        jobs,
        list: None,
        ordered: false,
        left_out: LeftOut::of(part.toc),
    };
    let Defined {
        mut told,
        mut chosen,
        reaching,
        in_one,
    } = run.define(&mut collector, part)?;
    let loadable = part.toc.filter(|toc| data::is_loadable(toc));
    let is_ours = part.choice.is_everything() && target.server().is_ours();
    let by_us = loadable.filter(|_| is_ours);
    let Loaded {
        mut damage,
        mut took,
        rest,
    } = match by_us {
        Some(toc) => run.load(toc, &mut collector, &mut told)?,
        None => run.restore(&mut collector, &mut told, &chosen, in_one, part.toc)?,
    };
    let mut early = None;
    if let Some(mut script) = rest {
        // Those that stood in each other's way come one after the other.
        let jobs = if by_us.is_some() { jobs } else { 1 };
        let began = Instant::now();
        let rest = script::restore_rest(script.script(), target, &mut collector, part, jobs)?;
        told.extend(rest.refusals);
        early = rest.early;
        took += began.elapsed();
        let read = rest.damage.map_or(Ok(()), |damage| Err(Error::new(damage)));
        damage = damage.or(script.end(read)?);
    }
    if damage.is_some() && by_us.is_none() {
        // What else pg_restore complains about in the file is of the same damage.
        told.retain(|told| told.message.contains("ERROR:"));
    }
    let mut contents = collector.finish();
    let entries = part.toc.into_iter().flat_map(Toc::entries);
    let tables = entries.filter(|(_, entry)| entry.kind == "TABLE DATA" && entry.copy.is_empty());
    let tables = tables.map(|(_, entry)| QualifiedName {
        schema: Some(entry.schema.clone()),
        name: entry.name.clone(),
    });
    note_empty(&mut contents, tables, target)?;
    for refusal in &mut told {
        name_entry(refusal, &contents.schema);
    }
    contents.held_off = target.held_off(&contents, &mut told)?;
    contents.held_off.others.extend(reaching);
    contents.withheld = target.withheld(&contents, &mut told)?;
    if part.is_partial {
        chosen.note_absent(&contents.schema);
    }
    Ok(Restored::new(contents, chosen, told, damage, took).with_early(early))
}

/// The data of what was chosen, as pg_restore's `--use-list` takes it.
fn data_of(
    archive: &Archive,
    toc: Option<&Toc>,
    chosen: &Chosen,
    decoder: &mut Decoder,
) -> Result<String> {
    let toc = toc.ok_or_else(|| {
        Error::new(format!(
            "{}: nothing can be chosen from an archive of this kind",
            archive.path.display()
        ))
        .with_detail("its table of contents can be read by pg_restore only")
    })?;
    if let Some(encoding) = toc.encoding() {
        decoder.declare(&encoding);
    }
    let mut list = String::new();
    for (id, entry) in toc.in_order() {
        let of_relation = matches!(entry.kind.as_str(), "TABLE DATA" | "SEQUENCE SET");
        let name = match CopyTarget::parse(&entry.copy) {
            Some(copy) => decoder.copy(&entry.copy, copy)?.table,
            None => QualifiedName {
                schema: Some(entry.schema.clone()),
                name: entry.name.clone(),
            },
        };
        if of_relation && chosen.holds(&name) {
            list.push_str(&format!("{id};\n"));
        }
    }
    Ok(list)
}

/// Whether an index or a trigger may be created as soon as its own table's rows are there, which
/// is what pg_restore waits for. Where it may need other tables' rows, all rows come first.
fn rest_is_bound_to_tables(client: &mut Client, schema: &Schema) -> Result<bool> {
    let asked = include_str!("../../sql/needs_all_rows.sql");
    let rows = client.query_typed(asked, &[])?;
    let needs_all: bool = rows.first().map_or(Ok(true), |row| row.try_get(0))?;
    Ok(!needs_all && !schema.constraints_call_functions())
}

struct Run<'a> {
    began: Instant,
    pg_restore: &'a Program,
    archive: &'a Archive,
    target: &'a Target,
    jobs: usize,
    /// The entries whose data is restored, where that is not all.
    list: Option<String>,
    /// Whether the tables' rows must come in the order of the archive, as without jobs.
    ordered: bool,
    left_out: LeftOut<'a>,
}

/// What came of the definitions.
struct Defined {
    told: Vec<Refusal>,
    chosen: Chosen,
    /// Materialised views that stay empty: they would be filled from elsewhere.
    reaching: BTreeSet<QualifiedName>,
    /// Whether pg_restore may bring rows and what follows them in one run.
    in_one: bool,
}

/// What came of the rows, and what is left to do.
struct Loaded {
    damage: Option<String>,
    /// Since the restore began.
    took: Duration,
    rest: Option<Converted>,
}

impl Run<'_> {
    /// Restores the definitions, and looks at what was defined: how the rows may come depends on it.
    fn define(&mut self, collector: &mut Collector, part: Part<'_>) -> Result<Defined> {
        let server = self.target.server();
        let beyond = match server.is_ours() {
            true => self.left_out.bound_on_own(),
            false => self.bound(collector.contents())?,
        };
        let mut told = self.section(&["--section=pre-data"])?;
        let is_right = |refusal: &Refusal| lacks_right(None, &refusal.message);
        if !server.is_ours() && told.iter().any(is_right) {
            // More will be refused, and what several jobs say at once is mixed.
            self.jobs = 1;
        }
        self.target.hold_off_foreign()?;
        told.extend(beyond);
        let mut client = self.target.connect()?;
        let reaching = self
            .left_out
            .leave_empty(&foreign::reaching_views(&mut client)?);
        let chosen = Chosen::resolve(&mut client, part.choice, &told)?;
        if chosen.is_part() {
            let mut decoder = self.target.decoder();
            self.list = Some(data_of(self.archive, part.toc, &chosen, &mut decoder)?);
        }
        collector.set_instants(InstantColumns::of(&mut client)?);
        let ordered = client.query_typed_one(include_str!("../../sql/rows_need_order.sql"), &[])?;
        self.ordered = ordered.try_get(0)?;
        let in_any_order = part.choice.is_everything() && !self.ordered;
        let schema = &collector.contents().schema;
        Ok(Defined {
            in_one: in_any_order && rest_is_bound_to_tables(&mut client, schema)?,
            told,
            chosen,
            reaching,
        })
    }

    /// Leaves out what would reach out of the database on a server that others use.
    fn bound(&mut self, definitions: &Contents) -> Result<Vec<Refusal>> {
        let beyond = self.left_out.bound(definitions)?;
        if self.left_out.may_have_statements() {
            let mut rows = Collector::bounded();
            // Damage is told of when they are read the next time.
            self.read_data(&mut rows)?;
            LeftOut::bound_rows(&rows.finish())?;
        }
        Ok(beyond)
    }

    /// Loads the rows, and leaves other data to pg_restore.
    fn load(
        &mut self,
        toc: &Toc,
        collector: &mut Collector,
        told: &mut Vec<Refusal>,
    ) -> Result<Loaded> {
        let began = self.began;
        let damaged = |damage| Loaded {
            damage: Some(damage),
            took: began.elapsed(),
            rest: None,
        };
        let data = match source::data(self.archive)? {
            Ok(Some(data)) => data,
            Ok(None) => return Err(Error::new("the archive was exchanged meanwhile")),
            Err(damage) => return Ok(damaged(damage.in_one_line())),
        };
        let decoder = self.decoder(collector);
        let (jobs, ordered) = (self.jobs, self.ordered);
        let loaded = data::load(data, self.target, jobs, ordered, decoder, collector)?;
        told.extend(loaded.refusals);
        if let Some(damage) = loaded.damage {
            return Ok(damaged(damage));
        }
        self.list = data::other_data(toc);
        if self.list.is_some() {
            told.extend(self.section(&["--section=data", &self.parallel()])?);
        }
        Ok(Loaded {
            damage: None,
            took: self.began.elapsed(),
            rest: Some(self.rest()?),
        })
    }

    /// Leaves the rows and what follows them to pg_restore, while they are read for their digests.
    fn restore(
        &self,
        collector: &mut Collector,
        told: &mut Vec<Refusal>,
        chosen: &Chosen,
        in_one: bool,
        toc: Option<&Toc>,
    ) -> Result<Loaded> {
        let (read, rest) = beside(
            || self.read_data(collector),
            || {
                let told = self.data_and_rest(chosen, in_one)?;
                Ok::<_, Error>((told, self.began.elapsed()))
            },
        );
        let (rest, took) = rest?;
        shared::signals::check()?;
        let damage = read?;
        let (stays, rest) = self.again(rest, toc)?;
        told.extend(stays);
        Ok(Loaded { damage, took, rest })
    }

    /// What comes behind the rows, as a script: whoever runs it knows what else goes on.
    fn rest(&self) -> Result<Converted> {
        let options = ["--section=post-data"];
        match self.left_out.list(None) {
            Some(list) => Converted::start_listed(self.pg_restore, self.archive, &options, &list),
            None => Converted::start(self.pg_restore, self.archive, &options),
        }
    }

    /// A decoder of what the archive holds.
    fn decoder(&self, collector: &Collector) -> Decoder {
        let mut decoder = self.target.decoder();
        if let Some(encoding) = &collector.contents().encoding {
            decoder.declare(encoding);
        }
        decoder
    }

    /// Reads the rows a second time, for their digests.
    fn read_data(&self, collector: &mut Collector) -> source::Damage {
        let mut decoder = self.decoder(collector);
        source::collect_data(
            self.pg_restore,
            self.archive,
            self.jobs,
            &mut decoder,
            collector,
        )
    }

    /// How many jobs pg_restore may have: a tar file can be read by one only.
    fn parallel(&self) -> String {
        let jobs = match self.archive.kind {
            Kind::Tar => 1,
            _ => self.jobs,
        };
        format!("--jobs={jobs}")
    }

    /// In one run where that is safe, so that a small table's indexes are built while a large
    /// table's rows still come.
    fn data_and_rest(&self, chosen: &Chosen, in_one: bool) -> Result<Vec<Refusal>> {
        let jobs = self.parallel();
        if in_one && self.archive.kind != Kind::Tar {
            return self.section(&["--section=data", "--section=post-data", &jobs]);
        }
        let data_jobs = if self.ordered { "--jobs=1" } else { &jobs };
        let mut told = self.section(&["--section=data", data_jobs])?;
        if !chosen.limited().is_empty() {
            choice::set_aside(&mut self.target.connect()?, chosen.limited())?;
        }
        told.extend(self.section(&["--section=post-data", &jobs])?);
        Ok(told)
    }

    /// The jobs of one pg_restore can stand in each other's way (a deadlock between
    /// two indexes of one partitioned table), which says nothing about the backup:
    /// what failed is done again, one after the other, by a script with what pg_restore sets for
    /// each. Its words of what failed are those of several jobs and of the server, and may have
    /// been mixed: they are only looked up. The errors that stay, and the script.
    fn again(
        &self,
        told: Vec<Refusal>,
        toc: Option<&Toc>,
    ) -> Result<(Vec<Refusal>, Option<Converted>)> {
        let Some(toc) = toc.filter(|_| told.iter().any(is_deadlock)) else {
            return Ok((told, None));
        };
        let mut failed: BTreeMap<&[u8], Vec<i64>> = BTreeMap::new();
        for (id, entry) in toc.in_order().filter(|(_, entry)| !entry.has_data) {
            let definition = entry.definition.trim_ascii();
            failed.entry(definition).or_default().push(id);
        }
        let entries = |told: &Refusal| failed.get(told.statement.trim().as_bytes());
        let (again, told): (Vec<_>, Vec<_>) = told
            .into_iter()
            .partition(|told| !told.statement.is_empty() && entries(told).is_some());
        let again: BTreeSet<i64> = again
            .iter()
            .filter_map(entries)
            .flatten()
            .copied()
            .collect();
        if again.is_empty() {
            return Ok((told, None));
        }
        let ids = toc.in_order().map(|(id, _)| id);
        let list = ids.filter(|id| again.contains(id));
        let list: String = list.map(|id| format!("{id};\n")).collect();
        let script = Converted::start_listed(self.pg_restore, self.archive, &[], &list)?;
        Ok((told, Some(script)))
    }

    fn section(&self, options: &[&str]) -> Result<Vec<Refusal>> {
        let mut command = self.pg_restore.command();
        let environment = self.target.server().environment_to_restore();
        set_environment(&mut command, environment);
        let database = format!("--dbname={}", self.target.database().name());
        command.args(options).arg("--no-password").arg(database);
        let chosen = self.list.as_deref();
        let chosen = chosen.filter(|_| options.contains(&"--section=data"));
        let list = self.left_out.list(chosen);
        if list.is_some() {
            command.arg("--use-list=/dev/stdin").stdin(Stdio::piped());
        }
        command.arg("--").arg(&self.archive.path);
        let mut child = Child::spawn(command, "pg_restore")?;
        if let Some(list) = list {
            // One that ended already says why.
            let _ = child.stdin()?.write_all(list.as_bytes());
        }
        let finished = child.wait()?;
        shared::signals::check()?;
        finished.not_killed()?;
        Ok(errors(&finished))
    }
}
