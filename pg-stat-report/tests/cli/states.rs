//! Checks of what a schema has, in each of their states but `unknown`: well, and as bad as a threshold says.
//!
//! Those of all others are made where the trouble is. All four states of each check are seen on a real server, but for
//!
//! | check | state | why |
//! |---|---|---|
//! | settings_advice | critical | advice is a warning: what damages is unsafe_settings |
//! | inactive_slots | critical, before 17 | since when nobody reads is not told there: a warning |
//! | collation_version | all but ok, before 15 | no version is kept there |
//! | pooler_waits, pooler_clients, pooler_stopped | without PgBouncer | but unknown: `servers` needs no console for that |
//! | failed_connections, log_alarms | of a server | they judge a log, and need none |
//!
//! Unknown because of a right: `sight`, `rights`, `replicas`, `sessions`. Of what every role may see (wraparound,
//! multixact_wraparound, freezing, invalid_databases, version, uptime, notifications, subscriptions, unsafe_settings, role_settings, prepared
//! transactions and what is in a schema) it is a lock, a server that stops or the time that make it unknown: `locked`, `mode`,
//! and for every check `sight::nothing_that_was_not_looked_at_is_well`.

use std::collections::BTreeMap;

use crate::ground::Ground;

/// Those that call nothing well whose value is at their threshold.
const CHECKS: &[&str] = &[
    "autovacuum_off",
    "connect",
    "database_size",
    "definer_functions",
    "disabled_triggers",
    "duplicate_indexes",
    "extensions",
    "invalid_indexes",
    "long_transactions",
    "md5_passwords",
    "narrow_foreign_keys",
    "nested_views",
    "no_primary_key",
    "not_validated",
    "overlapping_indexes",
    "policies_off",
    "prepared_transactions",
    "public_grants",
    "public_schemas",
    "ssl",
    "superusers",
    "table_size",
    "temp_files",
    "unindexed_foreign_keys",
    "unlogged_tables",
    "unused_indexes",
    "wide_tables",
];

/// Those among them that measure time.
const TIMES: &[&str] = &["connect", "long_transactions", "prepared_transactions"];

/// Something for each of them to find.
const TROUBLE: &str = "
    create schema s;
    grant create on schema s to public;
    create table s.p (id int primary key, note text);
    grant insert on s.p to public;
    create policy mine on s.p using (true);
    create index one on s.p (note); create index two on s.p (note); create index three on s.p (note, id);
    create table s.c (id int, p int references s.p) with (autovacuum_enabled = off);
    alter table s.c add constraint positive check (id > 0) not valid;
    insert into s.c (id) values (1), (1);
    create function s.f() returns trigger language plpgsql as 'begin return new; end';
    create trigger t before insert on s.c for each row execute function s.f();
    alter table s.c disable trigger t;
    create table s.wide (id bigint primary key);
    create table s.narrow (id int primary key references s.wide);
    create view s.v1 as table s.p; create view s.v2 as table s.v1;
    create function s.d() returns int language sql security definer as 'select 1';
    create unlogged table s.u (id int primary key);
    do $$ begin execute (select 'create table s.columns (' || string_agg('c' || i || ' int', ', ') || ')' from generate_series(1, 100) i); end $$;
    set password_encryption = md5; create role old_password login password 'x';
    update pg_extension set extversion = '0.9' where extname = 'plpgsql'";

#[test]
fn a_schema_in_each_state() {
    let ground = Ground::with(&[
        ("autovacuum", "on"),
        ("autovacuum_naptime", "1d"),
        ("max_prepared_transactions", "1"),
    ]);
    ground.sql("revoke create on schema public from public");
    let names = CHECKS.join(",");
    let with = |more: Vec<String>| -> BTreeMap<String, String> {
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let words = ["--only", &names, "--statistics-age", "0s"];
        let records = ground.run(&[&words[..], &more].concat()).json_lines();
        let mut worst = BTreeMap::new();
        for record in records {
            let [check, status] = ["check", "status"].map(|name| record[name].as_str().unwrap());
            // The worst come first.
            worst.entry(check.to_string()).or_insert(status.to_string());
        }
        worst
    };
    let all = |status: &str| -> BTreeMap<String, String> {
        let own = CHECKS
            .iter()
            .map(|check| (check.to_string(), status.to_string()));
        own.collect()
    };
    let limits = |limits: &[(&str, &str)]| -> Vec<String> {
        let of = |check: &&str| {
            let own = limits.iter();
            let unit = if TIMES.contains(check) { "s" } else { "" };
            let value = |value: &str| value.replace('0', &format!("0{unit}"));
            let own = own
                .flat_map(|(flag, limit)| [flag.to_string(), format!("{check}={}", value(limit))]);
            own.collect::<Vec<_>>()
        };
        CHECKS.iter().flat_map(of).collect()
    };
    assert_eq!(with(Vec::new()), all("ok"));
    ground.sql(TROUBLE);
    let mut client = ground.client();
    let twice = "create unique index concurrently never on s.c (id)";
    client.batch_execute(twice).unwrap_err();
    ground.sql("begin; insert into s.wide values (1); prepare transaction 'left'");
    client.batch_execute("begin; select 1").unwrap();
    let warn = limits(&[("--warn", "0"), ("--crit", "never")]);
    assert_eq!(with(warn), all("warning"));
    assert_eq!(with(limits(&[("--crit", "0")])), all("critical"));
}
