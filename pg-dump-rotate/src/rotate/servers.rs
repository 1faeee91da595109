//! Whether one database has backups of several servers, which people take for one another.

use std::collections::BTreeMap;

use shared::backup::Backups;
use shared::cli::Context;
use shared::time::Time;

use super::series;
use crate::scope::Subject;

/// How many are named before the others are only counted.
const NAMED: usize = 3;

/// What one server left of a subject.
struct Span {
    server: String,
    newest: Time,
    oldest: Time,
}

/// Says so where of one subject there are backups of several servers that were there at the same
/// time: one that ended before another began was moved from.
pub fn warn_of_several(backups: &Backups, context: &Context) {
    let glimpse = |place: u32| backups.glimpse(place as usize);
    let mut spans: BTreeMap<Subject, Vec<Span>> = BTreeMap::new();
    for places in series::split(backups) {
        let (Some(newest), Some(oldest)) = (places.first(), places.last()) else {
            continue;
        };
        let (newest, oldest) = (glimpse(*newest), glimpse(*oldest));
        let Some(manifest) = newest.manifest.filter(|manifest| !manifest.adopted) else {
            continue;
        };
        let span = Span {
            server: manifest.server().unwrap_or("not known").to_string(),
            newest: newest.taken_at,
            oldest: oldest.taken_at,
        };
        let subject = Subject::of_manifest(manifest);
        spans.entry(subject).or_default().push(span);
    }
    let several = spans.iter().filter(|(_, spans)| are_at_once(spans));
    let several: Vec<String> = several
        .map(|(subject, spans)| told(subject, spans))
        .collect();
    if !several.is_empty() {
        let more = match several.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let named = several[..several.len().min(NAMED)].join("; ");
        context.warn(format!(
            "there are backups of several servers: {named}{more}: the field `server` tells them \
             apart, and a --dir or --label for each keeps them apart"
        ));
    }
}

fn are_at_once(spans: &[Span]) -> bool {
    let overlap = |a: &Span, b: &Span| a.oldest <= b.newest && b.oldest <= a.newest;
    let pairs = spans.iter().enumerate();
    let mut pairs = pairs.flat_map(|(at, one)| spans[..at].iter().map(move |other| (one, other)));
    pairs.any(|(one, other)| overlap(one, other))
}

fn told(subject: &Subject, spans: &[Span]) -> String {
    let servers: Vec<&str> = spans.iter().map(|span| span.server.as_str()).collect();
    format!("{subject} of {}", servers.join(" and "))
}
