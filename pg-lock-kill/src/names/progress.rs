//! How far long commands are.

use shared::Result;

use crate::snapshot::{Row, Session, Snapshot};

/// The first version that says how far COPY is.
const COPY: u32 = 140_000;

/// What to ask a server of this version, if anybody does what it tells the progress of; most often
/// nobody, and to ask costs more than all names.
pub fn statement(snapshot: &Snapshot) -> Option<&'static str> {
    let asks = snapshot.sessions.iter().any(is_long_command);
    asks.then_some(match snapshot.server_version_num >= COPY {
        true => include_str!("../../sql/progress.14.sql"),
        false => include_str!("../../sql/progress.sql"),
    })
}

fn is_long_command(session: &Session) -> bool {
    let words = [
        "vacuum", "analyze", "cluster", "index", "copy", "backup", "refresh",
    ];
    let query = session.query.as_deref().unwrap_or_default();
    let query = query.to_ascii_lowercase();
    session.state.as_deref() == Some("active") && words.iter().any(|word| query.contains(word))
}

/// Adds the answer.
pub fn add(snapshot: &mut Snapshot, rows: &[Row]) -> Result<()> {
    for row in rows {
        let pid: i32 = row.some_number(0)?;
        let mut sessions = snapshot.sessions.iter_mut();
        if let Some(session) = sessions.find(|session| session.pid == pid) {
            session.progress = words(row);
        }
    }
    Ok(())
}

fn words(row: &Row) -> Option<String> {
    let mut words = row.text(1)?;
    if let Some(phase) = row.text(2).filter(|phase| !phase.is_empty()) {
        words = format!("{words}, {phase}");
    }
    let unit = row.text(5).unwrap_or_default();
    Some(match (row.text(3), row.text(4)) {
        (Some(done), Some(total)) if total != "0" => {
            format!("{words}, {done} of {total} {unit}")
        }
        (Some(done), None) => format!("{words}, {done} {unit}"),
        _ => words,
    })
}
