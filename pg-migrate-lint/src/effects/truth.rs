//! The claims of the table of effects, held against a real server: each form is run there in a transaction
//! that is rolled back, and what it locked, read and wrote anew is compared.

mod forms;

use std::collections::BTreeMap;

use postgres::Client;

use super::{Server, of};
use crate::catalogue::{Catalogue, Moment};
use crate::effects::Impact;
use crate::lock::{Mode, Work};
use crate::name::Name;
use crate::parse::{Parsed, one};
use crate::source::Source;
use forms::{FORMS, Form, GROUND};

/// A relation's number and what is known of it.
type Relations = BTreeMap<u32, (Name, u32, i64)>;

const RELATIONS: &str = "select c.oid, n.nspname, c.relname, c.relfilenode, \
    coalesce(pg_stat_get_xact_tuples_returned(c.oid), 0) \
    from pg_class c join pg_namespace n on n.oid = relnamespace \
    where relkind in ('r', 'p', 'm', 'v') and nspname !~ '^pg_' and nspname <> 'information_schema'";

const LOCKS: &str = "select relation, mode from pg_locks where pid = pg_backend_pid() and relation is not null and granted";

/// All changes of some SQL, applied.
fn apply(catalogue: &mut Catalogue, sql: &str, transaction: usize) {
    let source = Source::new("ground", sql.as_bytes().to_vec());
    for statement in &source.statements {
        for change in changes(source.parsable(statement)) {
            catalogue.apply(
                &change,
                Moment {
                    file: transaction,
                    transaction,
                },
            );
        }
    }
}

fn changes(sql: &str) -> Vec<crate::model::Change> {
    match one(sql) {
        Parsed::Changes(changes) => changes,
        Parsed::Refused(message) | Parsed::Unseen(message) => panic!("{message}: {sql}"),
    }
}

/// What we say: of all actions of the statement together.
fn claimed(form: &Form, version: u32) -> Impact {
    let mut catalogue = Catalogue::default();
    apply(&mut catalogue, GROUND, 0);
    apply(&mut catalogue, form.before, 1);
    let server = Server {
        version,
        is_utc: form.is_utc,
    };
    let mut all = Impact::default();
    for change in changes(form.sql) {
        let impact = of(&change, &catalogue, server);
        impact
            .locks
            .into_iter()
            .for_each(|(name, mode)| all.lock(name, mode));
        impact
            .work
            .into_iter()
            .for_each(|(name, work)| all.does(name, work));
        catalogue.apply(
            &change,
            Moment {
                file: 2,
                transaction: 2,
            },
        );
    }
    all
}

fn relations(client: &mut Client) -> Relations {
    let rows = client.query(RELATIONS, &[]).unwrap();
    let facts = rows.iter().map(|row| {
        let schema = row.get::<_, &str>(1).replace("public", "");
        let name = Name::of(&schema, row.get(2));
        (row.get::<_, u32>(0), (name, row.get(3), row.get(4)))
    });
    facts.collect()
}

fn locks(client: &mut Client) -> BTreeMap<u32, Mode> {
    let mut strongest: BTreeMap<u32, Mode> = BTreeMap::new();
    for row in client.query(LOCKS, &[]).unwrap() {
        let name: String = row.get(1);
        let mode = (1..=8)
            .filter_map(Mode::from_number)
            .find(|mode| mode.name() == name)
            .unwrap();
        let known = strongest.entry(row.get(0)).or_insert(mode);
        *known = (*known).max(mode);
    }
    strongest
}

/// What the server does: locks and work on relations that were there before.
fn seen(client: &mut Client, form: &Form) -> Result<Impact, postgres::Error> {
    // In a transaction of its own, so that its locks are no part of what is seen.
    let settings = match form.is_utc {
        true => "set timezone = 'UTC'",
        false => "set timezone = 'America/New_York'",
    };
    client.batch_execute(settings)?;
    client.batch_execute(form.before)?;
    client.batch_execute("begin")?;
    let before = relations(client);
    let held = locks(client);
    let run = client.batch_execute(form.sql);
    let mut impact = Impact::default();
    if run.is_ok() {
        let after = relations(client);
        for (oid, mode) in locks(client) {
            if let Some((name, ..)) = before.get(&oid)
                && held.get(&oid) != Some(&mode)
            {
                impact.lock(name.clone(), mode);
            }
        }
        for (oid, (name, file, rows)) in &before {
            let Some((_, new_file, new_rows)) = after.get(oid) else {
                continue;
            };
            if file != new_file {
                impact.does(name.clone(), Work::Rewrite);
            } else if new_rows > rows {
                impact.does(name.clone(), Work::Scan);
            }
        }
    }
    client.batch_execute("rollback")?;
    run.map(|()| impact)
}

/// What is worth comparing, in words: strong locks, and work.
fn words(impact: &Impact) -> Vec<String> {
    let locks = impact
        .locks
        .iter()
        .filter(|(_, mode)| *mode >= Mode::RowExclusive);
    let locks = locks.map(|(name, mode)| format!("{name} {}", mode.name()));
    let work = impact.work.iter().filter(|(_, work)| *work > Work::None);
    let work = work.map(|(name, work)| format!("{name} {}", work.name()));
    let mut words: Vec<String> = locks.chain(work).collect();
    words.sort();
    words
}

#[test]
fn every_form_locks_and_does_what_is_claimed() {
    let cluster = tests::cluster();
    let version = cluster.version().major;
    let mut wrong = Vec::new();
    for form in FORMS
        .iter()
        .filter(|form| (form.since..=form.until).contains(&version))
    {
        let database = tests::Database::new();
        let mut client = database.client();
        client.batch_execute(GROUND).unwrap();
        let claimed = claimed(form, version);
        match seen(&mut client, form) {
            Err(error) => wrong.push(format!("{}: {}", form.sql, shared::Error::from(error))),
            Ok(seen) => {
                let (claimed, seen) = (words(&claimed), words(&seen));
                if claimed != seen {
                    let lacks: Vec<_> =
                        seen.iter().filter(|word| !claimed.contains(word)).collect();
                    let extra: Vec<_> =
                        claimed.iter().filter(|word| !seen.contains(word)).collect();
                    wrong.push(format!(
                        "{} ({}): not said {lacks:?}, not seen {extra:?}",
                        form.sql, form.before
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "PostgreSQL {version}, {} of {}:\n{}",
        wrong.len(),
        FORMS.len(),
        wrong.join("\n")
    );
}
