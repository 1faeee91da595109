//! Other versions of PostgreSQL that are on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::program;

/// The folders of programs, by major version: Debian's, those below `/opt/pg/NN`, and what
/// `make test-versions` fetched.
pub fn versions() -> BTreeMap<u32, PathBuf> {
    let places = [
        "/usr/lib/postgresql",
        "/opt/pg",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../target/postgresql"),
    ];
    let mut found = BTreeMap::new();
    let folders = places.iter().flat_map(fs::read_dir).flatten().flatten();
    for folder in folders {
        let major = folder
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let programs = folder.path().join("bin");
        if let Some(major) = major.filter(|_| programs.join("postgres").exists()) {
            found.entry(major).or_insert(programs);
        }
    }
    found
}

/// The programs of this major version, where there are any that include `program`.
pub fn version(major: u32, program: &str) -> Option<PathBuf> {
    let programs = versions().remove(&major)?;
    programs.join(program).exists().then_some(programs)
}

/// Whether this pg_dump compresses by zstd and lz4: from 16 on, where it was built with both.
pub fn knows_zstd(pg_dump: &Path) -> bool {
    ["zstd", "lz4"].iter().all(|method| {
        let nowhere = [
            "--host=/nonexistent",
            "-Fc",
            "--file=/dev/null",
            "--compress",
        ];
        let output = program(pg_dump).args(nowhere).arg(method).run();
        // Before it looks for a server.
        !output.stderr.contains("compress")
    })
}
