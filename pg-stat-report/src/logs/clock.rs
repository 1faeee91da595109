//! Times as the server's log has them: `2026-11-21 02:46:16.890 CET`.
//!
//! The zone is an abbreviation: what is ambiguous (IST, CST …) is taken as the zone of TZ says,
//! and what nobody knows gives no time rather than a wrong one.

use shared::time::Zone;
use time::{Date, Month, PrimitiveDateTime};

/// Abbreviations that mean one thing wherever they are written, in minutes east of Greenwich.
const ZONES: [(&str, i32); 38] = [
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("BST", 60),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("MET", 60),
    ("MEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("NST", -210),
    ("NDT", -150),
    ("ADT", -180),
    ("JST", 540),
    ("KST", 540),
    ("HKT", 480),
    ("PKT", 300),
    ("WIB", 420),
    ("WITA", 480),
    ("AWST", 480),
    ("ACST", 570),
    ("ACDT", 630),
    ("AEST", 600),
    ("AEDT", 660),
    ("SAST", 120),
];

/// Reads times; the day and the zone of the last one are remembered.
#[derive(Debug, Default)]
pub struct Clock {
    day: [u8; 10],
    zone: Vec<u8>,
    /// The Unix time in milliseconds at which that day began in that zone.
    midnight: Option<i64>,
    local: Option<Zone>,
}

impl Clock {
    /// The Unix time in milliseconds.
    pub fn millis(&mut self, text: &[u8]) -> Option<i64> {
        if text.get(4) != Some(&b'-') {
            return epoch(text);
        }
        let day = text.get(..10)?;
        let (of_day, length) = time_of_day(text.get(11..)?)?;
        let zone = text[11 + length..].trim_ascii();
        if day != self.day || zone != self.zone.as_slice() {
            self.day.copy_from_slice(day);
            self.zone = zone.to_vec();
            self.midnight = self.midnight();
        }
        Some(self.midnight? + of_day)
    }

    fn midnight(&mut self) -> Option<i64> {
        let number = |range: std::ops::Range<usize>| decimal(&self.day[range]);
        let month = Month::try_from(u8::try_from(number(5..7)?).ok()?).ok()?;
        let day = u8::try_from(number(8..10)?).ok()?;
        let date = Date::from_calendar_date(i32::try_from(number(0..4)?).ok()?, month, day).ok()?;
        let noon = date.midnight() + time::Duration::hours(12);
        let shown = noon.assume_utc().unix_timestamp() - 12 * 3600;
        let minutes = self.offset(noon)?;
        Some((shown - i64::from(minutes) * 60) * 1000)
    }

    /// The zone's minutes east of Greenwich on that day.
    fn offset(&mut self, noon: PrimitiveDateTime) -> Option<i32> {
        let name = std::str::from_utf8(&self.zone).ok()?;
        if let Some(minutes) = signed(name) {
            return Some(minutes);
        }
        if self.local.is_none() {
            self.local = Zone::local().ok();
        }
        let local = self
            .local
            .as_ref()
            .and_then(|zone| of_zone(zone, noon, name));
        let known = ZONES.iter().find(|(zone, _)| *zone == name);
        local.or(known.map(|(_, minutes)| *minutes))
    }
}

/// The offset of that zone, if it goes by that name then.
fn of_zone(zone: &Zone, noon: PrimitiveDateTime, name: &str) -> Option<i32> {
    let time = zone.time_of(noon);
    let shown = zone.local_time(time).offset().whole_seconds() / 60;
    (zone.abbreviation(time).as_deref() == Some(name)).then_some(shown)
}

/// `+03`, `-0330`, `+05:30`: what a zone without an abbreviation is called.
fn signed(name: &str) -> Option<i32> {
    let sign = match name.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: Vec<u8> = name[1..].bytes().filter(|byte| *byte != b':').collect();
    let hours = decimal(digits.get(..2)?)?;
    let minutes = match digits.len() {
        2 => 0,
        4 => decimal(&digits[2..])?,
        _ => return None,
    };
    i32::try_from(hours * 60 + minutes)
        .ok()
        .map(|total| sign * total)
}

/// `1763692386.123`
fn epoch(text: &[u8]) -> Option<i64> {
    let dot = text
        .iter()
        .position(|byte| *byte == b'.')
        .unwrap_or(text.len());
    let fraction = match text.get(dot + 1..) {
        Some(digits) => decimal(digits.get(..3)?)?,
        None => 0,
    };
    Some(decimal(&text[..dot])? * 1000 + fraction)
}

/// `02:46:16.890` or without the fraction, in milliseconds, and its length.
fn time_of_day(text: &[u8]) -> Option<(i64, usize)> {
    let two = |at: usize| decimal(text.get(at..at + 2)?);
    if text.get(2) != Some(&b':') || text.get(5) != Some(&b':') {
        return None;
    }
    let seconds = two(0)? * 3600 + two(3)? * 60 + two(6)?;
    match text.get(8) {
        Some(b'.') => Some((seconds * 1000 + decimal(text.get(9..12)?)?, 12)),
        _ => Some((seconds * 1000, 8)),
    }
}

/// A number of nothing but digits.
pub fn decimal(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// How long a time with its zone is at the beginning of `text`.
pub fn length(text: &[u8]) -> Option<usize> {
    let is_day = text.len() >= 19
        && text[4] == b'-'
        && text[7] == b'-'
        && text[10] == b' '
        && text[..4].iter().all(u8::is_ascii_digit);
    if !is_day {
        return None;
    }
    let (_, length) = time_of_day(&text[11..])?;
    let mut at = 11 + length;
    if text.get(at) != Some(&b' ') {
        return Some(at);
    }
    let zone = &text[at + 1..];
    let signed = zone.first().is_some_and(|byte| matches!(byte, b'+' | b'-'));
    let letters = zone.iter().skip(usize::from(signed));
    let count = match signed {
        true => 1 + letters.take_while(|byte| byte.is_ascii_digit()).count(),
        false => letters
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count(),
    };
    if count > 0 {
        at += 1 + count;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        Clock::default().millis(text.as_bytes())
    }

    #[test]
    fn times_are_read_in_their_zone() {
        let utc = read("2026-11-21 02:46:16.890 UTC");
        assert_eq!(utc, Some(1_795_229_176_890));
        assert_eq!(read("2026-11-21 03:46:16.890 CET"), utc);
        assert_eq!(read("2026-11-21 08:16:16.890 +0530"), utc);
        assert_eq!(read("2026-11-20 23:46:16.890 -03"), utc);
        assert_eq!(read("1795229176.890"), utc);
        assert_eq!(read("2026-11-21 02:46:16 UTC"), Some(1_795_229_176_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-13-21 02:46:16 UTC",
            "2026-11-21 02:46",
            "x",
            "2026-11-21 02:46:16 NOWHERE",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
