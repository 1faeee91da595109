//! What is told of rows.

use super::*;

fn rows(columns: &[&str], rows: &[&[&str]]) -> Rows {
    with_key(columns, 0, rows)
}

/// Rows that the first so many columns tell apart.
fn with_key(columns: &[&str], key: usize, rows: &[&[&str]]) -> Rows {
    let cell = |text: &&str| Some(text.to_string()).filter(|text| text != "-");
    let column = |name: &&str| Column {
        number: name.bytes().next().unwrap().into(),
        name: name.to_string(),
    };
    let table = Table {
        name: "s.t".to_string(),
        columns: columns.iter().map(column).collect(),
        key: (0..key).collect(),
        is_whole: false,
        rows: Some(
            rows.iter()
                .map(|row| row.iter().map(cell).collect())
                .collect(),
        ),
    };
    Rows(Numbered::from([(1, table)]))
}

fn told(before: &Rows, up: &Rows, back: &Rows) -> Vec<String> {
    let losses = before.compare(up, back).losses.into_iter();
    losses
        .map(|loss| {
            format!(
                "{} {} {} {}",
                loss.object,
                loss.expected,
                loss.actual,
                !loss.is_fault()
            )
        })
        .collect()
}

#[test]
fn neither_order_nor_what_was_added_is_a_loss() {
    let before = rows(&["a", "b"], &[&["1", "x"], &["2", "y"]]);
    let back = rows(
        &["b", "c", "a"],
        &[&["y", "-", "2"], &["x", "-", "1"], &["z", "-", "3"]],
    );
    assert!(told(&before, &before, &back).is_empty());
}

#[test]
fn values_and_rows_are_missed() {
    let before = rows(&["a", "b"], &[&["1", "x"], &["2", "y"]]);
    let emptied = rows(&["a", "b"], &[&["1", "-"], &["2", "-"]]);
    let without = rows(&["a"], &[&["1"], &["2"]]);
    assert_eq!(
        told(&before, &before, &emptied),
        ["s.t.b 2 values 0 of them false"]
    );
    assert_eq!(
        told(&before, &without, &emptied),
        ["s.t.b 2 values 0 of them true"]
    );
    let fewer = rows(&["a", "b"], &[&["1", "x"]]);
    assert_eq!(
        told(&before, &before, &fewer),
        ["s.t 2 rows 1 of them false"]
    );
    assert_eq!(told(&before, &fewer, &fewer), ["s.t 2 rows 1 of them true"]);
    let turned = rows(&["a", "b"], &[&["1", "y"], &["2", "x"]]);
    assert_eq!(
        told(&before, &before, &turned),
        ["s.t 2 rows 0 of them false"]
    );
    let none = Rows::default();
    assert_eq!(
        told(&before, &none, &none),
        ["s.t 2 rows no such table true"]
    );
}

#[test]
fn what_the_way_up_changed_excuses_nothing_else() {
    let before = rows(&["a", "b"], &[&["1", "x"], &["2", "y"]]);
    let upper = rows(&["a", "b"], &[&["1", "X"], &["2", "Y"]]);
    let one = rows(&["a", "b"], &[&["1", "X"], &["2", "y"]]);
    let emptied = rows(&["a", "b"], &[]);
    assert_eq!(
        told(&before, &upper, &emptied),
        ["s.t 2 rows 0 of them false"]
    );
    assert_eq!(
        told(&before, &upper, &upper),
        ["s.t.b 2 values 0 of them true"]
    );
    let fewer = rows(&["a", "b"], &[&["1", "x"]]);
    assert_eq!(told(&before, &one, &fewer), ["s.t 2 rows 1 of them false"]);
    let other = rows(&["a", "b"], &[&["1", "x"], &["2", "z"]]);
    assert_eq!(
        told(&before, &one, &other),
        ["s.t.b 2 values 1 of them false"]
    );
    let second = rows(&["a", "b"], &[&["2", "y"]]);
    assert_eq!(
        told(&before, &fewer, &second),
        ["s.t 2 rows 1 of them false"]
    );
}

#[test]
fn a_table_is_the_same_by_another_name() {
    let before = rows(&["a"], &[&["1"]]);
    let mut up = rows(&["a"], &[&["1"]]);
    up.0.get_mut(&1).unwrap().name = "s.u".to_string();
    let mut back = rows(&["a"], &[]);
    let anew = back.0.remove(&1).unwrap();
    back.0.insert(2, anew);
    assert_eq!(told(&before, &up, &back), ["s.t 1 row 0 of them false"]);
    let more = rows(&["a"], &[&["1"], &["2"]]);
    let left = before.compare(&more, &more).left;
    assert_eq!((left[0].object.as_str(), left[0].count), ("s.t", 1));
}

#[test]
fn a_key_tells_rows_apart_whatever_else_happens_to_them() {
    let before = with_key(&["a", "b"], 1, &[&["1", "x"], &["2", "y"], &["3", "z"]]);
    // One is taken, one changed, one put in: the third was left alone.
    let up = with_key(&["a", "b"], 1, &[&["2", "Y"], &["3", "z"], &["4", "w"]]);
    let same = told(&before, &up, &before);
    assert!(same.is_empty(), "{same:?}");
    assert_eq!(
        told(&before, &up, &up),
        ["s.t 3 rows 2 of them true", "s.t.b 3 values 2 of them true"]
    );
    let other = with_key(&["a", "b"], 1, &[&["1", "x"], &["2", "y"], &["3", "w"]]);
    assert_eq!(
        told(&before, &up, &other),
        ["s.t.b 3 values 2 of them false"]
    );
    let fewer = with_key(&["a", "b"], 1, &[&["1", "x"], &["2", "y"]]);
    assert_eq!(told(&before, &up, &fewer), ["s.t 3 rows 2 of them false"]);
    let left = before.compare(&up, &up).left;
    assert_eq!((left[0].object.as_str(), left[0].count), ("s.t", 1));
}

#[test]
fn rows_that_were_kept_elsewhere_have_to_come_back_as_they_were() {
    let before = with_key(&["a", "b"], 1, &[&["1", "x"], &["2", "y"]]);
    let up = with_key(&["a", "b"], 1, &[]);
    let upper = with_key(&["a", "b"], 1, &[&["1", "X"], &["2", "Y"]]);
    assert_eq!(
        told(&before, &up, &upper),
        ["s.t.b 2 values 0 of them false"]
    );
    // What it was is not known any more.
    for unknown in ["-", "none"] {
        let back = with_key(&["a", "b"], 1, &[&["1", unknown], &["2", unknown]]);
        assert_eq!(told(&before, &up, &back), ["s.t.b 2 values 0 of them true"]);
    }
}

#[test]
fn rows_that_get_another_key_are_the_same() {
    let before = with_key(&["a", "b"], 1, &[&["1", "x"], &["2", "y"]]);
    let up = with_key(&["a", "b"], 1, &[&["11", "x"], &["12", "y"]]);
    assert!(told(&before, &up, &before).is_empty());
    assert_eq!(told(&before, &up, &up), ["s.t.a 2 values 0 of them true"]);
    let emptied = with_key(&["a", "b"], 1, &[]);
    assert_eq!(told(&before, &up, &emptied), ["s.t 2 rows 0 of them false"]);
}

#[test]
fn what_is_made_anew_stands_for_what_had_its_name() {
    let before = with_key(&["a", "b"], 1, &[&["1", "x"]]);
    let anew = |rows: &[&[&str]], number: u32| {
        let mut anew = with_key(&["a", "b"], 1, rows);
        let mut table = anew.0.remove(&1).unwrap();
        for column in &mut table.columns {
            column.number += 1;
        }
        Rows(Numbered::from([(number, table)]))
    };
    // The way up has copied the rows into another table of that name: they are not taken.
    let (up, back) = (anew(&[&["1", "x"]], 2), anew(&[], 3));
    assert_eq!(told(&before, &up, &back), ["s.t 1 row 0 of them false"]);
    // A column that another has the name of is not that one, and one that was added again is.
    let mut dropped = with_key(&["a", "c"], 1, &[&["1", "-"]]);
    dropped.0.get_mut(&1).unwrap().columns[1].name = "b".to_string();
    assert_eq!(
        told(&before, &with_key(&["a"], 1, &[&["1"]]), &dropped),
        ["s.t.b 1 value 0 of them true"]
    );
}

#[test]
fn where_there_are_too_many_rows_nothing_is_called_well() {
    let before = rows(&["a"], &[&["1"]]);
    let mut many = rows(&["a"], &[]);
    many.0.get_mut(&1).unwrap().rows = None;
    for (up, back) in [(&many, &before), (&before, &many)] {
        let outcome = before.compare(up, back);
        assert_eq!(
            (outcome.too_great.as_slice(), outcome.rows),
            (&["s.t".to_string()][..], 0)
        );
    }
}
