//! Sessions of databases in other encodings, whose text is not valid in the one that we are in.

use postgres::{Client, Config, NoTls};
use tests::Output;

use crate::ground::{Ground, expect_result};
use crate::stage::Actor;

/// A server with a database in each of these encodings, and somebody who holds a lock in `postgres`.
fn ground() -> Ground {
    let ground = Ground::new();
    for (name, encoding) in [
        ("latin", "LATIN1"),
        ("ascii", "SQL_ASCII"),
        ("euc", "EUC_JP"),
    ] {
        ground.sql(&format!(
            "create database {name} encoding '{encoding}' lc_collate 'C' lc_ctype 'C' template template0"
        ));
    }
    ground
}

fn client(ground: &Ground, database: &str, user: &str) -> Client {
    let mut config = Config::new();
    let place = config.host_path(ground.cluster.socket_dir());
    let place = place.port(ground.cluster.port());
    place.user(user).dbname(database).connect(NoTls).unwrap()
}

/// The tool in this database.
fn run_in(ground: &Ground, database: &str, arguments: &[&str]) -> Output {
    let tool = ground.tool(arguments).env("PGDATABASE", database);
    tool.run()
}

#[test]
fn text_of_another_encoding_keeps_nobody_from_the_others() {
    let ground = ground();
    // The server keeps it as the byte E9, which is no UTF-8 and no EUC_JP.
    let foreigner = Actor::new(client(&ground, "latin", "app"), "foreigner");
    foreigner.run("select 'caf\u{e9}'");
    ground.sql("create role other login; grant all on t to other");
    let holder = Actor::new(client(&ground, "postgres", "other"), "holder");
    holder.run("begin; lock t");
    let waiter = ground.waiter("waiter", "select from t");
    for database in ["postgres", "latin", "ascii", "euc"] {
        let all = run_in(&ground, database, &["--sessions"]).expect_code(0);
        let records = all.json_lines();
        let of_pid = |pid: i32| records.iter().find(|record| record["pid"] == pid);
        let query = of_pid(foreigner.pid).unwrap()["query"].as_str().unwrap();
        let is = if database == "latin" {
            '\u{e9}'
        } else {
            '\u{fffd}'
        };
        assert_eq!(query, format!("select 'caf{is}'"), "{database}");
        assert_eq!(of_pid(waiter.pid).unwrap()["blocked_by"], holder.pid);
        assert_eq!(of_pid(waiter.pid).unwrap()["relation"], "public.t");
        assert_eq!(of_pid(holder.pid).unwrap()["database"], "postgres");
    }
    // So it is with the name of a role, which all databases share.
    let rename = "alter role other rename to \"r\u{e9}\"";
    let mut latin = client(&ground, "latin", "postgres");
    latin.batch_execute(rename).unwrap();
    for (database, name) in [
        ("postgres", "r\u{fffd}"),
        ("latin", "r\u{e9}"),
        ("ascii", "r\u{fffd}"),
    ] {
        let listing = run_in(&ground, database, &[]).expect_code(0).json_lines();
        assert_eq!(listing[0]["pid"], holder.pid, "{database}: {listing:?}");
        assert_eq!(listing[0]["user"], name, "{database}");
    }
    let ended = run_in(&ground, "euc", &["--terminate"]).expect_code(0);
    expect_result(&ended, holder.pid, "terminate", "ended");
}
