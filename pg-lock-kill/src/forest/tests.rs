use serde_json::json;

use super::*;
use crate::snapshot::{Ahead, Session};

/// One holds what another waits for; who began when.
fn snapshot(taken_at: &str, holder_began: &str) -> Snapshot {
    let session = |pid: i32, began: &str| {
        json!({
            "pid": pid, "backend_start": began, "is_superuser": false,
            "backend_type": "client backend",
        })
    };
    let lock = |pid: i32, granted: bool| {
        json!({
            "tag": {"kind": "relation", "database": 5, "relation": 7}, "pid": pid,
            "virtual_transaction": "3/1", "mode": "AccessExclusiveLock", "granted": granted,
        })
    };
    serde_json::from_value(json!({
        "taken_at": taken_at, "server_version_num": 150018, "in_recovery": false, "own_pid": 1,
        "own_role": "me", "own_database": 5, "sees_all": true,
        "locks": [lock(8, true), lock(9, false)],
        "sessions": [session(8, holder_began), session(9, "2026-11-20T10:00:00Z")],
        "prepared": [], "safe_snapshots": [], "databases": [], "relations": [],
    }))
    .unwrap()
}

#[test]
fn after_the_clock_was_set_back_who_was_there_still_holds_what_it_holds() {
    let (now, later) = ("2026-11-20T20:00:00Z", "2026-11-20T20:30:00Z");
    let mut second = snapshot(now, later);
    assert!(Forest::of(&second).is_puzzling());
    // Nobody was there before; then the number is another one's.
    second.note_elders(&snapshot(now, now));
    assert!(Forest::of(&second).is_puzzling());
    second.note_elders(&snapshot(now, later));
    let forest = Forest::of(&second);
    assert!(!forest.is_puzzling());
    assert_eq!(forest.nodes[1].blocker, Some(0));
}

#[test]
fn of_two_who_came_in_the_same_microsecond_the_server_says_who_is_first() {
    let now = "2026-11-20T20:00:00Z";
    let mut snapshot = snapshot(now, "2026-11-20T10:00:00Z");
    // One reads; one wants to change it, and one to read it, too. Of these the row of the latter comes first.
    let modes = [
        (8, "AccessShareLock"),
        (9, "AccessShareLock"),
        (10, "AccessExclusiveLock"),
    ];
    snapshot.locks = modes
        .map(|(pid, mode)| Lock {
            pid: Some(pid),
            mode: Mode::from_name(mode).unwrap(),
            granted: pid == 8,
            wait_start: (pid != 8).then_some(snapshot.taken_at),
            ..snapshot.locks[0].clone()
        })
        .into();
    snapshot.sessions.push(Session {
        pid: 10,
        ..snapshot.sessions[1].clone()
    });
    snapshot.ahead = [(9, vec![10]), (10, vec![8])]
        .map(|(pid, blockers)| Ahead { pid, blockers })
        .into();
    let forest = Forest::of(&snapshot);
    let pids: Vec<_> = (forest
        .nodes
        .iter()
        .map(|node| (node.depth, node.who.pid(&snapshot))))
    .collect();
    assert_eq!(pids, [(0, 8), (1, 10), (2, 9)]);
}
