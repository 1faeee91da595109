//! The crontabs of the pages, run as cron does: by sh, with hardly an environment; after the roles of the README, and
//! before its way back.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::Path;
use std::thread;

use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, Page, ToolCommand, binary, eventually, files_in, program, start};

/// What cron makes of a line: the command, and what the command reads. A `%` ends the one and begins the other.
fn as_cron(line: &str) -> (String, String) {
    let mut rest = line;
    for _ in 0..5 {
        rest = rest.split_once(' ').unwrap().1.trim_start();
    }
    let marked = rest.replace("\\%", "\0");
    let (command, input) = marked.split_once('%').unwrap_or((&marked, ""));
    let plain = |text: &str| text.replace('\0', "%");
    (plain(command), plain(&input.replace('%', "\n")))
}

/// The lines of a page's crontab that are jobs.
fn jobs(page: &Page) -> Vec<String> {
    let blocks = page.blocks().into_iter();
    let blocks = blocks.filter(|block| block.language == "crontab");
    let is_job =
        |line: &&str| line.starts_with(|first: char| first.is_ascii_digit() || first == '*');
    let jobs = |text: &str| {
        text.lines()
            .filter(is_job)
            .map(str::to_string)
            .collect::<Vec<_>>()
    };
    blocks.flat_map(|block| jobs(&block.text)).collect()
}

/// Where it runs, in place of what the pages name.
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
        let tools = ["pg-dump-rotate", "pg-restore-verify", "pg-lock-kill"].map(binary);
        let tools = tools[0].parent().unwrap().display().to_string();
        let backups = self.home.join("backups");
        let variables = format!(
            "PGHOST={} PGPORT={}",
            cluster.socket_dir().display(),
            cluster.port()
        );
        line.replace("-h localhost", &server)
            .replace("PGHOST=localhost", &variables)
            .replace("/backups", &backups.display().to_string())
            .replace("/usr/local/bin", &tools)
    }

    /// By sh, with the PATH of the README's crontab.
    fn shell(&self, command: &str) -> ToolCommand {
        let crontab = Page::read("README.md").block("crontab", "PATH=").text;
        let path = crontab.lines().find_map(|line| line.strip_prefix("PATH="));
        let run = program("/bin/sh").args(["-c", &self.here(command)]);
        let run = run
            .env_remove("LC_ALL")
            .env("PATH", self.here(path.unwrap()));
        run.env("HOME", self.home).current_dir(self.home)
    }

    fn run(&self, line: &str) -> Output {
        let (command, input) = as_cron(line);
        self.shell(&command).stdin(input).run()
    }

    /// Runs a job, which has nothing to mail.
    fn is_silent(&self, line: &str) {
        let output = self.run(line).expect_code(0);
        assert_eq!((output.stderr.as_str(), output.stdout.as_str()), ("", ""));
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
    let readme = Page::read("README.md");
    fs::create_dir(home.path().join("backups")).unwrap();
    database.sql(&readme.block("sql", "CREATE ROLE backup").text);
    let tried = readme.block("sh", "pg-dump-rotate -h localhost").text;
    let rehearsal = tried.lines().find(|line| line.ends_with("--dry-run"));
    place.shell(rehearsal.unwrap()).run().expect_code(0);

    let jobs = jobs(&readme);
    // What these say, watching.rs knows.
    let is_report = |job: &&String| job.contains("pg-stat-report");
    let jobs: Vec<&String> = jobs.iter().filter(|job| !is_report(job)).collect();
    let [backup, morning, week, locks] = jobs[..] else {
        unreachable!("{jobs:?}")
    };
    for job in [backup, morning, week, locks] {
        place.is_silent(job);
    }
    let log = fs::read_to_string(home.path().join("backup.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 3, "{log}");
    let proofs = files_in(home.path().join("backups"));
    let proofs = proofs
        .iter()
        .filter(|name| name.ends_with(".verified.json"));
    assert_eq!(proofs.count(), 3);
    ends_who_keeps_others_waiting(&place, &database, locks);
    for page in ["docs/pg-restore-verify.md", "docs/pg-lock-kill.md"] {
        for job in self::jobs(&Page::read(page)) {
            place.is_silent(&job);
        }
    }

    // The way back, where the server has no such database any more.
    let mut client = cluster.connect("postgres").unwrap();
    let (count, limit) = (
        "select count(*) from orders",
        "select datconnlimit from pg_database where datname = 'app'",
    );
    client
        .batch_execute("drop database app with (force)")
        .unwrap();
    let back = readme
        .block("sh", "pg-dump-rotate --dir /backups --list")
        .text;
    place.shell(&format!("set -e\n{back}")).run().expect_code(0);
    assert_eq!(
        (database.value(count), database.value(limit)),
        ("1000".into(), "7".into())
    );
    // What has no backup, and what is damaged, is mailed.
    let fresh = Database::named(&cluster, "fresh");
    let output = place.run(morning).expect_code(1);
    output.expect_error("database fresh: there is no good backup");
    drop(fresh);
    let damage =
        "for f in backups/app*.dump; do printf X | dd of=$f bs=1 seek=99 conv=notrunc; done";
    place.shell(damage).run().expect_code(0);
    let output = place.run(week).expect_code(1);
    output.expect_error("/app_");
}

/// A session that sits in a transaction, and one that waits for it.
fn ends_who_keeps_others_waiting(place: &Place<'_>, database: &Database<'_>, job: &str) {
    database.sql("create role shop login; alter table orders owner to shop");
    let session = || {
        let mut config = postgres::Config::new();
        config.host_path(place.cluster.socket_dir()).user("shop");
        config.port(place.cluster.port()).dbname("app");
        config.connect(postgres::NoTls).unwrap()
    };
    let mut head = session();
    head.batch_execute("begin; lock table orders").unwrap();
    let mut waiting = session();
    let waiter = thread::spawn(move || waiting.batch_execute("select from orders"));
    let job = job.replace("--blocking-for 1m", "--blocking-for 1s");
    eventually("the head is ended", || {
        place.run(&job);
        let ended = fs::read_to_string(place.home.join("ended.jsonl")).unwrap();
        ended.contains(r#""result":"ended""#)
    });
    waiter.join().unwrap().unwrap();
    assert!(head.batch_execute("select").is_err());
}

/// It would end the command, and hide what is wrong with it.
#[test]
fn cron_takes_no_sign_for_its_own() {
    for page in Page::all() {
        for job in jobs(&page) {
            let (_, input) = as_cron(&job);
            assert_eq!(input, "", "{}: {job}", page.name);
        }
    }
    let (command, input) = as_cron("0 8 * * 1  check 50% > /dev/null");
    assert_eq!(
        (command.as_str(), input.as_str()),
        ("check 50", " > /dev/null")
    );
}
