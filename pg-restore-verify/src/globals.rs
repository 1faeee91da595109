//! A backup of a server's globals: its roles and tablespaces. They restore on a throw-away
//! server when it takes every statement. Tablespaces are passed over, because their folders
//! are another machine's, and so are roles that the server has already.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::time::Instant;

use shared::backup::Manifest;
use shared::cli::Context;
use shared::cluster::{Cluster, ClusterOptions};
use shared::dump::{Compression, Event, Script};
use shared::programs::Version;
use shared::{Context as _, Result, units};

use crate::note::Restore;
use crate::record::{Findings, Status};

const END: &[u8] = b"\n-- PostgreSQL database cluster dump complete\n";
const DUPLICATE_OBJECT: &str = "42710";

/// Whether a manifest is of globals.
pub fn is_of_globals(manifest: &Manifest) -> bool {
    manifest.database.is_none() && !manifest.adopted
}

/// Restores them. Returns what was proved, in words, and how.
pub fn restored(
    path: &Path,
    manifest: &Manifest,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<(String, Option<Restore>)> {
    let script = match read(path) {
        Ok(script) if memchr::memmem::rfind(&script, END).is_some() => script,
        damaged => {
            let cut = "pg_dumpall's closing words are missing: it is cut short".to_string();
            let why = damaged.err().map_or(cut, |error| error.in_one_line());
            findings.add(findings.check("archive", Status::Failed).message(why))?;
            return Ok((String::new(), None));
        }
    };
    let server = manifest.server_version.as_deref().and_then(Version::parse);
    let cluster = Cluster::start(&ClusterOptions {
        at_least: server.map(|version| version.major),
        ..ClusterOptions::default()
    })?;
    let version = cluster.version().to_string();
    context.note(format!(
        "restoring {} on a throw-away PostgreSQL {version}",
        path.display()
    ));
    let began = Instant::now();
    let done = run(&script, &cluster, findings)?;
    let took = began.elapsed();
    let restored = units::human_duration(took);
    let restore = Restore {
        took,
        server_version: version,
    };
    Ok((format!("{done}; restored in {restored}"), Some(restore)))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut script = Vec::new();
    let file = File::open(path).context(|| path.display().to_string())?;
    let mut unpacked = Compression::Gzip.unpack(BufReader::new(file))?;
    unpacked.read_to_end(&mut script)?;
    Ok(script)
}

/// Runs every statement; what was done, in words.
fn run(script: &[u8], cluster: &Cluster, findings: &mut Findings<'_>) -> Result<String> {
    let mut client = cluster.connect("postgres")?;
    let mut script = Script::new(Cursor::new(script));
    let (mut roles, mut tablespaces, mut refused) = (0_u64, 0_u64, false);
    while let Some(event) = script.next()? {
        let Event::Statement { sql, .. } = event else {
            continue;
        };
        let sql = String::from_utf8_lossy(sql);
        if sql.contains(" TABLESPACE ") {
            tablespaces += u64::from(sql.starts_with("CREATE "));
            continue;
        }
        roles += u64::from(sql.starts_with("CREATE ROLE "));
        let Err(error) = client.batch_execute(&sql) else {
            continue;
        };
        let error = shared::Error::from(error);
        if error.sqlstate() == Some(DUPLICATE_OBJECT) && sql.starts_with("CREATE ROLE ") {
            continue;
        }
        refused = true;
        // Not the statement itself: it may hold a password.
        let object: Vec<&str> = sql.split_whitespace().take(3).collect();
        let finding = findings.check("restore", Status::Failed);
        findings.add(finding.object(object.join(" ")).message(error.message()))?;
    }
    let done = format!("{roles} roles with all that they may and are members of");
    if !refused {
        findings.add(findings.check("restore", Status::Ok).message(&done))?;
    }
    Ok(match tablespaces {
        0 => done,
        some => format!("{done}, but for {some} tablespaces, which no other machine can make"),
    })
}
