//! Restores an archive with pg_restore, and keeps every error that it tells of.

use std::thread;
use std::time::Instant;

use shared::Result;
use shared::programs::{Child, Finished, Program};

use super::target::Target;
use super::{Refusal, Restored};
use crate::archive::Archive;
use crate::contents::Collector;
use crate::instants::InstantColumns;
use crate::source::Converted;

/// Restores the archive into the target's database, whose schema is already in
/// `collector`, while its rows are read a second time for their digests.
pub fn restore_archive(
    pg_restore: &Program,
    archive: &Archive,
    target: &mut Target,
    mut collector: Collector,
    jobs: usize,
) -> Result<Restored> {
    target.provide(&collector.contents().needs)?;
    let target = &*target;
    let began = Instant::now();
    let run = Run {
        pg_restore,
        archive,
        target,
    };
    let mut refusals = run.section(&["--section=pre-data"])?;
    collector.set_instants(InstantColumns::of(&mut target.connect()?)?);
    let (read, rest) = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let data = Converted::start(pg_restore, archive, &["--data-only"])?;
            data.collect(&mut target.decoder(), &mut collector)
        });
        let jobs = format!("--jobs={jobs}");
        let rest = run.section(&["--section=data", "--section=post-data", &jobs]);
        let rest = rest.map(|refusals| (refusals, began.elapsed()));
        (reading.join(), rest)
    });
    let (more, took) = rest?;
    refusals.extend(more);
    let damage = match read {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(panic) => std::panic::resume_unwind(panic),
    };
    shared::signals::check()?;
    let damage = damage.map(|error| error.in_one_line());
    Ok(Restored {
        contents: collector.finish(),
        refusals,
        damage,
        took,
    })
}

struct Run<'a> {
    pg_restore: &'a Program,
    archive: &'a Archive,
    target: &'a Target,
}

impl Run<'_> {
    fn section(&self, options: &[&str]) -> Result<Vec<Refusal>> {
        let mut command = self.pg_restore.command();
        for (name, value) in self.target.cluster().environment() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let database = format!("--dbname={}", self.target.database());
        command
            .args(options)
            .args(["--verbose", "--no-password"])
            .arg(database);
        command.arg("--").arg(&self.archive.path);
        let finished = Child::spawn(command, "pg_restore")?.wait()?;
        shared::signals::check()?;
        Ok(refusals(&finished))
    }
}

/// The errors that pg_restore tells of. A status without one is one too.
fn refusals(finished: &Finished) -> Vec<Refusal> {
    let mut found = told(&finished.stderr);
    if found.is_empty() && !finished.status.success() {
        let message = finished.end();
        found.push(Refusal {
            object: "pg_restore".to_string(),
            message,
        });
    }
    found
}

/// Each `pg_restore: error:` with the entry that it names before it.
fn told(stderr: &str) -> Vec<Refusal> {
    let mut object = "the archive".to_string();
    let mut found: Vec<Refusal> = Vec::new();
    for line in stderr.lines() {
        if let Some(entry) = line.strip_prefix("pg_restore: from TOC entry ") {
            object = toc_label(entry);
        } else if let Some(message) = line.strip_prefix("pg_restore: error: ") {
            let message = message
                .strip_prefix("could not execute query: ")
                .unwrap_or(message);
            found.push(Refusal {
                object: object.clone(),
                message: message.to_string(),
            });
        } else if let Some(detail) = line.strip_prefix("DETAIL:  ")
            && let Some(last) = found.last_mut()
        {
            last.message = format!("{}: {detail}", last.message);
        }
    }
    // A server older than the pg_dump does not know it, and it can't matter here.
    found.retain(|refusal| !refusal.message.contains("\"transaction_timeout\""));
    found
}

/// `215; 1259 16386 TABLE t owner` without its numbers.
fn toc_label(entry: &str) -> String {
    let words = entry.split_once("; ").map_or(entry, |(_, rest)| rest);
    words
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
        .to_string()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn errors_with_the_entry_they_belong_to() {
        let stderr = "pg_restore: while PROCESSING TOC:\n\
            pg_restore: from TOC entry 3207; 2604 16395 INDEX public i app\n\
            pg_restore: error: could not execute query: ERROR:  function f(text) does not exist\n\
            Command was: CREATE INDEX i ON t (f(a));\n\
            pg_restore: warning: errors ignored on restore: 1\n";
        let expected = Refusal {
            object: "INDEX public i app".to_string(),
            message: "ERROR:  function f(text) does not exist".to_string(),
        };
        assert_eq!(told(stderr), [expected]);
    }
}
