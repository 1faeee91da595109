//! The claims of the table of effects, held against a real server: each form is run there in a transaction
//! that is rolled back, and what it locked, read and wrote anew is compared.

pub mod forms;

use std::collections::BTreeMap;
use std::sync::Once;

use postgres::{Client, Row};

use super::{Server, of};
use crate::catalogue::{Catalogue, Moment};
use crate::effects::Impact;
use crate::lock::{Mode, Work};
use crate::name::Name;
use crate::parse::{Parsed, one};
use crate::source::Source;
use tests::Database;

use forms::{ALONE, Alone, FORMS, Form, GROUND};

/// By its number a relation's name, file, rows read so far, and whether it has anything in the file.
type Relations = BTreeMap<u32, (Name, u32, i64, bool)>;

const RELATIONS: &str = "select c.oid, n.nspname, c.relname, c.relfilenode, \
    coalesce(pg_stat_get_xact_tuples_returned(c.oid), 0), \
    coalesce(pg_relation_size(c.oid) > 0 and relkind <> 'S', false) \
    from pg_class c join pg_namespace n on n.oid = relnamespace \
    where (relkind in ('r', 'p', 'm', 'v') or relname = 'sq') and nspname !~ '^pg_' and nspname <> 'information_schema'";

/// Those that are waited for count: they are what is taken.
const LOCKS_OF: &str =
    "select relation, mode from pg_locks where pid = $1 and relation is not null";

const LOCKS: &str = "select relation, mode from pg_locks where pid = pg_backend_pid() and relation is not null and granted";

/// All changes of some SQL, applied.
fn apply(catalogue: &mut Catalogue, sql: &str, transaction: usize) {
    let source = Source::new("ground", sql.as_bytes().to_vec());
    for statement in &source.statements {
        for change in changes(source.parsable(statement)) {
            catalogue.apply(&change, Moment::new(transaction, transaction));
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
pub fn claimed(before: &str, sql: &str, server: Server) -> Impact {
    let mut catalogue = Catalogue::default();
    apply(&mut catalogue, GROUND, 0);
    apply(&mut catalogue, before, 1);
    let mut all = Impact::default();
    for change in changes(sql) {
        let impact = of(&change, &catalogue, server);
        impact
            .locks
            .into_iter()
            .for_each(|(name, mode)| all.lock(name, mode));
        impact
            .work
            .into_iter()
            .for_each(|(name, work)| all.does(name, work));
        catalogue.apply(&change, Moment::new(2, 2));
    }
    all
}

fn relations(client: &mut Client) -> Relations {
    let rows = client.query(RELATIONS, &[]).unwrap();
    let facts = rows.iter().map(|row| {
        let schema = row.get::<_, &str>(1).replace("public", "");
        let name = Name::of(&schema, row.get(2));
        (
            row.get::<_, u32>(0),
            (name, row.get(3), row.get(4), row.get(5)),
        )
    });
    facts.collect()
}

fn locks(client: &mut Client) -> BTreeMap<u32, Mode> {
    modes(client.query(LOCKS, &[]).unwrap())
}

fn modes(rows: Vec<Row>) -> BTreeMap<u32, Mode> {
    let mut strongest: BTreeMap<u32, Mode> = BTreeMap::new();
    for row in rows {
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
                // nextval() takes this, which keeps nobody else from it.
                && !(name.name == "sq" && mode == Mode::RowExclusive)
            {
                impact.lock(name.clone(), mode);
            }
        }
        for (oid, (name, file, rows, _)) in &before {
            let Some((_, new_file, new_rows, is_filled)) = after.get(oid) else {
                continue;
            };
            // A new file that is empty took no time that grows with the table.
            if file != new_file && *is_filled {
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
pub fn words(impact: &Impact) -> Vec<String> {
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

/// What the server does for a statement that can't be run in a transaction: the locks that it has or wants at
/// each of its waits, and the relations that are other files afterwards.
fn seen_waiting(database: &Database, form: &Alone) -> Impact {
    let mut eye = database.client();
    let before = relations(&mut eye);
    let mut others: Vec<Client> = form
        .others
        .iter()
        .map(|sql| {
            let mut other = database.client();
            other.batch_execute("begin").unwrap();
            other.batch_execute(sql).unwrap();
            other
        })
        .collect();
    let mut client = database.client();
    let pid = backend(&mut client);
    let mut impact = Impact::default();
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| client.batch_execute(form.sql));
        for other in &mut others {
            let blocker = backend(other);
            let is_waiting = "select $2 = any(pg_blocking_pids($1))";
            tests::eventually(form.sql, || {
                eye.query_one(is_waiting, &[&pid, &blocker]).unwrap().get(0)
            });
            for (oid, mode) in modes(eye.query(LOCKS_OF, &[&pid]).unwrap()) {
                if let Some((name, ..)) = before.get(&oid) {
                    impact.lock(name.clone(), mode);
                }
            }
            other.batch_execute("commit").unwrap();
        }
        run.join().unwrap()
    });
    run.unwrap();
    let after = relations(&mut eye);
    for (oid, (name, file, ..)) in &before {
        if after.get(oid).is_some_and(|(_, new, ..)| new != file) {
            impact.does(name.clone(), Work::Rewrite);
        }
    }
    impact
}

fn backend(client: &mut Client) -> i32 {
    let row = client.query_one("select pg_backend_pid()", &[]).unwrap();
    row.get(0)
}

#[test]
fn every_form_that_refuses_a_transaction_locks_what_is_claimed() {
    let version = tests::cluster().version().major;
    let server = Server {
        version,
        minor: None,
        is_utc: false,
    };
    let mut wrong = Vec::new();
    for form in ALONE.iter().filter(|form| form.since <= version) {
        let database = Database::new();
        database.sql(GROUND);
        let mut claimed = claimed("", form.sql, server);
        // Whether rows were read can be seen only from within.
        claimed.work.retain(|(_, work)| *work == Work::Rewrite);
        let (claimed, seen) = (words(&claimed), words(&seen_waiting(&database, form)));
        if claimed != seen {
            wrong.push(format!("{}: said {claimed:?}, seen {seen:?}", form.sql));
        }
    }
    assert!(
        wrong.is_empty(),
        "PostgreSQL {version}: {}",
        wrong.join("\n")
    );
}

/// Makes the tablespace of the forms, which all databases of the cluster share.
pub fn make_tablespace() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let database = Database::new();
        let mut client = database.client();
        for sql in [
            "set allow_in_place_tablespaces = true",
            "create tablespace tblspc location ''",
        ] {
            client.batch_execute(sql).unwrap();
        }
    });
}

#[test]
fn every_form_locks_and_does_what_is_claimed() {
    let cluster = tests::cluster();
    let version = cluster.version().major;
    make_tablespace();
    let mut wrong = Vec::new();
    for form in FORMS
        .iter()
        .filter(|form| (form.since..=form.until).contains(&version))
    {
        let database = Database::new();
        let mut client = database.client();
        client.batch_execute(GROUND).unwrap();
        let server = Server {
            version,
            minor: None,
            is_utc: form.is_utc,
        };
        let claimed = claimed(form.before, form.sql, server);
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

/// Extensions whose functions are known by name; what of them this server has is made.
const EXTENSIONS: &[&str] = &[
    "unaccent",
    "pgcrypto",
    "uuid-ossp",
    "hstore",
    "ltree",
    "postgis",
];

/// How the forms of these functions behave, of the server or of an extension.
fn behaviour(names: &[&str]) -> Vec<(String, String)> {
    let database = Database::new();
    let mut client = database.client();
    let there = client
        .query("select name::text from pg_available_extensions", &[])
        .unwrap();
    let there: Vec<String> = there.iter().map(|row| row.get(0)).collect();
    for extension in EXTENSIONS
        .iter()
        .filter(|name| there.iter().any(|there| there == *name))
    {
        client
            .batch_execute(&format!("create extension \"{extension}\" cascade"))
            .unwrap();
    }
    let sql = "select proname::text, string_agg(distinct provolatile::text, '') from pg_proc \
        where proname = any($1::text[]::name[]) group by 1";
    let rows = client.query(sql, &[&names]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn what_becomes_what_by_itself_is_what_the_server_says() {
    use super::casts::ASSIGNED;
    let names: Vec<&str> = ASSIGNED.iter().map(|(name, _)| *name).collect();
    let sql = "select s.typname::text, array_agg(t.typname::text order by t.typname::text collate \"C\") \
        filter (where castcontext in ('i', 'a') and t.typname <> all (array['text', 'varchar', 'bpchar'])) \
        from pg_type s left join pg_cast on castsource = s.oid and casttarget <> s.oid \
        left join pg_type t on t.oid = casttarget and t.typname = any($1::text[]) \
        where s.typname = any($1::text[]) and s.typnamespace = 'pg_catalog'::regnamespace group by 1";
    let rows = Database::new().client().query(sql, &[&names]).unwrap();
    assert_eq!(rows.len(), ASSIGNED.len());
    for row in rows {
        let name: &str = row.get(0);
        let seen: Vec<&str> = row
            .get::<_, Option<Vec<Option<&str>>>>(1)
            .unwrap_or_default()
            .into_iter()
            .flatten()
            .collect();
        let (_, said) = ASSIGNED.iter().find(|(known, _)| *known == name).unwrap();
        assert_eq!(*said, seen, "{name}");
    }
}

#[test]
fn no_function_that_is_said_to_change_has_an_immutable_form() {
    let names = super::volatility::CHANGEABLE;
    let seen = behaviour(names);
    // All but unaccent, of which not every build of the server has the extension.
    assert!(seen.len() + 1 >= names.len(), "{seen:?} of {names:?}");
    for (name, forms) in seen {
        assert!(!forms.contains('i'), "{name}: {forms}");
    }
}

#[test]
fn functions_are_as_volatile_as_they_are_said_to_be() {
    let volatile = behaviour(super::volatility::VOLATILE);
    let steady = behaviour(super::volatility::STEADY);
    assert!(volatile.len() >= 12 && steady.len() >= 60);
    let others = volatile.into_iter().filter(|(_, forms)| forms != "v");
    // Before 15 AT TIME ZONE of a time without a date went by the clock.
    let is_old = ::tests::cluster().version().major < 15;
    let steady = steady
        .into_iter()
        .filter(|(name, _)| !(is_old && name == "timezone"));
    let wrong = others.chain(steady.filter(|(_, forms)| forms.contains('v')));
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
