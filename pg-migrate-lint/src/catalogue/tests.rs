use super::*;
use crate::parse::{Parsed, one};

/// What is known after these, each a transaction of its own.
fn after(statements: &[&str]) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for (transaction, statement) in statements.iter().enumerate() {
        let Parsed::Changes(changes) = one(statement) else {
            panic!("{statement}");
        };
        for change in changes {
            catalogue.apply(&change, Moment::new(0, transaction));
        }
    }
    catalogue
}

#[test]
fn a_validated_check_is_what_was_validated() {
    let statements = [
        "create table t (a int, b int)",
        "alter table t add constraint a_there check (a is not null and b > 0) not valid",
        "alter table t add constraint b_there check (b is not null) not valid",
    ];
    let proves = |catalogue: &Catalogue, column| {
        let relation = catalogue.relation(&Name::bare("t")).unwrap();
        relation.proves_not_null(column)
    };
    let catalogue = after(&statements);
    assert!(!proves(&catalogue, "a"));
    let catalogue = after(
        &[
            &statements[..],
            &["alter table t validate constraint a_there"],
        ]
        .concat(),
    );
    assert!(proves(&catalogue, "a"));
    assert!(!proves(&catalogue, "b"));
}

/// Whether all is known of `t` after these.
fn is_whole(statements: &[&str]) -> bool {
    after(statements).whole(&Name::bare("t")).is_some()
}

#[test]
fn what_is_not_seen_leaves_nothing_sure() {
    let made = "create table t (a int)";
    assert!(is_whole(&[made]));
    assert!(is_whole(&[
        made,
        "alter table t add b int",
        "select count(*) from t",
        "begin",
        "commit"
    ]));
    for unseen in [
        "select migrate()",
        "call migrate('t')",
        "rollback",
        "drop type mood cascade",
        "drop function f cascade",
        "drop schema app",
        "alter table other drop column id cascade",
        "alter role app set search_path = app",
        "create event trigger e on ddl_command_end execute function f()",
        "select set_config('search_path', 'app', false)",
        "alter table p attach partition t default",
        "create temp table t (a int)",
    ] {
        assert!(!is_whole(&[made, unseen]), "{unseen}");
        // What is made afterwards is sure again.
        assert!(
            is_whole(&[unseen, made]) || unseen.contains('t'),
            "{unseen}"
        );
    }
    assert!(!is_whole(&["create table if not exists t (a int)"]));
    assert!(!is_whole(&["create table t of pair"]));
    assert!(!is_whole(&["create table t (like other)"]));
    assert!(!is_whole(&["create table t partition of p default"]));
}

/// The columns of `t` after these.
fn columns(statements: &[&str]) -> String {
    let catalogue = after(statements);
    let columns = &catalogue.relation(&Name::bare("t")).unwrap().columns;
    let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
    names.join(" ")
}

#[test]
fn what_the_server_refuses_changes_nothing() {
    let made = ["create table t (a int)", "create index i on t (a)"];
    let after_both = |more: &'static str| columns(&[&made[..], &[more]].concat());
    for refused in [
        "create table t (b int)",
        "create table if not exists t (b int)",
        "create table public.t as select 1 as b",
        "create view t as select 1 as b",
        "alter table t alter b set not null",
        "alter table t rename b to c",
        "alter table t drop column b",
    ] {
        assert_eq!(after_both(refused), "a", "{refused}");
        let catalogue = after(&[&made[..], &[refused]].concat());
        assert!(catalogue.index(&Name::bare("i")).is_some(), "{refused}");
    }
    let catalogue = after(&[
        made[0],
        made[1],
        "create table u (b int)",
        "create index i on u (b)",
    ]);
    assert_eq!(
        *catalogue.index(&Name::bare("i")).unwrap().table,
        Name::bare("t")
    );
    // What is not sure to be there any more was dropped, or the server would not have made another one.
    assert_eq!(
        columns(&[made[0], "select migrate()", "create table t (b int)"]),
        "b"
    );
    let catalogue = after(&[
        made[0],
        made[1],
        "select migrate()",
        "create table t (b int)",
    ]);
    assert!(catalogue.index(&Name::bare("i")).is_none());
}

#[test]
fn who_references_whom_is_known_under_new_names() {
    let catalogue = after(&[
        "create table p (id int primary key)",
        "create table c (p_id int references p)",
        "alter table p rename to parent",
        "alter table c set schema other",
    ]);
    assert_eq!(
        catalogue.referencing(&Name::bare("parent")),
        [Name::of("other", "c")]
    );
    let catalogue = after(&[
        "create table p (id int primary key)",
        "create table c (p_id int references p)",
        "alter table c drop constraint c_p_id_fkey",
    ]);
    assert!(catalogue.referencing(&Name::bare("p")).is_empty());
}

#[test]
fn the_columns_of_an_index_follow_the_table() {
    let catalogue = after(&[
        "create table t (a int, b int)",
        "create index on t (a, b)",
        "alter table t rename a to x",
    ]);
    let index = catalogue.index(&Name::bare("t_a_b_idx")).unwrap();
    assert_eq!(
        index.columns,
        [Some("x".to_string()), Some("b".to_string())]
    );
    let catalogue = after(&[
        "create table t (a int)",
        "create index i on t (a)",
        "alter table t drop a",
    ]);
    assert!(catalogue.index(&Name::bare("i")).is_none());
}

#[test]
fn partitions_are_known_with_their_own() {
    let catalogue = after(&[
        "create table p (a int, b int) partition by range (a)",
        "create table p1 partition of p for values from (0) to (9) partition by list (b)",
        "create table p11 partition of p1 default",
    ]);
    let all = catalogue.with_children(&Name::bare("p"));
    let all: Vec<&str> = all.iter().map(|name| name.name.as_str()).collect();
    assert_eq!(all, ["p", "p1", "p11"]);
    assert!(
        catalogue
            .relation(&Name::bare("p1"))
            .unwrap()
            .default_child
            .is_some()
    );
}

#[test]
fn constraints_are_called_what_the_server_calls_them() {
    let statements = [
        "create table p (id int primary key)",
        "create table t (a int check (a > 0) check (a > 1), b int unique, c int check (a > b), \
            d int references p, primary key (a, b), unique (b, c))",
        "create table a_table_with_quite_a_long_name_for_what_it_is (id int primary key, \
            a_column_with_a_long_name int references p, short int references p, \
            a_column_with_a_long_name_too int references p, a_column_with_a_long_name_as_well int check (a_column_with_a_long_name_as_well > 0))",
        "alter table t add foreign key (d) references p",
    ];
    let catalogue = after(&statements);
    let database = ::tests::Database::new();
    statements.iter().for_each(|sql| database.sql(sql));
    for table in ["p", "t", "a_table_with_quite_a_long_name_for_what_it_is"] {
        let known = catalogue.relation(&Name::bare(table)).unwrap();
        let mut known: Vec<&str> = known
            .constraints
            .iter()
            .map(|known| known.name.as_str())
            .collect();
        known.sort_unstable();
        let names = format!(
            "select string_agg(conname, ' ' order by conname collate \"C\") from pg_constraint \
             where conrelid = '{table}'::regclass and contype <> 'n'"
        );
        assert_eq!(known.join(" "), database.value(&names));
    }
}

#[test]
fn what_comes_and_goes_in_one_file_is_not_sure_to_be_gone() {
    let is_gone = |file| {
        let mut catalogue = after(&["create table t (a int)"]);
        let Parsed::Changes(changes) = one("drop table t") else {
            panic!("that is SQL");
        };
        let now = Moment {
            file,
            transaction: 1,
        };
        catalogue.apply(&changes[0], now);
        catalogue.is_gone(&Name::bare("t"))
    };
    assert!(is_gone(1));
    // It may be a section for the way back, of which nothing says that it is one.
    assert!(!is_gone(0));
}
