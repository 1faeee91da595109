//! SIGKILL, wherever it hits, and a disk that is full, or a limit that is reached, just then: no good
//! backup is lost, no half one can be mistaken for one, and the next run cleans up.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::path::Path;
use std::thread;
use std::time::Instant;

use rustix::process::Signal;
use setting::{back_up, database_with_rows, visible};
use shared::backup::{self, Backup, Manifest, State};
use tests::{Database, Refused, ToolCommand, eventually, processes_with, program};

/// Backups of a database, and what every run does: one more, and only so many are kept.
struct Series {
    database: Database<'static>,
    dir: tempfile::TempDir,
    format: &'static str,
}

const KEPT: usize = 2;

impl Series {
    /// As many good backups as are kept.
    fn new(format: &'static str) -> Self {
        let series = Self {
            database: database_with_rows(500),
            dir: tempfile::tempdir().unwrap(),
            format,
        };
        for _ in 0..KEPT {
            series.run().run().expect_code(0);
        }
        series
    }

    fn run(&self) -> ToolCommand {
        let run = back_up(&self.database, self.dir.path());
        run.args(["-F", self.format, "--keep-last", &KEPT.to_string()])
    }

    fn backups(&self) -> Vec<Backup> {
        backup::list(self.dir.path()).unwrap()
    }

    /// After a kill: as many good backups as are kept at least, each of them really good, and no
    /// other has a manifest that anybody could believe.
    #[track_caller]
    fn check(&self, moment: &str) {
        let dir = self.dir.path();
        let processes = || processes_with(dir.to_str().unwrap());
        eventually("pg_dump ends with its master", || processes().is_empty());
        let left = visible(dir);
        let backups = self.backups();
        let good: Vec<&Backup> = backups.iter().filter(|backup| backup.is_ok()).collect();
        assert!(good.len() >= KEPT, "{moment}: {left:?}");
        for backup in good {
            is_whole(dir, &Manifest::read(&backup.path).unwrap().unwrap());
        }
        for other in backups.iter().filter(|backup| !backup.is_ok()) {
            assert_eq!(other.state, State::NoManifest, "{moment}: {left:?}");
        }
    }

    /// The next run does its work, and leaves nothing but what is kept.
    #[track_caller]
    fn recover(&self, moment: &str) {
        let litter = visible(self.dir.path());
        let litter = litter.iter().any(|name| name.starts_with('.'));
        let output = self.run().run().expect_code(0);
        let said = output.stderr.contains("an earlier run");
        assert_eq!(said, litter, "{moment}: {output:?}");
        let left = visible(self.dir.path());
        assert_eq!(left.len(), 3 * KEPT, "{moment}: {left:?}");
        let backups = self.backups();
        assert!(backups.iter().all(Backup::is_ok), "{moment}: {left:?}");
    }
}

#[track_caller]
fn is_whole(dir: &Path, manifest: &Manifest) {
    let files: Vec<_> = manifest.files.iter().map(|file| &file.name).collect();
    let sums = program("sha256sum").args(files).current_dir(dir).run();
    let lines = manifest.files.iter();
    let expected: String = lines
        .map(|file| format!("{}  {}\n", file.sha256, file.name))
        .collect();
    assert_eq!(sums.expect_code(0).stdout, expected);
}

/// Also where the run that is to clean up is killed at that.
#[test]
fn a_kill_at_any_step_loses_nothing() {
    for format in ["custom", "directory"] {
        let series = Series::new(format);
        let mut step = 0;
        while series.run().killed_at_step(step) {
            let moment = format!("{format}, step {step}");
            series.check(&moment);
            let second = step % 7;
            if series.run().killed_at_step(second) {
                series.check(&format!("{moment}, then {second}"));
            }
            series.recover(&moment);
            step += 1;
        }
        assert!(step > 20, "only {step} steps");
    }
}

#[test]
fn a_kill_at_twenty_random_moments_loses_nothing() {
    for format in ["custom", "directory"] {
        let series = Series::new(format);
        let more = "select n, md5(n::text) from generate_series(501, 100000) as n";
        series.database.sql(&format!("insert into orders {more}"));
        let started = Instant::now();
        series.run().run().expect_code(0);
        let whole = started.elapsed();
        for moment in 0..20 {
            let running = series.run().start();
            // Which moments these are depends on how fast the machine happens to be.
            thread::sleep(whole * moment / 20);
            running.signal(Signal::KILL);
            running.finish();
            series.check(&format!("{format}, moment {moment}"));
        }
        series.recover(format);
    }
}

/// The data, what lies beside it, and then, when an older one is deleted, its manifest, and its folder
/// where it is one.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_disk_that_is_full_at_any_rename_loses_nothing() {
    let unnamed = (2, "could not give the backup its name");
    let undeleted = (1, "could not delete");
    for (format, expected) in [
        ("custom", &[unnamed, unnamed, unnamed, undeleted][..]),
        ("plain", &[unnamed, unnamed, unnamed, undeleted]),
        ("tar", &[unnamed, unnamed, unnamed, undeleted]),
        (
            "directory",
            &[unnamed, unnamed, unnamed, undeleted, undeleted],
        ),
    ] {
        let series = Series::new(format);
        for (number, (status, words)) in expected.iter().enumerate() {
            let moment = format!("{format}, rename {number}");
            let (output, was_refused) = series.run().refused(Refused::Rename, number);
            assert!(was_refused, "{moment}: {output:?}");
            let output = output.expect_code(*status).expect_error(words);
            let records = output.expect_error("No space left on device").json_lines();
            let told: Vec<&str> = records
                .iter()
                .filter_map(|of| of["action"].as_str())
                .collect();
            match *status {
                2 => assert_eq!(told, ["failed"], "{moment}"),
                _ => assert_eq!(told, ["created", "kept", "failed"], "{moment}"),
            }
            series.check(&moment);
            let good = series.backups().iter().filter(|of| of.is_ok()).count();
            assert_eq!(good, if *status == 2 { KEPT } else { KEPT + 1 }, "{moment}");
            // The disk is still full when the next run cleans up.
            let (output, _) = series.run().refused(Refused::Rename, 0);
            assert!(!output.stderr.contains("panicked"), "{moment}: {output:?}");
            series.check(&format!("{moment}, then 0"));
            series.recover(&moment);
        }
        let (output, was_refused) = series.run().refused(Refused::Rename, expected.len());
        assert!(!was_refused, "{format}: {output:?}");
        output.expect_code(0);
    }
}

/// As on some of virtual machines, which know nothing of it: PostgreSQL does not mind either.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_folder_that_can_not_be_synced_takes_backups_all_the_same() {
    for format in ["custom", "directory"] {
        let series = Series::new(format);
        let mut number = 0;
        loop {
            let moment = format!("{format}, sync {number}");
            let (output, was_refused) = series.run().refused(Refused::SyncFolder, number);
            assert_eq!(output.expect_code(0).stderr, "", "{moment}");
            series.check(&moment);
            if !was_refused {
                break;
            }
            number += 1;
        }
        assert!(number > 3, "only {number} syncs");
    }
}

/// As where a user may have no more processes.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_thread_or_a_program_that_can_not_be_started_is_told_or_done_without() {
    for format in ["custom", "plain", "directory"] {
        let series = Series::new(format);
        let mut number = 0;
        loop {
            let moment = format!("{format}, start {number}");
            let (output, was_refused) = series.run().refused(Refused::Start, number);
            assert!(!output.stderr.contains("panicked"), "{moment}: {output:?}");
            series.check(&moment);
            if !was_refused {
                output.expect_code(0);
                break;
            }
            match output.code() {
                Some(0) => assert!(output.stderr.is_empty(), "{moment}: {output:?}"),
                code => {
                    assert_eq!(code, Some(2), "{moment}: {output:?}");
                    output.expect_error("Resource temporarily unavailable");
                }
            }
            series.recover(&moment);
            number += 1;
        }
        assert!(number > 3, "only {number} starts");
    }
}
