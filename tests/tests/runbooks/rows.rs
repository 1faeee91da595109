//! Every row of every guide has a test of its id, in the file of its guide, in the guide's order.

use std::collections::BTreeSet;

/// The file of each guide, and the ids of its rows.
const GUIDES: [(&str, &str); 5] = [
    // The service on one machine.
    (
        include_str!("guide_t.rs"),
        "t01 t02 t03 t04 t05 t06 t07 t08 t09 t10 t11 t12 t13 t14 t15 t16 t17 t18 t19 t21",
    ),
    // The service in containers. a02, S3, is left out: a backup in a bucket is not made here yet.
    (
        include_str!("guide_a.rs"),
        "a01 a03 a05 a06 a07 a08 a09 a10 a11 a14 a15",
    ),
    // The service with a command line of its own.
    (
        include_str!("guide_v.rs"),
        "v01 v02 v03 v04 v05 v06 v07 v08 v11 v12 v13 v14 v19 v20 v21 v22 v23 v24 v25 v26 v27 v28 v29 v30 v31",
    ),
    // The service with numbered migrations.
    (
        include_str!("guide_g.rs"),
        "g01 g02 g03 g04 g06 g08 g09 g10 g11 g12 g13 g16 g17 g18",
    ),
    // The hosted application.
    (
        include_str!("guide_n.rs"),
        "n01 n04 n05 n06 n07 n08 n09 n10 n11 n12 n13 n15 n16 n17 n18",
    ),
];

/// The ids of the rows that a guide's file has tests of, in their order. `v07_list` is one of v07.
fn tested(file: &str) -> Vec<&str> {
    let tests = file.split("#[test]\nfn ").skip(1);
    let names = tests.map(|test| test.split('(').next().unwrap());
    let ids = names.map(|name| name.split('_').next().unwrap());
    ids.collect()
}

#[test]
fn each_has_its_test_in_its_guide() {
    for (file, rows) in GUIDES {
        let tested = tested(file);
        let (seen, wanted): (BTreeSet<_>, BTreeSet<_>) =
            (tested.iter().copied().collect(), rows.split(' ').collect());
        let missing: Vec<_> = wanted.difference(&seen).collect();
        let unknown: Vec<_> = seen.difference(&wanted).collect();
        assert!(missing.is_empty(), "no test of {missing:?}");
        assert!(unknown.is_empty(), "no row has the id {unknown:?}");
        assert!(tested.is_sorted(), "not in the guide's order: {tested:?}");
    }
}

/// A test that is switched off, or in no guide at all, proves no row.
#[test]
fn none_is_switched_off() {
    for (file, _) in GUIDES {
        assert_eq!(file.matches("#[test]").count(), tested(file).len());
        assert!(!file.contains("#[ignore") && !file.contains("#[cfg"));
    }
}
