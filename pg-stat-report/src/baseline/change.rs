//! What has happened to a server, a database or a table between two looks: what is counted anew gives no
//! rate, and what was written anew has not grown.

use super::kept::{DATABASE, Kind, Past, SERVER, STATEMENT, TABLE};

/// Whether it is another server altogether.
pub fn is_foreign(then: &Past, now: &Past) -> bool {
    SERVER.differs("system_identifier", then, now)
}

/// Whether the server still counts from where it did: not after a crash, nor where another one took over.
pub fn counts_on(then: Option<&Past>, now: Option<&Past>) -> bool {
    let Some((then, now)) = then.zip(now) else {
        return true;
    };
    let is_other_node =
        SERVER.differs("timeline", then, now) && SERVER.differs("started_at", then, now);
    !is_other_node && !has_changed(&SERVER, "crashed_or_reset_at", then, now)
}

/// What has happened to the server, in words.
pub fn of_server(then: Option<&Past>, now: Option<&Past>) -> Vec<String> {
    let Some((then, now)) = then.zip(now) else {
        return vec![
            "the earlier report has no row of section server: whether it was restarted, or is another one, is not known"
                .to_string(),
        ];
    };
    let mark = |past, field| SERVER.mark(past, field).unwrap_or_default().to_string();
    let mut words = Vec::new();
    if SERVER.differs("timeline", then, now) {
        words.push(format!(
            "a standby took over: timeline {}, then {}",
            mark(then, "timeline"),
            mark(now, "timeline")
        ));
    }
    if SERVER.differs("started_at", then, now) {
        words.push(format!("it was started at {}", mark(now, "started_at")));
    }
    if !counts_on(Some(then), Some(now)) {
        words.push("its counters began anew, by a crash, a reset or a takeover".to_string());
    }
    words
}

/// Whether a thing is not the one of that name that was there then.
pub fn is_new(kind: &Kind, then: &Past, now: &Past) -> bool {
    (kind.is(&DATABASE) || kind.is(&TABLE)) && kind.differs("oid", then, now)
}

/// Whether its counters were reset since then.
pub fn was_reset(kind: &Kind, then: &Past, now: &Past) -> bool {
    match kind.is(&DATABASE) {
        true => has_changed(kind, "counted_since", then, now),
        false => kind.is(&STATEMENT) && kind.differs("counted_since", then, now),
    }
}

/// Whether its rows are in another file than then.
pub fn was_rewritten(kind: &Kind, then: &Past, now: &Past) -> bool {
    kind.is(&TABLE) && kind.differs("file", then, now)
}

/// Where null says something too: never.
fn has_changed(kind: &Kind, field: &str, then: &Past, now: &Past) -> bool {
    kind.mark(then, field) != kind.mark(now, field)
}
