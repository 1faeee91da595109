//! What belongs to no database: roles, their settings and memberships, tablespaces.
//! pg_dumpall writes them as one short script, which is read whole before any of it
//! is kept: it is good when pg_dumpall says so and its closing words are there.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use shared::backup::{self, File, Manifest};
use shared::connection::{Conninfo, Session};
use shared::programs::{Child, Program, set_environment};
use shared::{Context, Error, Result, cli, signals};

use super::asked::limited;
use super::origin::Origin;
use super::{Run, elsewhere, plan};
use crate::dump::Source;
use crate::partial::Partial;
use crate::server::Server;
use crate::watch::{Clock, Watch, Watched};

pub const READS_PASSWORDS: &str = include_str!("../../sql/globals.sql");
const LEVEL: u32 = 6;
const START: &[u8] = b"--\n-- PostgreSQL database cluster dump\n--\n";
const END: &[u8] = b"\n-- PostgreSQL database cluster dump complete\n";

/// The globals of a server that was reached.
pub struct Globals {
    conninfo: Conninfo,
    /// `None` where pg_dumpall runs elsewhere.
    server: Option<Server>,
    origin: Origin,
    pg_dumpall: Program,
    with_passwords: bool,
}

impl Globals {
    /// The extension of their backup.
    pub const EXTENSION: &str = "sql.gz";

    /// Asks the server, and finds the pg_dumpall that suits it.
    pub fn ask(run: &Run<'_>, conninfo: &Conninfo) -> Result<Self> {
        let wanted = !run.options.no_role_passwords;
        if run.is_elsewhere() {
            let origin = Origin::elsewhere(run, conninfo);
            let pg_dumpall = run.program("pg_dumpall", origin.major())?;
            let with_passwords = wanted && elsewhere::reads_passwords(&pg_dumpall, conninfo)?;
            if !with_passwords && wanted {
                run.context.warn(without_passwords(conninfo));
            }
            return Ok(Self {
                conninfo: conninfo.clone(),
                pg_dumpall,
                origin,
                server: None,
                with_passwords,
            });
        }
        let mut session = plan::open(conninfo, run.context)?;
        let reached = conninfo.at(&session);
        let (server, with_passwords) = limited(conninfo, move || {
            let server = Server::ask(&mut session)?;
            let with_passwords = wanted && reads_passwords(&mut session)?;
            Ok((server, with_passwords))
        })?;
        if !with_passwords && wanted {
            run.context.warn(without_passwords(conninfo));
        }
        Ok(Self {
            conninfo: reached,
            pg_dumpall: run.program("pg_dumpall", Some(server.version.major))?,
            origin: Origin::reached(&server, run, conninfo),
            server: Some(server),
            with_passwords,
        })
    }

    /// Dumps them; what is on disk then is whole.
    pub fn write(&self, partial: &Partial, context: &cli::Context) -> Result<Vec<File>> {
        let script = self.dump(context)?;
        let named = || format!("could not write {}", partial.path().display());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
        let bytes = gzip.write_all(&script).and_then(|()| gzip.finish());
        let bytes = bytes.context(named)?;
        let mut file = partial.file()?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        written.context(named)?;
        let hash = Sha256::digest(&bytes);
        Ok(vec![File {
            name: partial.name(),
            bytes: bytes.len() as u64,
            sha256: backup::hexadecimal(&hash),
        }])
    }

    fn dump(&self, context: &cli::Context) -> Result<Vec<u8>> {
        let mut arguments: Vec<OsString> = vec!["--globals-only".into(), "--no-password".into()];
        if !self.with_passwords {
            arguments.push("--no-role-passwords".into());
        }
        // Its own first choice is the database postgres, which may be closed to us.
        arguments.push(format!("--database={}", self.conninfo.database()).into());
        arguments.extend(self.conninfo.server_arguments());
        let mut command = self.pg_dumpall.command_with(arguments);
        set_environment(&mut command, self.conninfo.child_environment());
        command.stdout(Stdio::piped());
        let mut child = Child::spawn(command, "pg_dumpall")?;
        let mut source = Source::new(
            child.stdout()?,
            child.ender(),
            context.progress(),
            "roles and tablespaces",
            None,
        );
        let watch = self.watch(&child, source.clock())?;
        let mut script = Vec::new();
        let read = source.read_to_end(&mut script);
        drop(source);
        let finished = child.wait()?;
        signals::check()?;
        if let Some(lost) = watch.as_ref().and_then(Watch::lost) {
            return Err(lost);
        }
        let reads_passwords = !finished.stderr.contains("pg_authid");
        let finished = finished.success_or(|| "could not dump roles and tablespaces".into());
        finished.map_err(|error| match reads_passwords {
            true => error,
            false => error.with_hint("superusers and members of pg_read_all_data read passwords; others: --no-role-passwords"),
        })?;
        read.context(|| "reading from pg_dumpall".into())?;
        match is_complete(&script) {
            true => Ok(script),
            false => Err(Error::new(
                "the dump of roles and tablespaces is not whole, although pg_dumpall reported success",
            )),
        }
    }

    /// Has pg_dumpall ended when nothing reaches it any more, if the server can be asked.
    fn watch(&self, child: &Child, clock: Clock) -> Result<Option<Watch>> {
        let patience = self.conninfo.patience()?;
        let name = self.conninfo.application_name().unwrap_or("pg_dumpall");
        let pg_dumpall = &self.pg_dumpall;
        let watched = |patience: Duration| Watched {
            conninfo: self.conninfo.clone(),
            application_name: name.into(),
            elsewhere: pg_dumpall.is_elsewhere().then(|| pg_dumpall.clone()),
            patience: patience * 2,
            writes_files: false,
        };
        let ender = child.ender();
        let start = |patience| {
            Watch::start(
                watched(patience),
                move || ender.end(),
                move || clock.waited(),
            )
        };
        patience.map(start).transpose()
    }

    /// What is to be said of the backup, save for its files.
    pub fn manifest(&self, run: &Run<'_>) -> Manifest {
        let server = self.server.as_ref();
        let omission = "the passwords of the roles".to_string();
        self.origin.described(Manifest {
            compression: format!("gzip:{LEVEL}"),
            server_version: server.map(|server| server.version.to_string()),
            pg_dump_version: Some(self.pg_dumpall.version.to_string()),
            omissions: (!self.with_passwords)
                .then_some(omission)
                .into_iter()
                .collect(),
            ..run.manifest(None)
        })
    }
}

fn without_passwords(conninfo: &Conninfo) -> String {
    format!(
        "the roles are backed up without their passwords, which {} may not read \
         (--no-role-passwords accepts that)",
        conninfo.user()
    )
}

fn reads_passwords(session: &mut Session) -> Result<bool> {
    let rows = session.client().query_typed(READS_PASSWORDS, &[]);
    let rows = rows.context(|| "could not ask for the rights of the role".into())?;
    let row = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(row.unwrap_or(false))
}

/// Whether it begins with pg_dumpall's first words, its closing words are there and nothing but comments and the end of psql's
/// restricted mode comes after.
fn is_complete(script: &[u8]) -> bool {
    let Some(start) = memchr::memmem::rfind(script, END) else {
        return false;
    };
    let mut rest = script[start + END.len()..].split(|byte| *byte == b'\n');
    script.starts_with(START)
        && script.ends_with(b"\n")
        && rest.all(|l| matches!(l, b"" | b"--") || l.starts_with(b"\\unrestrict "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_whole_only_with_its_end() {
        let whole = b"--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE a;\n\n\
                      --\n-- PostgreSQL database cluster dump complete\n--\n\n";
        assert!(is_complete(whole));
        let restricted = [&whole[..], b"\\unrestrict x\n\n"].concat();
        assert!(is_complete(&restricted));
        let end = whole.len() - b"\n--\n\n".len();
        for length in 0..=end {
            assert!(!is_complete(&whole[..length]), "{length} bytes");
        }
        assert!(!is_complete(&[b"Welcome\n", &whole[..]].concat()));
        assert!(!is_complete(&[&whole[..], b"CREATE ROLE b;\n"].concat()));
    }
}
