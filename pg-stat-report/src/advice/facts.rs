//! What advice is made of.

use std::collections::HashMap;

use shared::Result;

use super::ram::Ram;
use crate::row::{Cell, Row};
use crate::sections::{checkpoints, connections, settings};
use crate::server::Server;

const WORKLOAD: [(&str, &str); 4] = [
    ("blocks_hit", ""),
    ("blocks_read", ""),
    ("temp_bytes", ""),
    ("counted_seconds", ""),
];

/// A setting.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// As SHOW has it.
    pub value: String,
    /// In bytes, in seconds, or as it is.
    pub number: Option<f64>,
    /// Who says so.
    pub source: String,
    /// A reload does not put it in force.
    pub needs_restart: bool,
}

/// How checkpoints came about.
#[derive(Debug, Clone, Copy)]
pub struct Checkpoints {
    /// How many.
    pub count: f64,
    /// Of them, before their time.
    pub requested_ratio: f64,
    /// Between two.
    pub interval_seconds: f64,
}

/// What is known of a server.
#[derive(Debug, Default)]
pub struct Facts {
    pub(super) settings: HashMap<String, Setting>,
    /// The machine's memory.
    pub ram: Option<Ram>,
    /// How many instances of an application share the connections.
    pub instances: Option<u64>,
    /// How many sessions there may be of ordinary roles.
    pub room: Option<f64>,
    /// How many there are.
    pub sessions: Option<f64>,
    /// The least of that, and what a role's or a database's own limit says, and whose it is.
    pub tightest: Option<(f64, String)>,
    /// Of blocks asked for, those that shared_buffers had, if there were enough.
    pub hit_ratio: Option<f64>,
    /// Written to temporary files.
    pub temp_bytes_per_day: Option<f64>,
    /// Checkpoints since they are counted.
    pub checkpoints: Option<Checkpoints>,
}

impl Facts {
    /// Asks the server.
    pub fn gather(server: &mut Server) -> Result<Self> {
        let mut facts = Self {
            instances: server.given().instances,
            ..Self::default()
        };
        let known = settings::known(server)?;
        facts.settings.extend(known.iter().filter_map(setting));
        let workload = server.query(include_str!("../../sql/workload.sql"), &WORKLOAD)?;
        facts.work(workload.first().map_or(&[], Vec::as_slice));
        let rows = connections::SECTION.rows(server, false)?;
        facts.connected(&rows);
        let rows = checkpoints::SECTION.rows(server, false)?;
        facts.checkpoints = rows.first().and_then(checkpoints_of);
        facts.ram = Ram::of(server);
        Ok(facts)
    }

    /// A setting, if it is among those that are judged.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.get(name)
    }

    /// What it is as a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.setting(name)?.number
    }

    fn work(&mut self, cells: &[Cell]) {
        let [hit, read, temporary, seconds] = cells else {
            return;
        };
        const ENOUGH: f64 = 100_000.0;
        const DAY: f64 = 86_400.0;
        if let (Some(hit), Some(read)) = (float(hit), float(read)) {
            self.hit_ratio = (hit + read >= ENOUGH).then_some(hit / (hit + read));
        }
        if let (Some(temporary), Some(seconds)) = (float(temporary), float(seconds)) {
            self.temp_bytes_per_day = Some(temporary / (seconds / DAY).max(1.0));
        }
    }

    fn connected(&mut self, rows: &[Row]) {
        let of = |by: &str| rows.iter().find(|row| row.text("by") == Some(by));
        let server = of("server");
        self.sessions = server.and_then(|row| row.number("connections"));
        self.room = server.and_then(|row| row.number("limit"));
        let limited = rows.iter().filter_map(|row| {
            let whose = format!("{} {}", row.text("by")?, row.text("name")?);
            Some((row.number("limit")?, whose))
        });
        let room = self.room.map(|room| (room, String::new()));
        self.tightest = room
            .into_iter()
            .chain(limited)
            .reduce(|one, other| if other.0 < one.0 { other } else { one });
    }
}

fn checkpoints_of(row: &Row) -> Option<Checkpoints> {
    Some(Checkpoints {
        count: row.number("timed")? + row.number("requested")?,
        requested_ratio: row.number("requested_ratio")?,
        interval_seconds: row.number("interval_seconds")?,
    })
}

/// One that is advised on.
fn setting(row: &Row) -> Option<(String, Setting)> {
    let value = row.text("value")?.to_string();
    let number = row.text("setting")?.parse::<f64>().ok();
    let unit = row.text("unit").map_or(Some(1.0), factor);
    let setting = Setting {
        value,
        // -1 and the like are not of any unit.
        number: number
            .zip(unit)
            .map(|(number, unit)| if number < 0.0 { number } else { number * unit }),
        source: row.text("said_by")?.to_string(),
        needs_restart: row.is("needs_restart"),
    };
    Some((row.text("name")?.to_string(), setting))
}

/// What a unit of pg_settings is, in bytes or seconds.
fn factor(unit: &str) -> Option<f64> {
    let digits = unit.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = unit.split_at(digits);
    let number = if number.is_empty() {
        1.0
    } else {
        number.parse().ok()?
    };
    let one = match unit {
        "B" => 1.0,
        "kB" => 1024.0,
        "MB" => 1_048_576.0,
        "ms" => 0.001,
        "s" => 1.0,
        "min" => 60.0,
        _ => return None,
    };
    Some(number * one)
}

fn float(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(number) => Some(*number),
        Cell::Int(number) => Some(*number as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::factor;

    #[test]
    fn units_of_settings() {
        let factors = ["8kB", "kB", "MB", "ms", "min", "16MB"].map(factor);
        let expected = [8192.0, 1024.0, 1_048_576.0, 0.001, 60.0, 16.0 * 1_048_576.0];
        assert_eq!(factors, expected.map(Some));
        assert_eq!(factor("parsecs"), None);
    }
}
