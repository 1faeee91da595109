//! The rows about taking backups, and what other rows take from them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::programs::Program;
use tests::{Database, Output, ToolCommand, files_in, pipe, program, tool};

pub fn back_up(folder: &Path) -> ToolCommand {
    tool("pg-dump-rotate").arg("--dir").arg(folder)
}

/// A database with users and projects, and a large object.
pub fn application() -> Database<'static> {
    let database = Database::new();
    fill(&database);
    database
}

pub fn fill(database: &Database) {
    database.sql(
        "create table users (id int primary key, email text);
         insert into users select n, 'user' || n || '@example.com' from generate_series(1, 500) n;
         create table projects (id int primary key, owner int references users);
         insert into projects select n, n from generate_series(1, 50) n;
         create table audit (at timestamptz, what text);
         insert into audit values (now(), 'created')",
    );
}

#[track_caller]
pub fn text(record: &Value, field: &str) -> String {
    match record[field].as_str() {
        Some(text) => text.to_string(),
        None => panic!("no text in {field} of {record}"),
    }
}

pub fn actions(output: &Output) -> Vec<String> {
    let records = output.json_lines();
    records
        .iter()
        .map(|record| text(record, "action"))
        .collect()
}

/// What is in the folder and not hidden.
pub fn visible(folder: &Path) -> Vec<String> {
    let mut files = files_in(folder);
    files.retain(|name| !name.starts_with('.'));
    files
}

/// T07: mkdir, `pg_dump > f`, `gzip f`, `find -mtime +7 -delete`. One command: the folder is made,
/// the older one goes; a dump that fails deletes nothing, leaves nothing and is no success.
#[test]
fn t07() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("backups/app");
    let run = || {
        let run = back_up(&folder).database(&database);
        run.args(["--format", "plain", "--keep-last", "1"])
    };
    let first = run().run().expect_code(0);
    let path = PathBuf::from(text(&first.json_lines()[0], "path"));
    assert!(path.to_str().unwrap().ends_with(".sql.gz"));
    let whole = program("gunzip").arg("-t").arg(&path).run();
    whole.expect_code(0);
    let before = visible(&folder);
    database.sql(
        "alter table users enable row level security; create role t07 login;
                  grant select on all tables in schema public to t07",
    );
    let failed = run().env("PGUSER", "t07").run().expect_code(2);
    assert_eq!(actions(&failed), ["failed"]);
    assert_eq!(visible(&folder), before, "{failed:?}");
    database.sql("drop owned by t07; drop role t07; alter table users disable row level security");
    let full = run().largest_file(1024).run().expect_code(2);
    assert_eq!(visible(&folder), before, "{full:?}");
    let second = run().run().expect_code(0);
    assert_eq!(actions(&second), ["created", "deleted"]);
    assert!(!path.exists());
    assert_eq!(visible(&folder).len(), before.len());
}

/// T08: the cron line with a log redirect: no terminal, no HOME, hardly an environment. Records
/// go to the log; stderr, which cron mails, is empty unless something is wrong.
#[test]
fn t08() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("backup.log");
    fs::create_dir(folder.path().join("b")).unwrap();
    let bin = tests::binary("pg-dump-rotate");
    let cron = |conninfo: &str| {
        let line = format!(
            "{} -d \"{conninfo}\" --dir {} --keep-daily 7 >> {}",
            bin.display(),
            folder.path().join("b").display(),
            log.display()
        );
        let run = program("/bin/sh").args(["-c", &line]);
        let run = run.env_remove("HOME").env_remove("LC_ALL");
        run.env("PATH", "/usr/bin:/bin").current_dir("/").run()
    };
    for _ in 0..2 {
        let output = cron(&database.conninfo()).expect_code(0);
        assert_eq!((output.stderr.as_str(), output.stdout.as_str()), ("", ""));
    }
    let output = cron("host=/nonexistent dbname=app").expect_code(2);
    assert!(
        output.stderr.starts_with("pg-dump-rotate: error: "),
        "{output:?}"
    );
    let log = fs::read_to_string(log).unwrap();
    let records: Vec<Value> = log
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let told: Vec<String> = records
        .iter()
        .map(|record| text(record, "action"))
        .collect();
    assert_eq!(told, ["created", "created", "kept", "failed"]);
    assert!(text(&records[0], "reason").starts_with("daily "));
}

/// Runs the restore command into a new database and compares the rows.
pub fn restores(record: &Value, database: &Database) {
    let empty = Database::on(database.cluster());
    let into = format!("-d {}", empty.name());
    let command = text(record, "restore_command");
    let command = command.replace(&format!("-d {}", text(record, "database")), &into);
    let restored = program("sh")
        .args(["-c", &command])
        .server(database.cluster())
        .run();
    restored.expect_code(0);
    let sum = "select count(*) || ' ' || sum(hashtext(u::text)) from users u";
    assert_eq!(empty.value(sum), database.value(sum));
}

/// The script in a plain backup.
fn script(output: &Output) -> String {
    let path = text(&output.json_lines()[0], "path");
    let script = program("gunzip").args(["-c", &path]).run();
    script.expect_code(0).stdout
}

/// V06: `backup.sh -d URL --compress --verify`, `--schema-only`, `--data-only`.
#[test]
fn v06() {
    let database = application();
    let cluster = database.cluster();
    let url = format!(
        "postgresql://postgres@/{}?host={}&port={}",
        database.name(),
        cluster.socket_dir().display(),
        cluster.port()
    );
    let folder = tempfile::tempdir().unwrap();
    let run = || back_up(folder.path()).args(["-d", &url]);
    let [_, proof] = pipe([
        run().args(["--format", "plain", "--compress", "gzip"]),
        tool("pg-restore-verify").arg("-"),
    ]);
    let verdict = proof.expect_code(0).json_lines().pop().unwrap();
    assert_eq!(
        (&verdict["check"], &verdict["status"]),
        (&"verdict".into(), &"ok".into())
    );
    let output = run().args(["-F", "plain", "--schema-only"]).run();
    let schema = script(&output.expect_code(0));
    assert!(schema.contains("CREATE TABLE public.users") && !schema.contains("COPY "));
    let output = run().args(["-F", "plain", "--data-only"]).run();
    let rows = script(&output.expect_code(0));
    assert!(rows.contains("COPY public.users") && !rows.contains("CREATE TABLE"));
    run().args(["-s", "-a"]).run().expect_code(2);
}

/// N10: -Fc, plain, -s, -a, -t users -t projects; any number of them, and their exclusions.
#[test]
fn n10() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let tables = |arguments: &[&str]| -> Vec<String> {
        let run = back_up(folder.path()).database(&database);
        let output = run.args(arguments).run().expect_code(0);
        let path = text(&output.json_lines()[0], "path");
        let pg_restore = Program::find("pg_restore", None).unwrap();
        let list = program(pg_restore.path()).args(["--list", &path]).run();
        let list = list.expect_code(0).stdout;
        let lines = list.lines().filter(|line| line.contains(" TABLE public "));
        lines
            .map(|line| line.split_whitespace().nth(5).unwrap().to_string())
            .collect()
    };
    assert_eq!(tables(&["-Fc"]), ["audit", "projects", "users"]);
    assert_eq!(
        tables(&["-t", "users", "-t", "projects"]),
        ["projects", "users"]
    );
    assert_eq!(
        tables(&["-t", "public.*", "-T", "audit"]),
        ["projects", "users"]
    );
    assert_eq!(
        tables(&["-n", "public", "-s"]),
        ["audit", "projects", "users"]
    );
    assert!(tables(&["-N", "public"]).is_empty());
    let plain = |arguments: &[&str]| {
        let run = back_up(folder.path()).database(&database).args(["-F", "p"]);
        script(&run.args(arguments).run().expect_code(0))
    };
    let without_rows = plain(&["--exclude-table-data", "users"]);
    assert!(without_rows.contains("CREATE TABLE public.users"));
    assert!(!without_rows.contains("COPY public.users"));
    assert!(plain(&["-a", "-t", "users"]).contains("COPY public.users"));
    assert!(plain(&["--", "--inserts"]).contains("INSERT INTO public.users VALUES"));
}

/// N12: back up, migrate, say how to roll back. The migration runs only if there is a backup; the
/// record says exactly how to go back.
#[test]
fn n12() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let bin = tests::binary("pg-dump-rotate");
    let (bin, dir) = (bin.display(), folder.path().display());
    let migrate = |role: &str| {
        let script = format!(
            "{bin} --label pre-migration --keep-last 5 --dir {dir} > {dir}/record.json &&\n\
             psql -Xq -v ON_ERROR_STOP=1 -U postgres -c 'alter table users drop column email' &&\n\
             jq -r .restore_command {dir}/record.json"
        );
        let run = program("sh").args(["-c", &script]).database(&database);
        run.env("PGUSER", role).run()
    };
    let email = "select count(email) from users";
    assert_ne!(migrate("nobody").code(), Some(0));
    assert_eq!(
        database.value(email),
        "500",
        "not migrated without a backup"
    );
    let rollback = migrate("postgres").expect_code(0).stdout;
    assert!(rollback.contains("+pre-migration_"), "{rollback}");
    assert_eq!(
        database
            .value("select count(*) from information_schema.columns where table_name = 'users'"),
        "1"
    );
    let (cluster, name) = (database.cluster(), database.name().to_string());
    drop(database);
    let database = Database::named(cluster, &name);
    let restored = program("sh")
        .args(["-c", rollback.trim()])
        .server(cluster)
        .run();
    restored.expect_code(0);
    assert_eq!(database.value(email), "500");
}

/// T11: `pg_dump > pre_restore_backup.sql` before a restore. With its own label it is neither
/// counted nor deleted by the nightly rotation.
#[test]
fn t11() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let run = back_up(folder.path()).database(&database);
        run.args(arguments).run().expect_code(0)
    };
    let before = run(&["--label", "pre-restore", "-F", "plain"]);
    let before = text(&before.json_lines()[0], "path");
    assert!(before.contains("+pre-restore_"), "{before}");
    for _ in 0..3 {
        run(&["--keep-last", "1"]);
    }
    assert!(Path::new(&before).exists());
    let mut nightly = visible(folder.path());
    nightly.retain(|name| name.ends_with(".dump"));
    assert_eq!(nightly.len(), 1);
    let output = run(&["--label", "pre-restore", "--keep-last", "1", "-F", "plain"]);
    assert_eq!(actions(&output), ["created", "deleted"]);
}
