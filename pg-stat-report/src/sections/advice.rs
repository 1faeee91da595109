//! `advice`: what settings would suit the machine and the work better.

use shared::Result;

use crate::advice::{self, Facts};
use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// One row for each setting that is judged, and for the size of pools.
pub const SECTION: Section = Section {
    name: "advice",
    answers: "which settings would suit the machine and the work better, and how large may each instance's pool be?",
    costs: "one look at the settings and a few counters",
    needs: "no right; the memory is known to superusers, at this machine's sockets, and by --ram",
    reach: Reach::Server,
    fields: &[
        (
            "setting",
            "which; pool_size: of each instance (--instances)",
        ),
        ("value", "what it is"),
        (
            "advised",
            "what would be better; null: nothing, or that is not known",
        ),
        (
            "verdict",
            "ok, consider: it is likely better otherwise; warning: it is wrong; unknown: the memory is not known",
        ),
        ("reason", "why, in figures"),
        ("takes", "reload or restart: what puts it in force"),
        (
            "remedy",
            "SQL for psql that sets it; a comment where a person decides",
        ),
    ],
    gather: Gather::Made(rows),
};

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let facts = Facts::gather(server)?;
    let origin = server.origin();
    let text = |value: Option<String>| value.map_or(Cell::Null, |text| Cell::Text(text.into()));
    let advice = advice::of(&facts).into_iter();
    let row = |advice: advice::Advice| {
        let (takes, remedy) = (advice.takes(&facts), advice.remedy(&facts));
        let cells = vec![
            Cell::Text(advice.setting.into()),
            text(advice.value),
            text(advice.advised),
            Cell::Text(advice.verdict.name().into()),
            Cell::Text(advice.reason.into()),
            text(takes.map(str::to_string)),
            text(remedy),
        ];
        section.row(&origin, cells)
    };
    Ok(advice.map(row).collect())
}
