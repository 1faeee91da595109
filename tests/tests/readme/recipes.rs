//! What the pages have a systemd timer and Kubernetes run, run as they would: with their environment, and judged by its
//! status.

use std::fs;
use std::path::Path;

use shared::cluster::{Cluster, ClusterOptions};
use tests::{Block, Database, Output, binary, files_in, program, start};

/// Runs the line for a shell where the tools are, and backups go to a folder of this test.
fn job(cluster: &Cluster, folder: &Path, line: &str, variables: &[(&str, &str)]) -> Output {
    let tools = ["pg-dump-rotate", "pg-restore-verify"].map(binary);
    let tools = tools[0].parent().unwrap().display();
    let path = format!("{tools}:{}", std::env::var("PATH").unwrap());
    let here = folder.join("backups").display().to_string();
    let run = program("/bin/sh").args(["-c", &line.replace("/backups", &here)]);
    let run = run.env("PATH", path).server(cluster).current_dir(folder);
    variables
        .iter()
        .fold(run, |run, (name, value)| run.env(name, value))
        .run()
}

/// The job makes a backup that is proved; where there is no such database it fails.
fn is_a_proved_backup(line: &str, variables: &[(&str, &str)]) {
    assert!(
        line.starts_with("pg-dump-rotate ") && line.ends_with("| pg-restore-verify -"),
        "{line}"
    );
    let cluster = start(&ClusterOptions::default());
    let roles = "create role backup login superuser";
    cluster
        .connect("postgres")
        .unwrap()
        .batch_execute(roles)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let failed = job(&cluster, folder.path(), line, variables);
    assert_ne!(failed.code(), Some(0), "{failed:?}");

    let database = Database::named(&cluster, "app");
    database.sql("create table orders as select n from generate_series(1, 1000) as n");
    let output = job(&cluster, folder.path(), line, variables).expect_code(0);
    let verdict = output.json_lines().last().unwrap().clone();
    assert_eq!(
        (&verdict["check"], &verdict["status"]),
        (&"verdict".into(), &"ok".into()),
        "{output:?}"
    );
    let files = files_in(folder.path().join("backups"));
    assert!(
        files.iter().any(|name| name.ends_with(".verified.json")),
        "{files:?}"
    );
}

#[test]
fn the_service_of_systemd_takes_a_backup_and_proves_it() {
    let service = Block::of_file("ini", "/etc/systemd/system/pg-backup.service");
    let line = service.value("ExecStart=/bin/sh -c ");
    let line = line.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
    // What systemd would take for its own.
    assert!(!line.contains(['%', '$', '\'', '\\']), "{line}");
    is_a_proved_backup(line, &[]);
}

#[test]
fn systemd_takes_the_units_for_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for end in ["service", "timer"] {
        let block = Block::of_file("ini", &format!("/etc/systemd/system/pg-backup.{end}"));
        let unit = folder.path().join(format!("pg-backup.{end}"));
        fs::write(&unit, block.text).unwrap();
        units.push(unit);
    }
    let timer = Block::of_file("ini", "/etc/systemd/system/pg-backup.timer");
    assert_eq!(timer.value("OnCalendar="), "02:00");
    // Not every machine has it.
    if std::process::Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_ok()
    {
        let output = program("systemd-analyze").arg("verify").args(&units).run();
        assert!(!output.stderr.contains("pg-backup"), "{output:?}");
    }
}

#[test]
fn the_job_of_kubernetes_takes_a_backup_and_proves_it() {
    let manifest = Block::of_file("yaml", "backup.yaml");
    let command = manifest.value("command: [sh, -c, ");
    let line = command
        .strip_prefix('"')
        .unwrap()
        .strip_suffix("\"]")
        .unwrap();
    assert!(!line.contains(['"', '\\']), "{line}");
    let given = manifest
        .text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- { name: "));
    let variables: Vec<(&str, &str)> = given
        .filter_map(|rest| rest.trim_end_matches(" }").split_once(", value: "))
        .filter(|(name, _)| *name != "PGHOST")
        .collect();
    assert_eq!(variables.len(), 2, "{variables:?}");
    is_a_proved_backup(line, &variables);
}
