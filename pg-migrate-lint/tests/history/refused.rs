//! What of a folder its framework refuses, or passes over: it is told of, and nothing beside it is to be run.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use crate::ground::{Ground, message};

const A: &str = "create table a (id int);\n";

#[test]
fn names_that_lead_nowhere_or_are_not_utf_8() {
    let ground = Ground::of(
        &[
            (
                "go.mod",
                "require github.com/golang-migrate/migrate/v4 v4.18.0\n",
            ),
            ("m/000001_a.up.sql", A),
            ("m/000003_c.up.sql", A),
        ],
        "",
    );
    assert_eq!(ground.pending(&[]).len(), 2);
    let folder = ground.folder.path().join("m");
    let link = folder.join("000002_b.up.sql");
    symlink("nowhere.sql", &link).unwrap();
    assert_eq!(
        ground.states(&[], 1),
        ["1 pending", "000002 refused", "3 pending"]
    );
    ground.refuses(&[], "000002_b.up.sql is a link that leads nowhere");
    std::fs::remove_file(link).unwrap();
    let odd = folder.join(OsStr::from_bytes(b"000004_\xff.up.sql"));
    std::fs::write(odd, A).unwrap();
    ground.refuses(&[], "has a name that is not UTF-8");
}

#[test]
fn a_name_that_is_passed_over() {
    let ground = Ground::of(
        &[
            (
                "go.mod",
                "require github.com/golang-migrate/migrate/v4 v4.18.0\n",
            ),
            ("m/000001_a.up.sql", A),
            ("m/000002_b.sql", A),
            ("m/seed.sql", A),
        ],
        "",
    );
    let seen = ground.status(&[]).expect_code(1);
    assert_eq!(
        crate::ground::states(&seen),
        ["1 pending", "000002 skipped"]
    );
    assert!(
        message(&seen, "000002").contains("it passes over 000002_b.sql"),
        "{seen:?}"
    );
    ground.refuses(&[], "it passes over 000002_b.sql");
}

#[test]
fn prisma() {
    let ground = Ground::of(
        &[
            ("m/migration_lock.toml", "provider = \"postgresql\"\n"),
            ("m/20250101000000_a/migration.sql", A),
            ("m/20250102000000_empty/README.md", ""),
            ("m/20250103000000_c/migration.sql", A),
        ],
        "",
    );
    assert_eq!(
        ground.states(&[], 1),
        [
            "20250101000000_a pending",
            "20250102000000 refused",
            "20250103000000_c pending"
        ]
    );
    ground.refuses(
        &[],
        "20250102000000_empty has no migration.sql: prisma migrate deploy stops here",
    );
    ground.write("m/20250102000000_empty/migration.sql", A);
    assert_eq!(ground.pending(&[]).len(), 3);
    ground.write("m/migration_lock.toml", "provider = \"sqlite\"\n");
    ground.refuses(&[], "the migrations are for sqlite, not for PostgreSQL");
}

#[test]
fn a_plan_and_its_scripts() {
    let plan = "%syntax-version=1.0.0\n%project=shop\n\na 2024-01-01T00:00:00Z A <a@b> # A\n\
        b 2024-01-02T00:00:00Z A <a@b> # B\n";
    let ground = Ground::of(
        &[
            ("m/sqitch.plan", plan),
            ("m/deploy/a.sql", A),
            ("m/revert/a.sql", "drop table a;\n"),
        ],
        "",
    );
    ground.refuses(&[], "sqitch.plan names b, but m/deploy/b.sql is not there");
    ground.write(
        "m/deploy/b.sql",
        "\\set x 1\nbegin;\ncreate table b (id int);\ncommit;\n",
    );
    // Sqitch runs them by psql itself.
    assert_eq!(ground.pending(&[]), ["m/deploy/a.sql", "m/deploy/b.sql"]);
    ground.write("m/deploy/c.sql", A);
    ground.refuses(&[], "c.sql is not in sqitch.plan: Sqitch never deploys it");
}
