//! The kinds of backups: one of each, which is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use shared::backup::manifest_of;
use tests::Database;

use super::tool;

/// What pg-dump-rotate and the programs here can make, by format and compression.
const TAKEN: [(&str, &str); 12] = [
    ("custom", "gzip"),
    ("custom", "zstd"),
    ("custom", "lz4"),
    ("custom", "none"),
    ("directory", "gzip"),
    ("directory", "zstd"),
    ("directory", "none"),
    ("tar", "none"),
    ("plain", "none"),
    ("plain", "gzip"),
    ("plain", "zstd"),
    ("plain", "lz4"),
];
/// What others do to plain dumps: the program, and the ending that it gives.
const PACKED: [(&str, &str); 2] = [("bzip2", ".bz2"), ("xz", ".xz")];

/// A backup of some kind, which is whole.
pub struct Kind {
    /// Its format and compression.
    pub name: String,
    path: PathBuf,
}

impl Kind {
    /// One of every kind, or of one.
    pub fn take_all(database: &Database<'_>, folder: &Path, only: Option<&str>) -> Vec<Self> {
        let is_wanted = |name: &str| only.is_none_or(|only| only == name);
        let mut kinds = Vec::new();
        for (format, compression) in TAKEN {
            let name = format!("{format} {compression}");
            if is_wanted(&name) {
                kinds.extend(Self::take(name, format, compression, database, folder));
            }
        }
        for (packer, ending) in PACKED {
            let name = format!("plain {packer}");
            if is_wanted(&name) {
                kinds.extend(Self::pack(name, packer, ending, database, folder));
            }
        }
        kinds
    }

    fn take(
        name: String,
        format: &str,
        compression: &str,
        database: &Database<'_>,
        folder: &Path,
    ) -> Option<Self> {
        let mut command = Command::new(tool("pg-dump-rotate"));
        let conninfo = database.conninfo();
        command.args(["-d", &conninfo, "-F", format, "-Z", compression, "--dir"]);
        let output = command.arg(folder.join(&name)).output();
        let output = output.expect("pg-dump-rotate");
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            let why = why.lines().next().unwrap_or_default();
            println!("{name}: left out: {why}");
            return None;
        }
        let record: Value = serde_json::from_slice(&output.stdout).expect("a record");
        let path = record["path"].as_str().expect("a path").into();
        Some(Self { name, path })
    }

    /// A plain dump as another program packs it, without a manifest.
    fn pack(
        name: String,
        packer: &str,
        ending: &str,
        database: &Database<'_>,
        folder: &Path,
    ) -> Option<Self> {
        let plain = Self::take(name, "plain", "none", database, folder)?;
        let path = plain.path.with_extension(format!("sql{ending}"));
        let mut command = Command::new(packer);
        command.arg("--stdout").arg(&plain.path);
        command.stdout(File::create(&path).expect("a file"));
        match command.status() {
            Ok(status) if status.success() => Some(Self { path, ..plain }),
            _ => {
                println!("{}: left out: {packer} can't be run", plain.name);
                None
            }
        }
    }

    /// Whether pg-dump-rotate took it.
    pub fn has_manifest(&self) -> bool {
        self.manifest().exists()
    }

    fn manifest(&self) -> PathBuf {
        self.path.with_file_name(manifest_of(self.file_name()))
    }

    fn file_name(&self) -> &str {
        self.path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
    }

    /// Copies it to a folder of its own, with or without its manifest.
    pub fn copy(&self, into: &Path, manifest: bool) -> PathBuf {
        fs::create_dir_all(into).expect("a folder");
        let copy = into.join(self.file_name());
        if self.path.is_dir() {
            fs::create_dir(&copy).expect("a folder");
            for entry in fs::read_dir(&self.path).expect("a folder").flatten() {
                fs::copy(entry.path(), copy.join(entry.file_name())).expect("a copy");
            }
        } else {
            fs::copy(&self.path, &copy).expect("a copy");
        }
        if manifest {
            let name = manifest_of(self.file_name());
            fs::copy(self.manifest(), into.join(name)).expect("a copy");
        }
        copy
    }
}

/// A small database with something of everything that is stored in a way of its own.
pub fn fill(database: &Database<'_>) {
    database.sql(
        "create table t (id int primary key, word text, made timestamptz default now());
         insert into t select i, md5(i::text), timestamptz '2024-01-01' + i * interval '1 hour'
             from generate_series(1, 800) i;
         create table empty (a int);
         create table log (line text); insert into log values ('one'), (null), ('\\.'), ('\\N'), ('grün');
         create index on t (word); create view v as select * from t where id > 7;
         create sequence s; select nextval('s');
         create materialized view m as select count(*) from t;
         create function f() returns int language sql as 'select 1';
         comment on table t is 'a comment';
         select lo_from_bytea(4711, convert_to(string_agg(md5(i::text), ''), 'UTF8')) from generate_series(1, 300) i;
         select lo_create(4712)",
    );
}
