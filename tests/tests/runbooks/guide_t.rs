//! The guide of a service on one machine: migrations, a nightly script, restores by hand, three checklists.
//! Its rows in its order, with a pipeline of ours where it has a script.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use shared::backup::manifest_of;
use shared::cluster::ClusterOptions;
use shared::time::now;
use tests::{Database, Output, binary, eventually, files_in, pipe, program, start, tool};

use crate::backup::{actions, application, visible};
use crate::every_tool::{WAITS_IN_A_RESTORE, backup_is_interrupted, restore_is_interrupted};
use crate::ground::{Ground, expect_result, results};
use crate::history::{POSTS, PRISMA, prisma, states};
use crate::lock::{LOCK, PAIRS, pids};
use crate::migration::{branched, lint, of, places};
use crate::retention::{days_ago, path_of, rotate_tool, taken};
use crate::rollback::{SHOP, checks, folder};
use crate::security::{by_superuser, grown, warning};
use crate::session::connections;
use crate::statement::worked;
use crate::table::{of_the_guides, remedy, warned};
use crate::verify::verify;
use crate::watched::{brief, check, report, rows, session, shell, with};
use crate::{backup, history, migration, retention, rollback, security, statement, table, watched};

// Migrations

/// T01, `cat drizzle/migrations/0001_*.sql`: "Check for correct table/column names, proper data types,
/// indexes and constraints, no data loss operations".
#[test]
fn t01() {
    let journal = json!({"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "when": 1, "tag": "0000_init", "breakpoints": true},
        {"idx": 1, "when": 2, "tag": "0001_wise_hulk", "breakpoints": true},
    ]});
    let folder = migration::project(&[
        ("drizzle/migrations/meta/_journal.json", &journal.to_string()),
        ("drizzle/migrations/0000_init.sql", migration::USERS),
        (
            "drizzle/migrations/0001_wise_hulk.sql",
            "ALTER TABLE \"users\" ALTER COLUMN \"id\" SET DATA TYPE integer;--> statement-breakpoint
CREATE INDEX \"by_email\" ON \"users\" (\"email\");--> statement-breakpoint
ALTER TABLE \"users\" DROP COLUMN \"name\";
",
        ),
    ]);
    let seen = lint(&folder, &["drizzle/migrations/0001_wise_hulk.sql"]).expect_code(1);
    let rewrite = of(&seen, "type-change-rewrites");
    assert_eq!(rewrite["file"], "drizzle/migrations/0001_wise_hulk.sql");
    assert_eq!(rewrite["line"], 1);
    assert_eq!(rewrite["lock"], "AccessExclusiveLock");
    assert_eq!(rewrite["effect"], "rewrite");
    assert_eq!(rewrite["blocks"], "reads+writes");
    assert!(rewrite["fix"].is_string(), "{rewrite}");
    let narrow = of(&seen, "narrowing-type");
    assert_eq!(narrow["severity"], "error");
    // The index is built while the statement before it keeps everybody waiting.
    let index = of(&seen, "lock-held-during-work");
    assert_eq!(index["line"], 2);
    assert_eq!(index["lock"], "AccessExclusiveLock");
    assert_eq!(index["effect"], "scan");
    assert_eq!(index["blocks"], "reads+writes");
    let alone = [
        "--rule",
        "index-not-concurrent",
        "drizzle/migrations/0001_wise_hulk.sql",
    ];
    let alone = of(
        &lint(&folder, &alone).expect_code(1),
        "index-not-concurrent",
    );
    assert_eq!(alone["lock"], "ShareLock");
    assert_eq!(alone["blocks"], "writes");
    assert_eq!(alone["fix"], index["fix"]);
    let concurrently = "CREATE INDEX CONCURRENTLY \"by_email\" ON \"users\" (\"email\")";
    assert_eq!(
        index["statement"],
        concurrently.replace("CONCURRENTLY ", "")
    );
    assert!(
        index["fix"].as_str().unwrap().contains(concurrently),
        "{index}"
    );
    assert_eq!(of(&seen, "drop-column")["line"], 3);
}

/// T02: "One logical change per migration", "Add indexes in separate migrations".
#[test]
fn t02() {
    let folder = migration::project(&[
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        (
            "prisma/migrations/20250101000000_users/migration.sql",
            migration::USERS,
        ),
        (
            "prisma/migrations/20250102000000_verified/migration.sql",
            "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN email_verified BOOLEAN DEFAULT FALSE;
CREATE INDEX idx_users_email_verified ON users(email_verified);
",
        ),
    ]);
    let together = lint(&folder, &["prisma"]).expect_code(1);
    let held = of(&together, "lock-held-during-work");
    assert_eq!(held["line"], 3);
    assert_eq!(held["blocks"], "reads+writes");
    migration::put(
        folder.path(),
        "prisma/migrations/20250102000000_verified/migration.sql",
        "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN email_verified BOOLEAN DEFAULT FALSE;
",
    );
    migration::put(
        folder.path(),
        "prisma/migrations/20250103000000_index/migration.sql",
        "CREATE INDEX CONCURRENTLY idx_users_email_verified ON users(email_verified);\n",
    );
    let apart = lint(&folder, &["prisma"]).expect_code(0);
    assert_eq!(places(&apart), Vec::<String>::new());
}

/// T03, `UPDATE users SET role = 'User' WHERE role IS NULL` as data migration.
#[test]
fn t03() {
    let folder = migration::project(&[
        ("db/001_users.sql", migration::USERS),
        (
            "db/002_role.sql",
            "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN role text;
UPDATE users SET role = 'User' WHERE role IS NULL;
",
        ),
    ]);
    let seen = lint(
        &folder,
        &["--rule", "unbatched-write,schema-and-data-mixed", "db"],
    );
    let expected = ["unbatched-write", "schema-and-data-mixed"];
    assert_eq!(
        places(&seen),
        expected.map(|rule| format!("db/002_role.sql:3: {rule}"))
    );
    assert_eq!(of(&seen, "unbatched-write")["lock"], "RowExclusiveLock");
}

/// T04 and N03: "Once applied, migrations are immutable". Against the history table: by Prisma's checksum, and by the hash
/// that Drizzle keeps and never looks at.
#[test]
fn t04_by_history() {
    let (folder, database) = (prisma(), Database::new());
    let rows = [
        history::row("20250101000000_users", history::USERS, "now()", "null"),
        history::row("20250102000000_posts", POSTS, "now()", "null"),
    ];
    database.sql(&format!("{PRISMA}{}", rows.concat()));
    let well = history::run(&folder, &database, &["--status", "prisma"]).expect_code(0);
    assert_eq!(states(&well)[0], "20250101000000_users applied");
    let edited = folder
        .path()
        .join("prisma/migrations/20250101000000_users/migration.sql");
    fs::write(
        edited,
        history::USERS.replace("id bigint", "id bigint, phone text, id2 bigint"),
    )
    .unwrap();
    let seen = history::run(&folder, &database, &["--status", "prisma"]).expect_code(1);
    assert_eq!(states(&seen)[0], "20250101000000_users edited");
    assert_eq!(states(&seen)[1], "20250102000000_posts applied");

    let journal = json!({"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "when": 1, "tag": "0000_users", "breakpoints": true},
    ]});
    let folder = history::project(&[
        ("drizzle/meta/_journal.json", &journal.to_string()),
        ("drizzle/0000_users.sql", history::USERS),
    ]);
    let database = Database::new();
    let hash = program("sha256sum").stdin(POSTS).run().stdout[..64].to_string();
    database.sql(&format!(
        "create schema drizzle create table __drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
         insert into drizzle.__drizzle_migrations (hash, created_at) values ('{hash}', 1)"
    ));
    let seen = history::run(&folder, &database, &["--status", "drizzle"]).expect_code(1);
    assert_eq!(states(&seen), ["0000_users edited"]);
}

/// T04: "Don't modify existing migrations. Once applied, migrations are immutable". Against git: what main
/// has is applied.
#[test]
fn t04_by_git() {
    let name = "prisma/migrations/20250101000000_users/migration.sql";
    let folder = branched(&[
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        (name, migration::USERS),
        (
            "prisma/migrations/20250102000000_gone/migration.sql",
            "SELECT 1;\n",
        ),
    ]);
    let unchanged = lint(&folder, &["--since", "main", "prisma"]).expect_code(0);
    assert_eq!(places(&unchanged), Vec::<String>::new());
    migration::put(
        folder.path(),
        name,
        &migration::USERS.replace("email text", "email text, phone text"),
    );
    fs::remove_dir_all(folder.path().join("prisma/migrations/20250102000000_gone")).unwrap();
    let edited = lint(&folder, &["--since", "main", "prisma"]).expect_code(1);
    let gone = "prisma/migrations/20250102000000_gone/migration.sql";
    let mut seen = places(&edited);
    seen.sort();
    assert_eq!(
        seen,
        [
            format!("{name}:1: edited-migration"),
            format!("{gone}:1: removed-migration")
        ]
    );
    let message = of(&edited, "edited-migration")["message"].to_string();
    assert!(
        message.contains("main") && message.contains("checksum"),
        "{message}"
    );
}

/// T05: "Never use `drizzle-kit push` in production": what it has done there, no migration makes.
#[test]
fn t05() {
    let project = tempfile::tempdir().unwrap();
    let meta = project.path().join("drizzle/meta");
    fs::create_dir_all(&meta).unwrap();
    let journal = r#"{"version":"7","dialect":"postgresql","entries":[{"idx":0,"when":1,"tag":"0000_shop","breakpoints":true}]}"#;
    fs::write(meta.join("_journal.json"), journal).unwrap();
    let shop = "create table shop (id int primary key);";
    fs::write(project.path().join("drizzle/0000_shop.sql"), shop).unwrap();
    let database = Database::new();
    database.sql(&format!(
        "{shop} create schema drizzle;
         create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
         insert into drizzle.__drizzle_migrations (hash, created_at) values ('x', 1)"
    ));
    let drift = |code| {
        let run = tool("pg-migrate-lint").args(["--drift", "drizzle"]);
        let run = run.database(&database).current_dir(project.path());
        run.run().expect_code(code)
    };
    drift(0).expect_no_output();
    // As a push from somebody's laptop does it.
    database.sql("alter table shop add phone text");
    let seen = drift(1).json_lines();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0]["object"], "TABLE public.shop");
    assert_eq!(seen[0]["actual"], "phone text");
}

/// T06: "Test migration apply, then rollback, then re-apply".
#[test]
fn t06() {
    let project = folder(SHOP);
    let well = rollback::run(&project, &["--check-rollback"]).expect_code(0);
    let ways = [
        "up ok",
        "down ok",
        "schema ok",
        "data ok",
        "loss ok",
        "up_again ok",
    ];
    assert_eq!(checks(&well, "2"), ways);
    rollback::put(
        &project,
        "2_town.up.sql",
        "alter table shop add town text, alter name set not null;\n",
    );
    let ill = rollback::run(&project, &["--check-rollback"]).expect_code(1);
    assert_eq!(checks(&ill, "2")[2], "schema failed");
}

// Backups

/// T07: mkdir, `pg_dump > f`, `gzip f`, `find -mtime +7 -delete`. One command: the folder is made,
/// the older one goes; a dump that fails deletes nothing, leaves nothing and is no success.
#[test]
fn t07() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("backups/app");
    let run = || {
        let run = backup::back_up(&folder).database(&database);
        run.args(["--format", "plain", "--keep-last", "1"])
    };
    let first = run().run().expect_code(0);
    let path = PathBuf::from(backup::text(&first.json_lines()[0], "path"));
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
    let bin = binary("pg-dump-rotate");
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
        .map(|record| backup::text(record, "action"))
        .collect();
    assert_eq!(told, ["created", "created", "kept", "failed"]);
    assert!(backup::text(&records[0], "reason").starts_with("daily "));
}

/// T09: the table daily 7, weekly 4, monthly 12, yearly 3, each kept file with the reason.
#[test]
fn t09() {
    let (database, dir) = (retention::shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let first = path_of(&retention::back_up(&database, dir, &[]));
    for day in 1..5 * 365 {
        taken(&first, &format!("day{day}.dump"), days_ago(day));
    }
    let policy = "--keep-daily 7 --keep-weekly 4 --keep-monthly 12 --keep-yearly 3";
    let policy: Vec<&str> = policy.split(' ').collect();
    let output = retention::back_up(&database, dir, &policy);
    let records = output.json_lines();
    let stays: Vec<&Value> = records
        .iter()
        .filter(|r| r["action"] != "deleted")
        .collect();
    // As many as restic keeps of five years of days, more or less by where the month begins.
    assert!((18..=24).contains(&stays.len()), "{}", stays.len());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &stays {
        let reasons = record["reason"].as_str().unwrap();
        for reason in reasons.split("; ") {
            *counts.entry(reason.split(' ').next().unwrap()).or_default() += 1;
        }
    }
    let expected = [("daily", 7), ("monthly", 12), ("weekly", 4), ("yearly", 3)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
    let newest = stays[0]["reason"].as_str().unwrap();
    assert!(
        newest.starts_with("daily 20") && newest.ends_with("(1 of 3)"),
        "{newest}"
    );
    let data = files_in(dir)
        .into_iter()
        .filter(|name| name.ends_with(".dump"));
    assert_eq!(data.count(), stays.len());
}

// Restores

/// T10: createdb, `gunzip | psql`, `SELECT COUNT(*)`, dropdb. One command, nothing to set up:
/// every table's every row, and every object; of each format.
#[test]
fn t10() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    for format in ["custom", "plain", "directory", "tar"] {
        let conninfo = database.conninfo();
        let backup = backup::back_up(folder.path()).args(["-d", &conninfo, "-F", format, "-q"]);
        let ends = pipe([backup, verify().arg("-")]);
        let output = ends.last().unwrap();
        assert_eq!(output.code(), Some(0), "{format}: {ends:?}");
        let records = output.json_lines();
        let of = |check: &str| {
            records
                .iter()
                .filter(|r| r["check"] == check)
                .collect::<Vec<_>>()
        };
        let mut tables: Vec<String> = of("rows")
            .iter()
            .map(|r| backup::text(r, "object"))
            .collect();
        tables.sort();
        assert_eq!(tables, ["public.audit", "public.projects", "public.users"]);
        assert_eq!(of("schema")[0]["status"], "ok", "{output:?}");
        let verdict = backup::text(of("verdict")[0], "message");
        assert!(verdict.contains("551 rows in 3 tables"), "{verdict}");
        assert!(verdict.contains("restored in"), "{verdict}");
    }
}

/// T11: `pg_dump > pre_restore_backup.sql` before a restore. With its own label it is neither
/// counted nor deleted by the nightly rotation.
#[test]
fn t11_backup() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let run = backup::back_up(folder.path()).database(&database);
        run.args(arguments).run().expect_code(0)
    };
    let before = run(&["--label", "pre-restore", "-F", "plain"]);
    let before = backup::text(&before.json_lines()[0], "path");
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

/// T11: stop, restore over the live database, count users. Beside the live one instead, proved,
/// and swapped by rename in one transaction; the old one is kept under a dated name.
#[test]
fn t11_restore() {
    let cluster = start(&ClusterOptions::default());
    let live = Database::named(&cluster, "app");
    live.sql("create table users as select generate_series(1, 500) id");
    let folder = tempfile::tempdir().unwrap();
    let taken = backup::back_up(folder.path()).args(["-d", &live.conninfo(), "-q"]);
    let taken = taken.run().expect_code(0);
    live.sql("delete from users");
    let restore = || {
        let run = verify().args(["-d", &live.conninfo(), "--promote", "app", "-"]);
        run.stdin(taken.stdout.as_bytes())
    };
    let dry = restore().arg("--dry-run").run().expect_code(0);
    assert!(dry.stdout.contains("would be kept as"), "{dry:?}");
    assert_eq!(live.value("select count(*) from users"), "0");
    let output = restore().run().expect_code(0);
    let records = output.json_lines();
    let promoted = records.iter().find(|r| r["check"] == "promote").unwrap();
    assert_eq!(promoted["status"], "ok");
    assert_eq!(live.value("select count(*) from users"), "500");
    let old = live.value("select datname from pg_database where datname like 'app\\_before\\_2%'");
    assert!(
        backup::text(promoted, "message").contains(&old),
        "{promoted}"
    );
    let mut old = cluster.connect(&old).unwrap();
    let row = old.query_one("select count(*) from users", &[]).unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

// Monitoring

/// T12: `SELECT count(*) FROM pg_stat_activity`, for "current, maximum, idle": that counts the
/// server's own processes, too.
#[test]
fn t12() {
    let server = with(&[("max_connections", "50")]);
    let database = Database::on(&server);
    let _idle = [(); 2].map(|()| session(&database, "app", "web"));
    let guide: i64 = database
        .value("select count(*) from pg_stat_activity")
        .parse()
        .unwrap();
    let seen = connections(&database);
    let all = watched::row(&seen, "by", "server");
    // These, and the tool itself.
    assert_eq!(
        (&all["connections"], &all["idle"], &all["max_connections"]),
        (&json!(3), &json!(2), &json!(50))
    );
    assert!(guide > 3, "the guide's query counts {guide}");
    let line = "pg-stat-report connections -U watcher -d $d | jq -r 'select(.by == \"application\" and .name == \"web\").connections'";
    assert_eq!(shell(&database, line).expect_code(0).stdout, "2\n");
}

/// T13: `mean_exec_time > 1000 ORDER BY mean_exec_time DESC`, and "queries per second", which the guide has
/// no query for: it takes two looks.
#[test]
fn t13() {
    let database = worked();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("app.state").display().to_string();
    let seen = rows(&database, &["queries"]);
    let often = watched::row(&seen, "query", "select pg_sleep($1) as often");
    let id = format!("queryid {}", statement::text(&often["queryid"]));
    let slow = check(&database, "slow_queries", &["--warn", "slow_queries=2ms"]);
    assert!(brief(&slow).contains(&("warning".into(), id)), "{slow:#?}");
    assert!(
        slow.iter()
            .all(|record| !record["message"].as_str().unwrap().contains("once")),
        "what somebody did once is no slow query: {slow:#?}"
    );
    let growth = || report(&database, &["growth", "--state", &state]).run();
    growth();
    let mut app = session(&database, "app", "web");
    for _ in 0..40 {
        app.batch_execute("select pg_sleep(0.001) as often")
            .unwrap();
    }
    let rates = growth().expect_code(0).json_lines();
    let rate = rates
        .iter()
        .find(|rate| rate["database"] == database.name() && rate["queryid"] == often["queryid"])
        .unwrap();
    assert!(rate["calls_per_second"].as_f64().unwrap() > 0.0, "{rate}");
}

/// T14: the size of the database and of its tables, the largest first; and how fast it grows, for which the
/// guide has no query.
#[test]
fn t14() {
    let database = table::shop();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("app.state").display().to_string();
    let growth = || report(&database, &["growth", "--state", &state]).run();
    growth();
    let size = database.value("select pg_database_size(current_database())");
    let seen = rows(&database, &["databases", "tables"]);
    assert_eq!(
        watched::row(&seen, "database", database.name())["bytes"].to_string(),
        size
    );
    let tables: Vec<&Value> = seen
        .iter()
        .filter(|row| row["section"] == "tables")
        .collect();
    let names: Vec<&Value> = tables.iter().map(|row| &row["table"]).collect();
    assert_eq!(names[0], &json!("public.orders"));
    for table in tables {
        let name = table["table"].as_str().unwrap();
        let size = database.value(&format!("select pg_total_relation_size('{name}')"));
        assert_eq!(table["bytes"].to_string(), size, "{name}");
        let parts = ["heap_bytes", "index_bytes", "toast_bytes"];
        let sum: i64 = parts.map(|part| table[part].as_i64().unwrap()).iter().sum();
        assert_eq!(table["bytes"], sum, "{name}");
    }
    database.sql("insert into big select i from generate_series(101, 50000) i");
    let grown = growth().expect_code(0).json_lines();
    let own = grown
        .iter()
        .find(|row| row["table"] == "public.big" && row["kind"] == "table")
        .unwrap();
    assert!(own["bytes_per_day"].as_f64().unwrap() > 0.0, "{own}");
    let whole = grown
        .iter()
        .find(|row| row["kind"] == "database" && row["database"] == database.name())
        .unwrap();
    assert!(
        whole["bytes"].as_i64() > whole["bytes_before"].as_i64(),
        "{whole}"
    );
}

/// T15: "index hit rate > 95 %, unused, missing": what backs a key is never called unused.
#[test]
fn t15() {
    let database = table::shop();
    let line = "pg-stat-report databases -U watcher -d $d | jq --arg d $d 'select(.database == $d) | .hit_ratio > 0.5 and .hit_ratio <= 1'";
    eventually("blocks are counted", || {
        shell(&database, line).expect_code(0).stdout == "true\n"
    });
    let cache = check(&database, "cache_hits", &[]);
    assert_eq!(
        (&cache[0]["warn"], &cache[0]["crit"]),
        (&json!(0.95), &json!(0.8))
    );
    let young = check(&database, "unused_indexes", &["--warn", "unused_indexes=0"]);
    assert!(
        young.iter().all(|record| record["status"] == "unknown"),
        "statistics of a minute say nothing: {young:#?}"
    );
    let unused = ["--warn", "unused_indexes=0", "--statistics-age", "0s"];
    assert_eq!(
        table::found(&database, "unused_indexes", &unused),
        warned(&["public.by_note"])
    );
    let guides = of_the_guides(&database);
    assert!(guides.contains(&"customers_email_key".into()), "{guides:?}");
    let missing = ["--warn", "unindexed_foreign_keys=0"];
    database.sql("delete from customers where id < 0; delete from orders where id = 2000");
    eventually("the key without an index is found", || {
        table::found(&database, "unindexed_foreign_keys", &missing)
            == warned(&["public.big big_owner_fkey"])
    });
    remedy(
        &database,
        "unindexed_foreign_keys",
        "--warn unindexed_foreign_keys=0",
    );
    assert_eq!(
        table::found(&database, "unindexed_foreign_keys", &missing)[0].0,
        "ok"
    );
}

// Maintenance

/// T16: one command, every week or every morning, that fails when the newest good backup is older
/// than 26 hours, missing or damaged.
#[test]
fn t16_backups() {
    let (database, dir) = (retention::shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let check = |more: &[&str]| {
        let of = ["--check", "--max-age", "26h", "-d", database.name()];
        rotate_tool(dir, &of).args(more).run()
    };
    let reason = |output: &Output| {
        let record = &output.json_lines()[0];
        assert_eq!(record["action"], "failed", "{output:?}");
        record["reason"].as_str().unwrap().to_string()
    };
    let missing = check(&[]).expect_code(1);
    assert!(reason(&missing).contains("there is no good backup"));
    let first = path_of(&retention::back_up(&database, dir, &[]));
    let output = check(&["--verify-checksums"]).expect_code(0);
    assert_eq!(output.json_lines()[0]["action"], "ok");
    assert_eq!(output.stderr, "");
    // A byte is changed, and the size is what it was.
    let whole = fs::read(&first).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&first, changed).unwrap();
    let damaged = check(&["--verify-checksums"]).expect_code(1);
    assert!(
        reason(&damaged).contains("its manifest says"),
        "{damaged:?}"
    );
    fs::write(&first, &whole[1..]).unwrap();
    assert!(reason(&check(&[]).expect_code(1)).contains("bytes"));
    fs::write(&first, &whole).unwrap();
    taken(&first, "old.dump", now() - Duration::from_secs(27 * 3600));
    fs::remove_file(&first).unwrap();
    let name = first.file_name().unwrap().to_str().unwrap();
    fs::remove_file(first.with_file_name(manifest_of(name))).unwrap();
    let stale = check(&[]).expect_code(1);
    assert!(
        reason(&stale).ends_with("is 1d 3h old, and 1d 2h is the most"),
        "{stale:?}"
    );
    assert!(stale.stderr.contains("1d 3h old"), "{stale:?}");
}

/// T16, "audit database permissions" each quarter: what everybody may do. And what the role that asks may not
/// see is no pass.
#[test]
fn t16_permissions() {
    let server = grown();
    let database = Database::on(&server);
    database.sql(
        "create schema open; grant create on schema open to public;
         create table salaries (id int primary key); grant insert on salaries to public",
    );
    assert!(
        security::found(&database, "public_schemas")
            .iter()
            .any(|(status, object)| status == "warning" && object == "open")
    );
    assert_eq!(
        security::found(&database, "public_grants"),
        [warning("public.salaries")]
    );
    // What to do is SQL; whether, a person has to decide.
    for name in ["public_schemas", "public_grants"] {
        let records = by_superuser(&database, &["--only", name])
            .run()
            .json_lines();
        for record in records {
            let remedy = record["remedy"].as_str().unwrap();
            let (decide, statement) = remedy.split_once("and then ").unwrap();
            assert!(decide.starts_with("-- "), "{remedy}");
            database.sql(statement);
        }
        assert_eq!(security::found(&database, name)[0].0, "ok");
    }
    for name in ["md5_passwords", "pg_hba"] {
        let blind = check(&database, name, &[]);
        assert_eq!(blind[0]["status"], "unknown", "{blind:?}");
    }
}

/// T17, `shared_buffers = 256MB`, `work_mem = …` without a word on the machine: judged by its memory, with the
/// reason, and set by what can be piped to psql; what waits for a restart is left to a person.
#[test]
fn t17() {
    let server = with(&[]);
    let database = Database::on(&server);
    let advice = rows(&database, &["advice", "--ram", "16GB"]);
    assert!(
        advice
            .iter()
            .all(|row| !row["reason"].as_str().unwrap().is_empty())
    );
    let buffers = watched::row(&advice, "setting", "shared_buffers");
    assert_eq!(
        (&buffers["verdict"], &buffers["takes"]),
        (&json!("consider"), &json!("restart"))
    );
    let all = "pg-stat-report advice -U watcher -d $d --ram 16GB \
               | jq -r '.remedy // empty' | psql -X -q -d $d";
    shell(&database, all).expect_code(0);
    assert_eq!(check(&database, "pending_restart", &[])[0]["status"], "ok");
    let decided = "pg-stat-report advice -U watcher -d $d --ram 16GB \
                   | jq -r 'select(.setting == \"shared_buffers\").remedy | ltrimstr(\"-- \")' | psql -X -q -d $d";
    shell(&database, decided).expect_code(0);
    database.sql("select pg_reload_conf()");
    eventually("the file is read", || {
        brief(&check(&database, "pending_restart", &[])) == [warning("shared_buffers")]
    });
    assert_eq!(database.value("show log_lock_waits"), "on");
    let mended = rows(&database, &["advice", "--ram", "16GB"]);
    let locks = mended.iter().find(|row| row["setting"] == "log_lock_waits");
    assert!(locks.is_none_or(|row| row["verdict"] == "ok"), "{locks:?}");
}

// Troubleshooting

/// T18, "check for connection leaks": sessions of an application that sit in a transaction for
/// longer than a limit.
#[test]
fn t18() {
    let ground = Ground::new();
    let leaks = ["1", "2"]
        .map(|row| ground.holder("shop-worker", &format!("select from t where id = {row}")));
    let other = ground.holder("report", "select 1");
    let arguments = |limit| {
        [
            "--sessions",
            "--app",
            "shop-*",
            "--idle-in-transaction",
            limit,
        ]
    };
    let listed = |limit| ground.run(&arguments(limit)).expect_code(0).json_lines();
    assert_eq!(listed("1h"), [] as [Value; 0]);
    eventually("they are idle for long enough", || {
        listed("200ms").len() == 2
    });
    let reaper = ground
        .tool(&arguments("200ms"))
        .args(["--terminate", "--max", "10"]);
    let output = reaper.run().expect_code(0);
    let mut told = results(&output);
    let mut expected = leaks.each_ref().map(|leak| {
        (
            i64::from(leak.pid),
            "terminate".to_string(),
            "ended".to_string(),
        )
    });
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    other.run("commit");
}

/// T19: `SELECT * FROM pg_locks WHERE NOT granted`, then `SELECT pg_terminate_backend(pid)`. The tree
/// has the one who blocks at its head, where the guides' query names everybody who holds any lock;
/// ended, the others go on.
#[test]
fn t19() {
    let ground = Ground::new();
    let innocents = ["2", "3", "4"]
        .map(|row| ground.holder("innocent", &format!("update t set n = 1 where id = {row}")));
    let head = ground.holder("etl", LOCK);
    let waiters = ["web", "api"].map(|name| ground.waiter(name, LOCK));
    let mut client = ground.client_of("postgres");
    let blamed = client.query(PAIRS, &[]).unwrap();
    assert!(
        blamed.len() > 3,
        "the guides' query blames {}",
        blamed.len()
    );

    let listing = ground.run(&[]).expect_code(0).json_lines();
    assert_eq!(pids(&listing)[0], i64::from(head.pid));
    let brief = |record: &Value| {
        (
            record["depth"].clone(),
            record["blocking"].clone(),
            record["frees"].clone(),
        )
    };
    assert_eq!(brief(&listing[0]), (json!(0), json!(2), json!(2)));
    assert_eq!(
        (&listing[1]["blocked_by"], &listing[1]["relation"]),
        (&json!(head.pid), &json!("public.t"))
    );
    assert!(listing[1]["waiting_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(listing.len(), 3);
    ground.run(&["--fail-if-blocked"]).expect_code(1);

    let [_, _, output] = pipe([
        ground.tool(&[]),
        program("jq").args(["-c", "select(.application_name==\"etl\")"]),
        ground.tool(&["-", "--terminate"]),
    ]);
    expect_result(&output.expect_code(0), head.pid, "terminate", "ended");
    waiters.iter().for_each(|waiter| waiter.answer().unwrap());
    innocents.iter().for_each(|innocent| innocent.run("commit"));
}

// Graceful shutdown

/// T21: graceful shutdown. Whatever a tool is doing, SIGTERM and SIGINT end it
/// promptly, by that signal, and nothing is left: no partial file, no pg_dump, no
/// pg_restore, no scratch server.
#[test]
fn t21() {
    let database = Database::new();
    database.sql(WAITS_IN_A_RESTORE);
    for signal in [Signal::TERM, Signal::INT] {
        backup_is_interrupted(&database, signal);
        for format in ["custom", "plain"] {
            restore_is_interrupted(&database, format, signal);
        }
    }
}
