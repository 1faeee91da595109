//! Who waits for whom.

use crate::stage::Stage;

#[test]
fn a_row() {
    let stage = Stage::new();
    let holder = stage.holder("holder", "update t set n = 1 where id = 1");
    let first = stage.waiter("first", "update t set n = 2 where id = 1");
    let second = stage.waiter("second", "update t set n = 3 where id = 1");
    let third = stage.waiter("third", "update t set n = 4 where id = 1");
    let tree = stage.listing();
    assert_eq!(tree.drawn(), ["holder", " first", "  second", "  third"]);
    tree.assert_true(&stage.blocking_pids());
    println!("{:#?}", tree.records);
    let of = |pid: i32| tree.of_pid(pid);
    assert_eq!(of(holder.pid)["frees"], 3);
    // Who waits for the turn of the first would wait for the holder in its place.
    assert_eq!(of(first.pid)["frees"], 0);
    assert_eq!(of(second.pid)["block"], "hard");
    assert_eq!(of(third.pid)["lock"], "ExclusiveLock");
}
