//! The statement itself, on a real server: whatever was chosen before, it lets nothing else pass.

use std::time::Duration;

use postgres::{Client, NoTls};
use shared::cluster::{Cluster, ClusterOptions};
use shared::connection::SessionOptions;

use super::*;
use crate::snapshot;

const ALL: Passes = Passes {
    superusers: true,
    autovacuum: true,
};

fn client(cluster: &Cluster, role: &str) -> Client {
    let mut config = postgres::Config::new();
    config.host_path(cluster.socket_dir()).port(cluster.port());
    config.user(role).dbname("postgres").connect(NoTls).unwrap()
}

fn own_pid(client: &mut Client) -> i32 {
    client
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0)
}

fn seen(connection: &mut Connection, pid: i32) -> Session {
    let sessions = snapshot::take(connection, false).unwrap().sessions;
    sessions
        .into_iter()
        .find(|session| session.pid == pid)
        .unwrap()
}

/// A signal to one.
fn shoot(
    connection: &mut Connection,
    guard: &Guard,
    signal: Signal,
    passes: Passes,
) -> Result<Answer> {
    let mut answers = send(connection, &[(guard.clone(), signal)], passes)?;
    assert_eq!(answers.len(), 1);
    Ok(answers.pop().unwrap())
}

fn is_changed(answer: &Answer) -> bool {
    matches!(
        answer,
        Answer::Changed(_) | Answer::Active(_) | Answer::Waitless
    )
}

/// Each with one thing in it that is not so.
fn stale(guard: &Guard) -> Vec<(Guard, bool)> {
    let later = |time: Time| time + Duration::from_micros(1);
    let gone = |guard| (guard, true);
    let changed = |guard| (guard, false);
    vec![
        gone(Guard {
            backend_start: later(guard.backend_start),
            ..guard.clone()
        }),
        gone(Guard {
            pid: i32::MAX,
            ..guard.clone()
        }),
        changed(Guard {
            xact_start: guard.xact_start.map(later),
            ..guard.clone()
        }),
        changed(Guard {
            xact_start: None,
            ..guard.clone()
        }),
        changed(Guard {
            state_change: Some(later(guard.backend_start)),
            ..guard.clone()
        }),
        changed(Guard {
            query_start: Some(later(guard.backend_start)),
            ..guard.clone()
        }),
    ]
}

#[test]
fn only_what_was_seen_is_signalled() {
    let cluster = ::tests::start(&ClusterOptions::default());
    let mut root = client(&cluster, "postgres");
    root.batch_execute("create role app login").unwrap();
    let mut connection =
        Connection::open(&cluster.conninfo("postgres"), &SessionOptions::default()).unwrap();
    let mut victim = client(&cluster, "app");
    victim.batch_execute("begin; select 1").unwrap();
    let pid = own_pid(&mut victim);
    let session = seen(&mut connection, pid);
    let guard = Guard::of(&session, true).unwrap();
    assert!(guard.xact_start.is_some() && guard.state_change.is_some());
    for signal in [Signal::Cancel, Signal::Terminate] {
        for (stale, is_gone) in stale(&guard) {
            let answer = shoot(&mut connection, &stale, signal, ALL).unwrap();
            match is_gone {
                true => assert_eq!(answer, Answer::Gone, "{stale:?}"),
                false => assert!(is_changed(&answer), "{answer:?} {stale:?}"),
            }
        }
    }
    let waits = Guard {
        waits: true,
        ..guard.clone()
    };
    let answer = shoot(&mut connection, &waits, Signal::Terminate, ALL).unwrap();
    assert!(is_changed(&answer), "{answer:?}");
    // It is idle: the statement that it ran last can't be cancelled.
    let last = guard.clone().with_statement(&session).unwrap();
    let answer = shoot(&mut connection, &last, Signal::Cancel, ALL).unwrap();
    assert!(is_changed(&answer), "{answer:?}");
    victim.batch_execute("commit; begin; select 1").unwrap();
    let answer = shoot(&mut connection, &guard, Signal::Terminate, ALL).unwrap();
    assert!(is_changed(&answer), "{answer:?}");
    victim.batch_execute("select 1").unwrap();
    let guard = Guard::of(&seen(&mut connection, pid), false).unwrap();
    let answer = shoot(
        &mut connection,
        &guard,
        Signal::Terminate,
        Passes::default(),
    )
    .unwrap();
    assert_eq!(answer, Answer::Sent);
    assert!(victim.batch_execute("select 1").is_err());
}

#[test]
fn some_are_not_signalled_whatever_is_asked() {
    let cluster = ::tests::start(&ClusterOptions::default());
    let mut connection =
        Connection::open(&cluster.conninfo("postgres"), &SessionOptions::default()).unwrap();
    let mut root = client(&cluster, "postgres");
    let pid = own_pid(&mut root);
    let look = snapshot::take(&mut connection, false).unwrap();
    let (ours, sessions) = (look.own_pid, look.sessions);
    let of = |session: &Session| Guard {
        pid: session.pid,
        backend_start: session.backend_start.unwrap(),
        xact_start: session.xact_start,
        state_change: None,
        query_start: None,
        waits: false,
    };
    for session in sessions.iter().filter(|session| session.pid != pid) {
        let guard = of(session);
        // Our own transaction is another one by now.
        let guard = match session.pid == ours {
            true => Guard {
                xact_start: None,
                ..guard
            },
            false => guard,
        };
        let answer = shoot(&mut connection, &guard, Signal::Terminate, ALL).unwrap();
        let is_right = answer == Answer::Protected || session.pid == ours;
        assert!(is_right && answer != Answer::Sent, "{answer:?} {session:?}");
    }
    let session = sessions.iter().find(|session| session.pid == pid).unwrap();
    let answer = shoot(
        &mut connection,
        &of(session),
        Signal::Terminate,
        Passes::default(),
    );
    assert_eq!(answer.unwrap(), Answer::Protected);
    root.batch_execute("select 1").unwrap();
    let session = seen(&mut connection, pid);
    let answer = shoot(&mut connection, &of(&session), Signal::Terminate, ALL).unwrap();
    assert_eq!(answer, Answer::Sent);
}

#[test]
fn several_at_once_and_one_of_them_refused() {
    let cluster = ::tests::start(&ClusterOptions::default());
    let mut root = client(&cluster, "postgres");
    root.batch_execute(
        "create role app login; create role guard login in role pg_signal_backend, pg_read_all_stats",
    )
    .unwrap();
    let mut connection =
        Connection::open(&cluster.conninfo("postgres"), &SessionOptions::default()).unwrap();
    let guard = "set session authorization guard";
    let done = connection.ask(move |server| Ok(server.client().batch_execute(guard)?));
    done.unwrap();
    let mut victims: Vec<Client> = ["app", "postgres", "app", "app", "app"]
        .map(|role| client(&cluster, role))
        .into();
    let mut guards: Vec<(Guard, Signal)> = Vec::new();
    for victim in &mut victims {
        let pid = own_pid(victim);
        victim.batch_execute("begin; select 1").unwrap();
        let guard = Guard::of(&seen(&mut connection, pid), true).unwrap();
        guards.push((guard, Signal::Terminate));
    }
    // The third is at something else by now, the fourth gone.
    victims[2].batch_execute("select 1").unwrap();
    guards[3].0.pid = i32::MAX;
    let answers = send(&mut connection, &guards, ALL).unwrap();
    let [first, second, third, fourth, fifth] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!((first, fifth), (&Answer::Sent, &Answer::Sent));
    assert!(matches!(second, Answer::Denied(_)), "{answers:?}");
    assert!(matches!(third, Answer::Active(_)), "{answers:?}");
    assert_eq!(fourth, &Answer::Gone);
    let alive = victims.iter_mut().map(|one| one.batch_execute("select 1"));
    let alive: Vec<bool> = alive.map(|answer| answer.is_ok()).collect();
    assert_eq!(alive, [false, true, true, true, false]);
}
