//! pg_dump, run so that what it writes can be relied on.
//!
//! It writes to a pipe, uncompressed; on the way to the file we compress, count and
//! digest each table's rows, hash, and see that the whole is there. The dump is good
//! when pg_dump says so, when the script or the archive has its end, and when the
//! file is on disk. Not before.

mod counter;
mod custom;
mod directory;
mod packer;
mod piece;
mod plain;
mod reader;
mod source;
mod tar;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use shared::backup::{self, Format};
use shared::cli;
use shared::connection::Conninfo;
use shared::dump::{Tally, Toc, Untold};
use shared::programs::{Child, Finished, Program, set_environment};
use shared::{Context, Error, Result, signals};

use crate::archive;
use crate::compression::Compression;
use crate::output::Output;
use crate::partial::Partial;
use crate::room::Room;
use crate::watch::{Watch, Watched};
pub use source::Source;
pub use tar::read as read_tar;

/// What texts in an encoding say.
pub type Reader<'a> = dyn Fn(&str, &[Vec<u8>]) -> Result<Vec<String>> + 'a;

/// What pg_dump is to do.
pub struct Dump<'a> {
    pub pg_dump: &'a Program,
    /// What reads an archive once more, if there is one.
    pub pg_restore: Option<&'a Program>,
    pub conninfo: &'a Conninfo,
    pub format: Format,
    pub compression: Compression,
    pub selection: &'a [String],
    /// How long to wait for a locked table; zero: for ever.
    pub lock_wait: Duration,
    /// How many tables of a directory at a time.
    pub jobs: usize,
    /// Whether each table's rows are counted and digested.
    pub digest: bool,
    /// About how many bytes pg_dump will write, where that is known.
    pub estimate: Option<u64>,
    /// How many tables have rows to dump, where that is known.
    pub tables: Option<u64>,
    /// How long pg_dump may be silent before the server is asked whether it still works for it;
    /// none: for ever.
    pub patience: Option<Duration>,
    /// What the disk has for this dump and others.
    pub room: &'a Room,
    /// More arguments, such as those that tie it to a snapshot.
    pub more: &'a [String],
    /// Who knows what text in any encoding says, if anybody.
    pub reader: Option<&'a Reader<'a>>,
}

/// A dump that is on disk, whole and proved.
#[derive(Debug, Clone)]
pub struct Dumped {
    pub files: Vec<backup::File>,
    /// How it is compressed, which is not as it was asked where that could not be done.
    pub compression: Compression,
    /// The rows of each table; `None` where they were not counted.
    pub tables: Option<Vec<backup::Table>>,
    pub large_objects: Option<backup::LargeObjects>,
    /// Why the rows that were counted can't be told.
    untold: Option<Untold>,
    pub head: Head,
}

impl Dumped {
    /// With what was counted in it, if anything was.
    fn new(
        files: Vec<backup::File>,
        compression: Compression,
        tally: Option<&Tally>,
        head: Head,
        reader: Option<&Reader<'_>>,
    ) -> Self {
        // A script without the line is in no other.
        let encoding = head.encoding.as_deref().unwrap_or("UTF8");
        let known = match (tally, reader) {
            (Some(tally), Some(reader)) => known(tally, encoding, reader),
            _ => HashMap::new(),
        };
        let tables = tally.map(|tally| tally.tables(encoding, &known));
        let (tables, untold) = match tables.transpose() {
            Ok(tables) => (tables, None),
            Err(untold) => (None, Some(untold)),
        };
        Self {
            files,
            compression,
            tables,
            large_objects: tally.map(Tally::large_objects),
            untold,
            head,
        }
    }

    /// Says why its manifest will not tell its rows, unless that was asked for.
    fn tell_untold(&self, context: &cli::Context) {
        const WORDS: &str = "the manifest can't tell the rows of the tables";
        match &self.untold {
            Some(Untold::Name(name)) => {
                let encoding = self.head.encoding.as_deref().unwrap_or("of no name");
                context.warn(format!(
                    "{WORDS}: names such as {name} are in the encoding {encoding}, which is not \
                     known here; -- --encoding=UTF8 dumps in one that is"
                ));
            }
            Some(Untold::Inserts) => context.note(format!("{WORDS}: they are INSERT statements")),
            None => {}
        }
    }
}

/// What the names say that nobody can read here. Where it can't be asked, that they are not read is
/// told.
fn known(tally: &Tally, encoding: &str, reader: &Reader<'_>) -> HashMap<Vec<u8>, String> {
    let unread = tally.unread(encoding);
    if unread.is_empty() {
        return HashMap::new();
    }
    let texts = reader(encoding, &unread).unwrap_or_default();
    unread.into_iter().zip(texts).collect()
}

/// What a dump says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Scripts don't say it.
    pub database: Option<String>,
    pub server_version: Option<String>,
    pub pg_dump_version: Option<String>,
    pub encoding: Option<String>,
}

impl Head {
    /// What an archive's table of contents says.
    pub fn of(toc: &Toc) -> Self {
        Self {
            database: toc.database.clone(),
            server_version: toc.server_version.clone(),
            pg_dump_version: toc.pg_dump_version.clone(),
            encoding: toc.encoding(),
        }
    }
}

/// What came through the pipe, before it is known to be on disk.
struct Copied {
    output: Output,
    compression: Compression,
    /// `None` where nothing was counted.
    tally: Option<Tally>,
    head: Head,
    warning: Option<String>,
}

/// Why a dump could not be copied.
enum Trouble {
    /// What pg_dump writes can't be read, or isn't whole.
    Input(Error),
    /// The file can't be written, or a thread not be started.
    Output(io::Error),
}

/// What came of a part of the copying.
type Outcome<T> = std::result::Result<T, Trouble>;

impl Trouble {
    /// What became of a copy: the output, when everything was sent and written. An output knows
    /// better why it failed than who could send it no more.
    fn join(sent: Outcome<()>, written: io::Result<Output>) -> Outcome<Output> {
        match (sent, written) {
            (Err(Self::Input(error)), _) => Err(Self::Input(error)),
            (_, Err(error)) | (Err(Self::Output(error)), Ok(_)) => Err(Self::Output(error)),
            (Ok(()), Ok(output)) => Ok(output),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Input(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Dump<'_> {
    /// Dumps into the file or folder; returns what is on disk, whole and proved.
    pub fn write(&self, partial: &Partial, context: &cli::Context) -> Result<Dumped> {
        let dumped = match self.format {
            Format::Directory => self.follow(partial, context),
            Format::Custom | Format::Plain | Format::Tar => self.pipe(partial, context),
        }?;
        dumped.tell_untold(context);
        Ok(dumped)
    }

    fn pipe(&self, partial: &Partial, context: &cli::Context) -> Result<Dumped> {
        let written = || format!("could not write {}", partial.path().display());
        // Compressing what goes to one file is our work.
        let mut command = self.command(Some(Compression::None));
        command.stdout(Stdio::piped());
        let mut child = Child::spawn(command, "pg_dump")?;
        let name = self.conninfo.database();
        let mut source = Source::new(
            child.stdout()?,
            child.ender(),
            context.progress(),
            name,
            self.estimate,
        );
        let clock = source.clock();
        let watch = self.watch(&child, move || clock.waited())?;
        let output = Output::new(partial.file()?).context(written)?;
        let copied = match self.copy(&mut source, output) {
            Err(Trouble::Output(error)) => return Err(error).context(written),
            Err(Trouble::Input(error)) if !source.is_at_end() => return Err(self.damaged(error)),
            Err(Trouble::Input(error)) => Err(error),
            Ok(copied) => Ok(copied),
        };
        drop(source);
        // What pg_dump says itself is better than what its output shows.
        let finished = self.ended(child, watch.as_ref())?;
        self.succeeded(finished, context)?;
        let copied = copied.map_err(|error| self.damaged(error))?;
        if let Some(warning) = copied.warning {
            context.warn(warning);
        }
        let file = copied.output.finish(&partial.name()).context(written)?;
        if let (Format::Custom, Some(pg_restore)) = (self.format, self.pg_restore) {
            archive::check(pg_restore, partial)?;
        }
        Ok(Dumped::new(
            vec![file],
            copied.compression,
            copied.tally.as_ref(),
            copied.head,
            self.reader,
        ))
    }

    fn copy(&self, source: &mut Source, output: Output) -> Outcome<Copied> {
        match self.format {
            Format::Custom => custom::copy(source, output, self),
            Format::Plain => plain::copy(source, output, self.compression, self.digest),
            Format::Tar => tar::copy(source, output, self.digest),
            Format::Directory => Err(Error::new("a directory is no stream").into()),
        }
    }

    /// Has pg_dump ended when nothing reaches it any more.
    fn watch(
        &self,
        child: &Child,
        silence: impl FnMut() -> Duration + Send + 'static,
    ) -> Result<Option<Watch>> {
        let watched = |patience| Watched {
            conninfo: self.conninfo.clone(),
            application_name: self.conninfo.application_name().unwrap_or("pg_dump").into(),
            elsewhere: self.pg_dump.is_elsewhere().then(|| self.pg_dump.clone()),
            patience,
            writes_files: self.format == Format::Directory,
        };
        let ender = child.ender();
        let start = |patience| Watch::start(watched(patience), move || ender.end(), silence);
        self.patience.map(start).transpose()
    }

    /// Waits for pg_dump's end.
    fn ended(&self, child: Child, watch: Option<&Watch>) -> Result<Finished> {
        let finished = child.wait()?;
        signals::check()?;
        watch.and_then(Watch::lost).map_or(Ok(finished), Err)
    }

    /// An error unless pg_dump succeeded.
    fn succeeded(&self, finished: Finished, context: &cli::Context) -> Result<()> {
        let database = self.conninfo.database();
        let remedy = self.remedy(&finished.stderr);
        let finished = finished
            .success_or(|| format!("could not dump the database {database}"))
            .map_err(|error| match remedy {
                Some(remedy) => error.with_hint(remedy),
                None => error,
            })?;
        // What it left out, for one, it only says here.
        finished.stderr.lines().for_each(|line| context.warn(line));
        Ok(())
    }

    fn damaged(&self, error: Error) -> Error {
        let database = self.conninfo.database();
        let why = error.message();
        Error::new(format!(
            "pg_dump did not write a whole dump of the database {database}, and reported no \
             failure: {why}"
        ))
    }

    /// What to do about pg_dump's complaint, where it does not say so itself.
    fn remedy(&self, complaint: &str) -> Option<String> {
        let says = |words| complaint.contains(words);
        let user = match self.conninfo.user() {
            "" => "that pg_dump connects as",
            user => user,
        };
        if says("no password supplied") && self.pg_dump.is_elsewhere() {
            return Some(
                "PGPASSWORD has to be carried to where pg_dump runs, as by \
                 'docker compose exec -T -e PGPASSWORD db pg_dump'"
                    .into(),
            );
        }
        if says("row-level security") {
            return Some(format!(
                "a backup has to see every row: the user {user} needs BYPASSRLS"
            ));
        }
        says("permission denied for").then(|| {
            format!(
                "a backup has to read everything: grant pg_read_all_data to {user} \
                 (from PostgreSQL 14), or pick what it may read with --table or --schema"
            )
        })
    }

    /// Everything about the connection, the password above all, goes by the environment.
    /// Compressed as was asked for, or else like this.
    fn command(&self, compression: Option<Compression>) -> Command {
        let mut arguments = self.arguments(compression.unwrap_or(self.compression));
        arguments.extend(self.conninfo.child_arguments());
        let mut command = self.pg_dump.command_with(arguments);
        set_environment(&mut command, self.conninfo.child_environment());
        command
    }

    fn arguments(&self, compression: Compression) -> Vec<OsString> {
        let compress = compression.argument(self.pg_dump.version);
        let mut arguments = vec![
            "--no-password".to_string(),
            format!("--format={}", self.format.as_str()),
            format!("--compress={compress}"),
            "--strict-names".to_string(),
        ];
        if !self.lock_wait.is_zero() {
            let milliseconds = self.lock_wait.as_millis().min(i32::MAX as u128);
            arguments.push(format!("--lock-wait-timeout={milliseconds}"));
        }
        arguments.extend(self.more.iter().cloned());
        arguments.extend(self.selection.iter().cloned());
        arguments.into_iter().map(OsString::from).collect()
    }
}
