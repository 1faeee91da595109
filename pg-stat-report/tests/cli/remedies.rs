//! What others have named and written runs nothing for whoever follows the remedies, or only reads them.

use serde_json::Value;
use tests::program;

use crate::ground::Ground;

const ATTACK: &str = "alter role m superuser;--";

/// What may end a name, a comment, a line.
const ENDS: [&str; 6] = ["\n", "\r", "\"; ", "'; ", "\u{2028}", "\u{1b}[2K\u{85}"];

/// Things of `m`, who may do what any owner of a table may, in all places where a remedy names one.
fn hostile(end: &str) -> String {
    let number = ENDS.iter().position(|other| *other == end).unwrap();
    let name = |of: &str| format!("\"{of}{}{ATTACK}\"", end.replace('"', "\"\""));
    format!(
        "
        create role {login} login valid until '2020-01-01';
        alter role {login} set password_encryption = md5;
        set role m;
        create schema {schema};
        grant create on schema {schema} to public;
        create table {schema}.{table} (a int, b int, check (evil(a) > 0));
        create table {schema}.t (a int, b int, constraint {key} foreign key (b) references referenced);
        insert into {schema}.t values (1, null), (1, null);
        create index on {schema}.t (a);
        create index on {schema}.t (sly(a));
        create index {index} on {schema}.t (a);
        alter table {schema}.t add constraint {check} check (evil(a) > 0) not valid;
        alter table {schema}.t add constraint {foreign} foreign key (b) references referenced not valid;
        create trigger {trigger} before insert on {schema}.t for each row execute function suppress_redundant_updates_trigger();
        alter table {schema}.t disable trigger {trigger};
        create policy p on {schema}.{table};
        grant all on {schema}.{table} to public;
        create table parts{number} (a int) partition by range (a);
        create index on parts{number} (a);
        create index {part_index} on parts{number} (a);
        create sequence {sequence} minvalue -99 start 2 maxvalue 2;
        create function {function}() returns int language sql security definer as 'select 1';
        create table {off} (a int) with (autovacuum_enabled = off)",
        login = name("login"),
        schema = name("schema"),
        table = name("table"),
        key = name("key"),
        index = name("index"),
        check = name("check"),
        foreign = name("foreign"),
        trigger = name("trigger"),
        part_index = name("part index"),
        sequence = name("sequence"),
        function = name("function"),
        off = name("off"),
    )
}

/// A server with all of that, and checks that look at nearly all of it.
fn ground() -> (Ground, Vec<&'static str>) {
    let ground = Ground::with(&[
        ("max_prepared_transactions", "10"),
        ("autovacuum", "on"),
        ("autovacuum_naptime", "1d"),
    ]);
    ground.sql(
        "
        create role m login;
        grant create on database postgres to m;
        grant create on schema public to m;
        set role m;
        create table referenced (id int primary key);
        create function evil(int) returns int language plpgsql as $$ begin
            alter role m superuser; return 1;
        exception when insufficient_privilege then
            return 1;
        end $$;
        create function sly(int) returns int language plpgsql immutable as 'begin return public.evil($1); end'",
    );
    for end in ENDS {
        ground.sql(&hostile(end));
        let gid = format!("gid{}{ATTACK}", end.replace('\'', "''"));
        ground.sql(&format!(
            "set role m; begin; select txid_current(); prepare transaction '{gid}'"
        ));
    }
    let all = [
        "--fail-on",
        "never",
        "--warn",
        "unused_indexes=0",
        "--warn",
        "overlapping_indexes=0",
        "--warn",
        "unindexed_foreign_keys=0",
        "--warn",
        "prepared_transactions=0s",
        "--statistics-age",
        "0s",
    ];
    (ground, all.to_vec())
}

#[test]
fn they_run_nothing_of_what_others_have_written() {
    let (ground, all) = ground();
    let records = ground.run(&all).expect_code(0).json_lines();
    let remedies = records
        .iter()
        .filter_map(|record| record["remedy"].as_str());
    let remedies: Vec<&str> = remedies.collect();
    for check in [
        "duplicate_indexes",
        "unused_indexes",
        "not_validated",
        "disabled_triggers",
        "sequences",
        "public_schemas",
        "public_grants",
        "definer_functions",
        "policies_off",
        "password_expiry",
        "role_settings",
        "prepared_transactions",
        "autovacuum_off",
        "unindexed_foreign_keys",
        "no_primary_key",
    ] {
        let own = |record: &&Value| record["check"] == check && record["status"] != "ok";
        let count = records.iter().filter(own).count();
        assert!(count >= ENDS.len(), "{count} of {check}");
    }
    let psql = program("psql").server(&ground.cluster).args(["-X", "-q"]);
    let psql = psql.stdin(remedies.join("\n") + "\n");
    psql.run().expect_code(0);
    let is_super = "select rolsuper::text from pg_roles where rolname = 'm'";
    assert_eq!(ground.value(is_super), "false", "{remedies:#?}");
    for remedy in remedies {
        assert!(!remedy.contains(char::is_control), "{remedy}");
        assert!(!remedy.contains('\u{2028}'), "{remedy}");
    }
}

#[test]
fn names_are_not_obeyed_by_terminals_and_collectors() {
    let (ground, all) = ground();
    for format in ["table", "nagios", "openmetrics"] {
        let words = [&all[..], &["-o", format]].concat();
        let written = ground.run(&words).stdout;
        assert!(written.contains(ATTACK), "{written}");
        let is_odd = |c: char| c == '\u{1b}' || c == '\u{85}' || c == '\r';
        let is_kept = format == "openmetrics";
        assert!(is_kept || !written.contains(is_odd), "{written}");
        for line in written.split('\n') {
            assert!(!line.starts_with("alter role"), "{line}");
        }
    }
}
