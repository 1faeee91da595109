//! Sessions that take locks at random, and the server's own word for who waits for whom: what differs
//! is a mistake of ours. `ROUNDS` and `SEED` make it longer and repeat it.

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use crate::stage::{Actor, Stage, Tree};

const MODES: [&str; 8] = [
    "access share",
    "row share",
    "row exclusive",
    "share update exclusive",
    "share",
    "share row exclusive",
    "exclusive",
    "access exclusive",
];

/// What a session may do.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Locks that are their own queue: whom one's end would free is known from the blockers alone.
    Plain,
    /// Rows, too, of which the server has no queue.
    Rows,
}

#[test]
fn tables_and_advisory_locks() {
    play(Kind::Plain, 20, 12);
}

#[test]
fn rows() {
    play(Kind::Rows, 48, 8);
}

/// The seeds are such that in one of the rounds somebody stands before those who came first.
fn play(kind: Kind, seed: u64, rounds: u64) {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let (rounds, seed) = (
        number("ROUNDS").unwrap_or(rounds),
        number("SEED").unwrap_or(seed),
    );
    let stage = Stage::new();
    stage.database.sql("create table a (); create table b ()");
    let actors: Vec<Actor> = (0..14)
        .map(|number| stage.actor(&format!("s{number}")))
        .collect();
    for actor in &actors {
        // Circles are to stay.
        actor.run("set deadlock_timeout = '1h'");
    }
    for round in seed..seed + rounds {
        let mut dice = Dice(round.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut said = Vec::new();
        let waiting = act(&stage, &actors, kind, &mut dice, &mut said);
        let truth = stage.blocking_pids();
        let tree = stage.listing();
        println!("SEED={round}: {} wait\n{}", waiting.len(), said.join("\n"));
        tree.assert_true(&truth);
        if kind == Kind::Plain {
            assert_frees(&tree, &truth);
        }
        for &place in &waiting {
            actors[place].cancel();
        }
        for &place in &waiting {
            let _ = actors[place].answer();
        }
        for actor in &actors {
            actor.run("rollback; select pg_advisory_unlock_all()");
        }
    }
}

/// Lets them act in turn until most wait, and returns those who do.
fn act(
    stage: &Stage<'_>,
    actors: &[Actor],
    kind: Kind,
    dice: &mut Dice,
    said: &mut Vec<String>,
) -> Vec<usize> {
    for actor in actors {
        actor.run("begin");
    }
    let mut waiting: Vec<usize> = Vec::new();
    for _ in 0..10 + dice.below(50) {
        let place = dice.below(actors.len());
        if waiting.contains(&place) {
            continue;
        }
        let sql = statement(kind, dice);
        said.push(format!("  {} s{place}: {sql}", actors[place].pid));
        actors[place].start(&format!("savepoint latest; {sql}"));
        if stage.waits(&actors[place]) {
            waiting.push(place);
        }
        // Somebody who waited may have gone on meanwhile; nobody has, as nothing was let go.
    }
    waiting
}

fn statement(kind: Kind, dice: &mut Dice) -> String {
    let key = dice.below(2) + 1;
    match dice.below(6) {
        0 | 1 if kind == Kind::Rows => format!("update t set n = n + 1 where id = {key}"),
        2 if kind == Kind::Rows => format!("select from t where id = {key} for share"),
        3 if kind == Kind::Rows => format!("select from t where id = {key} for key share"),
        0 => format!("select pg_advisory_xact_lock({key})"),
        1 => format!("select pg_advisory_xact_lock_shared({key}, {key})"),
        2 => format!("select pg_advisory_lock({key}, {key})"),
        _ => {
            let table = ["a", "b"][dice.below(2)];
            format!("lock table {table} in {} mode", MODES[dice.below(8)])
        }
    }
}

/// Whom somebody's end would free: who waits for nobody else, and who waits for nobody but those. To end one
/// of a circle cuts it; behind one, and between two, all wait on.
#[track_caller]
fn assert_frees(tree: &Tree, truth: &BTreeMap<i32, BTreeSet<i32>>) {
    let freed = |pid: i32| {
        let mut gone = BTreeSet::from([pid]);
        loop {
            let mut waiting = truth.iter().filter(|(waiter, _)| !gone.contains(waiter));
            let is_free =
                |blockers: &BTreeSet<i32>| !blockers.is_empty() && blockers.is_subset(&gone);
            let Some((next, _)) = waiting.find(|(_, blockers)| is_free(blockers)) else {
                return gone.len() - 1;
            };
            gone.insert(*next);
        }
    };
    let stuck = stuck(truth);
    for record in &tree.records {
        let pid = record["pid"].as_i64().unwrap() as i32;
        if !stuck.contains(&pid) || record["deadlock"] == true {
            assert_eq!(record["frees"], freed(pid), "{record:#}\n{truth:?}");
        }
    }
}

/// Those who would wait on if all who wait for nobody were gone: in circles, and behind them.
fn stuck(truth: &BTreeMap<i32, BTreeSet<i32>>) -> BTreeSet<i32> {
    let mut stuck: BTreeSet<i32> = truth.keys().copied().collect();
    loop {
        let is_free = |pid: &&i32| truth[pid].is_disjoint(&stuck);
        let Some(&free) = stuck.iter().find(is_free) else {
            return stuck;
        };
        stuck.remove(&free);
    }
}

/// xorshift64*
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        (number % limit as u64) as usize
    }
}
