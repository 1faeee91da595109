//! Crashes, damage, and transaction numbers that run out, all made for real.

use std::fs::File;
use std::os::unix::fs::FileExt;

use serde_json::{Value, json};
use shared::programs::Program;
use tests::eventually;

use crate::ground::{of, statuses};
use crate::own::Own;

/// A crash takes all counters: an index that every query uses looks unused then, and no row dead.
#[test]
fn a_crash_takes_the_statistics() {
    let mut own = Own::new(&[]);
    own.start(&[]);
    own.sql("create table t as select i, repeat('x', 20) as x from generate_series(1, 50000) i; create index used on t (i)");
    own.sql("vacuum analyze t");
    own.sql("delete from t where i <= 20000; set enable_seqscan = off; set enable_bitmapscan = off; select from t where i = 30000");
    let unused = ["--warn", "unused_indexes=1", "--statistics-age", "1d"];
    eventually("it is counted", || {
        own.check("unused_indexes", &unused)[0]["status"] == "ok"
    });
    eventually("the dead rows are counted", || {
        statuses(&own.check("dead_rows", &["--warn", "dead_rows=1"])) == of("warning", "public.t")
    });
    let before = own.report(&["server"])[0]["crashed_or_reset_at"].clone();
    own.stop("immediate");
    own.start(&[]);
    let after = own.report(&["server"])[0]["crashed_or_reset_at"].clone();
    assert!(after.is_string() && after != before, "{before} {after}");
    let records = own.check("unused_indexes", &unused);
    assert_eq!(statuses(&records), of("unknown", "public.used"));
    let message = records[0]["message"].as_str().unwrap();
    assert!(
        message.contains("since when the server counts"),
        "{message}"
    );
    let records = own.check("dead_rows", &[]);
    assert_eq!(statuses(&records), of("unknown", ""));
    let message = records[0]["message"].as_str().unwrap();
    assert!(
        message.contains("1 tables") && message.contains("public.t"),
        "{message}"
    );
    own.sql(records[0]["remedy"].as_str().unwrap());
    eventually("the remedy helped", || {
        statuses(&own.check("dead_rows", &["--warn", "dead_rows=1"])) == of("warning", "public.t")
    });
}

#[test]
fn a_page_is_damaged() {
    let mut own = Own::new(&["--data-checksums"]);
    own.start(&[]);
    own.sql("create table t as select 1 as i");
    assert_eq!(own.check("checksum_failures", &[])[0]["status"], "ok");
    let path = own.value("select pg_relation_filepath('t')");
    own.stop("fast");
    let file = File::options()
        .write(true)
        .open(own.data().join(path))
        .unwrap();
    file.write_all_at(b"damage", 8000).unwrap();
    own.start(&[]);
    let read = "do $$ begin perform from t; exception when data_corrupted then null; end $$";
    own.sql(read);
    eventually("the damage is counted", || {
        statuses(&own.check("checksum_failures", &[])) == of("critical", "postgres")
    });
    let softer = ["--crit", "checksum_failures=never"];
    let records = own.check("checksum_failures", &softer);
    assert_eq!(statuses(&records), of("warning", "postgres"));
    assert_eq!(records[0]["value"], json!(1.0));
}

/// Makes the next transaction number and the next multixact these.
fn age(own: &Own, next: u32) {
    let zeros = vec![0; 256 * 1024];
    own.write(&format!("pg_xact/{:04X}", next / 1_048_576), &zeros);
    own.write(
        &format!("pg_multixact/offsets/{:04X}", next / 65_536),
        &zeros,
    );
    let number = next.to_string();
    let reset = own.program("pg_resetwal").args(["-x", &number, "-m"]);
    let reset = reset.arg(format!("{number},1")).arg("-D").arg(own.data());
    reset.run().expect_code(0);
}

#[test]
fn transaction_numbers_run_out() {
    // Servers that come without the other programs of their version.
    let version = tests::cluster().version().major;
    if Program::find("pg_resetwal", Some(version)).is_err() {
        return;
    }
    let mut own = Own::new(&[]);
    // Otherwise the server freezes them at once.
    let settings = [
        "autovacuum_freeze_max_age=2000000000",
        "autovacuum_multixact_freeze_max_age=2000000000",
    ];
    let all = |status: &str| {
        ["postgres", "template0", "template1"].map(|name| (status.to_string(), name.to_string()))
    };
    let sorted = |records: &[Value]| {
        let mut found = statuses(records);
        found.sort();
        found
    };
    for (next, status) in [(1_200_000_000, "warning"), (1_800_000_000, "critical")] {
        age(&own, next);
        own.start(&settings);
        for check in ["wraparound", "multixact_wraparound"] {
            let records = own.check(check, &[]);
            assert_eq!(sorted(&records), all(status), "{check}");
            let value = records[0]["value"].as_f64().unwrap();
            let expected = f64::from(next) / f64::from(1u32 << 31);
            assert!((value - expected).abs() < 0.001, "{value}");
        }
        let freezing = own.check(
            "freezing",
            &["--warn", "freezing=50%", "--crit", "freezing=80%"],
        );
        assert_eq!(sorted(&freezing), all(status));
        own.stop("fast");
    }
    // They are many, and yet no reason to worry where they are frozen.
    own.start(&settings);
    for database in ["postgres", "template1"] {
        let vacuum = own
            .program("vacuumdb")
            .args(["-q", "-F", "-U", "postgres", "-h"]);
        vacuum
            .arg(own.data().parent().unwrap())
            .arg(database)
            .run()
            .expect_code(0);
    }
    for check in ["wraparound", "multixact_wraparound"] {
        assert_eq!(
            statuses(&own.check(check, &[])),
            of("critical", "template0"),
            "{check}"
        );
    }
}
