//! The rows about settings, roles and who may get in.

use serde_json::{Value, json};
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, ToolCommand, eventually, start, tool};

use crate::pooler::Pooler;
use crate::watched::{brief, check, report, row, rows, shell, with};

/// The report, as a superuser asks for it.
fn by_superuser(database: &Database, arguments: &[&str]) -> ToolCommand {
    tool("pg-stat-report").database(database).args(arguments)
}

fn found(database: &Database, name: &str) -> Vec<(String, String)> {
    let records = by_superuser(database, &["--only", name]).run().json_lines();
    let mut found = brief(&records);
    found.sort();
    found
}

fn warning(object: &str) -> (String, String) {
    ("warning".to_string(), object.to_string())
}

fn pool_size(database: &Database, instances: &str) -> Value {
    let advice = rows(database, &["advice", "--instances", instances]);
    row(&advice, "setting", "pool_size")["advised"].clone()
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
    let buffers = row(&advice, "setting", "shared_buffers");
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

/// V19, `max_connections = 50, min_connections = 10 …`: what a pool may have follows from the server's room.
/// Where nobody can know the memory, that is unknown.
#[test]
fn v19() {
    let server = with(&[("max_connections", "60")]);
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

/// G10: `max: (max_db_connections) / (number_of_instances)`, 20 of 100 for each of 5: the last of them would be
/// refused, for the server keeps some for superusers.
#[test]
fn g10() {
    let server = with(&[("max_connections", "100")]);
    let database = Database::on(&server);
    assert_eq!(pool_size(&database, "5"), json!("19"));
    let careful = with(&[("superuser_reserved_connections", "10")]);
    assert_eq!(pool_size(&Database::on(&careful), "5"), json!("18"));
}

/// A07: `connection_limit=10` for one instance, 5 for each of 3, PgBouncer for more than 10.
#[test]
fn a07() {
    let server = with(&[("max_connections", "20")]);
    let database = Database::on(&server);
    for (instances, size) in [("1", "17"), ("3", "5"), ("10", "1")] {
        assert_eq!(pool_size(&database, instances), json!(size), "{instances}");
    }
    let many = rows(&database, &["advice", "--instances", "100"]);
    let pool = row(&many, "setting", "pool_size");
    assert!(
        pool["reason"].as_str().unwrap().contains("PgBouncer"),
        "{pool}"
    );
    assert_ne!(pool["verdict"], "ok");

    // "POOL_MODE: transaction, DEFAULT_POOL_SIZE: 20": the README's line, at the pooler's console.
    let pooler = Pooler::start("transaction", "default_pool_size=20");
    let mut client = pooler.try_client().unwrap();
    client.batch_execute("begin").unwrap();
    let readme = include_str!("../../../README.md");
    let line = readme
        .lines()
        .find(|line| line.trim().starts_with("pg-stat-report pgbouncer "));
    let place = format!("host=127.0.0.1 port={} user=any", pooler.port);
    let line = line
        .unwrap()
        .trim()
        .replace("host=pooler port=6432", &place);
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

/// A server whose roles nobody has looked at for years.
fn grown() -> Cluster {
    let cluster = start(&ClusterOptions {
        hba: vec![
            "local all all trust".into(),
            "host all all 0.0.0.0/0 md5".into(),
        ],
        settings: vec![("password_encryption".into(), "md5".into())],
        ..ClusterOptions::default()
    });
    let mut client = cluster.connect("postgres").unwrap();
    let roles = "create role watcher login in role pg_monitor;
        create role ann superuser login; create role bob superuser login; create role \"Eve \"\"x\" superuser login;
        create role old login password 's3cret' valid until 'yesterday';
        create role readonly login";
    client.batch_execute(roles).unwrap();
    cluster
}

/// V30: `SELECT … FROM pg_roles WHERE rolcanlogin`: the same, and what is wrong with them.
#[test]
fn v30() {
    let server = grown();
    let database = Database::on(&server);
    let line =
        "pg-stat-report roles -U watcher -d $d | jq -r 'select(.may_login and .is_superuser).role'";
    let superusers = shell(&database, line).expect_code(0).stdout;
    assert_eq!(superusers, "Eve \"x\nann\nbob\npostgres\n");
    let expired = found(&database, "password_expiry");
    assert_eq!(expired, [("critical".to_string(), "old".to_string())]);
    assert_eq!(found(&database, "md5_passwords"), [warning("old")]);
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

/// T16, "audit database permissions" each quarter: what everybody may do. And what the role that asks may not
/// see is no pass.
#[test]
fn t16() {
    let server = grown();
    let database = Database::on(&server);
    database.sql(
        "create schema open; grant create on schema open to public;
         create table salaries (id int primary key); grant insert on salaries to public",
    );
    assert!(
        found(&database, "public_schemas")
            .iter()
            .any(|(status, object)| status == "warning" && object == "open")
    );
    assert_eq!(
        found(&database, "public_grants"),
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
        assert_eq!(found(&database, name)[0].0, "ok");
    }
    for name in ["md5_passwords", "pg_hba"] {
        let blind = check(&database, name, &[]);
        assert_eq!(blind[0]["status"], "unknown", "{blind:?}");
    }
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

/// A15, `CREATE USER readonly … GRANT SELECT`: the role reads, and nothing more: nobody is warned of it. One that
/// got everything is told of.
#[test]
fn a15() {
    let server = grown();
    let database = Database::on(&server);
    database.sql(
        "create table t (id int primary key); grant usage on schema public to readonly;
         grant select on all tables in schema public to readonly;
         alter default privileges in schema public grant select on tables to readonly",
    );
    let roles = rows(&database, &["roles"]);
    let readonly = row(&roles, "role", "readonly");
    for right in [
        "is_superuser",
        "may_create_roles",
        "may_create_databases",
        "may_replicate",
        "bypasses_row_security",
    ] {
        assert_eq!(readonly[right], false, "{right}");
    }
    let grants = found(&database, "public_grants");
    assert_eq!(grants[0].0, "ok", "{grants:?}");
    // The password is rotated, by a role that may: then its end is known, and told in time.
    database.sql("alter role readonly password 'n3w' valid until 'tomorrow'");
    let soon = check(&database, "password_expiry", &[]);
    let own = row(&soon, "object", "readonly");
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
