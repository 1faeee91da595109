//! Claim, rehearsal and lock truth agree: each form of the truth is rehearsed, and nothing is seen that was not
//! claimed, nor the other way round.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tests::Database;

use super::observer::Observer;
use super::record::Record;
use crate::apply::{Connection, Runner, Script};
use crate::effects::Server;
use crate::effects::truth::forms::{ALONE, FORMS, GROUND};
use crate::effects::truth::{claimed, make_tablespace, words};
use crate::layout::Layout;
use crate::lock::Mode;
use crate::session::Wrapping;

fn script(text: &str, wrapping: Wrapping) -> Script {
    let bytes = text.as_bytes().to_vec();
    Script::new(Layout::Sqlx, "form.sql".to_string(), bytes, wrapping).unwrap()
}

/// What a rehearsal sees of a statement, after others, in a database that has all of the ground.
fn rehearsed(
    database: &Database,
    ground: &Script,
    before: &[&str],
    (sql, wrapping): (&str, Wrapping),
) -> Record {
    let open = || Ok(Connection::local(database.client()));
    let mut observer = Observer::new(Box::new(open), false);
    observer.know(ground);
    let mut runner = Runner::new(Box::new(open), Duration::ZERO);
    for text in before {
        let failure = runner.run(&[script(text, Wrapping::None)], &mut observer);
        let failure = failure.unwrap();
        assert!(failure.is_none(), "{text}: {failure:?}");
    }
    observer.record(true);
    let failure = runner.run(&[script(sql, wrapping)], &mut observer).unwrap();
    assert!(failure.is_none(), "{sql}: {failure:?}");
    observer.take().swap_remove(0)
}

/// In the words of the truth: strong locks on tables, and work.
fn seen(record: &Record, tables: &BTreeSet<String>, claim: &[String]) -> Vec<String> {
    let name = |name: &String| name.trim_start_matches("public.").to_string();
    let mut words = Vec::new();
    for lock in record.locks.iter().flatten() {
        let mode = super::probe::mode(&lock.mode).unwrap();
        let words_of = format!("{} ", name(&lock.relation));
        let is_claimed = claim.iter().any(|claim| claim.starts_with(&words_of));
        if (tables.contains(&lock.relation) || is_claimed) && mode >= Mode::RowExclusive {
            words.push(format!("{} {}", name(&lock.relation), lock.mode));
        }
    }
    let rewritten = record.rewritten.iter().flatten();
    let rewritten: Vec<&String> = rewritten.filter(|one| tables.contains(*one)).collect();
    words.extend(rewritten.iter().map(|one| format!("{} rewrite", name(one))));
    let scanned = record.scanned.iter().flatten();
    let scanned = scanned.filter(|one| !rewritten.contains(one));
    words.extend(scanned.map(|one| format!("{} scan", name(one))));
    words.sort();
    words
}

/// A database that has all of the ground.
fn copy<'a>(cluster: &'a shared::cluster::Cluster, template: &Database) -> Database<'a> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("form_{}_{number}", std::process::id());
    let make = format!("create database {name} template {}", template.name());
    let mut client = cluster.connect("postgres").unwrap();
    client.batch_execute(&make).unwrap();
    Database::adopted(cluster, &name)
}

#[test]
fn claim_rehearsal_and_truth_agree_for_every_form() {
    let cluster = ::tests::cluster();
    let version = cluster.version().major;
    let template = Database::new();
    make_tablespace();
    template.sql(GROUND);
    let tables = template.rows(
        "select 'public.' || relname from pg_class where relkind in ('r', 'p', 'm', 'v') and relnamespace = 'public'::regnamespace",
    );
    let plain = copy(cluster, &template);
    let tables: BTreeSet<String> = tables
        .into_iter()
        .filter_map(|mut row| row.pop()?)
        .collect();
    let ground = script(GROUND, Wrapping::None);
    let mut wrong = Vec::new();
    let mut check = |before: &str, zone: &str, sql: &str, is_alone: bool| {
        let zone_set = format!("set timezone = '{zone}'");
        let run = |database: &Database, text: &str, wrapping| {
            rehearsed(database, &ground, &[&zone_set, before], (text, wrapping))
        };
        let record = if before.is_empty() && !is_alone {
            // What is taken back leaves the ground to the next.
            run(&plain, &format!("{sql}; rollback"), Wrapping::File)
        } else {
            let own = copy(cluster, &template);
            let wrapping = if is_alone {
                Wrapping::None
            } else {
                Wrapping::File
            };
            run(&own, sql, wrapping)
        };
        let server = Server {
            version,
            minor: None,
            is_utc: zone == "UTC",
        };
        let mut claim = claimed(before, sql, server);
        if is_alone {
            claim
                .work
                .retain(|(_, work)| *work == crate::lock::Work::Rewrite);
        }
        let claim = words(&claim);
        let seen = seen(&record, &tables, &claim);
        if claim != seen || record.mismatch.is_some() {
            let mismatch = &record.mismatch;
            wrong.push(format!(
                "{sql} ({before}): claimed {claim:?}, seen {seen:?}, mismatch {mismatch:?}"
            ));
        }
    };
    for form in FORMS
        .iter()
        .filter(|form| (form.since..=form.until).contains(&version))
    {
        let zone = if form.is_utc {
            "UTC"
        } else {
            "America/New_York"
        };
        check(form.before, zone, form.sql, false);
    }
    for form in ALONE.iter().filter(|form| form.since <= version) {
        check("", "UTC", form.sql, true);
    }
    assert!(
        wrong.is_empty(),
        "PostgreSQL {version}, {} of {}:\n{}",
        wrong.len(),
        FORMS.len() + ALONE.len(),
        wrong.join("\n")
    );
}
