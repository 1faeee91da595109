//! Taking a snapshot: one round trip, and another one for what few servers have.

use postgres::SimpleQueryMessage;
use shared::connection::Session as Server;
use shared::secrets;
use shared::{Context as _, Error, Result};

use super::rows::{self, Row, Texts};
use super::{Lock, Mode, Prepared, Session, Snapshot, Tag, WAITSTART};
use super::{starting, waiting};
use crate::connection::Connection;

/// What a server says of text that it can't convert for us: it is invalid, or has characters that we can't get.
const UNREADABLE: [&str; 2] = ["22021", "22P05"];

/// What the server says now; names are not asked for. `every_lock` has those that nobody waits for,
/// too.
pub fn take(connection: &mut Connection, every_lock: bool) -> Result<Snapshot> {
    let version = connection.server_version_num();
    let answer = query(connection, &statements(version, every_lock))?;
    let snapshot = parse(answer, version);
    let mut snapshot = snapshot.context(|| "cannot read the sessions and locks".to_string())?;
    snapshot.server = Some(connection.server().to_string());
    if !snapshot.sees_all {
        let answer = query(connection, include_str!("../../sql/sees_all.sql"))?;
        snapshot.sees_all = answer.iter().flatten().any(|row| row.is(0));
        snapshot.could_see_all = answer.iter().flatten().any(|row| row.is(1));
    }
    if snapshot.locks.iter().any(|lock| lock.pid.is_none()) {
        let answer = query(connection, include_str!("../../sql/prepared.sql"))?;
        let prepared = answer.iter().flatten().map(prepared_one);
        snapshot.prepared = prepared.collect::<Result<_>>()?;
    }
    starting::add(&mut snapshot, connection)?;
    if !every_lock && waiting::may_ask_of_pins(&snapshot) {
        // The fast path has the locks of who reads.
        let answer = query(connection, &locks(version, true))?;
        let every: Vec<Lock> = answer.iter().flatten().map(lock).collect::<Result<_>>()?;
        waiting::add_readers(&mut snapshot, every);
    }
    waiting::ask_of_safe_snapshots(&mut snapshot, connection)?;
    waiting::ask_of_queues(&mut snapshot, connection)?;
    Ok(snapshot)
}

/// The rows of each of several statements, which take one round trip.
pub fn query(connection: &mut Connection, statements: &str) -> Result<Vec<Vec<Row>>> {
    let (statements, texts) = (statements.to_string(), connection.texts);
    let (rows, texts) = connection.ask(move |server| query_in(server, &statements, texts))?;
    connection.texts = texts;
    Ok(rows)
}

/// The same of this server.
pub fn query_of(server: &mut Server, statements: &str) -> Result<Vec<Vec<Row>>> {
    query_in(server, statements, Texts::Plain).map(|(rows, _)| rows)
}

/// As bytes what can't be had as text, as where somebody is in a database of another encoding; and so from then
/// on, because it will be so again.
fn query_in(server: &mut Server, statements: &str, texts: Texts) -> Result<(Vec<Vec<Row>>, Texts)> {
    let rows = match answer_of(server, &texts.asked(statements)) {
        Ok(answer) => rows::by_statement(answer, texts),
        Err(error)
            if error
                .sqlstate()
                .is_some_and(|state| UNREADABLE.contains(&state)) =>
        {
            None
        }
        Err(error) => return Err(error),
    };
    match rows {
        Some(rows) => Ok((rows, texts)),
        None if texts == Texts::Plain => query_in(server, statements, Texts::Bytes),
        None => Err(Error::new("the server's answer is not UTF-8")),
    }
}

fn answer_of(server: &mut Server, statements: &str) -> Result<Vec<SimpleQueryMessage>> {
    let answer = if server.is_pooled() {
        // The settings of a session are those of whoever had it before us.
        let mut transaction = server.transaction()?;
        let answer = transaction.simple_query(statements);
        transaction.rollback().and(answer)
    } else {
        server.client().simple_query(statements)
    };
    Ok(answer?)
}

fn statements(version: u32, every_lock: bool) -> String {
    [
        include_str!("../../sql/moment.sql"),
        &locks(version, every_lock),
        include_str!("../../sql/sessions.sql"),
    ]
    .concat()
}

fn locks(version: u32, every_lock: bool) -> String {
    let locks = match version >= WAITSTART {
        true => include_str!("../../sql/locks.14.sql"),
        false => include_str!("../../sql/locks.sql"),
    };
    locks.replace("{every}", if every_lock { "true" } else { "false" })
}

fn parse(answer: Vec<Vec<Row>>, version: u32) -> Result<Snapshot> {
    let Ok([moment, locks, sessions]) = <[Vec<Row>; 3]>::try_from(answer) else {
        return Err(Error::new("the server left some of it out"));
    };
    let Some(moment) = moment.first() else {
        return Err(Error::new("the server did not say when"));
    };
    let mut snapshot = Snapshot {
        taken_at: moment.some_time(0)?,
        server: None,
        server_version_num: version,
        in_recovery: moment.is(1),
        replayed: moment.text(5),
        own_pid: moment.some_number(2)?,
        own_role: moment.some_text(3)?,
        own_database: 0,
        sees_all: !sessions.iter().any(is_hidden),
        locks: locks.iter().map(lock).collect::<Result<_>>()?,
        sessions: sessions.iter().map(session).collect::<Result<_>>()?,
        prepared: Vec::new(),
        safe_snapshots: Vec::new(),
        ahead: Vec::new(),
        elders: Vec::new(),
        could_see_all: false,
        databases: Vec::new(),
        relations: Vec::new(),
        renamed: Vec::new(),
        objects: Vec::new(),
        unnamed: Vec::new(),
    };
    let own = |session: &&Session| session.pid == snapshot.own_pid;
    let own = snapshot.sessions.iter().find(own);
    snapshot.own_database = own.and_then(|own| own.database_oid).unwrap_or(0);
    snapshot.databases = vec![(snapshot.own_database, moment.some_text(4)?)];
    Ok(snapshot)
}

fn lock(row: &Row) -> Result<Lock> {
    Ok(Lock {
        tag: Tag {
            kind: row.some_text(0)?,
            database: row.number(1)?,
            relation: row.number(2)?,
            page: row.number(3)?,
            tuple: row.number(4)?,
            virtual_xid: row.text(5),
            transaction_id: row.number(6)?,
            class: row.number(7)?,
            object: row.number(8)?,
            sub_object: row.number(9)?,
        },
        virtual_transaction: row.some_text(10)?,
        pid: row.number(11)?,
        mode: mode(&row.some_text(12)?)?,
        granted: row.is(13),
        wait_start: row.time(14)?,
    })
}

fn mode(name: &str) -> Result<Mode> {
    Mode::from_name(name).ok_or_else(|| Error::new(format!("there is no lock mode {name:?}")))
}

fn session(row: &Row) -> Result<Session> {
    let query = row.text(15);
    Ok(Session {
        pid: row.some_number(0)?,
        leader_pid: row.number(1)?,
        database_oid: row.number(2)?,
        database: None,
        user_oid: row.number(3)?,
        user: None,
        is_superuser: false,
        application_name: row.text(4),
        client_addr: row.text(5),
        backend_start: row.time(6)?,
        xact_start: row.time(7)?,
        query_start: row.time(8)?,
        state_change: row.time(9)?,
        wait_event_type: row.text(10),
        wait_event: row.text(11),
        state: row.text(12),
        backend_xid: row.number(13)?,
        backend_xmin: row.number(14)?,
        query: query.map(|query| secrets::masked_beginning(&query)),
        backend_type: row.text(16).unwrap_or_else(|| "unknown".to_string()),
        progress: None,
    })
}

fn prepared_one(row: &Row) -> Result<Prepared> {
    Ok(Prepared {
        transaction: row.some_number(0)?,
        gid: row.some_text(1)?,
        prepared: row.some_time(2)?,
        owner: row.some_text(3)?,
        database: row.some_text(4)?,
    })
}

/// Whether a client's session is not ours to see. A background process has no role or no database;
/// who may not see that misses nothing.
fn is_hidden(row: &Row) -> bool {
    row.text(15).as_deref() == Some("<insufficient privilege>")
        && row.text(2).is_some()
        && row.text(3).is_some()
}
