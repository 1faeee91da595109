use super::*;

#[track_caller]
fn same(one: &str, other: &str, shape: &str) {
    assert_eq!(text(one.as_bytes()), shape);
    assert_eq!(
        hash(one.as_bytes()),
        hash(other.as_bytes()),
        "{} / {}",
        text(one.as_bytes()),
        text(other.as_bytes())
    );
}

#[track_caller]
fn differ(one: &str, other: &str) {
    assert_ne!(hash(one.as_bytes()), hash(other.as_bytes()));
}

#[test]
fn constants_count_as_one() {
    same("select 1", "select 'x''y'", "select ?");
    same(
        "select * from t where a = -1.5e-7",
        "select * from t where a = $1",
        "select * from t where a = ?",
    );
    same(
        "select e'a\\'b', x'1f', 0x1F",
        "select 1, 2, 3",
        "select ?, ?, ?",
    );
    same("select $$it's$$, $a$ $$ $a$", "select 1, .5", "select ?, ?");
    same("select a -1", "select a - 1", "select a -?");
}

#[test]
fn space_comments_case_and_a_last_semicolon_do_not_count() {
    same(
        "SELECT *\n\tFROM  T -- all\n;",
        "select*from t",
        "SELECT * FROM T",
    );
    same("select /* a /* b */ */ 1", "select 1", "select ?");
    same("/* trace 1 */ commit", "COMMIT;", "commit");
}

#[test]
fn lists_count_as_one_constant() {
    same(
        "select 1 where a in (1,2, 3)",
        "select 2 where a IN ('x')",
        "select ? where a in (?)",
    );
    same("select array[1,2]", "select array[3]", "select array[?]");
    same(
        "insert into t values (1, 'a'), (2, 'b') returning a",
        "insert into t values (1, 'a') returning a",
        "insert into t values (?, ?) returning a",
    );
    same(
        "insert into t values (1, f(2), null),(2, f(3), null)",
        "insert into t values (1, f(2), null)",
        "insert into t values (?, f(?), null)",
    );
    differ("insert into t values (1)", "insert into t values (1, 2)");
    differ("select f(1)", "select f(1, 2)");
    differ("select 1 where a in (b, 2)", "select 1 where a in (2)");
}

#[test]
fn names_count() {
    differ("select a", "select b");
    differ("select \"A\"", "select \"a\"");
    differ("select ab", "select a b");
    differ("select t1", "select t2");
    same(
        "select \"a b\", t1 from t2",
        "select \"a b\",t1 from t2",
        "select \"a b\", t1 from t2",
    );
}

#[test]
fn what_is_cut_off_has_a_shape() {
    for sql in [
        "",
        ";",
        "'",
        "select 'abc",
        "select e'abc\\",
        "/* abc",
        "$a$ abc",
        "\"",
        "1e-",
        "$",
        "--",
        "in (1,",
        "values (((",
    ] {
        let _ = (hash(sql.as_bytes()), text(sql.as_bytes()));
    }
}

#[test]
fn a_list_that_ends_in_something_else_keeps_it() {
    same(
        "select 1 where a in (1, b)",
        "select 1 where a in (2, b)",
        "select ? where a in (?, b)",
    );
    differ("select 1 where a in (1, b)", "select 1 where a in (1 b)");
}
