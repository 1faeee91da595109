//! pg_dump, run so that what it writes can be relied on.
//!
//! It writes to a pipe; we count, hash and, for scripts, compress on the way to
//! the file. The dump is good when pg_dump says so, when the script or the archive
//! has its end, and when the file is on disk. Not before.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use shared::backup::{self, Format};
use shared::cli;
use shared::connection::Conninfo;
use shared::programs::{Child, Finished, Program, set_environment};
use shared::units::{human_bytes, human_duration};
use shared::{Context, Error, Result, signals};

use crate::archive;
use crate::compression::Compression;
use crate::directory::Follower;
use crate::dumped::Dumped;
use crate::gzip::Gzip;
use crate::output::{Output, Written};
use crate::partial::Partial;
use crate::script::Script;

/// What pg_dump is to do.
pub struct Dump<'a> {
    pub pg_dump: &'a Program,
    pub conninfo: &'a Conninfo,
    pub format: Format,
    pub compression: Compression,
    pub selection: &'a [String],
    /// How long to wait for a locked table; zero: for ever.
    pub lock_wait: Duration,
    /// How many tables of a directory at a time.
    pub jobs: usize,
    /// Whether to count and digest rows.
    pub digest: bool,
}

impl Dump<'_> {
    /// Dumps into the file or folder; returns what is on disk, whole and proved.
    pub fn write(&self, partial: &Partial, context: &cli::Context) -> Result<Dumped> {
        if self.format == Format::Directory {
            return self.write_folder(partial, context);
        }
        let written = self.write_file(partial, context)?;
        Ok(Dumped {
            files: vec![backup::File {
                name: partial.name(),
                bytes: written.bytes,
                sha256: written.sha256,
            }],
            ..Dumped::default()
        })
    }

    fn write_folder(&self, partial: &Partial, context: &cli::Context) -> Result<Dumped> {
        let mut command = self.command();
        // We wait for the disk ourselves, of each file as soon as it is whole.
        command.arg("--no-sync").arg("--file").arg(partial.path());
        command.arg(format!("--jobs={}", self.jobs));
        let named = || format!("could not write {}", partial.path().display());
        let follower = Follower::start(partial.path(), self.jobs, self.digest).context(named)?;
        let finished = Child::spawn(command, "pg_dump")?.wait()?;
        self.check(finished, context)?;
        let dumped = follower.finish().context(named)?.prove(&partial.name())?;
        partial.file()?.sync_all().context(named)?;
        Ok(dumped)
    }

    fn write_file(&self, partial: &Partial, context: &cli::Context) -> Result<Written> {
        let database = self.conninfo.database();
        let mut command = self.command();
        command.stdout(Stdio::piped());
        let mut child = Child::spawn(command, "pg_dump")?;
        let stdout = child.stdout()?;
        let sink = Sink::new(Output::new(partial.file()?), self.format, self.compression)?;
        let (sink, script) = self
            .copy(stdout, sink, context)
            .context(|| format!("could not write {}", partial.path().display()))?;
        self.check(child.wait()?, context)?;
        if self.format == Format::Plain && !script.is_complete() {
            return Err(Error::new(format!(
                "the dump of the database {database} has no end, although pg_dump reported success"
            )));
        }
        let written = sink.finish().and_then(Output::finish);
        let written =
            written.context(|| format!("could not write {}", partial.path().display()))?;
        if self.format == Format::Custom {
            archive::check(&self.pg_restore()?, partial.path())?;
        }
        Ok(written)
    }

    /// An error unless pg_dump has succeeded.
    fn check(&self, finished: Finished, context: &cli::Context) -> Result<()> {
        signals::check()?;
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

    /// What to do about pg_dump's complaint, where it does not say so itself.
    fn remedy(&self, complaint: &str) -> Option<String> {
        let says = |words| complaint.contains(words);
        let user = self.conninfo.user();
        if says("LOCK TABLE") && says("statement timeout") {
            let waited = human_duration(self.lock_wait);
            return Some(format!(
                "somebody held a lock on a table for longer than --lock-wait ({waited}): \
                 give it more time, or take the backup when nobody changes tables"
            ));
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

    /// Archives are read by pg_restore of the same version or newer.
    fn pg_restore(&self) -> Result<Program> {
        Program::find("pg_restore", Some(self.pg_dump.version.major))
    }

    /// Everything about the connection, the password above all, goes by the environment.
    fn command(&self) -> Command {
        let mut command = self.pg_dump.command();
        set_environment(&mut command, self.conninfo.child_environment());
        command.args(self.arguments());
        command.args(self.conninfo.child_arguments());
        command
    }

    fn arguments(&self) -> Vec<OsString> {
        let compression = match self.format {
            Format::Custom | Format::Directory => self.compression,
            Format::Plain | Format::Tar => Compression::None,
        };
        let mut arguments = vec![
            "--no-password".to_string(),
            format!("--format={}", self.format.as_str()),
            format!("--compress={}", compression.argument(self.pg_dump.version)),
        ];
        if !self.lock_wait.is_zero() {
            let milliseconds = self.lock_wait.as_millis().min(i32::MAX as u128);
            arguments.push(format!("--lock-wait-timeout={milliseconds}"));
        }
        if self.selection.iter().any(|argument| argument.contains('=')) {
            arguments.push("--strict-names".into());
        }
        arguments.extend(self.selection.iter().cloned());
        arguments.into_iter().map(OsString::from).collect()
    }

    fn copy(
        &self,
        mut stdout: ChildStdout,
        mut sink: Sink,
        context: &cli::Context,
    ) -> Result<(Sink, Script)> {
        let mut script = Script::default();
        let mut buffer = vec![0; 256 * 1024];
        let progress = context.progress();
        let mut bytes = 0;
        loop {
            let length = match stdout.read(&mut buffer) {
                Ok(0) => return Ok((sink, script)),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            script.pass(&buffer[..length]);
            if let Err(error) = sink.write_all(&buffer[..length]) {
                // A compressor's output knows better why it failed.
                return Err(sink.finish().err().unwrap_or(error).into());
            }
            bytes += length as u64;
            progress.show(|| format!("{}: {}", self.conninfo.database(), human_bytes(bytes)));
        }
    }
}

/// Where the bytes go.
enum Sink {
    Straight(Output),
    Gzip(Gzip<Output>),
}

impl Sink {
    fn new(output: Output, format: Format, compression: Compression) -> Result<Self> {
        Ok(match (format, compression) {
            (Format::Plain, Compression::Method(_, level)) => {
                Self::Gzip(Gzip::new(output, level).context(|| "could not start a thread".into())?)
            }
            _ => Self::Straight(output),
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Straight(output) => output.write_all(bytes),
            Self::Gzip(gzip) => gzip.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<Output> {
        match self {
            Self::Straight(output) => Ok(output),
            Self::Gzip(gzip) => gzip.finish(),
        }
    }
}
