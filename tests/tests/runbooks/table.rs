//! Tables and indexes as an application has them.

use tests::Database;

use crate::watched::{brief, check, database, shell};

pub const READ: &str = "set enable_seqscan = off; select * from orders where customer = 7";

/// Customers and their orders, with indexes good and bad.
pub fn shop() -> Database<'static> {
    let database = database();
    database.sql(
        "create table customers (id int primary key, email text unique);
         create table orders (id int primary key, customer int references customers, note text);
         insert into customers select i, i || '@example.org' from generate_series(1, 2000) i;
         insert into orders select i, i, repeat(md5(i::text), 6) from generate_series(1, 2000) i;
         create index by_customer on orders (customer);
         create index again on orders (customer);
         create index by_note on orders (note);
         create table big (id int primary key, owner int references orders);
         insert into big select i from generate_series(1, 100) i;",
    );
    database.sql("vacuum analyze");
    database
}

/// The query that the guides have for unused indexes.
pub fn of_the_guides(database: &Database) -> Vec<String> {
    let query = "select indexrelname from pg_stat_user_indexes where idx_scan = 0";
    let rows = database.rows(query);
    rows.into_iter().flat_map(|row| row[0].clone()).collect()
}

/// Records of this check that are no ok, as status and object.
pub fn found(database: &Database, name: &str, more: &[&str]) -> Vec<(String, String)> {
    let mut found = brief(&check(database, name, more));
    found.sort();
    found
}

pub fn warned(names: &[&str]) -> Vec<(String, String)> {
    let names = names.iter();
    names
        .map(|name| ("warning".to_string(), (*name).to_string()))
        .collect()
}

/// Pipes what a check advises into psql.
pub fn remedy(database: &Database, name: &str, more: &str) {
    let line = format!(
        "pg-stat-report -U watcher -d $d --only {name} {more} | jq -r '.remedy // empty' | psql -X -q -v ON_ERROR_STOP=1 -d $d"
    );
    shell(database, &line).expect_code(0);
}
