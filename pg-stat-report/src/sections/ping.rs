//! `ping`: does the server answer?

use std::sync::Arc;
use std::time::Instant;

use shared::connection::Conninfo;
use shared::{Error, Result, time};

use crate::look::{Part, Seen};
use crate::parts::Parts;
use crate::row::{Cell, Origin, Row};
use crate::section::{Gather, Reach, Section, Source};
use crate::server::Server;

/// One row, also where there is no server.
pub const SECTION: Section = Section {
    name: "ping",
    answers: "does the server answer?",
    costs: "nothing worth a word",
    needs: "CONNECT",
    reach: Reach::Server,
    fields: &[
        ("status", "healthy or unhealthy"),
        ("database", "connected or disconnected"),
        ("latency_ms", "how long a statement took that does nothing"),
        ("message", "why it is unhealthy"),
    ],
    gather: Gather::Made(answer),
};

fn answer(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let start = Instant::now();
    server.ask(include_str!("../../sql/ping.sql"))?;
    let latency = start.elapsed().as_secs_f64() * 1000.0;
    let cells = vec![
        Cell::Text("healthy".into()),
        Cell::Text("connected".into()),
        Cell::Float((latency * 1000.0).round() / 1000.0),
        Cell::Null,
    ];
    Ok(vec![section.row(&server.origin(), cells)])
}

/// Where a server is looked for, as `host:port`.
pub fn place(target: &Conninfo) -> String {
    let [service, address, host, port] = target.place();
    let host = [host, address, service]
        .into_iter()
        .find(|part| !part.is_empty());
    format!("{}:{port}", host.unwrap_or_default())
}

/// What is to be said where nobody answers.
pub fn unreachable(target: &Conninfo, error: &Error) -> Result<Seen> {
    let origin = Arc::new(Origin {
        target: place(target),
        taken_at: time::format(time::now())?,
        is_standby: false,
    });
    let cells = vec![
        Cell::Text("unhealthy".into()),
        Cell::Text("disconnected".into()),
        Cell::Null,
        Cell::Text(error.in_one_line().into()),
    ];
    let rows = Ok(vec![SECTION.row(&origin, cells)]);
    Ok(Seen {
        source: Source::Server,
        databases: Vec::new(),
        parts: Parts::from_iter([Part {
            section: &SECTION,
            database: None,
            rows,
        }]),
        origin,
    })
}

/// Whether one of the servers that were asked is not.
pub fn is_unhealthy(parts: &[Part]) -> bool {
    let rows = parts
        .iter()
        .filter(|part| part.section.name == SECTION.name);
    rows.flat_map(|part| &part.rows)
        .flatten()
        .any(|row| row.text("status") == Some("unhealthy"))
}
