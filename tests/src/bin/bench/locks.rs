//! Eight hundred who wait: how soon pg-lock-kill shows who waits for whom, and what that costs the
//! server, beside what others ask it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;
use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::set_environment;
use tests::{Database, eventually, start};

/// So many wait.
const WAITERS: usize = 800;
/// So often each is measured; the median counts, of the processors' time of whole sessions the mean,
/// because the kernel counts it in hundredths of a second.
const ROUNDS: usize = 9;
const ROUNDS_OF_SESSIONS: usize = 40;
/// What takes longer is given up.
const PATIENCE: &str = "set statement_timeout = '5s'";
/// From the tool's start to the last line of the tree.
const WALL_MS: f64 = 60.0;
/// The server's part of it, from the session's start to its end. Of the statements alone, in a session that has asked
/// before, as whoever compares queries measures them, no more is wanted.
const CPU_MS: f64 = 6.0;
/// So many are ended at once, and seen to be gone within so long.
const VICTIMS: usize = 200;
const END_MS: f64 = 400.0;

/// What the server takes to make the rows, before any leaves it: who asks for less does not see who blocks whom. With
/// a session's begin and end this is the least of all. What is above it is mostly what it takes to send 2,400 rows. Tried,
/// with 800 in a star, in fresh sessions one after the other:
///
/// - rows in binary form, by statements that are pipelined: 0.1 ms less.
/// - Both looks as one statement, by UNION ALL: 0.3 to 0.8 ms more, as each row is as wide as both.
/// - Rows made beside the columns (`select (l).* from (select pg_lock_status() l)`): 0.5 ms more; sent whole: 0.5 ms more.
/// - Only locks on what somebody waits for, by a look at the same rows: 0.8 ms more, for 0.3 ms of rows less.
/// - Names by VALUES or `regclass`, in one statement or two, and what the server is by SHOW: 0.1 ms less at most, each.
/// - Settings at the session's start: nothing.
/// - COPY of the same rows, as text or in binary form: 0.3 ms less for the sessions once warm, nothing in a fresh one.
/// - Without the times, or the numbers of virtual transactions but for prepared ones: 0.3 and 0.1 ms less once warm.
const LEAST: [&str; 2] = [
    "select count(*) from pg_lock_status()",
    "select count(*) from pg_stat_get_activity(null)",
];
const BLOCKING_PIDS: &str = "select pid, pg_blocking_pids(pid) from pg_stat_activity \
                             where wait_event_type = 'Lock'";
const WIKI: &str = "select blocked.pid, blocked_activity.usename, blocking.pid, blocking_activity.usename, \
            blocked_activity.query, blocking_activity.query \
     from pg_locks blocked \
     join pg_stat_activity blocked_activity on blocked_activity.pid = blocked.pid \
     join pg_locks blocking on blocking.locktype = blocked.locktype \
          and blocking.database is not distinct from blocked.database \
          and blocking.relation is not distinct from blocked.relation \
          and blocking.page is not distinct from blocked.page \
          and blocking.tuple is not distinct from blocked.tuple \
          and blocking.virtualxid is not distinct from blocked.virtualxid \
          and blocking.transactionid is not distinct from blocked.transactionid \
          and blocking.classid is not distinct from blocked.classid \
          and blocking.objid is not distinct from blocked.objid \
          and blocking.objsubid is not distinct from blocked.objsubid \
          and blocking.pid <> blocked.pid \
     join pg_stat_activity blocking_activity on blocking_activity.pid = blocking.pid \
     where not blocked.granted";
const CHECK_POSTGRES: &str = "select bl.pid, ka.pid, ka.query, a.query, now() - a.query_start \
     from pg_locks bl join pg_stat_activity a on a.pid = bl.pid \
     join pg_stat_activity ka on ka.pid = any(pg_blocking_pids(bl.pid)) \
     where not bl.granted";

/// All scenes.
pub fn run(tool: &Path) {
    let cluster = start(&ClusterOptions {
        settings: vec![
            ("max_connections".into(), "1000".into()),
            // Nobody else's work is to be counted.
            ("autovacuum".into(), "off".into()),
        ],
        ..ClusterOptions::default()
    });
    println!("| {WAITERS} wait | ms | the server's CPU ms | rows | |\n|---|--:|--:|--:|---|");
    for (name, play) in [
        ("star", star as fn(&mut Scene)),
        ("chain", chain),
        ("queue behind ALTER TABLE", queue),
        ("20 trees, and 100 innocents", mixed),
    ] {
        let database = Database::on(&cluster);
        database.sql(
            "create table t (id int primary key, n int);
             insert into t select i, 0 from generate_series(1, 100) i; analyze t",
        );
        let mut scene = Scene {
            database,
            sessions: Vec::new(),
        };
        play(&mut scene);
        scene.until_so_many_wait(WAITERS);
        scene.measure(name, tool, &cluster);
        scene.end();
    }
    end_many(tool, &cluster);
    println!();
}

/// From the tool's start to its last word about them.
fn end_many(tool: &Path, cluster: &Cluster) {
    let mut walls = Vec::new();
    for _ in 0..ROUNDS.div_ceil(3) {
        let database = Database::on(cluster);
        let mut scene = Scene {
            database,
            sessions: Vec::new(),
        };
        scene.begin("select pg_advisory_xact_lock(1)");
        for _ in 0..VICTIMS {
            scene.wait("begin", "select pg_advisory_xact_lock(1)");
        }
        scene.until_so_many_wait(VICTIMS);
        let mut command = scene.tool(tool, cluster);
        let most = VICTIMS.to_string();
        command.args(["--include-superusers", "--victims", "waiters"]);
        command.args(["--max", &most]);
        command.arg("--terminate");
        let began = Instant::now();
        let output = command.output().expect("pg-lock-kill");
        walls.push(began.elapsed().as_secs_f64() * 1000.0);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            said.matches("\"result\":\"ended\"").count(),
            VICTIMS,
            "{output:?}"
        );
        scene.end();
    }
    let wall = median(walls);
    let missed = missed(wall, END_MS);
    println!(
        "| {VICTIMS} ended, and seen to be gone | {wall:.0} | | {VICTIMS} | ≤ {END_MS:.0}{missed} |"
    );
}

struct Scene<'a> {
    database: Database<'a>,
    sessions: Vec<thread::JoinHandle<Client>>,
}

/// All want one row.
fn star(scene: &mut Scene) {
    scene.begin("update t set n = 1 where id = 1");
    for _ in 0..WAITERS {
        scene.wait("begin", "update t set n = 2 where id = 1");
    }
}

/// Each waits for the one before it.
fn chain(scene: &mut Scene) {
    scene.begin("select pg_advisory_xact_lock(0)");
    for number in 1..=WAITERS {
        let held = format!("begin; select pg_advisory_xact_lock({number})");
        scene.wait(
            &held,
            &format!("select pg_advisory_xact_lock({})", number - 1),
        );
    }
}

/// A reader, a change of the table, and readers who can't pass it.
fn queue(scene: &mut Scene) {
    scene.begin("select from t");
    scene.wait("begin", "alter table t add column m int");
    eventually("ALTER TABLE waits", || scene.waiting() == 1);
    for _ in 1..WAITERS {
        scene.wait("begin", "select from t");
    }
}

/// Rows and advisory locks.
fn mixed(scene: &mut Scene) {
    for _ in 0..100 {
        scene.begin("select from t");
    }
    for tree in 1..=20 {
        let lock = match tree % 2 {
            0 => format!("update t set n = 1 where id = {tree}"),
            _ => format!("select pg_advisory_xact_lock({tree})"),
        };
        scene.begin(&lock);
        for _ in 0..WAITERS / 20 {
            scene.wait("begin", &lock);
        }
    }
}

impl Scene<'_> {
    /// A session that does that and stays as it is.
    fn begin(&mut self, sql: &str) {
        let mut client = self.database.client();
        client.batch_execute(&format!("begin; {sql}")).expect(sql);
        self.sessions.push(thread::spawn(move || client));
    }

    /// A session that does the one and waits with the other.
    fn wait(&mut self, first: &str, sql: &str) {
        let mut client = self.database.client();
        client.batch_execute(first).expect(first);
        let sql = sql.to_string();
        self.sessions.push(thread::spawn(move || {
            // It ends when the scene does.
            let _ = client.batch_execute(&sql);
            client
        }));
    }

    fn waiting(&self) -> usize {
        let count = "select count(*) from pg_locks where not granted";
        self.database.value(count).parse().expect("a number")
    }

    fn until_so_many_wait(&self, many: usize) {
        eventually("all wait", || self.waiting() == many);
    }

    fn tool(&self, tool: &Path, cluster: &Cluster) -> Command {
        let mut command = Command::new(tool);
        set_environment(&mut command, cluster.environment());
        command.env("PGDATABASE", self.database.name());
        command.args(["-o", "jsonl"]);
        command
    }

    fn measure(&self, name: &str, tool: &Path, cluster: &Cluster) {
        let mut walls: Vec<f64> = Vec::new();
        let mut lines = 0;
        let sessions = self.sessions_cpu(|| {
            let mut command = self.tool(tool, cluster);
            let began = Instant::now();
            let output = command.output().expect("pg-lock-kill");
            walls.push(began.elapsed().as_secs_f64() * 1000.0);
            assert!(output.status.success(), "{output:?}");
            lines = output.stdout.iter().filter(|&&byte| byte == b'\n').count();
        });
        let wall = median(walls);
        println!(
            "| {name}: pg-lock-kill | {wall:.0} | {sessions:.1} | {lines} | ≤ {WALL_MS:.0}{}, ≤ {CPU_MS:.0}{} |",
            missed(wall, WALL_MS),
            missed(sessions, CPU_MS)
        );
        let idle = self.sessions_cpu(|| drop(self.database.client()));
        println!("| … of it a session that asks nothing | | {idle:.1} | | |");
        let our_cpu = median((0..ROUNDS).map(|_| self.statements(&ours()).cpu).collect());
        println!("| … its statements alone | | {our_cpu:.1} | | |");
        let again = self.statements_again(&ours());
        println!(
            "| … its statements once more in that session, as in a watch | | {again:.1} | | ≤ {CPU_MS:.0}{} |",
            missed(again, CPU_MS)
        );
        let least = (0..ROUNDS).map(|_| self.statements(&LEAST.map(str::to_string)).cpu);
        let least = median(least.collect());
        println!("| … the server's locks and sessions, only counted | | {least:.1} | | |");
        let floor = idle + least;
        let out_of_reach = match floor > CPU_MS {
            true => format!("more than {CPU_MS:.0}: out of any client's reach here"),
            false => String::new(),
        };
        println!("| … so that no session costs less than | | {floor:.1} | | {out_of_reach} |");
        for (other, sql) in [
            ("pg_blocking_pids of each", BLOCKING_PIDS),
            ("the wiki's query", WIKI),
            ("check_postgres's query", CHECK_POSTGRES),
        ] {
            let asked = self.statements(&[sql.to_string()]);
            let ratio = asked.cpu / our_cpu;
            let given_up = if asked.is_given_up { ", given up" } else { "" };
            println!(
                "| … {other} | {:.0} | {:.1} | {} | {ratio:.1} of ours{given_up} |",
                asked.wall, asked.cpu, asked.rows
            );
        }
    }

    /// What each of many sessions, begun and ended one after the other, costs the server, from its
    /// process' first moment to its last.
    fn sessions_cpu(&self, mut session: impl FnMut()) -> f64 {
        let sessions = || (0..ROUNDS_OF_SESSIONS).for_each(|_| session());
        server_cpu(&self.database, sessions) / ROUNDS_OF_SESSIONS as f64
    }

    /// What statements cost the server in a session that was just begun.
    fn statements(&self, statements: &[String]) -> Asked {
        let mut client = self.database.client();
        client.batch_execute(PATIENCE).expect(PATIENCE);
        let row = client
            .query_one("select pg_backend_pid()", &[])
            .expect("a number");
        let pid: i32 = row.get(0);
        let before = cpu(pid);
        let began = Instant::now();
        let (mut rows, mut is_given_up) = (0, false);
        for sql in statements {
            match client.simple_query(sql) {
                Ok(messages) => rows += messages.len(),
                Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                    is_given_up = true;
                }
                Err(error) => panic!("{sql}: {error}"),
            }
        }
        let wall = began.elapsed().as_secs_f64() * 1000.0;
        Asked {
            wall,
            cpu: (cpu(pid) - before).as_secs_f64() * 1000.0,
            rows,
            is_given_up,
        }
    }

    /// What statements cost the server, in milliseconds, in a session that has asked the same before.
    fn statements_again(&self, statements: &[String]) -> f64 {
        let mut client = self.database.client();
        let row = client.query_one("select pg_backend_pid()", &[]);
        let pid: i32 = row.expect("a number").get(0);
        let mut ask = || {
            let before = cpu(pid);
            for sql in statements {
                client.simple_query(sql).expect("the tool's own statements");
            }
            (cpu(pid) - before).as_secs_f64() * 1000.0
        };
        ask();
        median((0..ROUNDS).map(|_| ask()).collect())
    }

    fn end(self) {
        let mut client = self.database.client();
        let end = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where pid <> pg_backend_pid() and backend_type = 'client backend'";
        let _ = client.batch_execute(end);
        for session in self.sessions {
            let _ = session.join();
        }
    }
}

/// What the processes of the server that begin and end meanwhile take of the processors, in milliseconds.
pub fn server_cpu(database: &Database, work: impl FnOnce()) -> f64 {
    let mut client = database.client();
    let row = client.query_one("select pg_backend_pid()", &[]);
    let pid: i32 = row.expect("a number").get(0);
    let server = stat(pid)[3];
    let children = || {
        let file = format!("/proc/{server}/task/{server}/children");
        let children = fs::read_to_string(file).unwrap_or_default();
        children.split_whitespace().count()
    };
    let (before, known) = (cpu_of_children(server), children());
    work();
    eventually("the sessions are gone", || children() <= known);
    cpu_of_children(server) - before
}

struct Asked {
    wall: f64,
    cpu: f64,
    rows: usize,
    is_given_up: bool,
}

fn missed(is: f64, most: f64) -> &'static str {
    super::missed(is > most)
}

/// The numbers of /proc/PID/stat in the manual's order, from 0 on; words count as zero.
fn stat(pid: i32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The program's name may have blanks.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let numbers = rest.split_whitespace().map(|word| word.parse());
    let numbers = numbers.map(|number| number.unwrap_or(0));
    [pid, 0].into_iter().chain(numbers).collect()
}

/// What the children of a process that are gone have taken of the processors, in milliseconds.
fn cpu_of_children(pid: i32) -> f64 {
    let stat = stat(pid);
    f64::from(stat[15] + stat[16]) * 10.0
}

/// What pg-lock-kill asks, in its two round trips.
fn ours() -> [String; 2] {
    let locks = include_str!("../../../../pg-lock-kill/sql/locks.14.sql");
    let first = [
        include_str!("../../../../pg-lock-kill/sql/moment.sql"),
        &locks.replace("{every}", "false"),
        include_str!("../../../../pg-lock-kill/sql/sessions.sql"),
    ];
    let roles = include_str!("../../../../pg-lock-kill/sql/roles.sql");
    let names = include_str!("../../../../pg-lock-kill/sql/names.sql");
    let names = names.replace("{catalogs}", "1259");
    let second = [
        roles.replace("{roles}", "10"),
        names.replace("{objects}", "1259"),
    ];
    // Around text of other encodings, where there is any.
    [first.concat(), second.concat()].map(|sql| sql.replace("{text}", ""))
}

/// What a process has taken of the processors.
fn cpu(pid: i32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// The one in the middle.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
