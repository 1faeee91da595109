//! Who gets in, and who may do what.

use std::net::UdpSocket;

use serde_json::{Value, json};
use shared::cluster::ClusterOptions;
use tests::{Database, eventually, start, tool};

use crate::ground::{Ground, alone, of, statuses};

fn with_lines(settings: &[(&str, &str)], lines: &[&str]) -> Ground {
    let settings = settings
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let cluster = start(&ClusterOptions {
        settings: settings.collect(),
        hba: lines.iter().map(|line| (*line).into()).collect(),
        tcp: true,
        ..ClusterOptions::default()
    });
    let ground = Ground { cluster };
    ground.sql("create role watcher login in role pg_monitor");
    ground
}

/// Status and message of each record.
fn said(records: &[Value]) -> Vec<(&str, &str)> {
    records
        .iter()
        .map(|record| {
            let text = |field: &str| record[field].as_str().unwrap_or_default();
            (text("status"), text("message"))
        })
        .collect()
}

#[test]
fn lines_that_let_in_without_proof() {
    let lines = [
        "local nowhere all peer",
        "host all all 127.0.0.1/32 scram-sha-256",
        "host all all 10.1.0.0/16 reject",
        "host all all ::1/128 scram-sha-256",
        "host all all 0.0.0.0 255.255.255.0 scram-sha-256",
    ];
    let ground = with_lines(&[], &lines);
    // The last two lines are the test's own.
    let trusting = |what: &str| {
        format!(
            "local {what} all trust: every user of the machine is believed to be who he says he is"
        )
    };
    let records = ground.check("pg_hba", &[]);
    let expected = ["all", "replication"].map(trusting);
    assert_eq!(
        said(&records),
        expected.each_ref().map(|words| ("warning", words.as_str()))
    );
    assert_eq!(
        ground.statuses("pg_hba", &["--warn", "pg_hba=never"])[0].0,
        "ok"
    );
    let blind = ground.check_as("watcher", "pg_hba", &[]);
    assert_eq!(statuses(&blind), alone("unknown"));
    assert!(
        blind[0]["message"]
            .as_str()
            .unwrap()
            .contains("a superuser sees it"),
        "{blind:?}"
    );
    let add = |line: &str| {
        ground.sql(&format!(
            "do $$ begin execute format('copy (select %L) to program %L', '{line}', format('cat >> %s', current_setting('hba_file'))); end $$"
        ));
    };
    add("host all all 10.0.0.0/8 trust");
    add("host app app 10.0.0.0/8 password");
    add("host all all 10.0.0.0/8 ident");
    add("host all all 0.0.0.0/0 scram-sha-256");
    add("hostssl all all 10.2.0.0/16 trust");
    // Loaded with that line, it refuses.
    ground.sql("create role walled login");
    ground.sql("do $$ begin execute format('copy (select %L) to program %L', 'local all walled reject',
        format('cat > %1$s.new; cat %1$s >> %1$s.new; cat %1$s.new > %1$s', current_setting('hba_file'))); end $$");
    ground.sql("select pg_reload_conf()");
    eventually("the file is loaded", || {
        let refused = ground.run_as("walled", &["ping"]);
        refused.stdout.contains("pg_hba.conf rejects")
    });
    add("host all all all nonsense");
    let records = ground.check("pg_hba", &[]);
    let found = said(&records);
    let starts = |status: &str, words: &str| {
        found
            .iter()
            .any(|(found, message)| *found == status && message.contains(words))
    };
    assert_eq!(found.len(), 8, "{found:#?}");
    assert!(
        starts("critical", "10.0.0.0/255.0.0.0 trust: whoever comes"),
        "{found:#?}"
    );
    assert!(
        starts("warning", "the password goes over the network"),
        "{found:#?}"
    );
    assert!(
        starts("warning", "the other machine is asked"),
        "{found:#?}"
    );
    assert!(starts("warning", "hostssl would ask for it"), "{found:#?}");
    assert!(
        starts("warning", "SSL is disabled): the server loads it"),
        "{found:#?}"
    );
    assert!(
        starts("warning", "it can't be read, and keeps the server"),
        "{found:#?}"
    );
}

#[test]
fn passwords_and_superusers() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("md5_passwords", &[])[0].0, "ok");
    assert_eq!(ground.statuses("superusers", &[]), alone("ok"));
    ground.sql("set password_encryption = 'md5'; create role \"Old one\" login password 'x'; create role unused password 'x'");
    ground.sql("set password_encryption = 'scram-sha-256'; alter role app password 'x'");
    let records = ground.check("md5_passwords", &[]);
    assert_eq!(statuses(&records), of("warning", "Old one"));
    assert!(
        records[0]["remedy"]
            .as_str()
            .unwrap()
            .contains("\\password \"Old one\"")
    );
    assert_eq!(
        ground.statuses("md5_passwords", &["--crit", "md5_passwords=1"]),
        of("critical", "Old one")
    );
    let blind = ground.check_as("watcher", "md5_passwords", &[]);
    assert_eq!(statuses(&blind), alone("unknown"));
    ground.sql("create role second superuser login; create role crowd superuser; create role member login in role crowd;
        create role writer login in role pg_write_server_files; create role off superuser nologin");
    let records = ground.check("superusers", &[]);
    assert_eq!(statuses(&records), alone("warning"));
    let message = records[0]["message"].as_str().unwrap();
    assert!(
        message.contains("member") && message.contains("second") && !message.contains("writer"),
        "{message}"
    );
    assert_eq!(
        ground.statuses("superusers", &["--crit", "superusers=3"]),
        alone("critical")
    );
    let rows = ground.rows("security");
    let writer = rows.iter().find(|row| row["object"] == "writer").unwrap();
    assert_eq!(
        (&writer["value"], &writer["risk"]),
        (&json!("writes files on the server"), &json!("powerful"))
    );
}

/// An address of this machine by which others reach it.
fn own_address() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then(|| address.to_string())
}

#[test]
fn who_comes_without_encryption() {
    let ground = with_lines(&[("listen_addresses", "*")], &["host all all all trust"]);
    assert_eq!(ground.statuses("ssl", &[]), alone("warning"));
    assert_eq!(Ground::new().statuses("ssl", &[]), alone("ok"));
    assert_eq!(ground.statuses("unencrypted_sessions", &[])[0].0, "ok");
    let Some(address) = own_address() else {
        println!("this machine has no address but its own");
        return;
    };
    let connect = |host: &str| {
        let mut config = postgres::Config::new();
        config
            .host(host)
            .port(ground.cluster.port())
            .user("watcher")
            .dbname("postgres");
        config.connect(postgres::NoTls).unwrap()
    };
    // Whoever looks comes unencrypted here, and is not what is looked for.
    let by_address = ground
        .tool(&["--only", "unencrypted_sessions", "-h", &address])
        .run();
    assert_eq!(statuses(&by_address.json_lines()), alone("ok"));
    let _near = connect("127.0.0.1");
    assert_eq!(ground.statuses("unencrypted_sessions", &[])[0].0, "ok");
    let _far = connect(&address);
    let who = format!("watcher@{address}");
    assert_eq!(
        ground.statuses("unencrypted_sessions", &[]),
        of("warning", &who)
    );
    assert_eq!(
        ground.statuses(
            "unencrypted_sessions",
            &["--crit", "unencrypted_sessions=1"]
        ),
        of("critical", &who)
    );
    ground.sql("create role nobody login");
    let _other = ground.client();
    let blind = ground.check_as("nobody", "unencrypted_sessions", &[]);
    assert_eq!(statuses(&blind), alone("unknown"));
}

#[test]
fn what_everybody_may_do() {
    let database = Database::new();
    let check = |check: &str| {
        let run = tool("pg-stat-report").database(&database);
        run.args(["--only", check]).run().json_lines()
    };
    database.sql("revoke create on schema public from public; create extension pg_stat_statements;
        create table t (i int); create view v as select * from t; grant select on t to public; grant insert (i) on t to public;
        create function plain() returns int language sql as 'select 1';
        create function careful() returns int language sql security definer set search_path = pg_catalog as 'select 1';
        create table guarded (i int); create policy p on guarded; alter table guarded enable row level security");
    let checks = [
        "public_schemas",
        "public_grants",
        "definer_functions",
        "policies_off",
    ];
    for name in checks {
        assert_eq!(check(name)[0]["status"], "ok", "{:?}", check(name));
    }
    database.sql("create schema \"Every one\"; grant all on schema \"Every one\" to public; grant update, insert on v to public;
        create function \"Every one\".lent(int) returns int language sql security definer as 'select 1';
        alter table guarded disable row level security");
    let objects = [
        "\"Every one\"",
        "public.v",
        "\"Every one\".lent(integer)",
        "public.guarded",
    ];
    for (name, object) in checks.iter().zip(objects) {
        assert_eq!(statuses(&check(name)), of("warning", object));
    }
    assert!(
        check("public_grants")[0]["remedy"]
            .as_str()
            .unwrap()
            .ends_with("REVOKE INSERT, UPDATE ON public.v FROM PUBLIC;")
    );
    let critical = tool("pg-stat-report").database(&database);
    let critical = critical
        .args(["--only", "public_grants", "--crit", "public_grants=1"])
        .run()
        .expect_code(1);
    assert_eq!(critical.json_lines()[0]["status"], "critical");
    // What is said is what helps.
    for name in ["public_schemas", "public_grants", "policies_off"] {
        let records = check(name);
        let remedy = records[0]["remedy"].as_str().unwrap();
        let at = ["REVOKE", "ALTER"]
            .iter()
            .filter_map(|word| remedy.find(word))
            .min()
            .unwrap();
        database.sql(&remedy[at..]);
        assert_eq!(check(name)[0]["status"], "ok", "{remedy}");
    }
}
