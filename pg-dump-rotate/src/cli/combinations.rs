//! Flags that make no sense together: refused, since a flag that is silently ignored might
//! have been the one that mattered.

use shared::backup::Format;
use shared::{Error, Result};

use super::{Job, Options, passed};

/// An error where the options contradict each other.
pub fn check(options: &Options) -> Result<()> {
    if options.dir.as_os_str().is_empty() {
        return Err(Error::usage("--dir is needed: the folder of the backups"));
    }
    if options.job == Job::Rotate && options.policy.is_empty() {
        return Err(Error::usage(
            "--rotate needs a rule, such as --keep-daily 7",
        ));
    }
    match options.job {
        Job::BackUp => check_backup(options)?,
        job => check_no_backup(options, job)?,
    }
    check_check(options)
}

/// What is for a backup has no place where none is taken.
fn check_no_backup(options: &Options, job: Job) -> Result<()> {
    let job = match job {
        Job::List => "--list",
        Job::Check => "--check",
        _ => "--rotate",
    };
    match of_backup(options) {
        None if options.dry_run && job != "--rotate" => Err(Error::usage(format!(
            "{job} changes nothing, so --dry-run has no place beside it"
        ))),
        None => Ok(()),
        Some(flag) => Err(Error::usage(format!(
            "{job} takes no backup, so {flag} has no place beside it"
        ))),
    }
}

/// The first flag that is about the backup to take.
fn of_backup(options: &Options) -> Option<&str> {
    let given = [
        (options.format.is_some(), "--format"),
        (options.compression.is_some(), "--compress"),
        (options.jobs > 1, "--jobs"),
        (options.all_databases, "--all-databases"),
        (options.globals, "--globals"),
        (options.no_role_passwords, "--no-role-passwords"),
        (options.pg_dump.is_some(), "--pg-dump"),
        (options.no_digest, "--no-digest"),
        (options.source.is_some(), "--source-counts"),
        (options.force, "--force"),
    ];
    let flag = given.into_iter().find(|(is_given, _)| *is_given);
    let selection = || options.selection.first()?.split('=').next();
    flag.map(|(_, flag)| flag).or_else(selection)
}

fn check_backup(options: &Options) -> Result<()> {
    let has = |flag: &str| options.selection.iter().any(|given| given == flag);
    let directory = options.format() == Format::Directory;
    let single = options.databases.len() < 2 && !options.all_databases;
    let contradictions = [
        (
            has("--schema-only") && has("--data-only"),
            "--schema-only and --data-only exclude each other",
        ),
        (
            has("--blobs") && has("--no-blobs"),
            "--blobs and --no-blobs exclude each other",
        ),
        (
            options.all_databases && options.databases.len() > 1,
            "--all-databases takes one -d at most: where to connect",
        ),
        (
            options.no_role_passwords && !options.globals,
            "--no-role-passwords is about --globals, which is not given",
        ),
        (
            options.no_digest && options.source.is_some(),
            "--no-digest leaves nothing to compare the source with",
        ),
        (
            options.jobs > 1 && single && !directory,
            "--jobs is for several databases, or for the tables of -F directory",
        ),
        (
            options.verify_checksums,
            "--verify-checksums is for --list and --check",
        ),
    ];
    match contradictions.iter().find(|(is_so, _)| *is_so) {
        Some((_, words)) => Err(Error::usage(*words)),
        None => passed::check_all(&options.selection),
    }
}

/// What --check finds fault with is not asked elsewhere.
fn check_check(options: &Options) -> Result<()> {
    let check = &options.check;
    let given = [
        (check.max_age.is_some(), "--max-age"),
        (check.min_count.is_some(), "--min-count"),
        (check.max_shrink_ratio.is_some(), "--max-shrink"),
    ];
    let given = given.into_iter().find(|(is_given, _)| *is_given);
    match given.filter(|_| options.job != Job::Check) {
        Some((_, flag)) => Err(Error::usage(format!("{flag} is for --check"))),
        None => Ok(()),
    }
}
