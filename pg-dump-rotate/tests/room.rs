//! Room on the disk is looked for before a dump, not found missing in its middle.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use postgres::Client;
use setting::{back_up, change, database_with_rows, path_of, visible};
use tests::Database;

/// 16 TB, which no disk here has.
const PAGES: u32 = 2_000_000_000;

/// A database whose table seems to be huge: the catalog says so, and nobody can look while it is
/// locked.
fn huge() -> (Database<'static>, Client) {
    let database = database_with_rows(1000);
    database.sql(&format!(
        "create table huge (x int); update pg_class set relpages = {PAGES} where relname = 'huge'"
    ));
    let mut holder = database.client();
    holder.batch_execute("begin; lock table huge").unwrap();
    (database, holder)
}

#[test]
fn a_backup_that_can_not_fit_is_not_begun() {
    let (database, mut holder) = huge();
    let dir = tempfile::tempdir().unwrap();
    let new = dir.path().join("new");
    let run = || back_up(&database, &new);
    for run in [run(), run().arg("--dry-run")] {
        run.run()
            .expect_code(2)
            .expect_error(&format!("error: {} has ", new.display()))
            .expect_error(" free, and the backup needs about 8.2 TB")
            .expect_error("detail: the tables take 16 TB on the server, without indexes")
            .expect_error("hint: make room, or go on with --force");
    }
    assert!(!new.exists());
    run().args(["-Z", "none"]).run().expect_error("about 25 TB");
    run().args(["-T", "huge"]).run().expect_code(0);
    run().arg("-s").arg("--dry-run").run().expect_code(0);
    holder.batch_execute("commit").unwrap();
    run().run().expect_code(0);
}

#[test]
fn what_the_last_backup_took_tells_what_the_next_will_take() {
    let (database, mut holder) = huge();
    let dir = tempfile::tempdir().unwrap();
    let run = || back_up(&database, dir.path());
    holder.batch_execute("commit").unwrap();
    let backup = path_of(&run().run().expect_code(0));
    holder.batch_execute("begin; lock table huge").unwrap();
    let forced = ["--lock-wait", "100ms"];
    let locked = "hint: public.huge is locked";
    run()
        .args(forced)
        .run()
        .expect_code(2)
        .expect_error("needs about");
    // It was as huge, and small on disk.
    change(&backup, |manifest| {
        manifest["source_bytes"] = (u64::from(PAGES) * 8192).into()
    });
    run().args(forced).run().expect_code(2).expect_error(locked);
    // Another label is of the same size, another selection is not.
    let other = ["--label", "other"];
    run()
        .args(forced)
        .args(other)
        .run()
        .expect_code(2)
        .expect_error(locked);
    let other = ["-T", "orders"];
    run()
        .args(forced)
        .args(other)
        .run()
        .expect_code(2)
        .expect_error("needs about");
    let other = ["-T", "orders", "--force"];
    run()
        .args(forced)
        .args(other)
        .run()
        .expect_code(2)
        .expect_error(locked);
    assert_eq!(
        visible(dir.path())
            .iter()
            .filter(|name| name.ends_with(".dump"))
            .count(),
        1
    );
}
