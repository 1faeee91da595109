//! All checks of pg-stat-report where there are many tables, and where there are few: how long they
//! take, what they cost the server, and the memory that they need.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::set_environment;
use tests::{Database, eventually, start};

use super::locks::{median, server_cpu};
use super::{missed, timed};

/// So many tables, each with two indexes, a TOAST table, a sequence and some rows, every tenth with a
/// foreign key.
const TABLES: u32 = 10_000;
/// So often each is measured; the median counts, of the processors' time of whole sessions the mean,
/// because the kernel counts it in hundredths of a second.
const ROUNDS: usize = 11;

/// What is asked of the many.
const MANY: Target = Target {
    wall: 1.5,
    most: Some((0.7, 100)),
};
/// And of the few.
const FEW: Target = Target {
    wall: 0.06,
    most: None,
};
/// What check_postgres' look at bloat took of the server's processors where the targets were set, in seconds. It is the
/// work that tells a slower machine from a slower program.
const PEER_THERE: f64 = 2.6;

struct Target {
    /// Seconds.
    wall: f64,
    /// Seconds of the server's processors, and MiB.
    most: Option<(f64, u64)>,
}

/// Both, the many first: by them it is known how long everything takes here.
pub fn run(tool: &Path) {
    println!(
        "\n| All checks | s | the server's CPU s | peak MB | at most |\n|---|--:|--:|--:|---|"
    );
    let mut pace = 1.0;
    // What the one database has is not to be found in the other's.
    for (name, tables, target) in [
        ("10,000 tables, 20,000 indexes", TABLES, MANY),
        ("30 tables", 30, FEW),
    ] {
        let cluster = start(&ClusterOptions {
            settings: vec![
                // A server with so many tables has its catalogues in memory.
                ("shared_buffers".into(), "512MB".into()),
                // Nobody else's work is to be counted.
                ("autovacuum".into(), "off".into()),
            ],
            ..ClusterOptions::default()
        });
        let database = Database::on(&cluster);
        fill(&database, tables);
        measure(name, tool, &cluster, &database, &target, &mut pace);
    }
    println!();
}

fn fill(database: &Database, tables: u32) {
    let mut client = database.client();
    for schema in 0..10 {
        let create = format!("create schema s{schema}");
        client.batch_execute(&create).expect(&create);
    }
    let numbers: Vec<u32> = (0..tables).collect();
    for batch in numbers.chunks(100) {
        let statements: Vec<String> = batch.iter().map(|number| table(*number)).collect();
        client.batch_execute(&statements.concat()).expect("tables");
    }
    // What is written later is not to be counted.
    for statement in ["vacuum analyze", "checkpoint"] {
        client.batch_execute(statement).expect(statement);
    }
    let row = client.query_one("select pg_backend_pid()", &[]);
    let process = format!("/proc/{}", row.expect("a number").get::<_, i32>(0));
    drop(client);
    // Nor what this has taken, which is added up at its end.
    eventually("the session is gone", || !Path::new(&process).exists());
}

fn table(number: u32) -> String {
    let (schema, name) = (number % 10, format!("s{}.t{number}", number % 10));
    let key = match number {
        10.. if schema == 5 => format!("references s{schema}.t{}", number - 10),
        _ => String::new(),
    };
    format!(
        "create table {name} (id serial primary key, parent int {key}, name text, at timestamptz default now());
         create index on {name} (parent, at);
         insert into {name} (name) select md5(i::text) from generate_series(1, 40) i;"
    )
}

fn measure(
    name: &str,
    tool: &Path,
    cluster: &Cluster,
    database: &Database,
    target: &Target,
    pace: &mut f64,
) {
    let mut runs: Vec<(Duration, u64)> = Vec::new();
    let cpu = server_cpu(database, || {
        for _ in 0..ROUNDS {
            let mut command = Command::new(tool);
            set_environment(&mut command, cluster.environment());
            command.env("PGDATABASE", database.name());
            command.args(["--fail-on", "never"]);
            let (wall, _, peak) = timed(command);
            runs.push((wall, peak));
        }
    });
    let cpu = cpu / ROUNDS as f64 / 1000.0;
    let wall = median(runs.iter().map(|(wall, _)| wall.as_secs_f64()).collect());
    let peak = runs.iter().map(|(_, peak)| peak >> 10).max().unwrap_or(0);
    let peers = target.most.and_then(|_| peer(cluster, database));
    if let Some((_, peers)) = peers {
        *pace = f64::max(1.0, peers / PEER_THERE);
    }
    let seconds = |is: f64, most: f64| {
        let here = match *pace > 1.0 {
            true => format!(", here {:.2} s", most * *pace),
            false => String::new(),
        };
        format!("{most} s{here}{}", missed(is > most * *pace))
    };
    let mut most = vec![seconds(wall, target.wall)];
    if let Some((cpu_most, mib)) = target.most {
        most.push(seconds(cpu, cpu_most));
        most.push(format!("{mib} MB{}", missed(peak > mib)));
    }
    println!(
        "| {name} | {wall:.3} | {cpu:.3} | {peak} | {} |",
        most.join("; ")
    );
    match peers {
        Some((wall, peers)) => println!(
            "| its bloat alone, by check_postgres | {wall:.3} | {peers:.3} | | {PEER_THERE} s where the targets were set |"
        ),
        None if target.most.is_some() => {
            println!(
                "\ncheck_postgres is not here to compare with: apt-get install check-postgres"
            );
        }
        None => {}
    }
}

fn peer(cluster: &Cluster, database: &Database) -> Option<(f64, f64)> {
    let mut wall = None;
    let cpu = server_cpu(database, || {
        let mut command = Command::new("check_postgres");
        set_environment(&mut command, cluster.environment());
        command.env("PGDATABASE", database.name());
        command.args(["--action=bloat", "--dbname", database.name()]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        wall = command.status().ok().map(|_| began.elapsed());
    });
    Some((wall?.as_secs_f64(), cpu / 1000.0))
}
