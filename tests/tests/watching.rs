//! What the pages have cron, make, Nagios, Prometheus and psql do with pg-stat-report, run as it stands there.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

use std::fs;
use std::io::Write;
use std::path::Path;

use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, Page, ToolCommand, binary, program, start};

/// The lines of the block of the README in which one begins so.
fn block(language: &str, start: &str) -> Vec<String> {
    let block = Page::read("README.md").block(language, start);
    block.text.lines().map(str::to_string).collect()
}

/// What cron runs at this time, on the server whose socket is in this folder.
fn job(time: &str, folder: &str) -> String {
    let lines = block("crontab", time);
    let line = lines.iter().find_map(|line| line.strip_prefix(time));
    line.unwrap()
        .trim()
        .replace("-h localhost", &format!("-h {folder}"))
}

const MORNING: &str = "5 8 * * *";
const OFTEN: &str = "*/10 * * * *";

struct Place {
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let settings = [
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("autovacuum", "on"),
            ("shared_preload_libraries", "pg_stat_statements"),
        ];
        let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
        let cluster = start(&ClusterOptions {
            settings: settings.to_vec(),
            ..ClusterOptions::default()
        });
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("node_exporter")).unwrap();
        Self { cluster, folder }
    }

    /// A database with an index that is there twice.
    fn fill(&self) -> Database<'_> {
        let database = Database::named(&self.cluster, "app");
        database.sql(
            "create extension pg_stat_statements; create extension pgstattuple;
             create role watcher login in role pg_monitor; grant select on pg_statistic to watcher;
             create table t (id int primary key, n int); create index on t (n); create index again on t (n);
             insert into t select i, i from generate_series(1, 50000) i; analyze t;
             create table \"odd \"\"name\" (i int primary key); create index \"also \"\"odd\" on \"odd \"\"name\" (i)",
        );
        database
    }

    fn sh(&self, line: &str) -> ToolCommand {
        let tools = binary("pg-stat-report");
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", tools.parent().unwrap().display());
        let line = line.replace("/var/lib/node_exporter", "node_exporter");
        let run = program("/bin/sh").args(["-c", &line]).env("PATH", path);
        run.server(&self.cluster).current_dir(self.folder.path())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }
}

/// It was done, whether something was found or not, and nothing was wrong.
fn done(output: &Output) {
    assert!(
        matches!(output.status.code(), Some(0 | 1)) && output.stderr.is_empty(),
        "{output:?}"
    );
}

fn gzip(path: &Path, text: &str) {
    let file = fs::File::create(path).unwrap();
    let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap();
}

/// Of the version, and of what was not there an hour ago, a healthy server says something, too.
fn is_expected(check: &str) -> bool {
    ["version", "growth", "disk_full", "settings_drift"].contains(&check)
}

/// With the roles that the page names, and what it skips, nothing is said of a server that is well.
#[test]
fn a_healthy_server_is_silent() {
    let place = Place::new();
    if place.cluster.version().major < 14 {
        println!("PostgreSQL 13 has no pg_read_all_data");
        return;
    }
    let database = Database::named(&place.cluster, "app");
    let folder = place.cluster.socket_dir().display().to_string();
    database.sql(
        "create extension pg_stat_statements; revoke create on schema public from public;
         create table customer (id int generated always as identity primary key, name text);
         create table sale (id serial primary key, customer_id int references customer, at timestamptz);
         create index on sale (customer_id);
         insert into customer (name) select md5(i::text) from generate_series(1, 1000) i;
         insert into sale (customer_id, at) select i, now() from generate_series(1, 1000) i; analyze",
    );
    let drop_role = "drop role if exists watcher";
    let cron = job(MORNING, &folder);
    let page = Page::read("docs/pg-stat-report.md");
    let blocks = page.blocks().into_iter();
    let roles = blocks.filter(|block| block.text.starts_with("CREATE ROLE watcher"));
    let roles: Vec<String> = roles.map(|block| block.text).collect();
    let [all, least] = &roles[..] else {
        unreachable!("{roles:?}")
    };
    database.sql(all);
    let output = place.sh(&cron).env_remove("PGHOST").run().expect_code(0);
    assert!(output.stderr.is_empty(), "{output:?}");
    let words = output.stdout.lines().map(|line| line.split(' ').nth(1));
    let unexpected: Vec<&str> = words
        .flatten()
        .filter(|check| !is_expected(check))
        .collect();
    assert!(unexpected.is_empty(), "{output:?}");
    database.sql(drop_role);

    database.sql(least);
    let command = page.block("sh", "pg-stat-report -U watcher").text;
    let output = place.sh(&command).run().expect_code(0);
    let records = output.json_lines();
    let said = records.iter().filter(|record| record["status"] != "ok");
    let said = said.map(|record| record["check"].as_str().unwrap());
    let unexpected: Vec<&str> = said.filter(|check| !is_expected(check)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
}

#[test]
fn logs_of_several_days_are_one() {
    let place = Place::new();
    let entry = "2026-11-21 08:00:00.000 UTC [7] LOG:  duration: 12.5 ms  statement: select 1\n";
    place.write("postgresql.log", entry);
    gzip(&place.path("postgresql.log.1.gz"), entry);
    let block = Page::read("docs/pg-stat-report.md").block("sh", "zcat");
    let line = block.text.lines().find(|line| line.starts_with("zcat"));
    let log = place.sh(line.unwrap()).run().expect_code(0).json_lines();
    assert_eq!((&log[0]["count"], log.len()), (&serde_json::json!(2), 1));
}

#[test]
fn cron_make_nagios_prometheus_and_psql_take_it() {
    let place = Place::new();
    let database = place.fill();
    let folder = place.cluster.socket_dir().display().to_string();
    let again = "warning duplicate_indexes public.again it says what public.t_n_idx";

    let cron = |time: &str| {
        let output = place
            .sh(&job(time, &folder))
            .env_remove("PGHOST")
            .run()
            .expect_code(0);
        assert!(output.stderr.is_empty(), "{output:?}");
        output.stdout
    };
    let mail = cron(MORNING);
    assert!(mail.lines().any(|line| line.starts_with(again)), "{mail}");
    assert!(!mail.lines().any(|line| line.starts_with("ok")), "{mail}");
    assert!(place.path("app.state").exists());
    assert_eq!(cron(OFTEN), "");

    place.write("Makefile", &(block("make", "healthy:").join("\n") + "\n"));
    let deploy = "#!/bin/sh\necho deployed\n";
    place.write("deploy.sh", deploy);
    let deploy = || place.sh("chmod +x deploy.sh; make -s deploy").run();
    let deployed = deploy().expect_code(0).stdout;
    assert!(deployed.ends_with("deployed\n"), "{deployed}");
    let full = "alter database app connection limit 1";
    database.sql(full);
    let _session = database.client();
    let output = deploy().expect_code(2);
    assert!(!output.stdout.contains("deployed"), "{output:?}");
    assert!(output.stdout.contains("critical"), "{output:?}");
    // Only superusers get in now.
    let often = place.sh(&job(OFTEN, &folder)).env_remove("PGHOST").run();
    assert!(often.stdout.starts_with("critical connect "), "{often:?}");
    database.sql("alter database app connection limit -1");

    let nagios = block("nagios", "define command");
    let nagios = nagios
        .iter()
        .find_map(|line| line.trim().strip_prefix("command_line"));
    let nagios = nagios.unwrap().trim().replace("$HOSTADDRESS$", &folder);
    let output = place.sh(&nagios).env_remove("PGHOST").run();
    let (line, status) = (output.stdout.as_str(), output.status.code());
    let words = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
    let word = words[usize::try_from(status.unwrap()).unwrap()];
    assert!(
        line.starts_with(&format!("POSTGRES {word} - ")) && line.contains(" | '"),
        "{output:?}"
    );
    assert_eq!(line.lines().count(), 1);

    let lines = block("sh", "pg-stat-report -d app -o openmetrics");
    let [prometheus, mend] = &lines[..] else {
        unreachable!("{lines:?}")
    };
    done(&place.sh(prometheus).run());
    let text = fs::read_to_string(place.path("node_exporter/pg.prom")).unwrap();
    assert!(text.contains("\n# TYPE pg_stat_report_connections_ratio gauge\n"));
    assert!(text.ends_with("# EOF\n"));

    let output = place.sh(mend).run().expect_code(0);
    assert!(output.stderr.is_empty(), "{output:?}");
    let left = "select count(*) from pg_class where relname in ('again', 'also \"odd')";
    assert_eq!(database.value(left), "0");
    assert!(!cron(MORNING).contains("duplicate_indexes"));
}
