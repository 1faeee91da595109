//! A database in which something does not hold.

use tests::{Database, Output, tool};

use crate::backup::application;

/// A database that went wrong in each of the ways that the guides look for.
pub fn gone_wrong() -> Database<'static> {
    let database = application();
    database.sql(
        "create extension amcheck;
         create table customers (id serial primary key, email text);
         insert into customers (email) select i || '@example.org' from generate_series(1, 50) i;
         create table orders (id int, customer int constraint bought_by references customers);
         insert into orders select i, i from generate_series(1, 50) i;
         create table returns (customer int);
         insert into returns values (1), (777);
         alter table returns add constraint returned_by foreign key (customer) references customers not valid;
         create function key(a text) returns text immutable language sql as 'select lower(a)';
         create index by_key on customers (key(email));
         create or replace function key(a text) returns text immutable language sql as 'select upper(a) || a';
         select setval('customers_id_seq', 10);",
    );
    // What a trigger that is off lets in.
    database.sql(
        "set session_replication_role = replica; insert into orders values (51, 999), (52, 999)",
    );
    let twice = "insert into customers values (60, '1@example.org');
                 create unique index concurrently one_email on customers (email)";
    for statement in twice.split(';') {
        let _ = database.client().batch_execute(statement);
    }
    database
}

pub fn live(database: &Database) -> Output {
    let run = tool("pg-restore-verify").args(["--live", &database.conninfo()]);
    run.arg("--deep").run()
}

/// Check, object and message of what has this status.
pub fn with(output: &Output, status: &str) -> Vec<(String, String, String)> {
    let records = output.json_lines();
    let with = records.iter().filter(|record| record["status"] == status);
    with.map(|record| {
        let field = |name: &str| record[name].as_str().unwrap_or_default().to_string();
        (field("check"), field("object"), field("message"))
    })
    .collect()
}
