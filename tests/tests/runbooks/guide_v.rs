//! The guide of a service with a command line of its own for status, backups, restores and migrations. Its rows in
//! its order, with a pipeline of ours where it has a command or a query.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use serde_json::{Value, json};
use shared::cluster::ClusterOptions;
use shared::programs::Program;
use tests::{
    Database, Output, Standby, binary, eventually, files_in, pipe, private_folder, program, start,
    tool,
};

use crate::backup::{application, fill, script, text};
use crate::check::{gone_wrong, live};
use crate::ground::{Ground, expect_result};
use crate::history::{POSTS, TAGS, USERS, at, project, states};
use crate::lock::LOCK;
use crate::retention::{DAY, changed, days_ago, gzip, names, path_of, pg_dump, rotate_tool, taken};
use crate::rollback::{SHOP, folder, put};
use crate::security::{by_superuser, grown, pool_size, warning};
use crate::session::connections;
use crate::statement::worked;
use crate::table::{remedy, warned};
use crate::verify::{verify, without_server};
use crate::watched::{brief, check, database, report, row, rows, session, shell, try_session};
use crate::{backup, check, history, retention, rollback, security, table, watched};

// Health

/// V01: `db_cli status --detailed --component=connections`: sections by their names, which can be listed.
#[test]
fn v01() {
    let database = database();
    let listed = tool("pg-stat-report").arg("--list-sections").run();
    let listed = listed.expect_code(0).json_lines();
    for name in ["connections", "queries", "databases"] {
        let told = row(&listed, "section", name);
        let is_told = ["answers", "costs", "needs"].iter().all(|field| {
            let text = told[field].as_str();
            text.is_some_and(|text| !text.is_empty())
        });
        assert!(is_told, "{told}");
    }
    let seen = rows(&database, &["connections", "databases"]);
    for name in ["connections", "databases"] {
        row(&seen, "section", name);
    }
    assert_eq!(
        seen.iter()
            .filter(|row| row["section"] == "queries")
            .count(),
        0
    );
    let wrong = report(&database, &["conections"]).run().expect_code(2);
    wrong
        .expect_error("did you mean connections?")
        .expect_no_output();
}

/// V02: who does what in one database, and what was done in it.
#[test]
fn v02() {
    let database = database();
    let mut client = session(&database, "app", "booking");
    client
        .batch_execute("begin; select 'password=s3cret'")
        .unwrap();
    let seen = rows(&database, &["activity"]);
    let own = row(&seen, "application_name", "booking");
    assert_eq!(
        (
            &own["database"],
            &own["user"],
            &own["client_addr"],
            &own["state"]
        ),
        (
            &json!(database.name()),
            &json!("app"),
            &json!(null),
            &json!("idle in transaction")
        )
    );
    assert!(own["xact_age_seconds"].as_f64().unwrap() >= 0.0);
    let query = own["query"].as_str().unwrap();
    assert!(query.starts_with("begin; select 'password="), "{query}");
    assert!(!query.contains("s3cret"), "{query}");
    // The server tells what a session did when it ends, at the latest.
    database.sql("create table t as select 1 as i");
    let line = "pg-stat-report databases -U watcher -d $d | jq -c --arg d $d 'select(.database == $d) | .commits > 0 and .blocks_hit > 0 and .rollbacks >= 0 and .blocks_read >= 0'";
    eventually("its transactions are counted", || {
        shell(&database, line).expect_code(0).stdout == "true\n"
    });
}

/// V03: what pg_stat_database counts, and each second.
#[test]
fn v03() {
    let database = table::shop();
    let line = "pg-stat-report server databases -U watcher -d $d > before.jsonl; \
                for i in 1 2 3; do psql -X -q -d $d -c 'select 1' >sql.out; done; \
                pg-stat-report growth -U watcher -d $d --baseline before.jsonl \
                | jq --arg d $d 'select(.kind == \"database\" and .database == $d) | .transactions_per_second > 0'";
    let folder = tempfile::tempdir().unwrap();
    let line = format!("cd '{}' && {{ {line}; }}", folder.path().display());
    eventually("transactions are counted", || {
        shell(&database, &line).expect_code(0).stdout == "true\n"
    });
    let seen = rows(&database, &["databases"]);
    let own = row(&seen, "database", database.name());
    for field in ["commits", "rollbacks", "blocks_read", "blocks_hit"] {
        assert!(own[field].is_i64(), "{field}: {own}");
    }
}

/// V04: `mean_time`, `total_time`: columns that no server from 13 on has. Ours are the same for each.
#[test]
fn v04() {
    let database = worked();
    let guide = "select query, calls, total_time, mean_time, rows from pg_stat_statements";
    assert!(database.client().batch_execute(guide).is_err());
    let seen = rows(&database, &["queries"]);
    let once = row(&seen, "query", "select pg_sleep($1), $2 as once");
    assert_eq!((&once["calls"], &once["rows"]), (&json!(1), &json!(1)));
    assert!(once["mean_ms"].as_f64().unwrap() >= 100.0);
    let csv = "pg-stat-report queries -U watcher -d $d -o csv | head -n 1";
    let head = shell(&database, csv).expect_code(0).stdout;
    assert!(
        ["calls", "total_ms", "mean_ms", "rows"]
            .iter()
            .all(|name| head.split(',').any(|column| column == *name)),
        "{head}"
    );
}

/// V05: inserts, updates and deletes of each table; and each second, between two runs.
#[test]
fn v05() {
    let database = table::shop();
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join("before.jsonl");
    let count =
        |name: &str, field: &str| row(&rows(&database, &["tables"]), "table", name)[field].clone();
    eventually("what was inserted is counted", || {
        count("public.orders", "rows_inserted") == 2000
    });
    let earlier = report(&database, &["server", "databases", "tables"]).run();
    fs::write(&before, &earlier.expect_code(0).stdout).unwrap();
    database.sql("update orders set note = 'x' where id <= 500; delete from big where id <= 10");
    eventually("the rest is, too", || {
        count("public.orders", "rows_updated") == 500 && count("public.big", "rows_deleted") == 10
    });
    let path = before.display().to_string();
    let rates = rows(&database, &["growth", "--baseline", &path]);
    let rate = |name: &str, field: &str| -> f64 {
        let table = row(&rates, "table", name);
        table[field].as_f64().unwrap() * table["seconds"].as_f64().unwrap()
    };
    assert!((rate("public.orders", "rows_updated_per_second") - 500.0).abs() < 1.0);
    assert!((rate("public.big", "rows_deleted_per_second") - 10.0).abs() < 1.0);
    assert!(rate("public.orders", "rows_inserted_per_second").abs() < 1.0);
}

// Backups

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
    let run = || backup::back_up(folder.path()).args(["-d", &url]);
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

/// V07: every backup with size, age, kind, checksum state, and what the policy would do with it.
#[test]
fn v07_list() {
    let (database, dir) = (retention::shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let dump = path_of(&retention::back_up(&database, dir, &[]));
    let plain = path_of(&retention::back_up(
        &database,
        dir,
        &["-F", "plain", "--label", "manual"],
    ));
    let old = taken(&dump, "old.dump", days_ago(40));
    fs::write(
        &old,
        fs::read(&old)
            .unwrap()
            .iter()
            .map(|b| b ^ 1)
            .collect::<Vec<u8>>(),
    )
    .unwrap();
    let list = rotate_tool(
        dir,
        &["--list", "--verify-checksums", "--keep-within", "30d"],
    );
    let records = list.run().expect_code(1).json_lines();
    let of = |path: &Path| {
        let found = records.iter().find(|r| r["path"] == path.to_str().unwrap());
        found.unwrap_or_else(|| panic!("{records:?}"))
    };
    assert_eq!(records.len(), 3);
    assert_eq!(of(&dump)["bytes"], fs::metadata(&dump).unwrap().len());
    assert_eq!(
        (&of(&dump)["format"], &of(&dump)["state"]),
        (&"custom".into(), &"ok".into())
    );
    assert_eq!(
        (&of(&dump)["kept"], &of(&dump)["reason"]),
        (&true.into(), &"within 30d".into())
    );
    assert_eq!(
        (&of(&plain)["format"], &of(&plain)["label"]),
        (&"plain".into(), &"manual".into())
    );
    assert_eq!(of(&old)["state"], "checksum differs");
    assert_eq!(of(&old)["age_seconds"].as_u64().unwrap() / DAY, 40);
    assert_eq!(of(&old)["kept"], Value::Null);
    let table = rotate_tool(dir, &["--list", "-o", "table"])
        .run()
        .expect_code(0);
    assert_eq!(table.stdout.lines().count(), 4);
}

/// V07, `restore.sh --verify FILE`: the archive's integrity, without any server.
#[test]
fn v07_verify() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = backup::back_up(folder.path()).args(["-d", &database.conninfo()]);
    let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
    let path = Path::new(&path);
    without_server("--archive-only", path).expect_code(0);
    let whole = fs::read(path).unwrap();
    fs::write(path, &whole[..whole.len() - 100]).unwrap();
    without_server("--archive-only", path).expect_code(1);
}

/// V07, `restore.sh --dry-run FILE`: what would be restored.
#[test]
fn v07_dry_run() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = backup::back_up(folder.path()).args(["-d", &database.conninfo()]);
    let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
    let output = without_server("--list", Path::new(&path)).expect_code(0);
    let records = output.json_lines();
    let users = records
        .iter()
        .find(|r| r["object"] == "public.users")
        .unwrap();
    assert_eq!(
        (&users["kind"], &users["rows"]),
        (&"TABLE".into(), &500.into())
    );
    assert!(users["bytes"].as_u64().unwrap() > 5000, "{users}");
    assert!(
        records.iter().any(|r| r["kind"] == "FK CONSTRAINT"),
        "{output:?}"
    );
}

/// V08: instead of `find -name '*.sql.gz' -mtime +30 -delete` and the same for `*.meta`.
#[test]
fn v08() {
    let (database, dir) = (retention::shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let sql = pg_dump(&database, &[]);
    for days in [1, 28, 33, 400] {
        let day = days_ago(days).date();
        let day = day.to_string().replace('-', "");
        gzip(&dir.join(format!("vividshift_{day}_020000.sql.gz")), &sql);
        fs::write(dir.join(format!("vividshift_{day}_020000.meta")), "size=1").unwrap();
    }
    // Others' files, however old, and a dump that was cut short.
    for other in [
        "notes.meta",
        "vividshift.conf",
        "logo.png",
        "photos_20200101.tar.gz",
    ] {
        fs::write(dir.join(other), "mine").unwrap();
        changed(&dir.join(other), 400);
    }
    gzip(
        &dir.join("vividshift_20240101_020000.sql.gz"),
        &sql[..sql.len() / 2],
    );
    fs::write(dir.join("vividshift_20240101_020000.meta"), "size=1").unwrap();
    let before = files_in(dir);
    let arguments = [
        "--rotate",
        "--keep-within",
        "30d",
        "--match",
        "vividshift_*.sql.gz",
    ];
    let output = rotate_tool(dir, &arguments).run().expect_code(1);
    assert!(
        output
            .stderr
            .contains("vividshift_20240101_020000.sql.gz is passed over"),
        "{output:?}"
    );
    let after = files_in(dir);
    let gone: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
    let old = [400, 33].map(|days| days_ago(days).date().to_string().replace('-', ""));
    let expected = old
        .iter()
        .flat_map(|day| ["meta", "sql.gz"].map(|end| format!("vividshift_{day}_020000.{end}")));
    assert_eq!(
        gone,
        expected.collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    assert_eq!(names(&output, "kept").len(), 2);
}

// Maintenance

/// V11: `REINDEX INDEX CONCURRENTLY`, `ANALYZE`, and `idx_scan = 0`: what has to be built anew is named, and
/// what was used is not called unused.
#[test]
fn v11() {
    let database = table::shop();
    database.sql("update orders set note = 'same' where id <= 2");
    let words = "create index concurrently broken on orders ((note::int))";
    assert!(database.client().batch_execute(words).is_err());
    assert_eq!(
        table::found(&database, "invalid_indexes", &[]),
        warned(&["public.broken"])
    );
    database.sql("update orders set note = id");
    remedy(&database, "invalid_indexes", "");
    assert_eq!(table::found(&database, "invalid_indexes", &[])[0].0, "ok");
    let unused = ["--warn", "unused_indexes=0", "--statistics-age", "0s"];
    database.sql("drop index broken");
    assert_eq!(
        table::found(&database, "unused_indexes", &unused),
        warned(&["public.by_note"])
    );
    database.sql("set enable_seqscan = off; select * from orders where note = 'x'");
    eventually("its use is counted", || {
        let found = table::found(&database, "unused_indexes", &unused);
        !found.contains(&("warning".into(), "public.by_note".into()))
    });
}

// Migrations

/// V12: `migrate --status`, `--dry-run`, `--target`: "applied, pending, failed, missing, out of order"; what is pending is
/// run by psql, up to a target.
#[test]
fn v12() {
    let folder = project(&[
        ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
        ("migrations/1_users.sql", USERS),
        ("migrations/2_posts.sql", POSTS),
        ("migrations/3_tags.sql", TAGS),
        (
            "migrations/4_more.sql",
            "ALTER TABLE tags ADD COLUMN name text;\n",
        ),
    ]);
    let database = Database::new();
    database.sql(
        "create table _sqlx_migrations (version bigint primary key, description text not null,
            installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
            execution_time bigint not null);
         insert into _sqlx_migrations
         select 1, 'users', now(), true, sha384(convert_to(E'CREATE TABLE users (id bigint PRIMARY KEY);\\n', 'UTF8')), 1;
         create table users (id bigint primary key)",
    );
    let seen = history::run(&folder, &database, &["--status", "migrations"]).expect_code(0);
    assert_eq!(
        states(&seen),
        ["1 applied", "2 pending", "3 pending", "4 pending"]
    );
    // The dry run is what would be run; the target is where the list ends.
    let lint = binary("pg-migrate-lint");
    let line = format!(
        "'{}' --pending migrations | jq -r 'select((.version | tonumber) <= 3).file' | xargs -n1 psql -q -1 -v ON_ERROR_STOP=1 -f",
        lint.display()
    );
    at(&folder, &database, program("sh").args(["-c", &line]))
        .run()
        .expect_code(0);
    let tables = "select string_agg(relname, ' ' order by relname) from pg_class where relkind = 'r' and relname in ('users', 'posts', 'tags')";
    assert_eq!(database.value(tables), "posts tags users");
    // One that failed, one that is not here, and one that comes late.
    database.sql(
        "insert into _sqlx_migrations values (3, 'tags', now(), false, '\\x00', 1), (9, 'gone', now(), true, '\\x00', 1)",
    );
    let seen = history::run(&folder, &database, &["--status", "migrations"]).expect_code(1);
    assert_eq!(
        states(&seen),
        [
            "1 applied",
            "2 out_of_order",
            "3 failed",
            "4 out_of_order",
            "9 missing_here"
        ]
    );
    let none = history::run(&folder, &database, &["--pending", "migrations"]).expect_code(1);
    assert_eq!(none.stdout, "", "{none:?}");
}

/// V13: "Plan rollback strategies before deployment", and a dry run of them: the down parts in order, and what each locks
/// and loses; from where the server is.
#[test]
fn v13() {
    let project = folder(SHOP);
    let told = |output: &Output| -> Vec<String> {
        let records = output.json_lines();
        let line = |record: &Value| {
            format!(
                "{} {} {} {}",
                record["file"], record["lock"], record["object"], record["loses"]
            )
        };
        records
            .iter()
            .map(|record| line(record).replace('"', ""))
            .collect()
    };
    let plan = rollback::run(&project, &["--rollback-plan"]).expect_code(0);
    let town = "migrations/2_town.down.sql AccessExclusiveLock shop [column shop.town]";
    let shop = "migrations/1_shop.down.sql AccessExclusiveLock shop [table shop]";
    assert_eq!(told(&plan), [town, shop]);
    let to_one = rollback::run(&project, &["--rollback-plan", "--to", "1"]).expect_code(0);
    assert_eq!(told(&to_one), [town]);
    // Only the first one has reached the server.
    let database = Database::new();
    let history =
        "create table schema_migrations (version bigint primary key, dirty boolean not null);
        insert into schema_migrations values (1, false)";
    database.sql(history);
    let there = tool("pg-migrate-lint")
        .args(["--rollback-plan", "-d", database.name(), "migrations"])
        .database(&database)
        .current_dir(project.path());
    assert_eq!(told(&there.run().expect_code(0)), [shop]);
    put(&project, "3_note.up.sql", "create table note (id int);\n");
    let stuck = rollback::run(&project, &["--rollback-plan"]).expect_code(1);
    assert!(
        stuck.stderr.contains("3_note.up.sql has no way back"),
        "{stuck:?}"
    );
}

/// V14, `validate --constraints --indexes --full-report`: on a live database, and on the copy that
/// was restored from its backup.
#[test]
fn v14() {
    let database = gone_wrong();
    let output = live(&database).expect_code(1);
    let failed = check::with(&output, "failed");
    let found: Vec<(&str, &str)> = failed
        .iter()
        .map(|(check, object, _)| (check.as_str(), object.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("foreign_keys", "public.orders bought_by"),
            ("foreign_keys", "public.returns returned_by"),
            ("indexes", "public.one_email"),
            ("btrees", "public.by_key"),
            ("sequence_columns", "public.customers_id_seq"),
            ("verdict", ""),
        ],
        "{output:?}"
    );
    assert!(failed[1].2.contains("NOT VALID"), "{output:?}");
    // As a report for people.
    let table = tool("pg-restore-verify").args(["--live", &database.conninfo(), "-o", "table"]);
    assert!(table.run().stdout.contains("one_email"));
    // The orphans of a key that is valid are no longer there in a backup that can be restored.
    database.sql("delete from orders where customer = 999");
    let folder = tempfile::tempdir().unwrap();
    let taken = backup::back_up(folder.path()).args(["-d", &database.conninfo(), "-q"]);
    let ends = pipe([taken, tool("pg-restore-verify").args(["-", "--deep"])]);
    let output = ends.last().unwrap();
    assert_eq!(output.code(), Some(0), "{output:?}");
    let shown: Vec<String> = check::with(output, "skipped")
        .into_iter()
        .map(|(check, object, _)| format!("{check} {object}"))
        .collect();
    for came_along in [
        "foreign_keys public.returns returned_by",
        "sequence_columns public.customers_id_seq",
    ] {
        assert!(shown.iter().any(|shown| shown == came_along), "{shown:?}");
    }
    // The index is new and whole.
    assert!(
        check::with(output, "ok")
            .iter()
            .any(|(check, _, _)| check == "btrees"),
        "{output:?}"
    );
}

// Tuning

/// V19, `max_connections = 50, min_connections = 10 …`: what a pool may have follows from the server's room.
/// Where nobody can know the memory, that is unknown.
#[test]
fn v19() {
    let server = watched::with(&[("max_connections", "60")]);
    let database = Database::on(&server);
    assert_eq!(pool_size(&database, "1"), json!("57"));
    let small = rows(&database, &["advice", "--ram", "1GB"]);
    let large = rows(&database, &["advice", "--ram", "256GB"]);
    let cache = |rows: &[Value]| row(rows, "setting", "effective_cache_size")["advised"].clone();
    assert_ne!(cache(&small), cache(&large));
    assert_eq!(
        row(&large, "setting", "max_connections")["value"],
        json!("60")
    );
}

/// V20: dead rows against autovacuum's own threshold, and not against some share of all; the remedy is SQL.
#[test]
fn v20() {
    let database = table::shop();
    database.sql("update orders set note = 'new'; update orders set note = 'newer'");
    let autovacuum = ["--warn", "dead_rows=2"];
    eventually("the dead rows are counted", || {
        table::found(&database, "dead_rows", &autovacuum) == warned(&["public.orders"])
    });
    let seen = rows(&database, &["vacuum"]);
    let orders = row(&seen, "table", "public.orders");
    // 50 rows and a fifth of 2000.
    assert_eq!(
        (&orders["dead_rows"], &orders["vacuum_threshold"]),
        (&json!(4000), &json!(450.0))
    );
    // What a role may not do is left to one who may.
    remedy(&database, "dead_rows", "");
    eventually("they are gone", || {
        table::found(&database, "dead_rows", &autovacuum)[0].0 == "ok"
    });
    let bytes = row(&rows(&database, &["tables"]), "table", "public.orders")["bytes"].to_string();
    assert_eq!(
        bytes,
        database.value("select pg_total_relation_size('orders')")
    );
}

// Recovery

/// V21, `restore.sh --latest --drop-database`.
#[test]
fn v21() {
    let cluster = start(&ClusterOptions::default());
    let live = Database::named(&cluster, "app");
    live.sql("create table users as select generate_series(1, 3) id");
    let folder = tempfile::tempdir().unwrap();
    let back_up = || {
        let taken = backup::back_up(folder.path()).args(["-d", &live.conninfo(), "-q"]);
        text(&taken.run().expect_code(0).json_lines()[0], "path")
    };
    back_up();
    live.sql("insert into users values (4)");
    let newest = back_up();
    let latest = || {
        let folder = folder.path().display().to_string();
        verify().args(["--latest", &folder, "--database", "app"])
    };
    let proved = latest().run().expect_code(0).json_lines();
    assert_eq!(text(&proved[0], "path"), newest);
    live.sql("drop table users");
    let restored = latest().args(["-d", &live.conninfo(), "--promote", "app"]);
    restored.run().expect_code(0);
    assert_eq!(live.value("select count(*) from users"), "4");
}

/// V22: `--point-in-time`, `--replay-logs --target-time`. A base backup and the archive of WAL, to
/// a moment, on a server that is thrown away.
#[test]
fn v22() {
    let uid = tests::cluster().socket_dir().metadata().unwrap().uid();
    let folder = private_folder(uid);
    let [base, wal] = ["base", "wal"].map(|name| folder.path().join(name));
    fs::create_dir(&wal).unwrap();
    chown(&wal, Some(uid), None).unwrap();
    let archive = format!("cp %p {0}/.%f && mv {0}/.%f {0}/%f", wal.display());
    let settings = [
        ("wal_level", "replica"),
        ("max_wal_senders", "4"),
        ("archive_mode", "on"),
        ("archive_command", archive.as_str()),
    ];
    let cluster = start(&ClusterOptions {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..ClusterOptions::default()
    });
    let database = Database::on(&cluster);
    fill(&database);
    let major = Some(cluster.version().major);
    let pg_basebackup = Program::find("pg_basebackup", major).unwrap();
    let backup = program(pg_basebackup.path()).server(&cluster);
    let backup = backup.args(["--no-password", "--checkpoint=fast", "-D"]);
    backup.arg(&base).run().expect_code(0);
    database.sql("delete from audit; insert into users values (501, 'late@example.com')");
    let moment = database.value("select clock_timestamp()");
    database.sql("drop table projects; delete from users");
    let last = database.value("select pg_walfile_name(pg_switch_wal())");
    eventually("it is archived", || wal.join(&last).exists());
    let output = tool("pg-restore-verify")
        .arg("--base-backup")
        .arg(&base)
        .arg("--wal")
        .arg(&wal)
        .args(["--target-time", &moment])
        .run()
        .expect_code(0);
    let records = output.json_lines();
    let rows = |table: &str| {
        let object = format!("{}.public.{table}", database.name());
        let found = records.iter().find(|r| r["object"] == object.as_str());
        text(found.unwrap(), "actual")
    };
    assert_eq!(rows("users"), "501 rows");
    assert_eq!(rows("projects"), "50 rows");
    assert_eq!(rows("audit"), "0 rows");
    let verdict = text(records.last().unwrap(), "message");
    assert!(verdict.starts_with("recovered to LSN "), "{verdict}");
}

/// V23, `--tables="a,b"` and `--where="created_at >= …"`: chosen tables, and chosen rows of them.
#[test]
fn v23() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = backup::back_up(folder.path()).args(["-d", &database.conninfo()]);
    let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
    let chosen = [
        "-t",
        "users",
        "-t",
        "projects",
        "--where",
        "users=id % 2 = 0",
    ];
    let output = verify().args(chosen).arg(&path).run().expect_code(0);
    let records = output.json_lines();
    let of = |check: &str| {
        let found = records.iter().filter(|r| r["check"] == check);
        found.collect::<Vec<_>>()
    };
    let mut tables: Vec<String> = of("rows").iter().map(|r| text(r, "object")).collect();
    tables.sort();
    assert_eq!(tables, ["public.projects", "public.users"], "{output:?}");
    assert!(of("rows").iter().all(|r| r["status"] == "ok"), "{output:?}");
    let limited: Vec<String> = of("where").iter().map(|r| text(r, "message")).collect();
    assert_eq!(limited, ["250 of 500 rows meet id % 2 = 0"], "{output:?}");
    // What lacks a row that was not chosen is said.
    assert_eq!(of("references").len(), 1, "{output:?}");
    let nothing = verify().args(["-t", "nobody"]).arg(&path).run();
    nothing.expect_code(2).expect_error("matches -t nobody");
}

// Troubleshooting

/// V24: `pg_stat_replication`, and what its LSNs mean: how far behind a standby is in bytes and in time, and what
/// a slot holds back.
#[test]
fn v24() {
    let primary = watched::with(&[
        ("wal_level", "replica"),
        ("max_wal_senders", "4"),
        // What is committed is on its way to the standby.
        ("synchronous_commit", "on"),
    ]);
    let database = Database::on(&primary);
    database
        .sql("create table t (i int); select pg_create_physical_replication_slot('spare', true)");
    // How far it has come it tells after ten seconds, otherwise.
    let standby = Standby::of(&primary, &["wal_receiver_status_interval=1s"]);
    standby.catch_up(&database);
    let line = "pg-stat-report replication -U watcher -d $d | jq -c 'select(.role == \"standby\") | .state == \"streaming\" and .lag_bytes < 100000 and .lag_seconds == 0'";
    eventually("it has told that it has caught up", || {
        shell(&database, line).expect_code(0).stdout == "true\n"
    });
    assert_eq!(check(&database, "replication_lag", &[])[0]["status"], "ok");
    standby.sql("postgres", "select pg_wal_replay_pause()");
    database.sql("insert into t select generate_series(1, 10000)");
    let lag = ["--warn", "replication_lag_bytes=100kB"];
    eventually("what it lacks is seen", || {
        check(&database, "replication_lag_bytes", &lag)[0]["status"] == "warning"
    });
    let place = standby.conninfo_of("postgres");
    let there = tool("pg-stat-report").args(["--only", "standby", "-d", &place]);
    let there = there.run().expect_code(0).json_lines();
    let remedy = there[0]["remedy"].as_str().unwrap();
    let (decide, resume) = remedy.split_once(": ").unwrap();
    assert_eq!(decide, "-- if that was not meant");
    standby.sql("postgres", resume);
    let slot = rows(&database, &["slots"]);
    let held = row(&slot, "slot", "spare")["retained_bytes"].as_i64();
    assert!(held.unwrap() > 100_000, "{slot:#?}");
    let slots = check(&database, "slots", &["--crit", "slots:spare=100kB"]);
    assert_eq!(brief(&slots), [("critical".into(), "spare".into())]);
}

/// V25: `max_conn - used - res_for_super`, where used is a count of all processes. Ours is true: so many
/// more come in, and then no more.
#[test]
fn v25() {
    let server = watched::with(&[
        ("max_connections", "12"),
        ("superuser_reserved_connections", "3"),
    ]);
    let database = Database::on(&server);
    let _first = session(&database, "app", "web");
    let seen = connections(&database);
    let all = row(&seen, "by", "server");
    assert_eq!(
        (&all["max_connections"], &all["reserved"], &all["limit"]),
        (&json!(12), &json!(3), &json!(9))
    );
    // The tool is gone again.
    let available = all["available"].as_i64().unwrap() + 1;
    let guide = database.value(
        "select current_setting('max_connections')::int - count(*)
             - current_setting('superuser_reserved_connections')::int from pg_stat_activity",
    );
    let mut more = Vec::new();
    eventually("no more come in", || {
        match try_session(&database, "app", "web") {
            Ok(session) => more.push(session),
            // One that is going still has its place.
            Err(_) => return more.len() as i64 >= available,
        }
        false
    });
    assert_eq!(more.len() as i64, available);
    assert!(guide.parse::<i64>().unwrap() < available, "{guide}");
    // Full: who watches without a place kept for him can't get in, and that is critical, too.
    let full = report(&database, &["--only", "connections", "-o", "nagios"]).run();
    let full = full.expect_code(2);
    assert!(
        full.stdout.starts_with("POSTGRES CRITICAL"),
        "{}",
        full.stdout
    );
    let kept = report(&database, &["--only", "connections"]).env("PGUSER", "postgres");
    let kept = kept.run().expect_code(1).json_lines();
    assert_eq!(kept[0]["status"], "critical");
    assert!(
        kept[0]["remedy"].as_str().unwrap().contains("pooler"),
        "{kept:?}"
    );
}

/// V26, `pg_terminate_backend(pid) … WHERE pid = <blocking_pid>` "if necessary": nothing is ended
/// unasked, so many at most, and never a superuser, the server's own processes or ourselves.
#[test]
fn v26() {
    let ground = Ground::new();
    let one = ground.holder("one", LOCK);
    let two = ground.holder("two", "update t set n = 1 where id = 2");
    let waiter = ground.waiter("web", LOCK);
    let _others = ["1", "2"].map(|_| ground.waiter("api", "update t set n = 2 where id = 2"));
    for arguments in [
        &[][..],
        &["--sessions"],
        &["--terminate", "--dry-run", "--max", "9"],
    ] {
        ground.run(arguments).expect_code(0);
    }
    let most = ["--terminate", "--max", "9", "--max-percent", "10%"];
    ground
        .run(&most)
        .expect_code(2)
        .expect_no_output()
        .expect_error("--max-percent");
    for holder in [&one, &two] {
        holder.run("select 1");
    }
    let output = ground.run(&["--terminate"]).expect_code(0);
    expect_result(&output, two.pid, "terminate", "ended");
    let everybody = [
        "--sessions",
        "--victims",
        "all",
        "--max",
        "99",
        "--terminate",
    ];
    let output = ground.run(&everybody);
    let ended = |name: &str| {
        let records = output.json_lines().into_iter();
        let ended = records.filter(|record| record["result"] == "ended");
        ended.filter(|record| record["user"] == name).count()
    };
    assert_eq!(
        (ended("postgres"), ended("app") >= 2),
        (0, true),
        "{output:?}"
    );
    drop(waiter);
}

/// V27: orphans by a hand-written `NOT IN` for one key, which a single NULL silences. Here each key
/// is asked, and the rows are shown.
#[test]
fn v27() {
    let database = gone_wrong();
    let not_in = "select count(*) from returns where customer not in (select id from customers union all select null)";
    assert_eq!(database.value(not_in), "0");
    let output = live(&database).expect_code(1);
    let keys: Vec<_> = check::with(&output, "failed")
        .into_iter()
        .filter(|(check, _, _)| check == "foreign_keys")
        .map(|(_, _, message)| message)
        .collect();
    assert_eq!(
        keys,
        [
            "2 rows without counterpart in public.customers: (999)",
            "NOT VALID; 1 row without counterpart in public.customers: (777)",
        ]
    );
}

// Alerts and logs

/// V28: connections > 80 %, mean query > 1 s, growth > 10 % a day, failed connections > 1 %, lag > 1 min: they
/// stand without being said, each can be set, and the status says the worst.
#[test]
fn v28() {
    let listed = tool("pg-stat-report").arg("--list-checks").run();
    let listed = listed.expect_code(0).json_lines();
    for (name, unit, warn) in [
        ("connections", "ratio", 0.8),
        ("slow_queries", "seconds", 1.0),
        ("growth", "ratio", 0.1),
        ("failed_connections", "ratio", 0.01),
        ("replication_lag", "seconds", 60.0),
    ] {
        let check = row(&listed, "check", name);
        assert_eq!(
            (&check["unit"], &check["warn"]),
            (&json!(unit), &json!(warn))
        );
    }
    let database = database();
    let run = |more: &[&str]| {
        let arguments = [&["--only", "connections,wraparound"], more].concat();
        report(&database, &arguments).run()
    };
    run(&[]).expect_code(0);
    let warning = ["--warn", "connections=0"];
    run(&warning).expect_code(0);
    run(&[&warning[..], &["--fail-on", "warning"]].concat()).expect_code(1);
    let both = [&warning[..], &["--crit", "wraparound=0"]].concat();
    let worst = run(&both).expect_code(1).json_lines();
    let statuses: Vec<String> = brief(&worst)
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    assert_eq!(statuses.first().map(String::as_str), Some("critical"));
    assert_eq!(statuses.last().map(String::as_str), Some("warning"));
}

/// V29: `grep ERROR`, `grep duration: | sort -k12`. Errors are counted by kind, and a statement that
/// has the word in it is none; statements are counted by their shape, the slowest first; failed
/// connections have their share.
#[test]
fn v29() {
    let settings = [
        ("logging_collector", "on"),
        ("log_directory", "log"),
        ("log_filename", "server.log"),
        ("log_line_prefix", "%m [%p] %q%u@%d "),
        ("log_min_duration_statement", "0"),
        ("log_connections", "on"),
    ];
    let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
    let cluster = start(&ClusterOptions {
        settings: settings.to_vec(),
        ..ClusterOptions::default()
    });
    let mut client = cluster.connect("postgres").unwrap();
    let folder: String = client.query_one("show data_directory", &[]).unwrap().get(0);
    for number in 1..=3 {
        let slow = format!("select pg_sleep(0.0{number}), 'ERROR: none'");
        client.batch_execute(&slow).unwrap();
        let wrong = format!("select {number} / 0");
        client.batch_execute(&wrong).unwrap_err();
    }
    assert!(cluster.connect("nowhere").is_err());
    client.batch_execute("select 'that was all'").unwrap();
    let path = Path::new(&folder).join("log/server.log");
    let log = || fs::read_to_string(&path).unwrap_or_default();
    eventually("the end is logged", || log().contains("that was all"));
    let grep = log().lines().filter(|line| line.contains("ERROR")).count();
    assert_eq!(grep, 6, "grep takes statements for errors");

    let output = tool("pg-stat-report").arg("logs").stdin(log()).run();
    let rows = output.expect_code(0).json_lines();
    let of =
        |kind: &str| -> Vec<&Value> { rows.iter().filter(|row| row["kind"] == kind).collect() };
    let errors = of("error");
    let error = errors
        .iter()
        .find(|row| row["severity"] == "ERROR")
        .unwrap();
    assert_eq!(
        (error["text"].as_str(), error["count"].as_i64()),
        (Some("division by zero"), Some(3))
    );
    let slowest = of("statement")[0];
    assert_eq!(slowest["text"], "select pg_sleep(?), ?");
    assert_eq!(slowest["count"], 3);
    assert!(slowest["max_ms"].as_f64().unwrap() >= 30.0, "{slowest}");
    assert!(slowest["total_ms"].as_f64().unwrap() >= 60.0, "{slowest}");
    let refused = of("failed_connections")[0];
    assert_eq!(refused["count"], 1);
    assert!(refused["ratio"].as_f64().unwrap() > 0.0, "{refused}");
    assert_eq!(
        of("failed_connection")[0]["name"],
        "database does not exist"
    );
}

// Security

/// V30: `SELECT … FROM pg_roles WHERE rolcanlogin`: the same, and what is wrong with them.
#[test]
fn v30() {
    let server = grown();
    let database = Database::on(&server);
    let line =
        "pg-stat-report roles -U watcher -d $d | jq -r 'select(.may_login and .is_superuser).role'";
    let superusers = shell(&database, line).expect_code(0).stdout;
    assert_eq!(superusers, "Eve \"x\nann\nbob\npostgres\n");
    let expired = security::found(&database, "password_expiry");
    assert_eq!(expired, [("critical".to_string(), "old".to_string())]);
    assert_eq!(
        security::found(&database, "md5_passwords"),
        [warning("old")]
    );
    let many = by_superuser(&database, &["--only", "superusers"]).run();
    let many = many.expect_code(0).json_lines();
    assert_eq!(
        (&many[0]["status"], &many[0]["value"]),
        (&json!("warning"), &json!(4.0))
    );
    // "Audit database access".
    let who = rows(&database, &["connections"]);
    assert!(
        who.iter()
            .any(|row| row["by"] == "user" && row["name"] == "watcher")
    );
}

/// V31: `hostssl all all 0.0.0.0/0 md5`: the lines of pg_hba.conf that let in more than one would like.
#[test]
fn v31() {
    let server = grown();
    let database = Database::on(&server);
    let lines = by_superuser(&database, &["--only", "pg_hba"]).run();
    let lines = lines.json_lines();
    let told = |words: &[&str]| {
        lines.iter().any(|line| {
            let message = line["message"].as_str().unwrap();
            line["status"] != "ok" && words.iter().all(|word| message.contains(word))
        })
    };
    assert!(told(&["local all all trust"]), "{lines:#?}");
    assert!(told(&["host all all 0.0.0.0/0", "md5"]), "{lines:#?}");
    let seen = by_superuser(&database, &["security"]).run();
    let seen = seen.expect_code(0).json_lines();
    assert_eq!(row(&seen, "object", "ssl")["value"], "off");
    assert_eq!(row(&seen, "object", "password_encryption")["value"], "md5");
}
