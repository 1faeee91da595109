//! Sessions that block each other, and the server's own word for who waits for whom.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use postgres::{Client, Config};
use serde_json::Value;
use tests::{Database, Output, ToolCommand, eventually, tool};

/// Sessions of one kind, and one that looks on.
pub struct Company<'a> {
    watcher: RefCell<Client>,
    connect: Box<dyn Fn() -> Client + 'a>,
}

impl<'a> Company<'a> {
    pub fn new(watcher: Client, connect: impl Fn() -> Client + 'a) -> Self {
        let (watcher, connect) = (RefCell::new(watcher), Box::new(connect));
        Self { watcher, connect }
    }

    /// A session of its own thread.
    pub fn actor(&self, name: &str) -> Actor {
        Actor::new((self.connect)(), name)
    }

    /// One that has begun a transaction and done that in it.
    pub fn holder(&self, name: &str, sql: &str) -> Actor {
        let actor = self.actor(name);
        actor.run(&format!("begin; {sql}"));
        actor
    }

    /// One that does that, and must wait.
    pub fn waiter(&self, name: &str, sql: &str) -> Actor {
        let actor = self.actor(name);
        actor.start(sql);
        self.until_waiting(&actor);
        actor
    }

    /// One that does that, and has to wait until who holds it is ended, which others may do before it is
    /// seen to wait.
    pub fn asker(&self, name: &str, sql: &str) -> Actor {
        let actor = self.actor(name);
        actor.start(sql);
        actor
    }

    pub fn until_waiting(&self, actor: &Actor) {
        self.until(&format!("{} waits", actor.pid), &waits(actor));
    }

    pub fn until_active(&self, actor: &Actor, query: &str) {
        let is = "select exists (select from pg_stat_activity where state = 'active'";
        let is = format!("{is} and pid = {} and query like '%{query}%')", actor.pid);
        self.until(&format!("{} does {query}", actor.pid), &is);
    }

    pub fn until(&self, what: &str, condition: &str) {
        eventually(what, || self.is(condition));
    }

    pub fn is(&self, condition: &str) -> bool {
        let mut watcher = self.watcher.borrow_mut();
        let row = watcher.query_one(condition, &[]).unwrap();
        // Null is what is not known yet.
        row.get::<_, Option<bool>>(0).unwrap_or_default()
    }

    pub fn sql(&self, sql: &str) {
        self.watcher.borrow_mut().batch_execute(sql).unwrap();
    }
}

fn waits(actor: &Actor) -> String {
    let waiting = "select exists (select from pg_locks where not granted and pid =";
    format!("{waiting} {})", actor.pid)
}

/// A database with sessions in it.
pub struct Stage<'a> {
    pub database: Database<'a>,
    company: Company<'a>,
}

impl<'a> Deref for Stage<'a> {
    type Target = Company<'a>;

    fn deref(&self) -> &Self::Target {
        &self.company
    }
}

impl Stage<'static> {
    /// With a table `t` of ten rows.
    pub fn new() -> Self {
        Self::on(Database::new())
    }
}

impl<'a> Stage<'a> {
    /// The same in this database.
    pub fn on(database: Database<'a>) -> Self {
        database.sql(
            "create table t (id int primary key, n int);
             insert into t select i, 0 from generate_series(1, 10) i",
        );
        let (cluster, name) = (database.cluster(), database.name().to_string());
        let connect = move || cluster.connect(&name).unwrap();
        let company = Company::new(database.client(), connect);
        Self { database, company }
    }

    /// Whether what it began can't be done yet.
    pub fn waits(&self, actor: &Actor) -> bool {
        let condition = waits(actor);
        loop {
            match actor.answers.recv_timeout(Duration::from_millis(3)) {
                Ok(Ok(())) => return false,
                // A lock that would close a circle of two is refused at once.
                Ok(Err(error)) => {
                    assert_eq!(error.code().unwrap().code(), "40P01", "{error:?}");
                    actor.run("rollback to latest");
                    return false;
                }
                Err(_) if self.is(&condition) => return true,
                Err(_) => {}
            }
        }
    }

    /// Whom each waiter waits for, by pg_blocking_pids.
    pub fn blocking_pids(&self) -> BTreeMap<i32, BTreeSet<i32>> {
        let waiting = "select w.pid, pg_blocking_pids(w.pid)
                       from (select distinct pid from pg_locks where not granted) w
                       join pg_stat_activity a using (pid)
                       where datname = current_database()";
        let mut watcher = self.company.watcher.borrow_mut();
        let rows = watcher.query(waiting, &[]).unwrap();
        rows.iter()
            .map(|row| (row.get(0), row.get::<_, Vec<i32>>(1).into_iter().collect()))
            .collect()
    }

    pub fn tool(&self) -> ToolCommand {
        tool("pg-lock-kill").database(&self.database)
    }

    /// The records of this database's sessions: others tests run on the same server.
    pub fn listing(&self) -> Tree {
        self.listing_with(&[])
    }

    pub fn listing_with(&self, arguments: &[&str]) -> Tree {
        Tree::of(
            &self
                .tool()
                .args(["--database", self.database.name()])
                .args(arguments)
                .run()
                .expect_code(0),
        )
    }
}

/// What the tool says.
pub struct Tree {
    pub records: Vec<Value>,
}

impl Tree {
    pub fn of(output: &Output) -> Self {
        Self {
            records: output.json_lines(),
        }
    }

    #[track_caller]
    pub fn of_pid(&self, pid: i32) -> &Value {
        let found = self.records.iter().find(|record| record["pid"] == pid);
        found.unwrap_or_else(|| panic!("{pid} is not among {:#?}", self.records))
    }

    /// The tree as indented text: names of the actors, and after `~` those who only stand behind.
    pub fn drawn(&self) -> Vec<String> {
        let line = |record: &Value| {
            let depth = record["depth"].as_u64().unwrap() as usize;
            let name = match record["gid"].as_str() {
                Some(gid) => gid,
                None => record["application_name"].as_str().unwrap(),
            };
            let soft = if record["block"] == "soft" { "~" } else { "" };
            format!("{}{soft}{name}", " ".repeat(depth))
        };
        self.records.iter().map(line).collect()
    }

    /// Everything that pg_blocking_pids knows too.
    #[track_caller]
    pub fn assert_true(&self, truth: &BTreeMap<i32, BTreeSet<i32>>) {
        let mut behind: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (waiter, blockers) in truth {
            for blocker in blockers {
                behind.entry(*blocker).or_default().push(*waiter);
            }
        }
        for record in &self.records {
            let pid = record["pid"].as_i64().unwrap() as i32;
            let blocked_by = record["blocked_by"].as_i64().map(|pid| pid as i32);
            match truth.get(&pid).filter(|blockers| !blockers.is_empty()) {
                Some(blockers) => assert!(
                    blocked_by.is_some_and(|by| blockers.contains(&by)),
                    "{blockers:?}: {record:#}"
                ),
                None => assert_eq!(blocked_by, None, "{record:#}"),
            }
            let reached = reached(pid, &behind);
            assert_eq!(
                record["deadlock"],
                reached.contains(&pid),
                "{record:#}\n{truth:?}"
            );
            let others = reached.iter().filter(|other| **other != pid).count();
            assert_eq!(record["blocking"], others, "{record:#}\n{truth:?}");
        }
        for pid in truth.keys() {
            self.of_pid(*pid);
        }
    }
}

/// Who waits for somebody, directly or behind others.
fn reached(pid: i32, behind: &BTreeMap<i32, Vec<i32>>) -> BTreeSet<i32> {
    let mut reached = BTreeSet::new();
    let mut next = vec![pid];
    while let Some(pid) = next.pop() {
        for waiter in behind.get(&pid).into_iter().flatten() {
            if reached.insert(*waiter) {
                next.push(*waiter);
            }
        }
    }
    reached
}

/// A session, with its own thread.
pub struct Actor {
    pub pid: i32,
    orders: Option<Sender<String>>,
    answers: Receiver<Result<(), postgres::Error>>,
    /// How many statements were begun and have not ended.
    under_way: Arc<AtomicUsize>,
    cancel: postgres::CancelToken,
    thread: Option<JoinHandle<()>>,
}

impl Actor {
    pub fn new(mut client: Client, name: &str) -> Self {
        client
            .batch_execute(&format!("set application_name = '{name}'"))
            .unwrap();
        let pid = client
            .query_one("select pg_backend_pid()", &[])
            .unwrap()
            .get(0);
        let cancel = client.cancel_token();
        let (orders, incoming) = channel::<String>();
        let (outgoing, answers) = channel();
        let under_way = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&under_way);
        let thread = thread::spawn(move || {
            for sql in incoming {
                let answer = client.batch_execute(&sql);
                count.fetch_sub(1, SeqCst);
                if outgoing.send(answer).is_err() {
                    break;
                }
            }
        });
        Self {
            pid,
            orders: Some(orders),
            answers,
            under_way,
            cancel,
            thread: Some(thread),
        }
    }

    pub fn connect(conninfo: &str, name: &str) -> Self {
        let config: Config = conninfo.parse().unwrap();
        Self::new(config.connect(postgres::NoTls).unwrap(), name)
    }

    /// Does that, to its end.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        self.start(sql);
        if let Err(error) = self.answer() {
            panic!("{}: {sql}", shared::Error::from(error));
        }
    }

    /// Begins to do that.
    pub fn start(&self, sql: &str) {
        self.under_way.fetch_add(1, SeqCst);
        self.orders.as_ref().unwrap().send(sql.to_string()).unwrap();
    }

    /// Ends what it does.
    pub fn cancel(&self) {
        self.cancel.cancel_query(postgres::NoTls).unwrap();
    }

    /// How what it began has ended.
    pub fn answer(&self) -> Result<(), postgres::Error> {
        self.answers.recv().unwrap()
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.orders.take();
        // The server may be late with that, and then meet whoever has got the process number since.
        if self.under_way.load(SeqCst) > 0 {
            let _ = self.cancel.cancel_query(postgres::NoTls);
        }
        // A thread that waits for a lock still ends when its blockers, other actors, do.
        drop(self.thread.take());
    }
}
