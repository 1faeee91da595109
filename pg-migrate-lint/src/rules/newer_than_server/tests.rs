use super::features::{FEATURES, FUNCTIONS, SETTINGS};
use super::*;
use ::tests::{Database, cluster};

#[test]
fn each_feature_is_found_by_its_nodes() {
    for feature in FEATURES {
        let found = newer(feature.example, feature.since - 1);
        assert!(found.contains(&(feature.what, feature.since)), "{}: {found:?}", feature.example);
        let known = newer(feature.example, feature.since);
        assert!(known.is_empty(), "{}: {known:?}", feature.example);
        // What is only there to be stood on is older.
        let before = newer(feature.before, feature.since - 1);
        let is_own = before.iter().all(|(_, since)| *since == feature.since);
        assert!(is_own, "{}: {before:?}", feature.before);
    }
    assert_eq!(functions("select pg_catalog.uuidv7(), crc32('x')", 17).len(), 2);
    assert_eq!(newer("set local transaction_timeout = 5", 16), [("transaction_timeout", 17)]);
}

#[test]
fn a_server_refuses_what_is_newer_and_knows_what_is_not() {
    let version = cluster().version().major;
    let mut wrong = Vec::new();
    for feature in FEATURES {
        let database = Database::new();
        let mut client = database.client();
        // What it stands on may be as new.
        if client.batch_execute(feature.before).is_err() {
            assert!(feature.since > version, "{}", feature.before);
            continue;
        }
        let run = client.batch_execute(feature.example);
        if run.is_ok() != (feature.since <= version) {
            wrong.push(format!("{}: {run:?}", feature.example));
        }
        client.batch_execute("drop publication if exists p").unwrap();
    }
    let database = Database::new();
    let mut client = database.client();
    for (function, since) in FUNCTIONS {
        let sql = "select exists (select from pg_proc where proname = $1::text::name and pronamespace = 'pg_catalog'::regnamespace)";
        let is_there: bool = client.query_one(sql, &[function]).unwrap().get(0);
        if is_there != (*since <= version) {
            wrong.push(format!("{function}: {is_there}"));
        }
    }
    for (setting, since) in SETTINGS {
        let run = client.batch_execute(&format!("set {setting} = 0"));
        if run.is_ok() != (*since <= version) {
            wrong.push(format!("{setting}: {run:?}"));
        }
    }
    assert!(wrong.is_empty(), "PostgreSQL {version}: {}", wrong.join("\n"));
}
