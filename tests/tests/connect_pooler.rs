//! PgBouncer in between: recognised where it lends out server processes, harmless
//! where it does not, and never left with settings of ours.

#![allow(clippy::unwrap_used, clippy::panic)]

mod pooler;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pooler::Pooler;
use postgres::Client;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};

fn session(pooler: &Pooler, more: &str) -> Session {
    let args = ConnectArgs {
        dbname: Some(format!(
            "postgresql://any:sentinel@127.0.0.1:{}/postgres?sslmode=disable{more}",
            pooler.port
        )),
        ..ConnectArgs::default()
    };
    let conninfo = Conninfo::resolve(&args, &Environment::default(), Need::Statements).unwrap();
    let options = SessionOptions {
        read_only: true,
        ..SessionOptions::default()
    };
    Session::open(&conninfo, &options).unwrap()
}

const SETTINGS: &str = "select concat_ws('|', current_setting('search_path'), current_setting('lock_timeout'), \
     current_setting('default_transaction_read_only'))";

fn settings(client: &mut Client) -> String {
    client.query_typed_one(SETTINGS, &[]).unwrap().get(0)
}

const UNTOUCHED: &str = "\"$user\", public|0|off";

fn assert_refused(session: &mut Session, mode: &str) {
    let error = session.require_session().unwrap_err();
    assert!(
        error.message().contains(&format!("in {mode} mode")),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("DIRECT_URL"), "{error}");
    assert!(!error.to_string().contains("sentinel"), "{error}");
}

#[test]
fn transaction_mode_is_refused_where_a_session_is_needed() {
    let pooler = Pooler::start("transaction", "default_pool_size=1");
    let mut session = session(&pooler, "");
    assert_refused(&mut session, "transaction");
    assert!(session.is_pooled());
    assert_eq!(settings(session.client()), UNTOUCHED);
    drop(session);
    assert_eq!(settings(&mut pooler.try_client().unwrap()), UNTOUCHED);
}

#[test]
fn settings_hold_within_a_transaction_and_not_longer() {
    let pooler = Pooler::start("transaction", "default_pool_size=1");
    let mut session = session(&pooler, "&schema=app");
    let mut transaction = session.transaction().unwrap();
    let inside: String = transaction.query_typed_one(SETTINGS, &[]).unwrap().get(0);
    assert_eq!(inside, "\"app\"|10s|off");
    let error = transaction
        .batch_execute("create table public.t ()")
        .unwrap_err();
    assert_eq!(error.code().unwrap().code(), "25006");
    transaction.rollback().unwrap();
    assert_eq!(settings(&mut pooler.try_client().unwrap()), UNTOUCHED);
}

#[test]
fn transaction_mode_is_seen_among_busy_clients() {
    let pooler = Pooler::start("transaction", "default_pool_size=4");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            let mut client = pooler.try_client().unwrap();
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    client.batch_execute("select 1").unwrap();
                }
            });
        }
        let seen: Vec<bool> = (0..5).map(|_| session(&pooler, "").is_pooled()).collect();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(seen, [true; 5]);
    });
}

#[test]
fn options_that_the_pooler_swallows_do_not_deceive() {
    let pooler = Pooler::start("transaction", "ignore_startup_parameters=options");
    assert_refused(&mut session(&pooler, ""), "transaction");
    assert_eq!(settings(&mut pooler.try_client().unwrap()), UNTOUCHED);
}

#[test]
fn statement_mode_is_refused() {
    let pooler = Pooler::start("statement", "");
    let mut session = session(&pooler, "");
    assert_refused(&mut session, "statement");
    assert_eq!(settings(session.client()), UNTOUCHED);
}

#[test]
fn session_mode_is_a_session() {
    let pooler = Pooler::start("session", "");
    let mut session = session(&pooler, "");
    session.require_session().unwrap();
    assert_eq!(settings(session.client()), "|10s|on");
    drop(session);
    assert_eq!(settings(&mut pooler.try_client().unwrap()), UNTOUCHED);
}

#[test]
fn what_the_url_says_counts_where_a_pooler_is_in_between() {
    let pooler = Pooler::start("session", "");
    assert_refused(&mut session(&pooler, "&pgbouncer=true"), "transaction");
}

#[test]
fn what_the_url_says_does_not_count_where_there_is_none() {
    let cluster = tests::cluster();
    let url = format!(
        "postgresql://postgres@/postgres?host={}&port={}&pgbouncer=true",
        cluster.socket_dir().display(),
        cluster.port()
    );
    let args = ConnectArgs {
        dbname: Some(url),
        ..ConnectArgs::default()
    };
    let conninfo = Conninfo::resolve(&args, &Environment::default(), Need::Session).unwrap();
    let mut session = Session::open(&conninfo, &SessionOptions::default()).unwrap();
    session.require_session().unwrap();
}
