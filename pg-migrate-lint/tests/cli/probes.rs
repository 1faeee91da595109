//! The probes at which other linters fail: each finds what it should and nothing else.

use crate::ground::rules;

/// What was there before; a file of its own in one run would be better known.
fn said(sql: &str) -> Vec<String> {
    rules(sql, &[])
}

fn said_in_transaction(sql: &str) -> Vec<String> {
    rules(sql, &["--in-transaction", "yes"])
}

#[test]
fn what_rewrites_or_scans_is_found() {
    let probes = [
        (
            "alter table t add column x bigserial;",
            "add-column-rewrites",
        ),
        (
            "alter table t add column x int generated always as identity;",
            "add-column-rewrites",
        ),
        (
            "alter table t add column x int check (x > 0);",
            "add-column-scans",
        ),
        (
            "create table p1 partition of p for values from (0) to (1);",
            "partition-of-locks-parent",
        ),
        (
            "alter table p attach partition c for values from (0) to (1);",
            "attach-partition-scans",
        ),
        (
            "alter table p detach partition c;",
            "detach-partition-blocks",
        ),
        ("update t set a = 1;", "unbatched-write"),
        ("delete from t;", "delete-all"),
        ("truncate t;", "truncate"),
        ("vacuum full t;", "table-copied"),
        ("cluster t using i;", "table-copied"),
        ("refresh materialized view mv;", "refresh-blocks-readers"),
        ("lock table t;", "lock-table"),
        ("alter table t set tablespace fast;", "table-copied"),
        ("drop owned by app;", "drop-schema-or-database"),
        ("alter domain d set not null;", "domain-constraint-scans"),
        (
            "do $$ begin alter table t alter a set not null; end $$;",
            "set-not-null-scans",
        ),
        (
            "alter table t add constraint e exclude using gist (r with &&);",
            "exclusion-constraint",
        ),
        (
            "alter table t add constraint n not null a;",
            "set-not-null-scans",
        ),
    ];
    for (sql, rule) in probes {
        assert_eq!(said(sql), [rule], "{sql}");
    }
}

#[test]
fn what_is_safe_is_not_found() {
    let probes = [
        "alter table t add column x int references p (id);",
        "alter table t add column x text default upper('x');",
        "alter table t add column x timestamptz default now();",
        "alter table t add column x int not null default 0;",
        "create table t (a int); create index on t (a);",
        "create table t (a int); drop table t;",
        "alter table t add constraint n not null a not valid;",
        "alter table t alter a set statistics 200; comment on table t is 'x';",
        "alter index i rename to j;",
        "create table t (a varchar(10)); alter table t alter a type varchar(20);",
        "alter type mood add value 'glad';",
        "grant select on t to app; create function f() returns int language sql as 'select 1';",
    ];
    for sql in probes {
        assert!(said(sql).is_empty(), "{sql}: {:?}", said(sql));
    }
}

#[test]
fn what_earlier_statements_proved_is_believed_and_nothing_else() {
    let safe = "alter table t add constraint c check (a is not null) not valid;
        alter table t validate constraint c; alter table t alter a set not null;";
    assert!(said(safe).is_empty());
    let another = "alter table t add constraint c check (b is not null) not valid;
        alter table t validate constraint c; alter table t alter a set not null;";
    assert_eq!(said(another), ["set-not-null-scans"]);
    assert_eq!(
        rules(safe, &["--pg-version", "11"]),
        ["set-not-null-scans"],
        "before 12 nothing is proved"
    );
}

#[test]
fn what_can_not_be_run_in_a_transaction_is_found_in_any() {
    for statement in [
        "create index concurrently i on t (a);",
        "drop index concurrently i;",
        "reindex table concurrently t;",
        "alter table p detach partition c concurrently;",
        "vacuum t;",
    ] {
        assert!(said(statement).is_empty(), "{statement}");
        let rule = ["cannot-run-in-transaction"];
        assert_eq!(said_in_transaction(statement), rule, "{statement}");
        assert_eq!(
            said(&format!("begin; {statement} commit;")),
            rule,
            "{statement}"
        );
    }
    let used = "alter type mood add value 'c'; insert into people values ('c');";
    assert_eq!(said_in_transaction(used), ["enum-value-in-transaction"]);
    assert!(said(used).is_empty());
}

#[test]
fn psql_and_templates_are_no_excuse() {
    for sql in [
        "\\set t users\n\\connect app\nalter table :t drop column a;",
        "alter table {{ .schema }}.users drop column a;",
        "alter table ${schema}.users drop column a;",
        "alter table /* TEMPLATE: schema */users drop column a;",
        "\u{feff}alter table users\r\ndrop column a;\r\n",
        "copy x from stdin;\n;drop table y;\n\\.\nalter table users drop column a;",
        "alter tabel x; alter table users drop column a;",
    ] {
        let said = said(sql);
        assert!(said.contains(&"drop-column".to_string()), "{sql}: {said:?}");
        assert!(!said.contains(&"drop-table".to_string()), "{sql}: {said:?}");
    }
}
