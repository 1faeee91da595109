//! A moment as people write it: RFC 3339, or with a blank, without seconds, without a zone.

use time::macros::format_description;
use time::{PrimitiveDateTime, UtcOffset};

use super::{Time, Zone};
use crate::{Error, Result};

/// Reads `2026-11-20` (its first moment), `2026-11-20 14:00`, `2026-11-20T14:00:00.5+01:00` and what lies between, as PostgreSQL
/// writes it, too (`+01`). Without a zone it is the local one's.
///
/// # Errors
/// When it is none of these, or the local zone is unknown.
pub fn moment(text: &str) -> Result<Time> {
    let refused = || {
        Error::usage(format!(
            "{text:?} is no moment, such as 2026-11-20 14:00:00+01"
        ))
        .with_hint("without a zone it is local time (TZ)")
    };
    let (date, clock) = text.trim().split_at_checked(10).ok_or_else(refused)?;
    let clock = match clock {
        "" => "00:00",
        clock => clock
            .strip_prefix(['T', 't', ' '])
            .ok_or_else(refused)?
            .trim_start(),
    };
    let end = clock.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.');
    let (clock, zone) = clock.split_at(end.unwrap_or(clock.len()));
    let seconds = if clock.matches(':').count() == 1 {
        ":00"
    } else {
        ""
    };
    let shown = PrimitiveDateTime::parse(
        &format!("{date} {clock}{seconds}"),
        format_description!(
            "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]]"
        ),
    )
    .map_err(|_| refused())?;
    match zone.trim() {
        "" => {
            let fraction = shown.microsecond();
            let whole = Zone::local()?.time_of(shown);
            whole.replace_microsecond(fraction).map_err(|_| refused())
        }
        "Z" | "z" | "UTC" => Ok(shown.assume_utc()),
        zone => {
            let there = shown.assume_offset(offset(zone).ok_or_else(refused)?);
            there.checked_to_offset(UtcOffset::UTC).ok_or_else(refused)
        }
    }
}

/// `+01`, `-0330` or `+05:30`.
fn offset(text: &str) -> Option<UtcOffset> {
    let digits = text.strip_prefix(['+', '-'])?.replace(':', "");
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    (all && [2, 4, 6].contains(&digits.len())).then_some(())?;
    let part = |at: usize| {
        digits
            .get(at..at + 2)
            .map_or(Some(0), |part| part.parse::<i8>().ok())
    };
    let sign = if text.starts_with('-') { -1 } else { 1 };
    UtcOffset::from_hms(part(0)? * sign, part(2)? * sign, part(4)? * sign).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_and_servers_write_it() {
        for (text, expected) in [
            ("2026-11-20 14:00Z", "2026-11-20T14:00:00Z"),
            ("2026-11-20T14:00:00Z", "2026-11-20T14:00:00Z"),
            ("2026-11-20 14:00:00.25+01", "2026-11-20T13:00:00.25Z"),
            ("2026-11-20 14:00:00 UTC", "2026-11-20T14:00:00Z"),
            ("2026-11-20 14:00:00-03:30", "2026-11-20T17:30:00Z"),
            ("2026-11-20 14:00:00 +0530", "2026-11-20T08:30:00Z"),
        ] {
            assert_eq!(
                crate::time::format(moment(text).unwrap()).unwrap(),
                expected,
                "{text}"
            );
        }
        for text in [
            "",
            "today",
            "2026-11-2",
            "2026-13-20 14:00Z",
            "2026-11-20 14:00 CET",
            "2026-11-20 14Z",
        ] {
            assert!(moment(text).is_err(), "{text}");
        }
        let midnight = moment("2026-11-20 00:00").unwrap();
        assert_eq!(moment("2026-11-20").unwrap(), midnight);
    }
}
