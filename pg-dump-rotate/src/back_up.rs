//! The main job: a backup, its manifest, and then the rotation of the older ones.

use std::path::{Path, PathBuf};
use std::time::Instant;

use shared::backup::{self, Backup, Manifest, Name, State, VERSION};
use shared::cli;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};
use shared::programs::Program;
use shared::records::Writer;
use shared::time::{self, Time};
use shared::{Error, Exit, Result};

use crate::cli::Options;
use crate::compression::Compression;
use crate::dump::{Dump, Dumped, Head};
use crate::folder::{Folder, Locked};
use crate::partial::Partial;
use crate::record::Record;
use crate::rotate::{self, Verdict};
use crate::server::Server;

/// Takes a backup and rotates; with --dry-run says what that would do.
pub fn run(options: &Options, context: &cli::Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let conninfo = resolve(options, context)?;
    let server = ask(&conninfo, context)?;
    let pg_dump = Program::find("pg_dump", Some(server.version.major))?;
    let compression = match options.compression {
        Some(compression) => compression,
        None => Compression::best(options.format(), &pg_dump)?,
    };
    compression.check_program(options.format(), &pg_dump)?;
    let version = pg_dump.version;
    context.note(format!("{} is version {version}", pg_dump.path().display()));
    let backup = BackUp {
        options,
        context,
        server,
        dump: Dump {
            pg_dump: &pg_dump,
            conninfo: &conninfo,
            format: options.format(),
            compression,
            selection: &options.selection,
            lock_wait: options.lock_wait,
            digest: !options.no_digest,
            estimate: None,
        },
    };
    match options.dry_run {
        true => backup.rehearse(&dir),
        false => backup.take(&dir),
    }
}

fn resolve(options: &Options, context: &cli::Context) -> Result<Conninfo> {
    let given = ConnectArgs {
        dbname: options.databases.first().cloned(),
        ..context.common.connect.clone()
    };
    let environment = Environment::of_process();
    let conninfo = Conninfo::resolve(&given, &environment, Need::Session)?;
    context.note(format!("connecting as {} says", conninfo.source()));
    conninfo.notes().iter().for_each(|note| context.note(note));
    Ok(conninfo)
}

/// A dump needs a session of its own from beginning to end, so a pooler that gives
/// each transaction another one is refused here.
fn ask(conninfo: &Conninfo, context: &cli::Context) -> Result<Server> {
    let options = SessionOptions {
        application_name: context.tool.name.into(),
        read_only: true,
        ..SessionOptions::default()
    };
    let mut session = Session::open(conninfo, &options)?;
    session.require_session()?;
    Server::ask(&mut session)
}

/// A backup that is to be taken.
struct BackUp<'a> {
    options: &'a Options,
    context: &'a cli::Context,
    server: Server,
    dump: Dump<'a>,
}

impl BackUp<'_> {
    fn take(&self, dir: &Path) -> Result<Exit> {
        let folder = Folder::make(dir)?;
        let (partial, manifest) = self.create(&folder)?;
        let locked = folder.lock()?;
        let backup = published(partial.publish(&locked, &manifest)?)?;
        let mut records = self.context.records::<Record>();
        let verdicts = self.judge(&backup, backup::list(dir));
        let created = Record::of("created", &backup, time::now());
        let told = self.write_first(&mut records, created, &backup, verdicts.as_deref().ok());
        let older = others(verdicts?, &backup);
        // Without a reader no less: or the disk fills up where one has died.
        let exit = rotate::carry_out(older, &locked, &mut records, self.context);
        told?;
        let exit = exit?;
        records.finish()?;
        Ok(exit)
    }

    /// The dump itself, whole and proved, and what is to be said of it.
    fn create(&self, folder: &Folder) -> Result<(Partial, Manifest)> {
        let taken_at = time::now();
        let started = Instant::now();
        let partial = {
            let locked = folder.lock()?;
            self.sweep(&locked)?;
            locked.begin(self.name(taken_at))?
        };
        let path = partial.path().display();
        self.context.note(format!("writing {path}"));
        let written = self.dump.write(&partial, self.context)?;
        let finished_at = (taken_at + started.elapsed()).truncate_to_millisecond();
        let manifest = self.manifest(written, taken_at, finished_at);
        Ok((partial, manifest))
    }

    fn sweep(&self, folder: &Locked<'_>) -> Result<()> {
        for removed in folder.sweep()? {
            let removed = removed.display();
            self.context.warn(format!(
                "removed {removed}, left unfinished by a run that was killed"
            ));
        }
        Ok(())
    }

    /// The same records, and nothing touched: there may not even be a folder.
    fn rehearse(&self, dir: &Path) -> Result<Exit> {
        let taken_at = time::now();
        let mut there = match dir.is_dir() {
            true => backup::list(dir)?,
            false => Vec::new(),
        };
        let mut name = self.name(taken_at);
        while there
            .iter()
            .any(|other| other.path == dir.join(name.to_string()))
        {
            name = name.next();
        }
        let name = name.to_string();
        let nothing = Dumped {
            files: Vec::new(),
            compression: self.dump.compression,
            tables: None,
            large_objects: None,
            head: Head::default(),
        };
        let backup = Backup {
            path: dir.join(&name),
            taken_at,
            bytes: None,
            manifest: Some(self.manifest(nothing, taken_at, taken_at)),
            state: State::Ok,
        };
        there.insert(0, backup.clone());
        let verdicts = self.judge(&backup, Ok(there))?;
        let mut records = self.context.records::<Record>();
        let record = Record {
            sha256: None,
            state: None,
            duration_ms: None,
            ..Record::of("would_create", &backup, taken_at)
        };
        self.write_first(&mut records, record, &backup, Some(&verdicts))?;
        rotate::rehearse(&others(verdicts, &backup), &mut records)?;
        records.finish()?;
        Ok(Exit::Ok)
    }

    /// Which backups of the new one's series stay; none are judged without a rule.
    fn judge(&self, new: &Backup, there: Result<Vec<Backup>>) -> Result<Vec<Verdict>> {
        let policy = &self.options.policy;
        if policy.is_empty() {
            return Ok(Vec::new());
        }
        let (mut series, others): (Vec<_>, Vec<_>) = there?
            .into_iter()
            .partition(|backup| rotate::is_same_series(backup, new));
        self.tell_of_other_servers(new, &others);
        series.sort_by_key(|backup| std::cmp::Reverse(backup.taken_at));
        Ok(rotate::judge(policy, series, time::now()))
    }

    /// After an upgrade, or where two servers share a folder, somebody may wonder.
    fn tell_of_other_servers(&self, new: &Backup, others: &[Backup]) {
        let is_of_another_server = |other: &&Backup| match (&other.manifest, &new.manifest) {
            (Some(other), Some(new)) => {
                other.database == new.database
                    && other.label == new.label
                    && other.selection == new.selection
            }
            _ => false,
        };
        let count = others.iter().filter(is_of_another_server).count();
        if count > 0 {
            let database = &self.server.database;
            self.context.note(format!(
                "{count} more of the database {database} are of another server and are not rotated with this one's"
            ));
        }
    }

    /// The new backup comes first, so that whoever reads can begin to verify it.
    fn write_first(
        &self,
        records: &mut Writer<Record>,
        record: Record,
        new: &Backup,
        verdicts: Option<&[Verdict]>,
    ) -> Result<()> {
        let verdict = verdicts.and_then(|all| all.iter().find(|v| v.backup.path == new.path));
        let record = match verdict {
            Some(verdict) => record.because(verdict.reason()),
            None => record,
        };
        records.write(&record)
    }

    fn name(&self, taken_at: Time) -> Name {
        let extension = self.dump.compression.extension(self.dump.format);
        Name::new(
            Some(&self.server.database),
            self.options.label.as_deref(),
            taken_at,
            extension,
        )
    }

    fn manifest(&self, dumped: Dumped, taken_at: Time, finished_at: Time) -> Manifest {
        let server = self.server.clone();
        Manifest {
            version: VERSION,
            database: Some(server.database),
            label: self.options.label.clone(),
            selection: self.options.selection.clone(),
            set: None,
            adopted: false,
            taken_at,
            utc_offset_seconds: 0,
            time_zone: None,
            finished_at,
            format: self.dump.format,
            compression: dumped.compression.to_string(),
            files: dumped.files,
            server_version: Some(server.version.to_string()),
            pg_dump_version: Some(self.dump.pg_dump.version.to_string()),
            encoding: Some(server.encoding),
            collate: Some(server.collate),
            ctype: Some(server.ctype),
            locale_provider: server.locale_provider,
            locale: server.locale,
            system_identifier: server.system_identifier,
            omissions: Vec::new(),
            source_check: None,
            tables: dumped.tables,
            large_objects: dumped.large_objects,
        }
    }
}

fn published(path: PathBuf) -> Result<Backup> {
    Backup::at(&path).ok_or_else(|| Error::new(format!("{} has vanished", path.display())))
}

fn others(verdicts: Vec<Verdict>, new: &Backup) -> Vec<Verdict> {
    let is_other = |verdict: &Verdict| verdict.backup.path != new.path;
    verdicts.into_iter().filter(is_other).collect()
}
