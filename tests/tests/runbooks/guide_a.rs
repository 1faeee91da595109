//! The guide of a service in containers: its database is reached through Docker and Kubernetes, migrated by
//! Prisma, and pooled. Its rows in its order, with a pipeline of ours where it has a script.

use std::{fs, thread};

use serde_json::{Value, json};
use shared::cluster::ClusterOptions;
use tests::{Database, binary, eventually, files_in, processes_with, program, start, tool};

use crate::backup::{actions, application, back_up, fill, restores, text};
use crate::every_tool::{SECRET, guarded, locked, rotated, waits, write_private};
use crate::ground::{Ground, expect_result};
use crate::history::{PRISMA, at, prisma};
use crate::lock::{LOCK, pids};
use crate::migration::{lint, places, project, put};
use crate::pooler::Pooler;
use crate::reach::{ASKED, asked_for_a_password, docker};
use crate::security::{by_superuser, grown, pool_size};
use crate::session::{connections, of};
use crate::statement::worked;
use crate::table::{remedy, shop, warned};
use crate::verify::verify;
use crate::watched::{brief, check, database, report, rows, session, shell, with};
use crate::{history, migration, security, table, watched};

// Backups

/// A01: `docker compose exec -T db pg_dump`, `kubectl exec … pg_dump`. pg_dump runs behind such a
/// command, with pg_dumpall and psql beside it; the server can't be reached in any other way, and
/// no password is in anybody's arguments.
#[test]
fn a01() {
    let cluster = start(&ClusterOptions {
        hba: vec![
            "local all asked scram-sha-256".into(),
            "local all all trust".into(),
        ],
        ..ClusterOptions::default()
    });
    let database = Database::named(&cluster, "app");
    fill(&database);
    database.sql(&format!(
        "create role asked superuser login password '{ASKED}'"
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

// Restores

/// A03, dropdb, createdb, `psql < backup.sql`: an error that psql passes over is a failure, and
/// the time that a restore takes is told.
#[test]
fn a03() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = back_up(folder.path()).args(["-d", &database.conninfo(), "-F", "plain"]);
    let taken = taken.args(["-Z", "none"]).run().expect_code(0);
    let path = text(&taken.json_lines()[0], "path");
    let output = verify().arg(&path).run().expect_code(0);
    let records = output.json_lines();
    let restore = records.iter().find(|r| r["check"] == "restore").unwrap();
    assert!(restore["duration_ms"].as_u64().is_some(), "{restore}");
    assert!(
        text(restore, "message").contains("/s of backup"),
        "{restore}"
    );
    let script = fs::read_to_string(&path).unwrap();
    let broken = script.replacen("PRIMARY KEY (id)", "PRIMARY KEY (gone)", 1);
    let theirs = folder.path().join("backup.sql");
    fs::write(&theirs, broken).unwrap();
    let output = verify().arg(&theirs).run().expect_code(1);
    let records = output.json_lines();
    let failed = records.iter().find(|r| r["status"] == "failed").unwrap();
    assert_eq!(failed["check"], "restore", "{failed}");
    assert!(
        text(failed, "object").starts_with("CONSTRAINT public."),
        "{failed}"
    );
}

// Migrations

/// A05: "read SQL, test, back up, deploy": each step only if the one before found nothing.
#[test]
fn a05() {
    let (folder, database) = (prisma(), Database::new());
    database.sql(&format!(
        "{PRISMA}{}",
        history::row("20250101000000_users", history::USERS, "now()", "null")
    ));
    let [lint, rotate] =
        ["pg-migrate-lint", "pg-dump-rotate"].map(|name| binary(name).display().to_string());
    let gate = format!(
        "'{lint}' -q prisma && '{lint}' -q --status prisma && '{rotate}' -q --dir backups --label pre-migration && echo deployed"
    );
    let pass = || at(&folder, &database, program("sh").args(["-c", &gate])).run();
    let well = pass().expect_code(0);
    assert!(well.stdout.ends_with("deployed\n"), "{well:?}");
    assert!(well.stdout.contains("\"action\":\"created\""), "{well:?}");
    database.sql("update _prisma_migrations set checksum = repeat('0', 64)");
    let stopped = pass().expect_code(1);
    assert!(
        !stopped.stdout.contains("deployed") && !stopped.stdout.contains("created"),
        "{stopped:?}"
    );
}

/// A06, "Use transactions where possible": and where it is not.
#[test]
fn a06() {
    let folder = project(&[
        ("sql/V1__users.sql", migration::USERS),
        (
            "sql/V2__index.sql",
            "CREATE TABLE posts (id bigint PRIMARY KEY);\nCREATE INDEX CONCURRENTLY by_email ON users (email);\n",
        ),
    ]);
    let seen = places(&lint(&folder, &["--layout", "flyway", "sql"]).expect_code(1));
    assert_eq!(seen, ["sql/V2__index.sql:2: mixed-transaction"]);
    // By itself it is fine, since Flyway then leaves the transaction out.
    put(
        folder.path(),
        "sql/V2__index.sql",
        "CREATE INDEX CONCURRENTLY by_email ON users (email);\n",
    );
    let seen = places(&lint(&folder, &["--layout", "flyway", "sql"]).expect_code(0));
    assert_eq!(seen, Vec::<String>::new());
    // The same statement under a runner that always begins one.
    let tern = "CREATE INDEX CONCURRENTLY by_email ON users (email);\n---- create above / drop below ----\nDROP INDEX by_email;\n";
    let folder = project(&[("m/001_index.sql", tern)]);
    let seen = places(&lint(&folder, &["m"]).expect_code(1));
    assert_eq!(seen, ["m/001_index.sql:1: cannot-run-in-transaction"]);
}

// Pooling

/// A07: `connection_limit=10` for one instance, 5 for each of 3, PgBouncer for more than 10.
#[test]
fn a07() {
    let server = with(&[("max_connections", "20")]);
    let database = Database::on(&server);
    for (instances, size) in [("1", "17"), ("3", "5"), ("10", "1")] {
        assert_eq!(pool_size(&database, instances), json!(size), "{instances}");
    }
    let many = rows(&database, &["advice", "--instances", "100"]);
    let pool = watched::row(&many, "setting", "pool_size");
    assert!(
        pool["reason"].as_str().unwrap().contains("PgBouncer"),
        "{pool}"
    );
    assert_ne!(pool["verdict"], "ok");

    // "POOL_MODE: transaction, DEFAULT_POOL_SIZE: 20": the page's line, at the pooler's console.
    let pooler = Pooler::start("transaction", "default_pool_size=20");
    let mut client = pooler.try_client().unwrap();
    client.batch_execute("begin").unwrap();
    let start = "pg-stat-report pgbouncer ";
    let block = tests::Page::read("docs/pg-stat-report.md").block("sh", start);
    let line = block.text.lines().find(|line| line.starts_with(start));
    let place = format!("host=127.0.0.1 port={} user=any", pooler.port);
    let line = line.unwrap().replace("host=pooler port=6432", &place);
    let pools = shell(&database, &line).expect_code(0).json_lines();
    let own = pools
        .iter()
        .find(|row| row["kind"] == "pool" && row["database"] == "postgres");
    let own = own.unwrap();
    assert_eq!(
        (&own["mode"], &own["limit"], &own["clients_active"]),
        (&json!("transaction"), &json!(20), &json!(1))
    );
}

// Performance

/// A08, "long-running queries": by age, user, application, database, state and text; ended by the
/// statement alone.
#[test]
fn a08_sessions() {
    let ground = Ground::new();
    let long = ground.actor("report");
    long.start("select pg_sleep(600) as monthly");
    ground.until_active(&long, "monthly");
    let short = ground.actor("web");
    short.run("select 1");
    let listed = |more: &[&str]| {
        let command = ground.tool(&["--sessions", "--user", "app"]).args(more);
        pids(&command.run().expect_code(0).json_lines())
    };
    let found = [i64::from(long.pid)];
    eventually("it takes long enough", || {
        listed(&["--query-age", "200ms"]) == found
    });
    for more in [
        ["--state", "active"],
        ["--query", "monthly$"],
        ["--app", "report"],
        ["--not-app", "web"],
    ] {
        assert_eq!(listed(&more), found, "{more:?}");
    }
    for more in [
        ["--query-age", "1h"],
        ["--database", "template1"],
        ["--not-user", "app"],
    ] {
        assert_eq!(listed(&more), [0; 0], "{more:?}");
    }
    let arguments = [
        "--sessions",
        "--query-age",
        "200ms",
        "--user",
        "app",
        "--cancel",
    ];
    let output = ground.run(&arguments).expect_code(0);
    expect_result(&output, long.pid, "cancel", "ended");
    assert!(long.answer().is_err());
    long.run("select 1");
}

/// A08: by state, and what has run for long, oldest first.
#[test]
fn a08_connections() {
    let server = with(&[]);
    let database = Database::on(&server);
    let _idle = session(&database, "app", "web");
    let mut sitting = session(&database, "app", "etl");
    sitting.batch_execute("begin; select 1").unwrap();
    let mut busy = session(&database, "app", "report");
    let pid: i32 = busy
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let busy = thread::spawn(move || busy.batch_execute("select pg_sleep(600)"));
    eventually("it sleeps", || {
        let count = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        database.value(count) == "1"
    });
    let seen = connections(&database);
    for (state, count) in [("idle", 1), ("idle in transaction", 1), ("active", 2)] {
        assert_eq!(of(&seen, "state", state)["connections"], count, "{state}");
    }
    let seen = rows(&database, &["activity"]);
    let long = watched::row(&seen, "query", "select pg_sleep(600)");
    assert_eq!(
        (&long["pid"], &long["user"], &long["state"]),
        (&json!(pid), &json!("app"), &json!("active"))
    );
    assert!(long["query_age_seconds"].as_f64().unwrap() >= 0.0);
    let name = format!("pid {pid}");
    let warning = check(&database, "long_queries", &["--warn", "long_queries=0s"]);
    assert_eq!(brief(&warning), [("warning".to_string(), name)]);
    let sits = check(
        &database,
        "idle_in_transaction",
        &["--crit", "idle_in_transaction=0s"],
    );
    assert!(
        sits[0]["message"].as_str().unwrap().contains("(etl)"),
        "{sits:?}"
    );
    database.sql(&format!("select pg_terminate_backend({pid})"));
    assert!(busy.join().unwrap().is_err());
}

/// A09: unused indexes, and how large all are: two of them are there twice, and one goes.
#[test]
fn a09() {
    let database = shop();
    let line =
        "pg-stat-report indexes -U watcher -d $d | jq -r 'select(.needed_for == null) | .index'";
    let free = shell(&database, line).expect_code(0).stdout;
    let mut free: Vec<&str> = free.lines().collect();
    let largest = free[0];
    free.sort();
    assert_eq!(
        (largest, free),
        (
            "public.by_note",
            vec!["public.again", "public.by_customer", "public.by_note"]
        )
    );
    assert_eq!(
        table::found(&database, "duplicate_indexes", &[]),
        warned(&["public.again"])
    );
    remedy(&database, "duplicate_indexes", "");
    assert_eq!(database.value("select to_regclass('again')"), "");
    assert_eq!(table::found(&database, "duplicate_indexes", &[])[0].0, "ok");
    let seen = rows(&database, &["indexes"]);
    for index in &seen {
        let name = index["index"].as_str().unwrap();
        let pages =
            format!("select relpages * 8192::bigint from pg_class where oid = '{name}'::regclass");
        assert_eq!(index["bytes"].to_string(), database.value(&pages), "{name}");
    }
}

/// A10: the ten slowest by mean time, with calls, total and maximum: what the server itself says.
#[test]
fn a10() {
    let database = worked();
    let line = "pg-stat-report queries -U watcher -d $d | jq -cs --arg d $d 'map(select(.database == $d and (.query | test(\"pg_sleep\")))) | sort_by(-.mean_ms)[:10][] | [.query, .calls]'";
    let ours = shell(&database, line).expect_code(0).stdout;
    assert_eq!(
        ours,
        "[\"select pg_sleep($1), $2 as once\",1]\n[\"select pg_sleep($1) as often\",60]\n"
    );
    let seen = rows(&database, &["queries"]);
    let often = watched::row(&seen, "query", "select pg_sleep($1) as often");
    let (mean, most, total) = (&often["mean_ms"], &often["max_ms"], &often["total_ms"]);
    let [mean, most, total] = [mean, most, total].map(|value| value.as_f64().unwrap());
    assert!(
        mean >= 2.0 && most >= mean && total >= 60.0 * mean * 0.99,
        "{often}"
    );
}

// Maintenance

/// A11: "VACUUM FULL (requires downtime)", "if index bloat is suspected: REINDEX": what is bloated is known,
/// and the remedy is the one that locks nobody out.
#[test]
fn a11() {
    let database = database();
    database.sql(
        "create table t (id int, filler text);
         insert into t select i, repeat('x', 100) from generate_series(1, 100000) i;
         create index by_id on t (id);
         create table good as select i from generate_series(1, 50000) i;
         create index good_by_i on good (i);
         delete from t where id % 20 <> 0;",
    );
    database.sql("vacuum analyze");
    // The texts of a column are hidden from one who may not read the table: that is unknown, and not well.
    let low = ["--warn", "table_bloat=1MB", "--warn", "index_bloat=1MB"];
    assert_eq!(
        check(&database, "table_bloat", &low)[0]["status"],
        "unknown"
    );
    database.sql("grant select on pg_statistic to watcher");
    assert_eq!(
        table::found(&database, "table_bloat", &low),
        warned(&["public.t"])
    );
    assert_eq!(
        table::found(&database, "index_bloat", &low),
        warned(&["public.by_id"])
    );
    let size = || {
        database
            .value("select pg_relation_size('by_id')")
            .parse::<i64>()
            .unwrap()
    };
    let before = size();
    remedy(&database, "index_bloat", "--warn index_bloat=1MB");
    assert!(size() * 5 < before, "{before} and then {}", size());
    let table = check(&database, "table_bloat", &low);
    let advice = table[0]["remedy"].as_str().unwrap();
    assert!(advice.starts_with("-- locks everybody out"), "{advice}");
    // A comment does nothing, until somebody decides.
    remedy(&database, "table_bloat", "--warn table_bloat=1MB");
    assert_eq!(
        table::found(&database, "table_bloat", &low),
        warned(&["public.t"])
    );
}

// Troubleshooting

/// A14, "kill blocking query (last resort)": the statement is cancelled first, the session is ended
/// if that does not help, it is proved that it is gone; and who has its number later is not ended.
#[test]
fn a14() {
    let ground = Ground::new();
    let head = ground.holder("etl", &format!("{LOCK}; savepoint s"));
    head.start("select pg_sleep(600)");
    ground.until_active(&head, "pg_sleep");
    let waiter = ground.waiter("web", LOCK);
    let seen = ground.run(&[]).json_lines().remove(0);
    let output = ground.run(&["--escalate", "500ms"]).expect_code(0);
    expect_result(&output, head.pid, "cancel, terminate", "ended");
    assert!(!ground.is_there(head.pid));
    waiter.answer().unwrap();

    // As if the next session had got the number: the record names another one.
    let next = ground.holder("next", "select 1");
    let mut stale = seen;
    stale["pid"] = json!(next.pid);
    let output = ground.given(&[stale], &["--terminate"]).expect_code(0);
    expect_result(&output, next.pid, "", "gone_already");
    next.run("commit");
}

// Security

/// A15, `CREATE USER readonly … GRANT SELECT`: the role reads, and nothing more: nobody is warned of it. One that
/// got everything is told of.
#[test]
fn a15_rights() {
    let server = grown();
    let database = Database::on(&server);
    database.sql(
        "create table t (id int primary key); grant usage on schema public to readonly;
         grant select on all tables in schema public to readonly;
         alter default privileges in schema public grant select on tables to readonly",
    );
    let roles = rows(&database, &["roles"]);
    let readonly = watched::row(&roles, "role", "readonly");
    for right in [
        "is_superuser",
        "may_create_roles",
        "may_create_databases",
        "may_replicate",
        "bypasses_row_security",
    ] {
        assert_eq!(readonly[right], false, "{right}");
    }
    let grants = security::found(&database, "public_grants");
    assert_eq!(grants[0].0, "ok", "{grants:?}");
    // The password is rotated, by a role that may: then its end is known, and told in time.
    database.sql("alter role readonly password 'n3w' valid until 'tomorrow'");
    let soon = check(&database, "password_expiry", &[]);
    let own = watched::row(&soon, "object", "readonly");
    assert!(
        own["message"].as_str().unwrap().contains("runs out in"),
        "{own}"
    );
    let hash = database.value("select rolpassword from pg_authid where rolname = 'readonly'");
    for all in [
        report(&database, &["roles", "security"]),
        by_superuser(&database, &["roles", "security"]),
    ] {
        let all = all.run().expect_code(0);
        let is_told = ["n3w", &hash]
            .iter()
            .any(|secret| all.stdout.contains(*secret));
        assert!(!is_told, "{all:?}");
    }
}

/// A15: read-only, rotated credentials. A role that may only read is enough for a
/// backup; its password comes from ~/.pgpass, a service file, the environment or a
/// URL, and shows up nowhere: in no argument, record, manifest or message.
#[test]
fn a15_passwords() {
    let cluster = guarded();
    let home = tempfile::tempdir().unwrap();
    let port = cluster.port();
    write_private(
        &home.path().join(".pgpass"),
        &format!("localhost:{port}:*:reader:{SECRET}\n"),
    );
    let service = format!(
        "[prod]\nhost=localhost\nport={port}\nuser=reader\ndbname=app\npassword={SECRET}\n"
    );
    fs::write(home.path().join("service.conf"), service).unwrap();
    let place = format!("host=localhost port={port} user=reader dbname=app");
    let url = format!("postgresql://reader:{SECRET}@localhost:{port}/app");
    let folder = home.path().join("backups");
    let take = || tool("pg-dump-rotate").args(["-v", "--dir"]).arg(&folder);
    let service_file = home.path().join("service.conf");
    for command in [
        take().args(["-d", &place]).env("HOME", home.path()),
        take()
            .env("PGSERVICE", "prod")
            .env("PGSERVICEFILE", &service_file),
        take().args(["-d", &place]).env("PGPASSWORD", SECRET),
        take().env("DATABASE_URL", &url),
    ] {
        let lock = locked(cluster.connect("app").unwrap(), "t");
        let running = command.start();
        eventually("pg_dump waits for the lock", || waits(&cluster));
        assert_eq!(
            processes_with(SECRET),
            [0; 0],
            "the password is in somebody's arguments"
        );
        drop(lock);
        let output = running.finish().expect_code(0);
        assert!(
            !format!("{}{}", output.stdout, output.stderr).contains(SECRET),
            "{output:?}"
        );
    }
    let backups = files_in(&folder);
    assert_eq!(
        backups
            .iter()
            .filter(|name| name.ends_with(".manifest.json"))
            .count(),
        4
    );
    for name in backups.iter().filter(|name| name.ends_with(".json")) {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        serde_json::from_str::<Value>(&text).unwrap();
        assert!(!text.contains(SECRET), "{text}");
    }
    rotated(&cluster, home.path(), &place);
}
