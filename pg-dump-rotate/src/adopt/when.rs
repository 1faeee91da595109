//! When a file of others was written, by its name, and what it shares with the others of its kind.

use std::ops::Range;

use shared::time::{Time, Zone};
use time::{Date, Month, PrimitiveDateTime, UtcOffset};

/// What a name may end with that says how it is stored, not what it is of.
const EXTENSIONS: [&str; 16] = [
    "sql", "gz", "zst", "zstd", "lz4", "bz2", "xz", "dump", "pgdump", "custom", "backup", "bak",
    "tar", "tgz", "dir", "psql",
];

/// What a name says of the time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Said {
    At(Time),
    /// As a clock showed it.
    Local(PrimitiveDateTime),
    Day(Date),
}

/// When the file was written: by its name, or else when it was last changed. A name that has only
/// the day leaves the hour to that, if it is of the day.
pub fn taken_at(name: &str, modified: Time, zone: &Zone) -> Time {
    match find(name).map(|(_, said)| said) {
        Some(Said::At(time)) => time,
        Some(Said::Local(shown)) => zone.time_of(shown),
        Some(Said::Day(day)) if zone.local_time(modified).date() == day => modified,
        Some(Said::Day(day)) => zone.time_of(day.midnight()),
        None => modified,
    }
}

/// What names of one series have in common: without their extension and with `*` for the time, or
/// where they have none `#` for each number.
pub fn stem(name: &str) -> String {
    let end = name.len() - extension(name);
    match find(&name[..end]) {
        Some((Range { start, end: after }, _)) => {
            format!("{}*{}", &name[..start], &name[after..end])
        }
        None => without_numbers(&name[..end]),
    }
}

/// Whether a file of this name claims to be a backup.
pub fn has_extension(name: &str) -> bool {
    extension(name) > 0
}

/// The length of `.sql.gz` and the like.
fn extension(name: &str) -> usize {
    let mut rest = name;
    while let Some((before, last)) = rest.rsplit_once('.') {
        let known = EXTENSIONS.contains(&last.to_ascii_lowercase().as_str());
        if before.is_empty() || !known {
            break;
        }
        rest = before;
    }
    name.len() - rest.len()
}

fn without_numbers(text: &str) -> String {
    let mut stem = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_ascii_digit() {
            true if stem.ends_with('#') => {}
            true => stem.push('#'),
            false => stem.push(character),
        }
    }
    stem
}

/// The last time in a name, and where it is.
fn find(name: &str) -> Option<(Range<usize>, Said)> {
    let mut found = None;
    let mut at = 0;
    while at < name.len() {
        let begins = name.as_bytes()[at].is_ascii_digit()
            && (at == 0 || !name.as_bytes()[at - 1].is_ascii_digit());
        match Some(&name[at.min(name.len())..])
            .filter(|_| begins)
            .and_then(read)
        {
            Some((length, said)) => {
                found = Some((at..at + length, said));
                at += length;
            }
            None => at += 1,
        }
        while !name.is_char_boundary(at) {
            at += 1;
        }
    }
    found
}

/// A time at the beginning of this, and its length.
fn read(text: &str) -> Option<(usize, Said)> {
    let first = date_and_hour(text).or_else(|| epoch(text));
    first.or_else(|| date(text))
}

/// `2026112002`.
fn date_and_hour(text: &str) -> Option<(usize, Said)> {
    let (day, hour) = text
        .get(..10)
        .filter(|_| digits_of(text) == 10)?
        .split_at(8);
    let (_, Said::Day(date)) = date(day)? else {
        return None;
    };
    let time = time::Time::from_hms(hour.parse().ok()?, 0, 0).ok()?;
    Some((10, Said::Local(PrimitiveDateTime::new(date, time))))
}

/// Seconds or milliseconds since 1970, of this century and past: other numbers have ten digits too.
fn epoch(text: &str) -> Option<(usize, Said)> {
    let length = digits_of(text);
    let number: i64 = text[..length].parse().ok()?;
    let seconds = match length {
        10 => number,
        13 => number / 1000,
        _ => return None,
    };
    let time = Time::from_unix_timestamp(seconds).ok()?;
    let is_past = time.year() > 2000 && time <= shared::time::now();
    is_past.then_some((length, Said::At(time)))
}

fn date(text: &str) -> Option<(usize, Said)> {
    let mut rest = Rest(text);
    let year = rest.number(4).filter(|year| (1970..2200).contains(year))?;
    let separator = rest.one_of("-_.");
    let month = Month::try_from(u8::try_from(rest.number(2)?).ok()?).ok()?;
    if rest.one_of("-_.") != separator {
        return None;
    }
    let day = u8::try_from(rest.number(2)?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, day).ok()?;
    let length = text.len() - rest.0.len();
    if let Some((after, said)) = clock(rest, date) {
        return Some((text.len() - after.0.len(), said));
    }
    (digits_of(rest.0) == 0).then_some((length, Said::Day(date)))
}

/// The hours and minutes after a date.
fn clock(mut rest: Rest<'_>, date: Date) -> Option<(Rest<'_>, Said)> {
    let marked = rest.one_of("Tt_-. @").is_some();
    let digits = digits_of(rest.0);
    let hour = rest.number(2)?;
    let separator = rest.one_of(":-_.h");
    // Without anything between, four digits or six are hours, minutes and seconds.
    if separator.is_none() && digits != 4 && digits != 6 {
        return None;
    }
    if !marked && separator.is_some() {
        return None;
    }
    let minute = rest.number(2)?;
    let mut second = 0;
    let before = rest;
    if rest.one_of(":-_.m") == separator || separator == Some('h') {
        match rest.number(2).filter(|_| digits_of(rest.0) == 0) {
            Some(number) => second = number,
            None => rest = before,
        }
    }
    let [hour, minute, second] = [hour, minute, second].map(|n| u8::try_from(n).unwrap_or(99));
    let time = time::Time::from_hms(hour, minute, second).ok()?;
    if digits_of(rest.0) > 0 {
        return None;
    }
    let shown = PrimitiveDateTime::new(date, time);
    Some(match offset(rest) {
        Some((after, offset)) => (after, Said::At(shown.assume_offset(offset))),
        None => (rest, Said::Local(shown)),
    })
}

/// `Z`, `+0100`, `+01:00` or `-01:00`; `-0100` might be a number of another kind.
fn offset(mut rest: Rest<'_>) -> Option<(Rest<'_>, UtcOffset)> {
    let sign = rest.one_of("Zz+-")?;
    if matches!(sign, 'Z' | 'z') {
        let ends = !rest.0.starts_with(|c: char| c.is_alphanumeric());
        return ends.then_some((rest, UtcOffset::UTC));
    }
    let hours = i8::try_from(rest.number(2)?).ok()?;
    if rest.one_of(":").is_none() && sign == '-' {
        return None;
    }
    let minutes = i8::try_from(rest.number(2)?).ok()?;
    let sign = if sign == '-' { -1 } else { 1 };
    let offset = UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?;
    (digits_of(rest.0) == 0).then_some((rest, offset))
}

fn digits_of(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// What is still to be read.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// A number of so many digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let number = self
            .0
            .get(..digits)
            .filter(|_| digits_of(self.0) >= digits)?;
        self.0 = &self.0[digits..];
        number.parse().ok()
    }

    fn one_of(&mut self, characters: &str) -> Option<char> {
        let first = self.0.chars().next()?;
        if !characters.contains(first) {
            return None;
        }
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const MODIFIED: Time = datetime!(2026-11-20 05:06:07 UTC);

    fn berlin(name: &str) -> Time {
        let zone = Zone::named("Europe/Berlin").unwrap();
        taken_at(name, MODIFIED, &zone)
    }

    #[test]
    fn the_time_in_a_name() {
        for (name, expected) in [
            ("backup_20260115.sql.gz", datetime!(2026-01-14 23:00 UTC)),
            ("backup-2026-01-15.sql.gz", datetime!(2026-01-14 23:00 UTC)),
            (
                "db_20260115_020304.dump",
                datetime!(2026-01-15 01:03:04 UTC),
            ),
            (
                "db_20260715_020304.dump",
                datetime!(2026-07-15 00:03:04 UTC),
            ),
            (
                "db_2026-01-15_02-03-04.dump",
                datetime!(2026-01-15 01:03:04 UTC),
            ),
            (
                "db_2026-01-15T02:03:04.dump",
                datetime!(2026-01-15 01:03:04 UTC),
            ),
            ("db_2026-01-15_02h03.dump", datetime!(2026-01-15 01:03 UTC)),
            (
                "db-2026.01.15-02.03.04.tar",
                datetime!(2026-01-15 01:03:04 UTC),
            ),
            ("20260115020304-db.sql", datetime!(2026-01-15 01:03:04 UTC)),
            ("202601150203.sql", datetime!(2026-01-15 01:03 UTC)),
            (
                "db_20260115T020304Z.sql",
                datetime!(2026-01-15 02:03:04 UTC),
            ),
            (
                "db_2026-01-15T02:03:04+0300.sql",
                datetime!(2026-01-14 23:03:04 UTC),
            ),
            (
                "db_2026-01-15T02:03:04-03:00.sql",
                datetime!(2026-01-15 05:03:04 UTC),
            ),
            (
                "db_20260115_020304-0001.sql",
                datetime!(2026-01-15 01:03:04 UTC),
            ),
            ("db_1768442584.dump", datetime!(2026-01-15 02:03:04 UTC)),
            ("db_1768442584000.dump", datetime!(2026-01-15 02:03:04 UTC)),
            (
                "export20200101_20260115.sql",
                datetime!(2026-01-14 23:00 UTC),
            ),
            ("2026_01_15_app.backup", datetime!(2026-01-14 23:00 UTC)),
            // Ten digits are a date and an hour where they can be, and no epoch that is yet to come.
            ("backup_2026011502.sql.gz", datetime!(2026-01-15 01:00 UTC)),
            ("2026071500_db.dump", datetime!(2026-07-14 22:00 UTC)),
            ("backup_2026011524.sql.gz", MODIFIED),
            ("backup_2026131502.sql.gz", MODIFIED),
            ("backup_2611200200.sql.gz", MODIFIED),
            ("backup_4102444799000.sql.gz", MODIFIED),
            // Only the day: the hour is that of the last change, if it is of the day.
            ("backup_20261120.sql", MODIFIED),
            // No time at all.
            ("backup.sql", MODIFIED),
            ("backup_20261320.sql", MODIFIED),
            ("backup_20260230.sql", MODIFIED),
            ("backup_123456789.sql", MODIFIED),
            ("backup_20260115999.sql", MODIFIED),
            ("größe_mo.sql", MODIFIED),
        ] {
            assert_eq!(berlin(name), expected, "{name}");
        }
    }

    #[test]
    fn what_a_series_of_names_shares() {
        for (name, expected) in [
            ("backup_20261120.sql.gz", "backup_*"),
            ("backup_20261120.sql", "backup_*"),
            ("app_2026-11-20_02-00-00_host1.dump", "app_*_host1"),
            ("app_2026-11-20_02-00-00_host2.dump", "app_*_host2"),
            ("app_20261120.globals.sql", "app_*.globals"),
            ("20261120T020000Z.sql", "*"),
            ("app_2026112002.sql", "app_*"),
            ("backup.sql.gz", "backup"),
            ("backup-7.sql.gz", "backup-#"),
            ("backup-17.2.sql.gz", "backup-#.#"),
            (".sql", ".sql"),
            ("daily-mo.tar", "daily-mo"),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }
}
