//! What is set for single roles, what the files of the server have wrong, what sorts otherwise now.

use serde_json::{Value, json};
use tests::{Database, eventually};

use crate::ground::{Ground, alone, asked, found, of, set, statuses};

/// Adds a line to postgresql.conf; `$` stands for a quote.
fn add_line(ground: &Ground, line: &str) {
    ground.sql(&format!(
        "do $do$ begin execute format('copy (select replace(%L, ''$'', '''''''')) to program %L', '{line}', format('cat >> %s', current_setting('config_file'))); end $do$"
    ));
}

#[test]
fn lines_that_the_server_can_not_take() {
    let ground = Ground::new();
    let blind = ground.check_as("watcher", "configuration_errors", &[]);
    assert_eq!(statuses(&blind), alone("unknown"));
    assert_eq!(ground.statuses("configuration_errors", &[]), alone("ok"));
    // What waits for a restart is no error.
    ground.sql("alter system set max_files_per_process = 999");
    ground.sql("select pg_reload_conf()");
    eventually("it waits for a restart", || {
        ground.statuses("pending_restart", &[]) == of("warning", "max_files_per_process")
    });
    ground.sql("alter system set max_worker_processes = 7");
    ground.sql("select pg_reload_conf()");
    eventually("what does not go with others is told of", || {
        let records = ground.check("pending_restart", &[]);
        records.iter().any(|record| {
            let remedy = record["remedy"].as_str().unwrap_or_default();
            record["object"] == "max_worker_processes"
                && remedy.contains("no less than its primary")
        })
    });
    ground.sql("alter system reset max_worker_processes");
    ground.sql("select pg_reload_conf()");
    assert_eq!(ground.statuses("configuration_errors", &[]), alone("ok"));
    add_line(&ground, "work_mem = $4 apples$");
    let found = ground.statuses("configuration_errors", &[]);
    assert_eq!(found, of("warning", "work_mem"));
    add_line(&ground, "work_memory = 4MB");
    let records = ground.check("configuration_errors", &[]);
    assert_eq!(statuses(&records), of("warning", "work_memory"));
    let message = records[0]["message"].as_str().unwrap();
    assert!(message.contains("postgresql.conf: "), "{message}");
    let critical = ["--crit", "configuration_errors:work_memory=1"];
    let critical = ground.statuses("configuration_errors", &critical);
    assert_eq!(critical, of("critical", "work_memory"));
    let blind = ground.run_as("nobody", &["configuration"]).expect_code(0);
    assert_eq!(blind.json_lines()[0]["kind"], "hidden");
    // A line that is none.
    add_line(&ground, "= nothing");
    let records = ground.check("configuration_errors", &[]);
    let told = |record: &Value| record["message"].as_str().unwrap().contains("syntax error");
    assert!(records.iter().any(told), "{records:#?}");
}

#[test]
fn lines_that_wait_for_a_reload_or_a_restart() {
    let ground = Ground::new();
    let told = |check: &str| {
        let records = ground.check(check, &[]).into_iter();
        let brief = |record: Value| {
            let text = |name: &str| record[name].as_str().unwrap_or_default().to_string();
            (text("object"), text("message"))
        };
        records.map(brief).collect::<Vec<_>>()
    };
    // The same in other words is no change.
    add_line(&ground, "MAINTENANCE_work_mem = 65536kB");
    add_line(&ground, "enable_seqscan = yes");
    add_line(&ground, "checkpoint_timeout = 300");
    let blind = ground.check_as("watcher", "pending_reload", &[]);
    assert_eq!(statuses(&blind), alone("unknown"));
    assert_eq!(ground.statuses("pending_reload", &[]), alone("ok"));
    // Nobody has told the server of either.
    add_line(&ground, "work_mem = 1GB");
    add_line(&ground, "work_mem = 8MB");
    add_line(&ground, "max_connections = 77");
    let reload = told("pending_reload");
    assert_eq!(reload.len(), 1, "{reload:?}");
    let (object, message) = &reload[0];
    assert_eq!(object, "work_mem");
    let ends = "postgresql.conf says 8MB; 4MB is in force until the files are loaded";
    assert!(
        message.starts_with("line ") && message.ends_with(ends),
        "{message}"
    );
    let restart = told("pending_restart");
    assert_eq!(restart.len(), 1, "{restart:?}");
    let (object, message) = &restart[0];
    assert_eq!(object, "max_connections");
    let ends = "postgresql.conf says 77, which waits for a restart";
    assert!(message.ends_with(ends), "{message}");
    let critical = ["--crit", "pending_reload:work_*=1"];
    let critical = ground.statuses("pending_reload", &critical);
    assert_eq!(critical, of("critical", "work_mem"));
    let rows = ground.rows("configuration");
    let brief = |row: &Value| {
        json!([
            row["kind"],
            row["name"],
            row["setting"],
            row["line"].is_i64()
        ])
    };
    let rows: Vec<Value> = rows.iter().map(brief).collect();
    let expected = json!([
        ["reload", "work_mem", "8MB", true],
        ["restart", "max_connections", "77", true]
    ]);
    assert_eq!(json!(rows), expected);
    ground.sql("select pg_reload_conf()");
    eventually("the files are loaded", || {
        ground.statuses("pending_reload", &[]) == alone("ok")
    });
    // A line that is taken away leaves the server's own value.
    ground.sql("alter system set work_mem = '9MB'");
    ground.sql("select pg_reload_conf()");
    eventually("it is in force", || ground.value("show work_mem") == "9MB");
    ground.sql("alter system reset work_mem");
    ground.sql("alter system set random_page_cost = 2");
    ground.sql("select pg_reload_conf()");
    eventually("it is in force", || {
        ground.value("show random_page_cost") == "2"
    });
    ground.sql("alter system reset random_page_cost");
    let reload = told("pending_reload");
    let gone = "no line of the files sets it any more; 2 is in force until the files are loaded";
    assert_eq!(reload, [("random_page_cost".to_string(), gone.to_string())]);
    // Beside a line that is none, nothing of the file would be loaded.
    add_line(&ground, "work_memory = 4MB");
    let record = &ground.check("pending_reload", &[])[0];
    let remedy = record["remedy"].as_str().unwrap();
    assert!(
        remedy.starts_with("-- first mend what check configuration_errors"),
        "{remedy}"
    );
}

#[test]
fn settings_of_single_roles_that_damage() {
    let ground = Ground::new();
    ground.sql("create database \"d 1\"");
    ground.sql("alter role app set work_mem = '8MB'; alter role app set my.api_key = 'hush'; alter role all set lock_timeout = '1min'");
    assert_eq!(ground.statuses("role_settings", &[]), alone("ok"));
    ground.sql("alter role app in database \"d 1\" set session_replication_role = replica");
    let found = ground.check_as("nobody", "role_settings", &[]);
    assert_eq!(statuses(&found), of("warning", "role app in database d 1"));
    ground.sql("alter database \"d 1\" set zero_damaged_pages = true; alter role all set track_counts = off");
    let mut found = ground.statuses("role_settings", &[]);
    found.sort();
    let expected = [
        ("critical", "database d 1"),
        ("warning", "all roles"),
        ("warning", "role app in database d 1"),
    ];
    assert_eq!(
        found,
        expected.map(|(status, name)| (status.to_string(), name.to_string()))
    );
    // What is said is what helps.
    for record in ground.check("role_settings", &[]) {
        ground.sql(record["remedy"].as_str().unwrap());
    }
    assert_eq!(ground.statuses("role_settings", &[]), alone("ok"));
    let rows = ground.rows("configuration");
    let brief = |row: &Value| json!([row["role"], row["database"], row["name"], row["setting"]]);
    let brief: Vec<Value> = rows.iter().map(brief).collect();
    let expected = json!([
        ["app", null, "my.api_key", null],
        ["app", null, "work_mem", "8MB"],
        [null, null, "lock_timeout", "1min"]
    ]);
    assert_eq!(json!(brief), expected);
}

#[test]
fn columns_whose_library_sorts_otherwise() {
    let database = Database::new();
    assert_eq!(found(&database, "column_collations", &[]), set(&["ok"]));
    let used = asked(&database, &["collations"]).run().expect_code(0);
    assert!(used.json_lines().is_empty(), "{used:?}");
    let create = "create collation german (provider = icu, locale = 'de'); create collation idle (provider = icu, locale = 'fr')";
    if database.client().batch_execute(create).is_err() {
        println!("this server knows no ICU");
        return;
    }
    let make_older =
        "update pg_collation set collversion = '0.1' where collname in ('german', 'idle')";
    database.sql(make_older);
    // What nothing uses does no harm.
    assert_eq!(found(&database, "column_collations", &[]), set(&["ok"]));
    database.sql("create table t (x text collate german)");
    database.sql("create index on t (x)");
    let name = "public.german";
    assert_eq!(
        found(&database, "column_collations", &[]),
        set(&[&format!("warning {name}")])
    );
    let critical = ["--crit", "column_collations=1"];
    assert_eq!(
        found(&database, "column_collations", &critical),
        set(&[&format!("critical {name}")])
    );
    database.sql("alter collation german refresh version");
    assert_eq!(
        found(&database, "column_collations", &[]),
        set(&[&format!("ok {name}")])
    );
}

#[test]
fn what_the_server_waits_for() {
    let ground = Ground::new();
    ground.sql("create table t (i int)");
    let mut holder = ground.client_of("postgres");
    holder.batch_execute("begin; lock table t").unwrap();
    let mut waiter = ground.client();
    let token = waiter.cancel_token();
    let waiting = std::thread::spawn(move || waiter.batch_execute("select * from t"));
    let row = || {
        let rows = ground.rows("waits").into_iter();
        rows.into_iter().find(|row| row["wait_event"] == "relation")
    };
    eventually("it waits", || row().is_some());
    let row = row().unwrap();
    let brief = json!([
        row["wait_event_type"],
        row["backend_type"],
        row["processes"],
        row["active"]
    ]);
    assert_eq!(brief, json!(["Lock", "client backend", 1, 1]));
    let blind = ground
        .run_as("nobody", &["waits"])
        .expect_code(0)
        .json_lines();
    assert!(
        blind.iter().any(|row| row["backend_type"] == "hidden"),
        "{blind:#?}"
    );
    token.cancel_query(postgres::NoTls).unwrap();
    waiting.join().unwrap().unwrap_err();
}
