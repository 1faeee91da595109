//! The two scripts that use all five tools as a team would, `tests/scripts/deploy-gate.sh` and `nightly.sh`, on the
//! sample application while it is in use.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

#[path = "team/shop.rs"]
mod shop;

use std::time::Duration;

use postgres::{Client, NoTls};
use serde_json::Value;
use shop::{Shop, Traffic};
use tests::{Output, eventually, files_in, processes_of};

/// A column, and a check in two steps, of which the second finds what was written meanwhile.
fn with_migrations() -> Shop {
    let shop = Shop::new();
    shop.migration(
        "10_channel",
        "ALTER TABLE app.customers ADD COLUMN channel text;",
        "ALTER TABLE app.customers DROP COLUMN channel;",
    );
    shop.migration(
        "11_shorter",
        "ALTER TABLE app.customers ADD CONSTRAINT shorter CHECK (length(name) < 100) NOT VALID;",
        "ALTER TABLE app.customers DROP CONSTRAINT shorter;",
    );
    shop.migration(
        "12_validated",
        "ALTER TABLE app.customers VALIDATE CONSTRAINT shorter;",
        "SELECT 'nothing is to be undone';",
    );
    shop
}

/// However slow the machine is: each script runs some thirty programs.
const PATIENCE: Duration = Duration::from_secs(1800);

fn deploy(shop: &Shop, before: &str) -> Output {
    let gate = shop.script("deploy-gate.sh").args(["./migrate", before]);
    gate.env("PATIENCE", "1s").start().finish_within(PATIENCE)
}

/// How far the runner came, and what there is of its work.
fn state(shop: &Shop) -> String {
    shop.value(
        "SELECT concat_ws(' ', version, dirty, EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'app.customers'::regclass AND attname = 'channel'), \
         (SELECT convalidated FROM pg_constraint WHERE conname = 'shorter')) FROM schema_migrations",
    )
}

const BEFORE: &str = "9 f f";
const AFTER: &str = "12 f t t";

fn databases(shop: &Shop) -> Vec<String> {
    let names = shop.of(
        "postgres",
        "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'",
    );
    names.split(' ').map(String::from).collect()
}

/// No process, scratch database, temporary file or lock is left, and the application may come in.
fn nothing_is_left(shop: &Shop) {
    assert_eq!(files_in(shop.path("tmp")), Vec::<String>::new());
    eventually("all processes are gone", || {
        processes_of(shop.folder.path()).is_empty()
    });
    assert_eq!(
        shop.of(
            "postgres",
            "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'shop'"
        ),
        "t"
    );
    assert_eq!(
        shop.of(
            "postgres",
            "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pg\\_restore\\_verify%'"
        ),
        "0"
    );
    assert_eq!(
        shop.of(
            "postgres",
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pg-%'"
        ),
        "0"
    );
}

fn customers(shop: &Shop, database: &str) -> u64 {
    let count = shop.of(
        database,
        "SELECT count(*) FROM app.customers WHERE name = 'traffic'",
    );
    count.parse().unwrap()
}

#[test]
fn a_deployment_that_works_is_not_noticed() {
    let shop = with_migrations();
    let traffic = Traffic::default();
    traffic.during(&shop, || {
        eventually("the application is in use", || traffic.written() > 0);
        let output = deploy(&shop, "").expect_code(0);
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
        let before = traffic.written();
        eventually("it still is", || traffic.written() > before);
    });
    assert_eq!(state(&shop), AFTER);
    assert_eq!(traffic.failed(), 0);
    assert_eq!(customers(&shop, "app"), traffic.written());
    assert_eq!(databases(&shop), ["app"]);
    nothing_is_left(&shop);
    // All five have said something.
    let texts = |name: &str, field: &str| -> Vec<String> {
        let records = shop.records(&format!("deploy/{name}.jsonl"));
        let text = |record: Value| record[field].as_str().unwrap_or_default().to_string();
        records.into_iter().map(text).collect()
    };
    assert_eq!(
        texts("status", "state")[8..],
        ["applied", "pending", "pending", "pending"]
    );
    assert!(
        texts("lint", "severity")
            .iter()
            .all(|severity| severity != "error")
    );
    assert_eq!(texts("backup", "label"), ["pre-migration"]);
    assert_eq!(
        shop.records("deploy/proof.jsonl").last().unwrap()["status"],
        "ok"
    );
    assert!(
        texts("rehearsal", "state")
            .iter()
            .all(|state| state == "ok")
    );
    for report in ["before", "after"] {
        assert_eq!(texts(report, "status"), ["ok"; 5]);
    }

    let output = deploy(&shop, "").expect_code(0);
    assert_eq!(output.stderr, "deploy-gate: nothing is pending\n");
}

#[test]
fn one_that_fails_half_way_is_gone_back_from() {
    let shop = with_migrations();
    let traffic = Traffic::default();
    traffic.during(&shop, || {
        eventually("the application is in use", || traffic.written() > 0);
        // After the backup, before the check is there.
        let long =
            "INSERT INTO app.customers (email, name) VALUES ('long@example.com', repeat('x', 150))";
        let output = deploy(&shop, long).expect_code(1);
        assert!(
            output.stderr.contains("going back to the backup"),
            "{output:?}"
        );
        let before = traffic.written();
        eventually("the application goes on", || traffic.written() > before);
    });
    assert_eq!(state(&shop), BEFORE);
    let there = databases(&shop);
    let [_, aside] = &there[..] else {
        panic!("{there:?}")
    };
    assert!(aside.starts_with("app_failed_"), "{there:?}");
    // Half of it was done, and what was written since the backup is not lost.
    assert_eq!(
        shop.of(
            aside,
            "SELECT concat_ws(' ', version, dirty) FROM schema_migrations"
        ),
        "12 t"
    );
    assert_eq!(
        shop.of(
            aside,
            "SELECT count(*) FROM app.customers WHERE length(name) = 150"
        ),
        "1"
    );
    let backed_up = "SELECT coalesce(max(id), 0) FROM app.customers WHERE name = 'traffic'";
    assert_ne!(shop.of(aside, backed_up), "0");
    assert!(customers(&shop, aside) + customers(&shop, "app") >= traffic.written());
    nothing_is_left(&shop);
    shop.of("postgres", &format!("DROP DATABASE \"{aside}\""));

    // What was in the way is gone with it, and the next try works.
    traffic_free(&shop);
}

/// The same migrations once more, with a customer in place of the traffic.
fn traffic_free(shop: &Shop) {
    let traffic = Traffic::default();
    traffic.during(shop, || deploy(shop, "").expect_code(0));
    assert_eq!(state(shop), AFTER);
    assert_eq!(databases(shop), ["app"]);
}

/// The way back is known before anything is begun.
#[test]
fn an_application_that_nobody_knows_is_not_deployed() {
    let shop = with_migrations();
    let gate = shop.script("deploy-gate.sh").args(["./migrate", ""]);
    let output = gate
        .env("APPLICATION", "nobody")
        .start()
        .finish_within(PATIENCE);
    let output = output
        .expect_code(2)
        .expect_error("there is no role nobody");
    assert_eq!(output.stdout, "");
    assert_eq!(state(&shop), BEFORE);
    assert!(!shop.path("backups").exists());
}

/// What the linter calls an error is neither backed up nor tried.
#[test]
fn what_the_linter_finds_is_not_run() {
    let shop = Shop::new();
    shop.migration(
        "10_index",
        "CREATE INDEX by_name ON app.customers (name);",
        "DROP INDEX app.by_name;",
    );
    let output = deploy(&shop, "").expect_code(1);
    assert_eq!(
        output.stderr,
        "deploy-gate: pg-migrate-lint found errors: nothing was changed\n"
    );
    assert_eq!(
        shop.records("deploy/lint.jsonl")[0]["rule"],
        "index-not-concurrent"
    );
    assert!(!shop.path("backups").exists());
    assert_eq!(state(&shop), BEFORE);
    nothing_is_left(&shop);
}

/// What fails on the rows that there are fails on the restored copy, not here.
#[test]
fn what_fails_in_the_rehearsal_is_not_run() {
    let shop = Shop::new();
    shop.migration(
        "10_shorter",
        "ALTER TABLE app.customers ADD CONSTRAINT shorter CHECK (length(name) < 2) NOT VALID;",
        "SELECT 1;",
    );
    shop.migration(
        "11_validated",
        "ALTER TABLE app.customers VALIDATE CONSTRAINT shorter;",
        "SELECT 1;",
    );
    let output = deploy(&shop, "").expect_code(1);
    let words = output.stderr.lines().collect::<Vec<_>>();
    let [why, what] = words[..] else {
        panic!("{output:?}")
    };
    assert!(
        why.contains("11_validated.up.sql:2: ERROR: check constraint"),
        "{why}"
    );
    assert_eq!(
        what,
        "deploy-gate: the rehearsal failed: nothing was changed"
    );
    let failed = shop.records("deploy/rehearsal.jsonl").pop().unwrap();
    assert_eq!(failed["state"], "failed");
    assert_eq!(state(&shop), BEFORE);
    nothing_is_left(&shop);
}

/// A session that holds what the migration needs, and so keeps the application waiting, is ended.
#[test]
fn who_keeps_others_waiting_meanwhile_is_ended() {
    let shop = with_migrations();
    let mut report = shop.left_open("report", "SELECT FROM app.customers");
    let traffic = Traffic::default();
    traffic.during(&shop, || deploy(&shop, "")).expect_code(0);
    assert!(report.batch_execute("SELECT").is_err());
    let ended = shop.records("deploy/locks.jsonl");
    let named =
        |record: &&Value| record["application_name"] == "report" && record["result"] == "ended";
    assert!(ended.iter().any(|record| named(&record)), "{ended:#?}");
    assert_eq!(state(&shop), AFTER);
    assert_eq!(traffic.failed(), 0);
    nothing_is_left(&shop);
}

/// What the private server is set to, and the sample has on purpose; and what nobody can know of a server that was made a
/// minute ago.
const KNOWN: &str =
    "unsafe_settings,sequences,growth,disk_full,slow_queries,integer_keys,settings_drift";

/// A whole night: silent while all is well, and a fault of one step keeps no other from being done.
#[test]
fn a_night_finds_what_is_wrong() {
    let shop = Shop::new();
    let night = || {
        shop.script("nightly.sh")
            .env("SKIP", KNOWN)
            .env("IDLE", "0s")
            .start()
            .finish_within(PATIENCE)
    };
    let traffic = Traffic::default();
    traffic.during(&shop, || {
        eventually("the application is in use", || traffic.written() > 0);
        let output = night().expect_code(0);
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));

        // No more than a quarter of all sessions is ended.
        let _others = [(); 8].map(|()| Client::connect(&shop.conninfo("web"), NoTls).unwrap());
        let mut leaked = shop.left_open("leak", "");
        shop.value("DROP INDEX app.orders_hash");
        let output = night().expect_code(1);
        assert_eq!(
            output.stderr,
            "nightly: the schema is not what the migrations make (status 1; see nightly/drift.jsonl)\n"
        );
        assert!(leaked.batch_execute("SELECT").is_err());
    });
    assert_eq!(traffic.failed(), 0);
    let last = |name: &str| {
        shop.records(&format!("nightly/{name}.jsonl"))
            .pop()
            .unwrap()
    };
    assert_eq!(last("leaks")["result"], "ended");
    assert_eq!(last("drift")["object"], "INDEX app.orders_hash");
    assert_eq!(last("proof")["check"], "verdict");
    assert_eq!(last("proof")["status"], "ok");
    assert_eq!(last("backups")["proved"], true);
    nothing_is_left(&shop);
}
