//! `pgbouncer`: what PgBouncer's own console tells.

use std::sync::Arc;

use shared::Result;
use shared::connection::{Console, Line};

use crate::row::{Cell, Origin, Row};
use crate::section::{Gather, Reach, Section};

/// One row for the pooler, and for each database and pool.
pub const SECTION: Section = Section {
    name: "pgbouncer",
    answers: "how many clients wait for a server, how full are the pools, how much goes through each? Of PgBouncer's console: -d '… dbname=pgbouncer'",
    costs: "SHOW CONFIG, LISTS, DATABASES, POOLS and STATS, of the pooler alone",
    needs: "a user in stats_users or admin_users",
    reach: Reach::Server,
    fields: &[
        ("kind", "pooler, database or pool"),
        ("database", "which, as clients call it"),
        ("user", "whose pool"),
        ("mode", "session, transaction or statement"),
        ("server", "where it leads to"),
        (
            "clients_active",
            "clients that have a server; of the pooler all",
        ),
        ("clients_waiting", "that wait for one"),
        (
            "longest_wait_seconds",
            "how long the first of these has waited",
        ),
        (
            "servers_active",
            "connections to the server that a client has",
        ),
        ("servers_idle", "that none has"),
        (
            "limit",
            "how many clients there may be (max_client_conn), or servers (pool_size, max_db_connections)",
        ),
        ("used_ratio", "how much of that is used"),
        ("is_paused", "by PAUSE: clients wait"),
        ("is_disabled", "by DISABLE: clients are refused"),
        ("transactions", "since it was started"),
        ("queries", "since then"),
        ("received_bytes", "from clients"),
        ("sent_bytes", "to them"),
        (
            "transactions_per_second",
            "in its last period (stats_period)",
        ),
        ("queries_per_second", "in that"),
        ("mean_transaction_ms", "in that"),
        ("mean_query_ms", "in that"),
        ("mean_wait_ms", "in that, until a client had a server"),
    ],
    gather: Gather::Console(rows),
};

fn rows(
    section: &'static Section,
    origin: &Arc<Origin>,
    console: &mut Console,
) -> Result<Vec<Row>> {
    let config = console.show("SHOW CONFIG")?;
    let lists = console.show("SHOW LISTS")?;
    let databases = console.show("SHOW DATABASES")?;
    let stats = console.show("SHOW STATS")?;
    let pools = console.show("SHOW POOLS")?;
    let mut all = vec![pooler(&config, &lists)];
    all.extend(databases.iter().map(|line| database(line, &stats)));
    all.extend(pools.iter().map(|line| pool(line, &databases)));
    let row = |found: Found| {
        let cells = section.fields.iter().map(|(name, _)| found.cell(name));
        section.row(origin, cells.collect())
    };
    Ok(all.into_iter().map(row).collect())
}

/// What is known of one of them, by field.
struct Found(Vec<(&'static str, Cell)>);

impl Found {
    fn cell(&self, field: &str) -> Cell {
        let found = self.0.iter().find(|(name, _)| *name == field);
        found.map_or(Cell::Null, |(_, cell)| cell.clone())
    }
}

fn value<'a>(line: &'a Line, name: &str) -> Option<&'a str> {
    let found = line.iter().find(|(column, _)| column == name);
    found.and_then(|(_, value)| value.as_deref())
}

fn number(line: &Line, name: &str) -> Option<f64> {
    value(line, name)?.parse().ok()
}

fn text(text: Option<&str>) -> Cell {
    text.map_or(Cell::Null, |text| Cell::Text(text.into()))
}

fn whole(number: Option<f64>) -> Cell {
    number.map_or(Cell::Null, |number| Cell::Int(number as i64))
}

fn float(number: Option<f64>) -> Cell {
    number.map_or(Cell::Null, Cell::Float)
}

/// The line whose first column is this.
fn named<'a>(lines: &'a [Line], key: &str) -> Option<&'a Line> {
    let is_it = |line: &&Line| line.first().and_then(|(_, value)| value.as_deref()) == Some(key);
    lines.iter().find(is_it)
}

fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let whole = whole.filter(|whole| *whole > 0.0)?;
    Some(part? / whole)
}

fn pooler(config: &[Line], lists: &[Line]) -> Found {
    let list =
        |name: &str| named(lists, name).and_then(|line| line.get(1)?.1.as_deref()?.parse().ok());
    let most =
        named(config, "max_client_conn").and_then(|line| line.get(1)?.1.as_deref()?.parse().ok());
    let (clients, servers): (Option<f64>, Option<f64>) =
        (list("used_clients"), list("used_servers"));
    Found(vec![
        ("kind", Cell::Text("pooler".into())),
        ("clients_active", whole(clients)),
        ("servers_active", whole(servers)),
        ("limit", whole(most)),
        ("used_ratio", float(ratio(clients, most))),
    ])
}

fn database(line: &Line, stats: &[Line]) -> Found {
    let name = value(line, "name");
    let stat = name.and_then(|name| named(stats, name));
    let of = |column: &str| stat.and_then(|line| number(line, column));
    let millis = |column: &str| float(of(column).map(|micros| micros / 1000.0));
    let most = number(line, "max_connections").filter(|most| *most > 0.0);
    let current = number(line, "current_connections");
    let server = value(line, "host")
        .map(|host| format!("{host}:{}", value(line, "port").unwrap_or_default()));
    let is = |column: &str| Cell::Bool(number(line, column).is_some_and(|number| number != 0.0));
    Found(vec![
        ("kind", Cell::Text("database".into())),
        ("database", text(name)),
        ("user", text(value(line, "force_user"))),
        ("mode", text(value(line, "pool_mode"))),
        ("server", text(server.as_deref())),
        ("servers_active", whole(current)),
        ("limit", whole(most)),
        ("used_ratio", float(ratio(current, most))),
        ("is_paused", is("paused")),
        ("is_disabled", is("disabled")),
        ("transactions", whole(of("total_xact_count"))),
        ("queries", whole(of("total_query_count"))),
        ("received_bytes", whole(of("total_received"))),
        ("sent_bytes", whole(of("total_sent"))),
        ("transactions_per_second", float(of("avg_xact_count"))),
        ("queries_per_second", float(of("avg_query_count"))),
        ("mean_transaction_ms", millis("avg_xact_time")),
        ("mean_query_ms", millis("avg_query_time")),
        ("mean_wait_ms", millis("avg_wait_time")),
    ])
}

fn pool(line: &Line, databases: &[Line]) -> Found {
    let name = value(line, "database");
    let known = name.and_then(|name| named(databases, name));
    let size = known.and_then(|line| number(line, "pool_size"));
    let seconds = number(line, "maxwait")
        .map(|seconds| seconds + number(line, "maxwait_us").unwrap_or(0.0) / 1e6);
    let (active, idle) = (number(line, "sv_active"), number(line, "sv_idle"));
    let others = ["sv_used", "sv_tested", "sv_login"];
    let others = others
        .iter()
        .filter_map(|column| number(line, column))
        .sum::<f64>();
    let all = active
        .zip(idle)
        .map(|(active, idle)| active + idle + others);
    Found(vec![
        ("kind", Cell::Text("pool".into())),
        ("database", text(name)),
        ("user", text(value(line, "user"))),
        ("mode", text(value(line, "pool_mode"))),
        ("clients_active", whole(number(line, "cl_active"))),
        ("clients_waiting", whole(number(line, "cl_waiting"))),
        ("longest_wait_seconds", float(seconds)),
        ("servers_active", whole(active)),
        ("servers_idle", whole(idle)),
        ("limit", whole(size)),
        ("used_ratio", float(ratio(all, size))),
    ])
}
