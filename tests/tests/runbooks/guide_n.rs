//! The guide of an application whose database somebody else hosts, migrated by Prisma through URLs with a pooler in
//! them. Its rows in its order, with a pipeline of ours where it has a script.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use shared::programs::Program;
use tests::{Database, Output, ToolCommand, binary, eventually, files_in, program, tool};

use crate::backup::{application, restores, script, text, visible};
use crate::history::{POSTS, PRISMA, TAGS, prisma, run, states};
use crate::migration::{lint, places, project, put};
use crate::pooler::Pooler;
use crate::retention::{changed, days_ago, names, path_of, pg_dump, rotate_tool, shop, taken};
use crate::session::connections;
use crate::statement::worked;
use crate::verify::verify;
use crate::watched::{database, report, session, shell};
use crate::{backup, history, migration, retention, session, watched};

// Connecting

/// N01: the URLs of Prisma, Neon and Supabase. Parameters that are not libpq's do no harm; the
/// direct URL is taken where there is one; a pooler is refused with the advice to name it.
#[test]
fn n01() {
    let folder = tempfile::tempdir().unwrap();
    let run = |variables: &[(&str, &str)]| {
        let run = backup::back_up(folder.path());
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

// Migrations

/// N04: "Safe (no downtime)" and "Requires care", each line of it.
#[test]
fn n04() {
    let rules = |sql: &str| {
        let timeout = match sql.contains("CONCURRENTLY") {
            true => "",
            false => "SET lock_timeout = '2s';\n",
        };
        let sql = format!("{timeout}{sql}\n");
        let folder = project(&[
            ("0001_users.sql", migration::USERS),
            ("0002_change.sql", &sql),
        ]);
        let seen = lint(&folder, &["0002_change.sql"]).json_lines();
        let worth = seen.iter().filter(|record| record["severity"] != "info");
        worth
            .map(|record| record["rule"].as_str().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    for safe in [
        "ALTER TABLE users ADD COLUMN bio text;",
        "CREATE TABLE posts (id bigint PRIMARY KEY);",
        "CREATE INDEX CONCURRENTLY by_email ON users (email);",
        "ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '') NOT VALID;",
        "ALTER TABLE users ADD COLUMN status text NOT NULL DEFAULT 'active';",
    ] {
        assert_eq!(rules(safe), Vec::<String>::new(), "{safe}");
    }
    for (care, rule) in [
        (
            "CREATE INDEX by_email ON users (email);",
            "index-not-concurrent",
        ),
        (
            "ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '');",
            "check-without-not-valid",
        ),
        (
            "ALTER TABLE users ADD COLUMN status text NOT NULL;",
            "required-column",
        ),
        (
            "ALTER TABLE users RENAME COLUMN name TO full_name;",
            "rename-column",
        ),
        ("ALTER TABLE users DROP COLUMN name;", "drop-column"),
    ] {
        assert!(
            rules(care).contains(&rule.to_string()),
            "{care}: {:?}",
            rules(care)
        );
    }
}

/// N05, the three migrations of "Multi-step column rename": what is still wrong with each is said.
#[test]
fn n05() {
    let folder = project(&[
        ("db/0_users.sql", migration::USERS),
        (
            "db/1_add.sql",
            "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN full_name TEXT;\nUPDATE users SET full_name = name;\n",
        ),
        (
            "db/2_not_null.sql",
            "SET lock_timeout = '2s';\nALTER TABLE users ALTER COLUMN full_name SET NOT NULL;\n",
        ),
        (
            "db/3_drop.sql",
            "SET lock_timeout = '2s';\nALTER TABLE users DROP COLUMN name;\n",
        ),
    ]);
    let seen = places(&lint(&folder, &["db"]).expect_code(1));
    let expected = [
        "db/1_add.sql:3: unbatched-write",
        "db/2_not_null.sql:2: set-not-null-scans",
        "db/3_drop.sql:2: drop-column",
    ];
    assert_eq!(seen, expected);
    // The rename in one step that they stand for.
    let rename = "SET lock_timeout = '2s';\nALTER TABLE users RENAME COLUMN name TO full_name;\n";
    put(folder.path(), "db/1_add.sql", rename);
    let seen = lint(&folder, &["db/1_add.sql"]);
    let fix = migration::of(&seen, "rename-column");
    assert!(fix["fix"].to_string().contains("full_name"), "{fix}");
}

// Going back

/// N06: `rollback.sql` beside `migration.sql`; that it is missing is said where it is asked for. Off unless asked.
#[test]
fn n06() {
    let with = "prisma/migrations/20250101000000_users";
    let without = "prisma/migrations/20250102000000_posts/migration.sql";
    let folder = project(&[
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        (&format!("{with}/migration.sql"), migration::USERS),
        (&format!("{with}/down.sql"), "DROP TABLE users;\n"),
        (without, "CREATE TABLE posts (id bigint PRIMARY KEY);\n"),
    ]);
    let seen = lint(&folder, &["--rule", "missing-down", "prisma"]).expect_code(0);
    assert_eq!(places(&seen), [format!("{without}:1: missing-down")]);
    // The way back drops on purpose: nothing is said about that.
    assert_eq!(
        places(&lint(&folder, &["prisma"]).expect_code(0)),
        Vec::<String>::new()
    );
    fs::rename(
        folder.path().join(format!("{with}/down.sql")),
        folder.path().join(format!("{with}/rollback.sql")),
    )
    .unwrap();
    let seen = lint(&folder, &["--rule", "missing-down", "prisma"]).expect_code(0);
    assert_eq!(places(&seen), [format!("{without}:1: missing-down")]);
}

/// N07: "Migration failed in production": rows of _prisma_migrations that failed and that were marked as rolled back.
#[test]
fn n07() {
    let (folder, database) = (prisma(), Database::new());
    let rows = [
        history::row("20250101000000_users", history::USERS, "now()", "null"),
        history::row("20250102000000_posts", POSTS, "null", "now()"),
        history::row("20250103000000_tags", TAGS, "null", "null"),
    ];
    database.sql(&format!("{PRISMA}{}", rows.concat()));
    let seen = run(&folder, &database, &["--status", "prisma"]).expect_code(1);
    let expected = [
        "20250101000000_users applied",
        "20250102000000_posts rolled_back",
        "20250103000000_tags failed",
    ];
    assert_eq!(states(&seen), expected);
    // `prisma migrate resolve --rolled-back`
    database.sql("update _prisma_migrations set rolled_back_at = now() where finished_at is null");
    let next = run(&folder, &database, &["--pending", "prisma"]).expect_code(0);
    assert_eq!(
        states(&next),
        [
            "20250102000000_posts rolled_back",
            "20250103000000_tags rolled_back"
        ]
    );
}

// Backups

/// N08: production is kept for 30 days and before each migration, staging for 7 days, development
/// by hand; in one folder, each with a retention of its own.
#[test]
fn n08() {
    let (production, staging, development) = (shop(), shop(), shop());
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let nightly = path_of(&retention::back_up(&production, dir, &[]));
    let label = ["--label", "pre-migration"];
    let migration = path_of(&retention::back_up(&production, dir, &label));
    let short = path_of(&retention::back_up(&staging, dir, &[]));
    let by_hand = path_of(&retention::back_up(&development, dir, &[]));
    for days in [6, 8, 29, 31, 90] {
        taken(&nightly, &format!("production{days}.dump"), days_ago(days));
        taken(&migration, &format!("migration{days}.dump"), days_ago(days));
        taken(&short, &format!("staging{days}.dump"), days_ago(days));
        taken(&by_hand, &format!("development{days}.dump"), days_ago(days));
    }
    let deleted = |output: Output| names(&output, "deleted");
    let run = retention::back_up(&production, dir, &["--keep-within", "30d"]);
    assert_eq!(deleted(run), ["production31.dump", "production90.dump"]);
    let run = retention::back_up(
        &production,
        dir,
        &[&label[..], &["--keep-last", "4"]].concat(),
    );
    assert_eq!(
        deleted(run),
        ["migration29.dump", "migration31.dump", "migration90.dump"]
    );
    let run = retention::back_up(&staging, dir, &["--keep-within", "7d"]);
    let expected = [
        "staging29.dump",
        "staging31.dump",
        "staging8.dump",
        "staging90.dump",
    ];
    assert_eq!(deleted(run), expected);
    let run = retention::back_up(&development, dir, &[]);
    assert!(deleted(run).is_empty());
    let left = files_in(dir)
        .into_iter()
        .filter(|name| name.starts_with("development"));
    assert_eq!(left.filter(|name| name.ends_with(".dump")).count(), 5);
}

/// N09: the cron line `pg_dump -Fc > db_DATE.dump` and its `find -mtime +30 -delete`; from one day on
/// ours takes the backups, and rotates the old ones with them.
#[test]
fn n09() {
    let (database, dir) = (shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let archive = pg_dump(&database, &["-Fc"]);
    let name = |days: u64| {
        let day = days_ago(days).date().to_string().replace('-', "");
        format!("db_{day}.dump")
    };
    for days in [1, 15, 28, 33, 60] {
        fs::write(dir.join(name(days)), &archive).unwrap();
        changed(&dir.join(name(days)), days);
    }
    let line = [
        "-F",
        "custom",
        "--match",
        "db_*.dump",
        "--keep-within",
        "30d",
    ];
    let output = retention::back_up(&database, dir, &line);
    assert_eq!(output.stderr, "");
    assert_eq!(names(&output, "created").len(), 1);
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(
        names(&output, "kept"),
        sorted([1, 15, 28].map(name).to_vec())
    );
    assert_eq!(
        names(&output, "deleted"),
        sorted([33, 60].map(name).to_vec())
    );
    // What was adopted is a backup like any other: listed, checked, and proved to restore.
    let check = rotate_tool(dir, &["--check", "--min-count", "4"]).database(&database);
    check.run().expect_code(0);
    let adopted = dir.join(name(1));
    let verdict = tool("pg-restore-verify").arg(&adopted).run().expect_code(0);
    assert_eq!(verdict.json_lines().last().unwrap()["status"], "ok");
    let list = rotate_tool(dir, &["--list"])
        .run()
        .expect_code(0)
        .json_lines();
    let proved = list.iter().filter(|record| record["proved"] == true);
    assert_eq!(proved.count(), 1);
}

/// N10: -Fc, plain, -s, -a, -t users -t projects; any number of them, and their exclusions.
#[test]
fn n10() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let tables = |arguments: &[&str]| -> Vec<String> {
        let run = backup::back_up(folder.path()).database(&database);
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
        let run = backup::back_up(folder.path())
            .database(&database)
            .args(["-F", "p"]);
        script(&run.args(arguments).run().expect_code(0))
    };
    let without_rows = plain(&["--exclude-table-data", "users"]);
    assert!(without_rows.contains("CREATE TABLE public.users"));
    assert!(!without_rows.contains("COPY public.users"));
    assert!(plain(&["-a", "-t", "users"]).contains("COPY public.users"));
    assert!(plain(&["--", "--inserts"]).contains("INSERT INTO public.users VALUES"));
}

// Recovery

/// N11: `pg_restore -v -d`, `psql -f`, `pg_restore -t`: by one command, whatever the format, and
/// however a script is compressed, by what people's names for it say.
#[test]
fn n11() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let chosen = |path: &Path| verify().args(["-t", "projects"]).arg(path).run();
    for format in ["custom", "directory", "tar", "plain"] {
        let conninfo = database.conninfo();
        let taken =
            backup::back_up(folder.path()).args(["-d", &conninfo, "-F", format, "-Z", "none"]);
        let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
        let output = chosen(Path::new(&path)).expect_code(0);
        assert!(output.stdout.contains("public.projects"), "{output:?}");
        if format != "plain" {
            continue;
        }
        let script = fs::read(&path).unwrap();
        for (name, ending) in [
            ("gzip", "gz"),
            ("zstd", "zst"),
            ("lz4", "lz4"),
            ("bzip2", "bz2"),
            ("xz", "xz"),
        ] {
            let paths = std::env::var_os("PATH").unwrap();
            let mut found = std::env::split_paths(&paths).map(|folder| folder.join(name));
            let Some(found) = found.find(|path| path.is_file()) else {
                continue;
            };
            let output = program(found).arg("-c").stdin(script.as_slice()).run();
            let path = folder.path().join(format!("theirs.sql.{ending}"));
            fs::write(&path, output.expect_code(0).bytes).unwrap();
            verify().arg(&path).run().expect_code(0);
        }
    }
}

/// N12: back up, migrate, say how to roll back. The migration runs only if there is a backup; the
/// record says exactly how to go back.
#[test]
fn n12() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let bin = binary("pg-dump-rotate");
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

/// N13, "verify recovery: check data integrity, run tests": queries with what they must answer.
#[test]
fn n13() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = backup::back_up(folder.path()).args(["-d", &database.conninfo()]);
    let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
    let checks = folder.path().join("recovery.sql");
    let write = |least: u32| {
        let text = format!(
            "-- What must be there after a disaster.\n\n\
             -- check: users\n-- expect: >= {least}\nSELECT count(*) FROM users;\n\n\
             -- check: every project has an owner\nSELECT p.* FROM projects p\n\
             LEFT JOIN users u ON u.id = p.owner WHERE u.id IS NULL;\n"
        );
        fs::write(&checks, text).unwrap();
    };
    let run = || {
        let run = tool("pg-restore-verify").arg(Path::new(&path));
        let run = run.arg("--checks").arg(&checks);
        run.args(["--expect", "SELECT max(id) FROM users = 500"])
            .run()
    };
    write(500);
    let output = run().expect_code(0);
    let own = |output: &Output| -> Vec<Value> {
        let records = output.json_lines();
        let own = records.iter().filter(|record| record["check"] == "expect");
        own.map(|record| serde_json::json!([record["object"], record["status"], record["actual"]]))
            .collect()
    };
    assert_eq!(
        own(&output),
        [
            serde_json::json!(["SELECT max(id) FROM users", "ok", "500"]),
            serde_json::json!(["users", "ok", "500"]),
            serde_json::json!(["every project has an owner", "ok", "no rows"]),
        ]
    );
    // The file is one for psql, too.
    write(501);
    let output = run().expect_code(1).expect_error("expect users");
    assert_eq!(
        own(&output)[1],
        serde_json::json!(["users", "failed", "500"])
    );
}

// Monitoring

/// N15: `count(*) … WHERE datname = 'your_db'`, and who they are.
#[test]
fn n15() {
    let database = database();
    let other = self::database();
    let _sessions = ["web", "web", "worker"].map(|name| session(&database, "app", name));
    let _elsewhere = session(&other, "app", "web");
    // The tool itself is looking from the other one.
    let seen = connections(&other);
    let own = session::of(&seen, "database", database.name());
    assert_eq!((&own["connections"], &own["idle"]), (&json!(3), &json!(3)));
    assert!(
        session::of(&seen, "application", "worker")["connections"]
            .as_i64()
            .unwrap()
            >= 1
    );
    assert!(
        session::of(&seen, "user", "app")["connections"]
            .as_i64()
            .unwrap()
            >= 4
    );
}

/// N16: indexes for foreign keys.
#[test]
fn n16() {
    let posts =
        "CREATE TABLE posts (id bigint PRIMARY KEY, author_id bigint REFERENCES users (id));\n";
    let folder = project(&[
        ("db/1_users.sql", migration::USERS),
        (
            "db/2_posts.sql",
            &format!("SET lock_timeout = '2s';\n{posts}"),
        ),
    ]);
    let seen = lint(&folder, &["--rule", "foreign-key-without-index", "db"]);
    assert_eq!(
        places(&seen),
        ["db/2_posts.sql:2: foreign-key-without-index"]
    );
    let fix = migration::of(&seen, "foreign-key-without-index")["fix"].to_string();
    assert!(fix.contains("author_id"), "{fix}");
    let indexed = format!("SET lock_timeout = '2s';\n{posts}CREATE INDEX ON posts (author_id);\n");
    put(folder.path(), "db/2_posts.sql", &indexed);
    let seen = lint(&folder, &["--rule", "foreign-key-without-index", "db"]).expect_code(0);
    assert_eq!(places(&seen), Vec::<String>::new());
}

/// N17: "log queries > 100 ms" and the slowest by mean: from the statistics, and whose they are. Who has no
/// right to a text still sees the figures, and is told so.
#[test]
fn n17() {
    let database = worked();
    let line = "pg-stat-report queries -U watcher -d $d | jq -r --arg d $d 'select(.database == $d and .mean_ms > 100) | .user + \": \" + .query'";
    eventually("the slow one is found", || {
        let found = shell(&database, line).expect_code(0).stdout;
        found
            .lines()
            .any(|line| line == "app: select pg_sleep($1), $2 as once")
    });
    database.sql("create role stranger login");
    let blind = report(&database, &["queries"]).env("PGUSER", "stranger");
    let blind = blind.run().expect_code(0).json_lines();
    let others: Vec<&Value> = blind
        .iter()
        .filter(|row| row["user"] != "stranger")
        .collect();
    assert!(
        others
            .iter()
            .all(|row| row["is_hidden"] == true && row["query"].is_null() && row["calls"].is_i64()),
        "{others:#?}"
    );
    assert!(others.iter().any(|row| row["calls"] == 60));
    database.sql("drop role stranger");
}

/// N18, "Monitoring enabled, backups configured …": one run answers all that can be seen from SQL, says of each
/// check what it does not look at, and what the role may not see is no pass.
#[test]
fn n18() {
    let database = database();
    database.sql("create role outsider login");
    let all = report(&database, &["--fail-on", "never"]).run();
    let all = all.expect_code(0).json_lines();
    let listed = tool("pg-stat-report")
        .arg("--list-checks")
        .run()
        .json_lines();
    // An earlier run, the server's log and a pooler were not given.
    let needs_more = |check: &Value| {
        let sections = check["sections"].as_str().unwrap();
        ["drift", "growth", "logs", "pgbouncer"].contains(&sections)
    };
    for check in listed.iter().filter(|check| !needs_more(check)) {
        let said = watched::row(&all, "check", check["check"].as_str().unwrap());
        assert!(!said["unseen"].as_str().unwrap().is_empty(), "{said}");
    }
    let blind = report(&database, &["--skip", "unsafe_settings"]).env("PGUSER", "outsider");
    let blind = blind.run();
    let unknown: Vec<Value> = blind
        .json_lines()
        .iter()
        .filter(|record| record["status"] == "unknown")
        .map(|record| record["check"].clone())
        .collect();
    assert!(unknown.contains(&json!("wal_directory")), "{unknown:?}");
    assert!(blind.status.code() != Some(0), "{blind:?}");
    database.sql("drop role outsider");
}
