//! Views on views, tables that are too wide, and the room on the disk.

use tests::{Database, another_user, cluster, tcp_cluster, tool};

use crate::ground::{Ground, alone, asked, found, set, statuses};

/// Each of these stands on the one before.
fn stack(client: &mut postgres::Client, layers: u32) {
    client
        .batch_execute("create table base (i int); create view v1 as select * from base")
        .unwrap();
    for layer in 2..=layers {
        let below = layer - 1;
        let create = format!("create view v{layer} as select * from v{below}");
        client.batch_execute(&create).unwrap();
    }
}

#[test]
fn views_on_views() {
    let database = Database::on(cluster());
    let mut client = database.client();
    stack(&mut client, 4);
    assert_eq!(
        found(&database, "nested_views", &[]),
        set(&["ok public.v4"])
    );
    database.sql(
        "create view \"Odd v5\" as select a.* from v4 a, v2 b, base;
         create materialized view kept as select * from \"Odd v5\";
         create view anew as select * from kept",
    );
    let expected = ["warning public.\"Odd v5\"", "warning public.kept"];
    assert_eq!(found(&database, "nested_views", &[]), set(&expected));
    assert_eq!(
        found(&database, "nested_views", &["--crit", "nested_views=6"]),
        set(&["critical public.kept", "warning public.\"Odd v5\""])
    );
    let rows = asked(&database, &["design"]).run().json_lines();
    let row = rows.iter().find(|row| row["relation"] == "public.kept");
    let row = row.unwrap();
    assert_eq!(
        (&row["number"], &row["type"]),
        (&6.into(), &"materialized view".into())
    );
    assert_eq!(row["stands_on"], "public.\"Odd v5\"");
    // Who made one to stand on itself waits for no end of it.
    database.sql("create or replace view v1 as select * from v4");
    let rows = asked(&database, &["design"])
        .run()
        .expect_code(0)
        .json_lines();
    assert!(rows.iter().any(|row| row["number"] == 32), "{rows:?}");
}

#[test]
fn very_wide_tables() {
    let database = Database::on(cluster());
    assert_eq!(found(&database, "wide_tables", &[]), set(&["ok"]));
    let table = |name: &str, columns: u32| {
        let columns: Vec<String> = (1..=columns).map(|i| format!("c{i} int")).collect();
        database.sql(&format!("create table {name} ({})", columns.join(",")));
    };
    table("broad", 199);
    assert_eq!(
        found(&database, "wide_tables", &[]),
        set(&["ok public.broad"])
    );
    table("wide", 200);
    table("fullest", 1500);
    database.sql("alter table wide drop column c1; ");
    let expected = ["warning public.wide", "critical public.fullest"];
    assert_eq!(found(&database, "wide_tables", &[]), set(&expected));
    let records = asked(&database, &["--only", "wide_tables"])
        .run()
        .json_lines();
    let message = records[1]["message"].as_str().unwrap();
    assert!(
        message.starts_with("200 columns, 1 of them dropped"),
        "{message}"
    );
}

#[test]
fn the_disk_below_the_data() {
    let ground = Ground::new();
    // How full the disk of this machine is is not ours to say.
    let at = |limit: &str| {
        ground.statuses(
            "disk_space",
            &["--warn", "disk_space=never", "--crit", limit],
        )
    };
    assert_eq!(at("disk_space=never"), alone("ok"));
    assert_eq!(at("disk_space=0%"), alone("critical"));
    let warned = ground.statuses(
        "disk_space",
        &["--warn", "disk_space=0%", "--crit", "disk_space=never"],
    );
    assert_eq!(warned, alone("warning"));
    let record = &ground.check("disk_space", &["--crit", "disk_space=never"])[0];
    let used = record["value"].as_f64().unwrap();
    assert!(used > 0.0 && used <= 1.0, "{record}");
    assert_eq!(
        statuses(&ground.check_as("nobody", "disk_space", &[])),
        alone("unknown")
    );
}

/// By any of the machine's own addresses it is the same server.
#[test]
fn the_disk_of_a_server_by_its_address() {
    let place = format!("host=127.0.0.1 port={} user=postgres", tcp_cluster().port());
    let run = tool("pg-stat-report").args(["-d", &place, "--only", "disk_space"]);
    let words = ["--warn", "disk_space=never", "--crit", "disk_space=never"];
    assert_eq!(statuses(&run.args(words).run().json_lines()), alone("ok"));
}

/// What nobody can see from here makes a run of all checks no worse, but is no answer to who asks for it.
#[test]
fn the_disk_of_a_server_elsewhere() {
    // To a user who can't enter its folder it is as far away as one on another machine.
    let Some(stranger) = another_user().map(|uid| uid - 1) else {
        println!("only root can be somebody else");
        return;
    };
    let database = Database::on(tcp_cluster());
    let place = format!("host=127.0.0.1 port={} user=postgres", tcp_cluster().port());
    let run = |words: &[&str]| {
        let command = tool("pg-stat-report").env("PGDATABASE", database.name());
        command
            .as_user(stranger)
            .args(["-d", &place, "--timeout", "2m"])
            .args(words)
            .run()
    };
    let named = run(&["--only", "disk_space"]).expect_code(2);
    assert_eq!(statuses(&named.json_lines()), alone("unknown"));
    let skipped = "slow_queries,lost_sessions";
    let all = run(&["--skip", skipped]);
    let is = |record: &&serde_json::Value, status: &str| record["status"] == status;
    let records = all.json_lines();
    let unknown: Vec<_> = records
        .iter()
        .filter(|record| is(record, "unknown"))
        .collect();
    assert!(
        unknown.iter().all(|record| record["check"] == "disk_space"),
        "{unknown:#?}"
    );
    assert_eq!(unknown.len(), 1);
    let is_critical = records.iter().any(|record| is(&record, "critical"));
    all.expect_code(i32::from(is_critical));
    run(&["--skip", skipped, "--fail-on", "unknown"]).expect_code(1);
}
