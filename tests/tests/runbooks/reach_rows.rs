//! The rows about servers that are reached in other ways: in a container, by the URL of a
//! framework, behind a pooler.

use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Database, ToolCommand, processes_with};

use crate::backup_rows::{actions, application, back_up, fill, restores, visible};
use crate::pooler::Pooler;

const SECRET: &str = "A01-s3ntinel";

/// A `docker` that knows `docker compose exec -T [-e NAME] db COMMAND`: it runs the command without
/// our environment, as the server's own user, where the server's socket is the default.
fn docker(cluster: &Cluster) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bin = Program::find("pg_dump", None).unwrap();
    let bin = bin.path().parent().unwrap().display();
    let (socket, port) = (cluster.socket_dir().display(), cluster.port());
    let script = format!(
        "#!/bin/sh\n\
         [ \"$1 $2 $3\" = 'compose exec -T' ] || exit 64\n\
         shift 3\n\
         carried=\n\
         if [ \"$1\" = -e ]; then carried=\"$2=$(printenv \"$2\")\"; shift 2; fi\n\
         [ \"$1\" = db ] || exit 65\n\
         shift\n\
         exec env -i ${{carried:+\"$carried\"}} PATH={bin}:/usr/bin:/bin PGHOST={socket} \
         PGPORT={port} \"$@\"\n"
    );
    let path = folder.path().join("docker");
    tests::write_script(&path, script);
    folder
}

/// A01: `docker compose exec -T db pg_dump`, `kubectl exec … pg_dump`. pg_dump runs behind such a
/// command, with pg_dumpall and psql beside it; the server can't be reached in any other way, and
/// no password is in anybody's arguments.
#[test]
fn a01() {
    let cluster = tests::start(&ClusterOptions {
        hba: vec![
            "local all asked scram-sha-256".into(),
            "local all all trust".into(),
        ],
        ..ClusterOptions::default()
    });
    let database = Database::named(&cluster, "app");
    fill(&database);
    database.sql(&format!(
        "create role asked superuser login password '{SECRET}'"
    ));
    let docker = docker(&cluster);
    let path = format!(
        "{}:{}",
        docker.path().display(),
        std::env::var("PATH").unwrap()
    );
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &str, arguments: &[&str]| {
        let run = back_up(folder.path()).env("PATH", &path);
        run.args(["--pg-dump", command]).args(arguments)
    };
    let plain = "docker compose exec -T db pg_dump";
    let output = run(plain, &["-d", "app", "-U", "postgres", "--keep-last", "1"]).run();
    let output = output.expect_code(0);
    assert_eq!(output.stderr, "");
    assert_eq!(actions(&output), ["created"]);
    restores(&output.json_lines()[0], &database);

    let all = [
        "-U",
        "postgres",
        "--all-databases",
        "--globals",
        "-F",
        "plain",
    ];
    let output = run(plain, &all).run().expect_code(0);
    assert_eq!(actions(&output), ["created", "created", "created"]);
    assert_eq!(output.json_lines()[1]["database"], "app");
    restores(&output.json_lines()[1], &database);

    asked_for_a_password(&run, &database);
    for (arguments, words) in [
        (
            &["-d", "app", "-F", "directory"][..],
            "--pg-dump has no place",
        ),
        (&[], "name the database with -d"),
        (&["-d", "app", "--source-counts"], "a session of our own"),
    ] {
        let refused = run(plain, arguments).run().expect_code(2);
        refused.expect_no_output().expect_error(words);
    }
    for command in [
        "docker compose exec -T nodb pg_dump",
        "docker compose exec -T db cat",
    ] {
        let output = run(command, &["-d", "app"]).run().expect_code(2);
        output.expect_error(&format!("pg_dump by \"{command}\""));
    }
}

/// With a role that is asked: the password goes by the environment, as far as that is carried on.
fn asked_for_a_password(run: &dyn Fn(&str, &[&str]) -> ToolCommand, database: &Database) {
    let plain = "docker compose exec -T db pg_dump";
    let carrying = "docker compose exec -T -e PGPASSWORD db pg_dump";
    let url = format!("postgresql://asked:{SECRET}@/app");
    let output = run(plain, &["-d", &url]).run().expect_code(2);
    output.expect_error("no password supplied");
    let mut holder = database.client();
    let lock = "begin; lock table users in access exclusive mode";
    holder.batch_execute(lock).unwrap();
    let wrong = |record: &Value| record.to_string().contains(SECRET);
    for command in [
        run(carrying, &["-d", &url]),
        run(carrying, &["-d", "app", "-U", "asked"]).env("PGPASSWORD", SECRET),
    ] {
        let running = command.args(["-v", "--lock-wait", "1s"]).start();
        let waiting = "select count(*) > 0 from pg_locks where not granted";
        tests::eventually("pg_dump waits for the lock", || {
            database.value(waiting) == "t"
        });
        // The tool's own, where the user wrote it down, are the user's.
        let mut seen = processes_with(SECRET);
        seen.retain(|pid| *pid != running.id());
        assert_eq!(seen, [0; 0], "the password is in a child's arguments");
        let output = running.finish().expect_code(2).expect_error("LOCK TABLE");
        assert!(!output.stderr.contains(SECRET) && !output.json_lines().iter().any(wrong));
    }
    drop(holder);
    let output = run(carrying, &["-d", &url]).run().expect_code(0);
    restores(&output.json_lines()[0], database);
}

/// N01: the URLs of Prisma, Neon and Supabase. Parameters that are not libpq's do no harm; the
/// direct URL is taken where there is one; a pooler is refused with the advice to name it.
#[test]
fn n01() {
    let folder = tempfile::tempdir().unwrap();
    let run = |variables: &[(&str, &str)]| {
        let run = back_up(folder.path());
        let set = |run: ToolCommand, (name, value): &(&str, &str)| run.env(name, value);
        variables.iter().fold(run, set).run()
    };
    let neon = crate::servers::server(Some("san"));
    let mut client = neon.connect("postgres").unwrap();
    client.batch_execute("create database neondb").unwrap();
    let neon = format!(
        "postgresql://password:sentinel@ep-cool-1.us-east-1.aws.neon.tech:{}/neondb?sslmode=require\
         &channel_binding=require&hostaddr=127.0.0.1&connect_timeout=15&pool_timeout=15",
        neon.port()
    );
    let output = run(&[("DATABASE_URL", &neon)]).expect_code(0);
    assert_eq!(output.json_lines()[0]["database"], "neondb");
    assert_eq!(output.stderr, "");

    let database = application();
    let pooler = Pooler::start("transaction", "");
    let (name, cluster) = (database.name(), database.cluster());
    let pooled = format!(
        "postgresql://any:sentinel@127.0.0.1:{}/{name}?pgbouncer=true&connection_limit=10&sslmode=disable",
        pooler.port
    );
    let direct = format!(
        "postgresql://postgres@localhost:{}/{name}?schema=public&host={}&connection_limit=10\
         &statement_cache_size=0",
        cluster.port(),
        cluster.socket_dir().display()
    );
    for url in [
        &direct,
        &format!("{direct}&sslmode=prefer&sslaccept=accept_invalid_certs"),
    ] {
        let output = run(&[("DATABASE_URL", url)]).expect_code(0);
        assert_eq!(output.json_lines()[0]["database"], name);
    }
    let before = visible(folder.path());
    let refused = run(&[("DATABASE_URL", &pooled)]).expect_code(2);
    assert!(
        refused.stderr.contains("in transaction mode"),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("hint: ") && refused.stderr.contains("DIRECT_URL"));
    assert!(!refused.stderr.contains("sentinel"));
    assert_eq!(visible(folder.path()), before);
    for variable in [
        "DIRECT_URL",
        "DATABASE_URL_UNPOOLED",
        "POSTGRES_URL_NON_POOLING",
    ] {
        let output = run(&[("DATABASE_URL", &pooled), (variable, &direct)]).expect_code(0);
        restores(&output.json_lines()[0], &database);
    }
}
