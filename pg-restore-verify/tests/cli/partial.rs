//! Backups that hold a part of a database are proved for what they hold.

use std::fs;

use crate::backups::{dump, expect_verdict, failed, shop, verify};

#[test]
fn rows_alone() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for options in [
        &["-Fc"][..],
        &["-Fp"],
        &["-Ft"],
        &["-Fp", "--disable-triggers"],
    ] {
        let path = folder.path().join("rows");
        dump(&shop, &[&["-a"], options].concat(), &path);
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{options:?}: {output:?}");
        // Nobody may take it for a backup of everything.
        expect_verdict(&output, "skipped");
        let lines = output.json_lines();
        let ok = |check: &str| {
            let of = |finding: &&serde_json::Value| {
                finding["check"] == check && finding["status"] == "ok"
            };
            lines.iter().filter(of).count()
        };
        assert_eq!(
            (ok("rows"), ok("sequences"), ok("large_objects")),
            (8, 1, 1),
            "{output:?}"
        );
    }
}

#[test]
fn rows_alone_that_no_table_takes() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    dump(&shop, &["-a", "-Fp"], &path);
    let script = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        script.replacen("1\tc1@example.org\t", "1\tc1@example.org", 1),
    )
    .unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    let expected = "restore TABLE DATA app.customers";
    assert!(
        failed(&output).contains(&expected.to_string()),
        "{output:?}"
    );
}
