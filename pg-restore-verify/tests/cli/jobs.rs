//! No more is at work at once than `-j` says.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, start, tool};

use crate::backups::{dump, expect_verdict};

/// Sessions in a scratch database that do something, and who helps them; open ones with nothing to
/// do count for nothing, one that waits for us or for another does. (pg_dump and pg_restore get the
/// helpers that the server gives to anybody.)
const AT_WORK: &str = "
    select coalesce(array_agg(backend_type || ': ' || query), '{}') from pg_stat_activity
    where state = 'active' and datname like 'pg\\_restore\\_verify%'
      and (backend_type = 'client backend'
           or backend_type = 'parallel worker' and application_name = 'pg-restore-verify')";

/// Rows that come on several connections and are read back in several pieces; indexes of several
/// tables, and foreign keys.
const OBJECTS: &str = "
    create table large (id int not null, words text);
    insert into large select i, repeat(md5(i::text), 20) from generate_series(1, 30000) i;
    alter table large add primary key (id);
    create index on large (words);
    create table other as select id, md5(words) as word from large;
    create index on other (word);
    create index on other (id);
    alter table other add foreign key (id) references large;
    create table third as select * from other;
    create index on third (word);
    alter table third add foreign key (id) references large;
    create materialized view counted as select word, count(*) from other group by word";

/// Runs it; who was seen at work meanwhile, when they were most.
fn most_at_work(cluster: &Cluster, run: impl FnOnce()) -> Vec<String> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = || {
            let mut client = cluster.connect("postgres").unwrap();
            let mut most = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let seen: Vec<String> = client.query_one(AT_WORK, &[]).unwrap().get(0);
                if seen.len() > most.len() {
                    most = seen;
                }
            }
            most
        };
        let watching = scope.spawn(watch);
        run();
        is_over.store(true, Ordering::Relaxed);
        watching.join().unwrap()
    })
}

#[test]
fn loading_and_proving_keep_within_the_jobs() {
    let source = Database::new();
    source.sql(OBJECTS);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    // Whatever is worth helpers to this server gets some.
    let helped = [
        ("min_parallel_table_scan_size", "0"),
        ("min_parallel_index_scan_size", "0"),
        ("parallel_setup_cost", "0"),
        ("parallel_tuple_cost", "0"),
    ];
    let cluster = start(&ClusterOptions {
        settings: helped
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..ClusterOptions::default()
    });
    let conninfo = format!("host={} user=postgres", cluster.socket_dir().display());
    for format in ["-Fp", "-Fc"] {
        dump(&source, &[format], &path);
        for jobs in [1, 2, 3] {
            let most = most_at_work(&cluster, || {
                let run = tool("pg-restore-verify").args(["-d", &conninfo]);
                let run = run.arg(format!("-j{jobs}")).arg("--deep").arg(&path);
                expect_verdict(&run.run(), "ok");
            });
            let count = most.len();
            assert!((1..=jobs).contains(&count), "{format} -j{jobs}: {most:#?}");
        }
    }
}
