//! The crontab of the README, run as cron does: by sh, with hardly an environment.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;

use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, ToolCommand, binary, program, start};

/// The lines of the README that stand apart, of the section on pg-dump-rotate.
fn lines() -> Vec<&'static str> {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n## pg-dump-rotate\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let lines = section.lines().filter(|line| line.starts_with("    "));
    lines.map(str::trim).collect()
}

/// Where it runs, in place of what the README names.
struct Place<'a> {
    cluster: &'a Cluster,
    home: &'a Path,
}

impl Place<'_> {
    fn here(&self, line: &str) -> String {
        let cluster = self.cluster;
        let server = format!(
            "-h {} -p {}",
            cluster.socket_dir().display(),
            cluster.port()
        );
        let tools = binary("pg-dump-rotate").parent().unwrap().to_path_buf();
        binary("pg-restore-verify");
        let backups = self.home.join("backups");
        line.replace("-h localhost", &server)
            .replace("/backups", &backups.display().to_string())
            .replace("/usr/local/bin", &tools.display().to_string())
    }

    fn run(&self, path: &str, command: &str) -> Output {
        self.shell(path, command).run()
    }

    fn shell(&self, path: &str, command: &str) -> ToolCommand {
        let run = program("/bin/sh").args(["-c", &self.here(command)]);
        let run = run.env_remove("LC_ALL").env("PATH", self.here(path));
        run.env("HOME", self.home).current_dir(self.home)
    }
}

#[test]
fn the_crontab_runs_as_it_stands() {
    let cluster = start(&ClusterOptions::default());
    let database = Database::named(&cluster, "app");
    database.sql("create table orders as select n from generate_series(1, 1000) as n");
    database.sql("alter database app connection limit 7");
    let home = tempfile::tempdir().unwrap();
    let place = Place {
        cluster: &cluster,
        home: home.path(),
    };
    let lines = lines();
    // As sudo and install do it there.
    std::fs::create_dir(home.path().join("backups")).unwrap();
    let found = |start: &str| *lines.iter().find(|line| line.starts_with(start)).unwrap();
    let own = std::env::var("PATH").unwrap();
    let role = found("createuser").replace(" --pwprompt", "");
    place.run(&own, &role).expect_code(0);
    place.run(&own, found("psql ")).expect_code(0);
    let path = found("PATH=").strip_prefix("PATH=").unwrap();
    let rehearsal = lines
        .iter()
        .find(|line| line.ends_with("--dry-run"))
        .unwrap();
    place.run(path, rehearsal).expect_code(0);
    let is_job = |line: &&&str| line.starts_with("0 ");
    let jobs: Vec<&str> = lines
        .iter()
        .filter(is_job)
        .map(|line| line.split_once("  ").unwrap().1)
        .collect();
    assert_eq!(jobs.len(), 4, "{jobs:?}");
    for job in &jobs {
        let output = place.run(path, job).expect_code(0);
        assert_eq!((output.stderr.as_str(), output.stdout.as_str()), ("", ""));
    }
    let log = std::fs::read_to_string(home.path().join("backup.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 3, "{log}");
    let proofs = tests::files_in(home.path().join("backups"));
    let proofs = proofs
        .iter()
        .filter(|name| name.ends_with(".verified.json"));
    assert_eq!(proofs.count(), 3);
    // The way back, where the server has no such database any more.
    let mut client = cluster.connect("postgres").unwrap();
    let (count, limit) = (
        "select count(*) from orders",
        "select datconnlimit from pg_database where datname = 'app'",
    );
    client
        .batch_execute("drop database app with (force)")
        .unwrap();
    let back = lines
        .iter()
        .position(|line| line.starts_with("newest="))
        .unwrap();
    let back = format!("set -e\n{}", lines[back..back + 3].join("\n"));
    place
        .shell(path, &back)
        .server(&cluster)
        .run()
        .expect_code(0);
    assert_eq!(
        (database.value(count), database.value(limit)),
        ("1000".into(), "7".into())
    );
    // What has no backup, and what is damaged, is mailed.
    let fresh = Database::named(&cluster, "fresh");
    let output = place.run(path, jobs[1]).expect_code(1);
    output.expect_error("database fresh: there is no good backup");
    drop(fresh);
    let damage =
        "for f in backups/app*.dump; do printf X | dd of=$f bs=1 seek=99 conv=notrunc; done";
    place.run(path, damage).expect_code(0);
    let output = place.run(path, jobs[2]).expect_code(1);
    output.expect_error("/app_");
}
