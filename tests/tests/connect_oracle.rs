//! psql is the oracle: what it makes of connection parameters, we make of them
//! too, and what it refuses we refuse, but for the differences that the table names.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "oracle/cases.rs"]
mod cases;
#[path = "oracle/place.rs"]
mod place;

use cases::{CASES, Case, Expect};
use place::Place;
use std::thread;

use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};

/// What tells one connection from another.
const QUERY: &str = "select concat_ws('|', current_user, current_database(), current_setting('port'), \
     coalesce(host(inet_server_addr()), 'socket'), current_setting('application_name'), current_setting('work_mem'), \
     (select ssl from pg_stat_ssl where pid = pg_backend_pid()))";

/// The pieces of every password in the table.
const SECRET: [&str; 2] = ["Sen", "tinel"];

struct Answer {
    text: Result<String, String>,
    shown: String,
}

#[test]
fn every_case_ends_as_with_psql() {
    let place = Place::new();
    assert!(CASES.len() >= 80, "{} cases", CASES.len());
    let judge = |cases: &[Case]| -> Vec<String> {
        let complaints = cases.iter().filter_map(|case| complaint(&place, case));
        complaints.collect()
    };
    let wrong = thread::scope(|scope| {
        let parts = CASES.chunks(CASES.len().div_ceil(4));
        let parts: Vec<_> = parts.map(|part| scope.spawn(|| judge(part))).collect();
        let complaints = parts.into_iter().flat_map(|part| part.join().unwrap());
        complaints.collect::<Vec<_>>()
    });
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        CASES.len(),
        wrong.join("\n")
    );
}

fn complaint(place: &Place, case: &Case) -> Option<String> {
    let psql = ask_psql(place, case);
    let ours = ask_ours(place, case);
    if let Some(piece) = SECRET.iter().find(|piece| ours.shown.contains(**piece)) {
        return Some(format!(
            "{case:?}\n  shows the secret's \"{piece}\": {}",
            ours.shown
        ));
    }
    let good = match (&case.expect, &psql.text, &ours.text) {
        (Expect::Same, Ok(theirs), Ok(ours)) => theirs == ours,
        (Expect::Refused(words), Err(_), Err(ours)) => ours.contains(words),
        (Expect::Differs(answer), theirs, Ok(ours)) => {
            *ours == place.fill(answer) && theirs.as_ref() != Ok(ours)
        }
        (Expect::OursRefuses(words), Ok(_), Err(ours)) => ours.contains(words),
        _ => false,
    };
    (!good).then(|| format!("{case:?}\n  psql: {:?}\n  ours: {:?}", psql.text, ours.text))
}

fn ask_psql(place: &Place, case: &Case) -> Answer {
    let mut command = tests::program(place.psql.path()).env("HOME", place.home());
    for (name, value) in case.environment {
        command = command.env(name, place.fill(value));
    }
    for argument in case.arguments {
        command = command.arg(place.fill(argument));
    }
    let output = command.args(["-w", "-XAtc", QUERY]).run();
    let text = match output.code() {
        Some(0) => Ok(output.stdout.trim_end().to_string()),
        _ => Err(output.stderr.clone()),
    };
    Answer {
        text,
        shown: String::new(),
    }
}

fn ask_ours(place: &Place, case: &Case) -> Answer {
    let mut variables = vec![("HOME".to_string(), place.home())];
    variables.extend(
        case.environment
            .iter()
            .map(|(name, value)| (name.to_string(), place.fill(value))),
    );
    let environment = Environment::of(variables);
    let args = arguments(place, case);
    let mut shown = format!("{args:?}");
    let result = Conninfo::resolve(&args, &environment, Need::Session).and_then(|conninfo| {
        shown += &format!("{conninfo:?} {:?} {}", conninfo.notes(), conninfo.source());
        shown += &format!("{:?}", conninfo.child_arguments());
        let options = SessionOptions {
            application_name: "psql".into(),
            ..SessionOptions::default()
        };
        let mut session = Session::open(&conninfo, &options)?;
        Ok(session
            .client()
            .query_typed_one(QUERY, &[])?
            .get::<_, String>(0))
    });
    let text = result.map_err(|error| error.to_string());
    if let Err(error) = &text {
        shown += error;
    }
    Answer { text, shown }
}

/// psql's arguments as our command line would read them.
fn arguments(place: &Place, case: &Case) -> ConnectArgs {
    let mut args = ConnectArgs::default();
    for pair in case.arguments.chunks(2) {
        let value = Some(place.fill(pair[1]));
        match pair[0] {
            "-d" => args.dbname = value,
            "-h" => args.host = value,
            "-p" => args.port = value,
            "-U" => args.user = value,
            other => panic!("{other}"),
        }
    }
    args
}
