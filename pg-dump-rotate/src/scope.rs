//! What a backup is of, and which of them a command line without a backup to take means.

mod whole;

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use shared::backup::{Backups, Common, Glimpse, Name};
use shared::connection::{ConnectArgs, Conninfo, Environment, Need};
use shared::{Result, cli};

use crate::cli::Options;
use crate::glob;

/// What [`Subject`]s of manifests differ in.
pub type Key<'a> = (
    Option<&'a str>,
    Option<&'a str>,
    &'a [String],
    Option<&'a str>,
);

/// What a backup is of: two of one subject are an earlier and a later one, unless they are of
/// two servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// `None`: roles and tablespaces.
    pub database: Option<String>,
    pub label: Option<String>,
    pub selection: Vec<String>,
    /// Of adopted backups whose database is not known, what their names share.
    pub names: Option<String>,
}

impl Subject {
    /// By the manifest, or where there is none that can be read by the name.
    pub fn of(backup: &Glimpse<'_>) -> Option<Self> {
        match backup.manifest {
            Some(manifest) => Some(Self::of_manifest(manifest)),
            None => Self::of_name(backup.file_name?),
        }
    }

    /// What a manifest says.
    pub fn of_manifest(manifest: &Common) -> Self {
        Self {
            database: manifest.database.clone(),
            label: manifest.label.clone(),
            selection: manifest.selection.clone(),
            names: match manifest.database {
                None => manifest.names.clone(),
                Some(_) => None,
            },
        }
    }

    /// What tells the subject of a manifest from that of another, without making it.
    pub fn key_of(manifest: &Common) -> Key<'_> {
        let database = manifest.database.as_deref();
        let names = manifest.names.as_deref().filter(|_| database.is_none());
        let label = manifest.label.as_deref();
        (database, label, &manifest.selection, names)
    }

    /// Whether it has all tables and rows, as far as pg_dump was not told to pick.
    pub fn is_whole(&self) -> bool {
        let selection = &mut self.selection.iter();
        selection.all(|argument| whole::is_harmless(argument))
    }

    /// Whether a subject is of the same, but for what is selected of it.
    pub fn has_part(&self, part: &Self) -> bool {
        let key = |of: &Self| (of.database.clone(), of.label.clone(), of.names.clone());
        key(self) == key(part)
    }

    /// What the name of a file says.
    pub fn of_name(file_name: &str) -> Option<Self> {
        let name = Name::parse(file_name)?;
        Some(Self {
            database: name.database(),
            label: name.label(),
            selection: Vec::new(),
            names: None,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.database, &self.names) {
            (Some(database), _) => write!(f, "database {database}")?,
            (None, Some(names)) => write!(f, "files named {names}")?,
            (None, None) => write!(f, "globals")?,
        }
        if let Some(label) = &self.label {
            write!(f, ", label {label}")?;
        }
        match self.selection.is_empty() {
            true => Ok(()),
            false => write!(f, ", {}", self.selection.join(" ")),
        }
    }
}

/// What -d, --globals and --label restrict a job to. The environment alone restricts nothing.
#[derive(Debug, Default)]
pub struct Scope {
    /// Empty: every database, and globals.
    pub databases: Vec<Option<String>>,
    pub label: Option<String>,
}

impl Scope {
    /// Reads the command line.
    ///
    /// # Errors
    /// When a -d makes no sense.
    pub fn of(options: &Options, context: &cli::Context) -> Result<Self> {
        let mut databases = options
            .globals
            .then_some(None)
            .into_iter()
            .collect::<Vec<_>>();
        let named = options.databases.iter();
        // With --all-databases that says where to connect.
        for dbname in named.filter(|_| !options.all_databases) {
            let given = ConnectArgs {
                dbname: Some(dbname.clone()),
                ..context.common.connect.clone()
            };
            let conninfo = Conninfo::resolve(&given, &Environment::of_process(), Need::Session)?;
            databases.push(Some(conninfo.database().to_string()));
        }
        Ok(Self {
            databases,
            label: options.label.clone(),
        })
    }

    /// Whether it names what it means, so that it can be missed.
    pub fn names_databases(&self) -> bool {
        !self.databases.is_empty()
    }

    /// The one database that is named.
    pub fn only_database(&self) -> Option<&str> {
        let mut named = self.databases.iter().flatten();
        let first = named.next();
        first.filter(|_| named.next().is_none()).map(String::as_str)
    }

    /// Whether backups of this database are meant.
    pub fn means_database(&self, subject: &Subject) -> bool {
        self.databases.is_empty()
            || (subject.names.is_none() && self.databases.contains(&subject.database))
    }

    /// Says so where nothing of what is named is in the folder: a name may be misspelt.
    pub fn warn_of_nothing(&self, backups: &Backups, dir: &Path, context: &cli::Context) {
        if self.databases.is_empty() && self.label.is_none() {
            return;
        }
        let mut subjects = HashSet::new();
        each_subject(backups, |subject| subjects.extend(subject));
        let is_there = |database: &Option<String>| {
            let of_database = |of: &&Subject| of.names.is_none() && of.database == *database;
            subjects.iter().any(|of| of_database(&of))
        };
        let dir = dir.display();
        let missing = self.databases.iter().filter(|name| !is_there(name));
        let mut missing: Vec<String> = missing.map(|name| wanted(name.as_deref())).collect();
        if let Some(label) = self.label.as_ref().filter(|_| subjects.is_empty()) {
            match missing.is_empty() {
                true => missing.push(format!("with the label {label}")),
                false => missing.iter_mut().for_each(|what| {
                    what.push_str(&format!(" with the label {label}"));
                }),
            }
        }
        if !missing.is_empty() {
            let missing = missing.join(", nor ");
            context.warn(format!("there is no backup {missing} in {dir}"));
        }
    }

    /// How many there are that fit the patterns, and of which nobody knows what database they are
    /// of, where databases are named.
    pub fn count_unknown(&self, backups: &Backups, patterns: &[String]) -> usize {
        let fits = |backup: &Glimpse<'_>| {
            let fits = |name: &str| patterns.iter().any(|glob| glob::matches(glob, name));
            backup.file_name.is_some_and(fits)
                && Subject::of(backup).is_some_and(|of| of.names.is_some())
        };
        match self.names_databases() && !patterns.is_empty() {
            true => backups.glimpses().filter(fits).count(),
            false => 0,
        }
    }

    /// Says that so many of them are passed over.
    pub fn warn_of_unknown(&self, count: usize, context: &cli::Context) {
        let why = match self.databases.len() {
            _ if count == 0 => return,
            1 => "are of a whole cluster",
            _ => "don't say what database they are of; name none by -d, or only theirs",
        };
        context.warn(format!(
            "of what --match fits {count} are passed over: they {why}"
        ));
    }

    /// Whether it is of these databases, and with --label has that label.
    pub fn shows(&self, subject: &Subject) -> bool {
        self.means_database(subject) && (self.label.is_none() || self.label == subject.label)
    }

    /// Whether it is of these databases and has the label, or without --label none.
    pub fn rotates(&self, subject: &Subject) -> bool {
        self.means_database(subject) && self.label == subject.label
    }
}

/// Keeps what is meant; `None` is asked for what says of no subject.
pub fn keep(backups: &mut Backups, is_meant: impl Fn(Option<&Subject>) -> bool) {
    let mut last = None;
    backups.retain(|backup| {
        let manifest = backup.manifest.map(std::ptr::from_ref);
        match last {
            Some((like, is_kept)) if is_like(like, manifest) => is_kept,
            _ => {
                let is_kept = is_meant(Subject::of(&backup).as_ref());
                last = Some((manifest, is_kept));
                is_kept
            }
        }
    });
}

/// Calls `each` with the subjects, with most of them once.
fn each_subject(backups: &Backups, mut each: impl FnMut(Option<Subject>)) {
    let mut last = None;
    for backup in backups.glimpses() {
        let manifest = backup.manifest.map(std::ptr::from_ref);
        if !is_like(last, manifest) {
            each(Subject::of(&backup));
        }
        last = manifest;
    }
}

/// Whether a manifest says what another one says: those of a job say it at one place.
fn is_like(one: Option<*const Common>, other: Option<*const Common>) -> bool {
    one.is_some() && one == other
}

fn wanted(database: Option<&str>) -> String {
    match database {
        Some(database) => format!("of the database {database}"),
        None => "of globals".into(),
    }
}
