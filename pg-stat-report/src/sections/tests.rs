//! Every statement is one that servers of all versions take, and answers what its section says.
//!
//! PG_BINDIR names the one version to look at; without it all are looked at that are installed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use postgres::{Client, NoTls};
use shared::cluster::{Cluster, ClusterOptions};

use super::SECTIONS;
use crate::narrow::of_statement;
use crate::section::{Gather, for_version, statement_for};
use crate::server::KINDS;
use crate::there::There;

/// Runs a test again, with each version.
fn with_each_version(test: &str) {
    for programs in tests::versions().into_values() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env("PG_BINDIR", &programs)
            .output()
            .unwrap();
        let words =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {words}", programs.display());
        assert!(words.contains("1 passed"), "{words}");
    }
}

fn client_of(cluster: &Cluster, role: &str) -> Client {
    let mut config = postgres::Config::new();
    config.host_path(cluster.socket_dir()).port(cluster.port());
    let options = "-c search_path= -c default_transaction_read_only=on";
    config.options(options).user(role).dbname("postgres");
    config.connect(NoTls).unwrap()
}

/// The files that are for servers of this major version, by name.
fn files_for(major: u32) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, (u32, PathBuf)> = BTreeMap::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/sql");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        let (name, since) = match name.split_once('.') {
            Some((name, since)) => (name.to_string(), since.parse().unwrap()),
            None => (name, 0),
        };
        let older = files.get(&name).map_or(0, |(since, _)| *since);
        if since <= major && since >= older {
            files.insert(name, (since, path));
        }
    }
    let texts = files.into_iter();
    texts
        .map(|(name, (_, path))| (name, fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_statement_is_taken() {
    if std::env::var_os("PG_BINDIR").is_none() {
        return with_each_version("sections::tests::every_statement_is_taken");
    }
    let cluster = Cluster::start(&ClusterOptions::default()).unwrap();
    let major = cluster.version().major;
    let setup = "create role watcher login in role pg_monitor; create role nobody login;
        create extension pg_stat_statements;
        create extension pgstattuple";
    cluster
        .connect("postgres")
        .unwrap()
        .batch_execute(setup)
        .unwrap();
    let mut client = client_of(&cluster, "postgres");
    for (name, text) in files_for(major) {
        let text = for_version(&text, major);
        let statement = text
            .replace("{schema}", "public")
            .replace("{relation}", "'pg_class'")
            .replace("{relations}", "'{1259}'")
            .replace("{numbers}", "'{1}'")
            .replace("{others}", "'{1259}'")
            .replace("{other_numbers}", "'{1}'")
            .replace("{small}", "'{f}'")
            .replace("{keys}", "'{1}'")
            .replace("{sequences}", "'{1259}'");
        // Where some of what it is about is not there, too, and for checks alone.
        for there in There::all_for(&statement) {
            let statement = there.of_statement(&statement);
            for statement in [of_statement(&statement), statement] {
                let prepared = client.prepare(&statement);
                prepared
                    .unwrap_or_else(|error| panic!("{major} {name}: {:?}", error.as_db_error()));
            }
        }
        let prepared = client.prepare(&statement).unwrap();
        for column in prepared.columns() {
            let kind = column.type_();
            assert!(
                KINDS.contains(kind),
                "{major} {name}: {} is {kind}",
                column.name()
            );
        }
        assert!(text.starts_with("-- "), "{name} has no head");
        assert!(
            text.contains("-- Costs: ") && text.contains("Needs: "),
            "{name}"
        );
    }
    for role in ["postgres", "watcher", "nobody"] {
        let mut client = client_of(&cluster, role);
        for section in SECTIONS {
            let (Gather::Query(statements)
            | Gather::Sorted(statements, _)
            | Gather::Where(_, statements)) = &section.gather
            else {
                continue;
            };
            let statement = statement_for(statements, major).unwrap();
            let prepared = client.prepare(&statement).unwrap();
            let columns: Vec<&str> = prepared
                .columns()
                .iter()
                .map(|column| column.name())
                .collect();
            let fields: Vec<&str> = section.fields.iter().map(|(name, _)| *name).collect();
            assert_eq!(columns, fields, "{major} {}", section.name);
            let answer = client.query(&statement, &[]);
            let refused = answer
                .err()
                .map(|error| format!("{:?}", error.as_db_error()));
            let is_told = section.needs.starts_with("superuser") && role != "postgres";
            assert!(
                refused.is_none() || is_told,
                "{major} {} as {role}: {refused:?}",
                section.name
            );
        }
    }
}

#[test]
fn lines_that_are_for_some_versions() {
    let text = "select 1 as a, -- before 15\n-- since 15: 2 as a,\n  3 as b -- before 16\n  -- since 16: 4 as b -- before 17\n  -- since 17: 5 as b\n-- before 9 it was so\n";
    for (major, numbers) in [(14, "13"), (15, "23"), (16, "24"), (17, "25")] {
        let taken = for_version(text, major);
        let lines = taken
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        let digits = lines.filter_map(|line| line.chars().find(char::is_ascii_digit));
        assert_eq!(digits.collect::<String>(), numbers, "{taken}");
        assert!(taken.ends_with("-- before 9 it was so\n"));
    }
}
