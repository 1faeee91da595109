//! How many connections each instance of an application may open.

use super::{Advice, Facts, Verdict};

/// What all may have by how many there are (`--instances`).
pub fn advice(facts: &Facts) -> Option<Advice> {
    let instances = facts.instances? as f64;
    let (limit, whose) = facts.tightest.as_ref()?;
    let most = facts.number("max_connections").unwrap_or(*limit);
    let size = (limit / instances).floor();
    let of_what = match whose.is_empty() {
        true => format!("({most:.0} max_connections - {:.0} reserved)", most - limit),
        false => format!("{limit:.0}, the connection limit of {whose}"),
    };
    let figures = format!("{of_what} / {instances:.0} instances");
    let (verdict, reason) = match size {
        size if size < 1.0 => (
            Verdict::Warning,
            format!(
                "{figures}: there is not one for each; PgBouncer in transaction mode lets many clients share few"
            ),
        ),
        size if size < 5.0 => (
            Verdict::Consider,
            format!("{figures}: PgBouncer in transaction mode lets many clients share few"),
        ),
        size => (
            Verdict::Ok,
            format!(
                "{figures}; {:.0} are left for migrations, backups and people: with none, take one less",
                limit - size * instances
            ),
        ),
    };
    Some(Advice {
        setting: "pool_size".to_string(),
        value: None,
        advised: (size >= 1.0).then(|| format!("{size:.0}")),
        verdict,
        reason,
    })
}
