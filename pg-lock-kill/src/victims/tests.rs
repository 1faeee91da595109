use super::*;
use crate::forest::Wait;

/// Sessions of an ordinary client by number; who has begun when, and in which state.
fn snapshot(sessions: &[(i32, Option<&str>, &str)]) -> Snapshot {
    let sessions = sessions.iter().map(|(pid, xact_start, state)| {
        serde_json::json!({
            "pid": pid, "is_superuser": false, "user": "web", "application_name": "shop",
            "backend_start": "2026-11-20T10:00:00Z", "xact_start": xact_start,
            "query_start": "2026-11-20T11:00:00Z", "state_change": "2026-11-20T11:00:00Z",
            "state": state, "query": "select 1", "backend_type": "client backend",
        })
    });
    serde_json::from_value(serde_json::json!({
        "taken_at": "2026-11-20T20:00:00Z", "server_version_num": 150018, "in_recovery": false,
        "own_pid": 1, "own_role": "me", "own_database": 5, "sees_all": true, "locks": [],
        "sessions": sessions.collect::<Vec<_>>(), "prepared": [], "safe_snapshots": [],
        "databases": [], "relations": [],
    }))
    .unwrap()
}

/// By depth; those deeper wait for the one before.
fn forest(depths: &[usize]) -> Forest {
    let nodes = depths.iter().enumerate().map(|(place, depth)| {
        let blocking = depths[place + 1..]
            .iter()
            .take_while(|below| *below > depth)
            .count();
        Node {
            who: Who::Session(place),
            depth: *depth,
            parent: (*depth > 0).then(|| place.saturating_sub(1)),
            blocker: (*depth > 0).then(|| place.saturating_sub(1)),
            wait: (*depth > 0).then_some(Wait {
                tag: None,
                mode: None,
                other: None,
                since: None,
                is_soft: false,
                is_own: false,
                is_guessed: false,
            }),
            holds: None,
            others: (0, Vec::new()),
            front: None,
            keeps_waiting: None,
            row: None,
            blocking,
            frees: blocking,
            longest_wait: None,
            in_cycle: false,
            is_suspect: false,
            cheaper: None,
        }
    });
    Forest {
        nodes: nodes.collect(),
    }
}

const EARLY: Option<&str> = Some("2026-11-20T11:00:00Z");
const LATE: Option<&str> = Some("2026-11-20T12:00:00Z");

/// Who is signalled, and who is spared.
fn chosen(
    which: Which,
    most: usize,
    action: Action,
    snapshot: &Snapshot,
    forest: &Forest,
) -> (Vec<i32>, Vec<i32>, usize) {
    let (rules, nobody, sure) = (Rules::default(), HashSet::new(), BTreeMap::new());
    let wish = Wish {
        which,
        most,
        ended: 0,
        action,
        rules: &rules,
        doubts: &sure,
        by_state: false,
        by_wait: false,
        settled: &nobody,
        waited: &nobody,
    };
    let matching: Vec<usize> = (0..forest.nodes.len()).collect();
    let plan = choose(snapshot, forest, &matching, &wish);
    let pid = |planned: &Planned| forest.nodes[planned.node].who.pid(snapshot);
    let signalled = |planned: &&Planned| matches!(planned.fate, Fate::Signal(..));
    (
        plan.cases.iter().filter(signalled).map(pid).collect(),
        plan.cases
            .iter()
            .filter(|planned| !signalled(planned))
            .map(pid)
            .collect(),
        plan.beyond,
    )
}

#[test]
fn heads_are_those_whom_others_wait_for_and_who_wait_for_nobody() {
    let active = |pid| (pid, EARLY, "active");
    let snapshot = snapshot(&[2, 3, 4, 5, 6].map(active));
    let mut forest = forest(&[0, 1, 0, 0, 1]);
    let ask =
        |forest: &Forest, most| chosen(Which::Heads, most, Action::Terminate, &snapshot, forest);
    assert_eq!(ask(&forest, 9), (vec![2, 5], vec![], 0));
    assert_eq!(ask(&forest, 1), (vec![2], vec![], 1));
    assert_eq!(ask(&forest, 0), (vec![], vec![], 2));
    // One that waits for somebody whom we can't name is no head, but for a circle.
    forest.nodes[0].wait = forest.nodes[1].wait.clone();
    assert_eq!(ask(&forest, 9), (vec![5], vec![], 0));
    forest.nodes[0].in_cycle = true;
    assert_eq!(ask(&forest, 9), (vec![2, 5], vec![], 0));
}

#[test]
fn a_head_that_can_not_be_ended_takes_nobodys_place() {
    let mut snapshot = snapshot(&[2, 3, 4, 5].map(|pid| (pid, EARLY, "active")));
    snapshot.sessions[0].is_superuser = true;
    let forest = forest(&[0, 1, 0, 1]);
    let ask = |most| chosen(Which::Heads, most, Action::Terminate, &snapshot, &forest);
    assert_eq!(ask(1), (vec![4], vec![2], 0));
    assert_eq!(ask(2), (vec![4], vec![2], 0));
    assert_eq!(ask(0), (vec![], vec![], 1));
    let all = chosen(Which::All, 1, Action::Terminate, &snapshot, &forest);
    assert_eq!(all, (vec![3], vec![2], 2));
}

#[test]
fn the_oldest_is_the_one_whose_transaction_began_first() {
    let some = snapshot(&[(2, LATE, "active"), (3, EARLY, "active"), (4, None, "idle")]);
    let flat = forest(&[0, 0, 0]);
    let ask = |which, snapshot| chosen(which, 9, Action::Terminate, snapshot, &flat).0;
    assert_eq!(ask(Which::Oldest, &some), [3]);
    assert_eq!(ask(Which::AllButOldest, &some), [2, 4]);
    let none = snapshot(&[2, 3, 4].map(|pid| (pid, None, "idle")));
    assert_eq!(ask(Which::Oldest, &none), [0; 0]);
    assert_eq!(ask(Which::AllButOldest, &none), [0; 0]);
}

#[test]
fn who_may_have_come_to_it_after_the_locks_were_looked_at_is_left_alone() {
    let (rules, nobody, sure) = (Rules::default(), HashSet::new(), BTreeMap::new());
    let wish = Wish {
        which: Which::All,
        most: 9,
        ended: 0,
        action: Action::Terminate,
        rules: &rules,
        doubts: &sure,
        by_state: false,
        by_wait: false,
        settled: &nobody,
        waited: &nobody,
    };
    let fate = |snapshot: &Snapshot| fate_of_session(snapshot, &snapshot.sessions[0], None, &wish);
    let spared = |fate: Fate| match fate {
        Fate::Spared(outcome, _) => Some(outcome),
        Fate::Signal(..) => None,
    };
    // The locks are those of 20:00.
    let next = snapshot(&[(2, Some("2026-11-20T20:00:00.000001Z"), "active")]);
    assert_eq!(spared(fate(&next)), Some(Outcome::Changed));
    let mut idle = snapshot(&[(2, None, "idle")]);
    assert_eq!(spared(fate(&idle)), None);
    idle.sessions[0].state_change = Some(idle.taken_at + std::time::Duration::from_micros(1));
    assert_eq!(spared(fate(&idle)), Some(Outcome::Changed));
    let mut committed = snapshot(&[(2, EARLY, "active")]);
    assert_eq!(spared(fate(&committed)), None);
    committed.sessions[0].wait_event = Some("SyncRep".into());
    assert_eq!(spared(fate(&committed)), Some(Outcome::NotApplicable));
}

#[test]
fn what_a_state_allows() {
    let hour = std::time::Duration::from_secs(3600);
    let (rules, nobody, sure) = (Rules::default(), HashSet::new(), BTreeMap::new());
    let step = |state: &str, action| {
        let snapshot = snapshot(&[(2, EARLY, state)]);
        let wish = Wish {
            which: Which::All,
            most: 1,
            ended: 0,
            action,
            rules: &rules,
            doubts: &sure,
            by_state: false,
            by_wait: false,
            settled: &nobody,
            waited: &nobody,
        };
        match fate_of_session(&snapshot, &snapshot.sessions[0], None, &wish) {
            Fate::Signal(step, guard) => Ok((step, guard.query_start.is_some())),
            Fate::Spared(outcome, _) => Err(outcome),
        }
    };
    // A statement that is cancelled must be the one that was seen.
    assert_eq!(step("active", Action::Cancel), Ok((Step::Cancel, true)));
    assert_eq!(
        step("active", Action::Escalate(hour)),
        Ok((Step::Escalate, true))
    );
    assert_eq!(
        step("active", Action::Terminate),
        Ok((Step::Terminate, false))
    );
    for state in [
        "idle in transaction",
        "idle in transaction (aborted)",
        "idle",
    ] {
        assert_eq!(step(state, Action::Cancel), Err(Outcome::NotApplicable));
        assert_eq!(
            step(state, Action::Escalate(hour)),
            Ok((Step::Terminate, false))
        );
    }
    for action in [Action::Cancel, Action::Terminate, Action::Escalate(hour)] {
        assert_eq!(step("disabled", action), Err(Outcome::NotApplicable));
        assert_eq!(step("", action), Err(Outcome::NotApplicable));
    }
}

#[test]
fn what_one_was_chosen_by_must_still_be_so() {
    let idle = snapshot(&[(2, EARLY, "idle in transaction")]);
    let session = &idle.sessions[0];
    assert_eq!(Guard::of(session, false).unwrap().state_change, None);
    assert_eq!(
        Guard::of(session, true).unwrap().state_change,
        session.state_change
    );
    let rests = snapshot(&[(2, None, "idle")]);
    let rests = &rests.sessions[0];
    assert_eq!(
        Guard::of(rests, false).unwrap().state_change,
        rests.state_change
    );
    let mut unseen = rests.clone();
    unseen.state_change = None;
    assert!(Guard::of(&unseen, false).is_err());
}
