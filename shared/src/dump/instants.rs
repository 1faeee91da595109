//! `timestamp with time zone` in one spelling.
//!
//! pg_dump writes such values in the time zone of its session, which no dump
//! records. The server's text in UTC is the common form: the same instant, the
//! same bytes.

use std::ops::Range;

/// Whether a field at one of `places`, which are in order, is not spelled in UTC; if so, the line
/// with all of them spelled so is in `out`.
pub fn line_in_utc(line: &[u8], places: &[usize], out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut copied = 0;
    let mut start = 0;
    let mut places = places.iter().copied().peekable();
    let ends = memchr::memchr_iter(b'\t', line).chain([line.len()]);
    for (place, end) in ends.enumerate() {
        if places.next_if_eq(&place).is_some() {
            respell(line, start..end, &mut copied, out);
        }
        if places.peek().is_none() {
            break;
        }
        start = end + 1;
    }
    let changed = copied > 0;
    if changed {
        out.extend_from_slice(&line[copied..]);
    }
    changed
}

/// Whether an instant anywhere in an INSERT's row is not spelled in UTC; if so, the row with all of
/// them spelled so is in `out`.
pub fn row_in_utc(row: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut copied = 0;
    respell(row, 0..row.len(), &mut copied, out);
    out.extend_from_slice(&row[copied..]);
    copied > 0
}

/// `text` with every instant in it spelled in UTC.
pub fn text_in_utc(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    row_in_utc(text.as_bytes(), &mut out);
    out
}

/// Writes all up to the last instant in the field that is not spelled in UTC, from where `copied`
/// was left on. Most lines have none, and are not copied.
fn respell(line: &[u8], field: Range<usize>, copied: &mut usize, out: &mut Vec<u8>) {
    let start = field.start;
    let field = &line[field];
    for space in memchr::memchr_iter(b' ', field) {
        if start + space < *copied {
            continue;
        }
        let Some(instant) = Instant::around(field, space) else {
            continue;
        };
        if instant.offset_seconds == 0 {
            continue;
        }
        out.extend_from_slice(&line[*copied..start + instant.start]);
        instant.write_utc(field, out);
        *copied = start + instant.end;
    }
}

/// A timestamp with its offset, as `DateStyle = ISO` prints it.
struct Instant {
    start: usize,
    end: usize,
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
    fraction: Range<usize>,
    offset_seconds: i64,
}

impl Instant {
    /// The instant whose date ends and whose time begins at `space`.
    fn around(field: &[u8], space: usize) -> Option<Self> {
        let date = &field[..space];
        let (rest, day) = last_number(date, b'-')?;
        let (rest, month) = last_number(rest, b'-')?;
        let start = rest.len() - rest.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        if rest.len() - start < 4 {
            return None;
        }
        let year = number(&rest[start..])?;
        let mut at = space + 1;
        let hours = two_digits(field, &mut at)?;
        let minutes = colon_two_digits(field, &mut at)?;
        let seconds = colon_two_digits(field, &mut at)?;
        let fraction = at..at + fraction_length(&field[at..]);
        at = fraction.end;
        let offset_seconds = offset(field, &mut at)?;
        let before_christ = field[at..].starts_with(b" BC");
        Some(Self {
            start,
            end: if before_christ { at + 3 } else { at },
            year: if before_christ { 1 - year } else { year },
            month,
            day,
            second_of_day: hours * 3600 + minutes * 60 + seconds,
            fraction,
            offset_seconds,
        })
    }

    fn write_utc(&self, field: &[u8], out: &mut Vec<u8>) {
        let seconds = days_from_civil(self.year, self.month, self.day) * 86_400
            + self.second_of_day
            - self.offset_seconds;
        let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
        let time = seconds.rem_euclid(86_400);
        let (shown, era) = if year > 0 {
            (year, "")
        } else {
            (1 - year, " BC")
        };
        let fraction = String::from_utf8_lossy(&field[self.fraction.clone()]);
        let text = format!(
            "{shown:04}-{month:02}-{day:02} {:02}:{:02}:{:02}{fraction}+00{era}",
            time / 3600,
            time / 60 % 60,
            time % 60
        );
        out.extend_from_slice(text.as_bytes());
    }
}

/// The two digits at the end of `text`, which `separator` precedes, and what is before it.
fn last_number(text: &[u8], separator: u8) -> Option<(&[u8], i64)> {
    let (rest, digits) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let rest = rest.strip_suffix(&[separator])?;
    Some((rest, number(digits)?))
}

fn number(digits: &[u8]) -> Option<i64> {
    let all = !digits.is_empty() && digits.len() <= 9 && digits.iter().all(u8::is_ascii_digit);
    all.then(|| {
        digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
    })
}

fn two_digits(field: &[u8], at: &mut usize) -> Option<i64> {
    let value = number(field.get(*at..*at + 2)?)?;
    *at += 2;
    Some(value)
}

fn colon_two_digits(field: &[u8], at: &mut usize) -> Option<i64> {
    (field.get(*at) == Some(&b':')).then_some(())?;
    *at += 1;
    two_digits(field, at)
}

fn fraction_length(rest: &[u8]) -> usize {
    match rest.split_first() {
        Some((b'.', digits)) => 1 + digits.iter().take_while(|b| b.is_ascii_digit()).count(),
        _ => 0,
    }
}

/// `+02`, `-03:30` or `+00:53:28`, in seconds east of UTC.
fn offset(field: &[u8], at: &mut usize) -> Option<i64> {
    let sign = match field.get(*at)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    *at += 1;
    let mut seconds = two_digits(field, at)? * 3600;
    for unit in [60, 1] {
        match colon_two_digits(field, at) {
            Some(value) => seconds += value * unit,
            None => break,
        }
    }
    Some(sign * seconds)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod test {
    use super::*;

    fn utc(field: &str) -> String {
        String::from_utf8(text_in_utc(field)).unwrap()
    }

    #[test]
    fn instants_move_to_utc() {
        for (local, expected) in [
            ("2024-06-01 14:00:00+02", "2024-06-01 12:00:00+00"),
            (
                "2023-12-31 23:30:00.125-03:30",
                "2024-01-01 03:00:00.125+00",
            ),
            ("1850-01-01 00:53:28+00:53:28", "1850-01-01 00:00:00+00"),
            ("0001-01-01 00:30:00+01", "0001-12-31 23:30:00+00 BC"),
            ("0044-03-15 12:00:00+01 BC", "0044-03-15 11:00:00+00 BC"),
            (
                "294276-12-31 23:59:59.999999+12",
                "294276-12-31 11:59:59.999999+00",
            ),
            ("4714-11-24 01:00:00+01 BC", "4714-11-24 00:00:00+00 BC"),
            (
                "{\"2024-03-01 00:00:00+01\",NULL,infinity}",
                "{\"2024-02-29 23:00:00+00\",NULL,infinity}",
            ),
            (
                "[\"2024-06-01 14:00:00+02\",\"2024-06-02 14:00:00+02\")",
                "[\"2024-06-01 12:00:00+00\",\"2024-06-02 12:00:00+00\")",
            ),
        ] {
            assert_eq!(utc(local), expected);
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "2024-06-01 14:00:00+00",
            "infinity",
            "\\N",
            "",
            "a b",
            "1-1-1 1:1:1+1",
            "99-99 99",
        ] {
            assert_eq!(utc(text), text);
        }
    }

    #[test]
    fn only_the_named_fields() {
        let mut out = Vec::new();
        let line = b"2024-06-01 14:00:00+02\t2024-06-01 14:00:00+02";
        assert!(line_in_utc(line, &[1], &mut out));
        assert_eq!(out, b"2024-06-01 14:00:00+02\t2024-06-01 12:00:00+00");
        let line = b"a\t2024-06-01 14:00:00+02\t\\N\t2024-06-01 14:00:00+02\tb";
        assert!(line_in_utc(line, &[1, 2, 3], &mut out));
        assert_eq!(
            out,
            b"a\t2024-06-01 12:00:00+00\t\\N\t2024-06-01 12:00:00+00\tb"
        );
        assert!(!line_in_utc(line, &[0, 2, 4, 9], &mut out));
    }

    #[test]
    fn the_calendar_is_its_own_inverse() {
        for days in (-3_000_000..3_000_000).step_by(37) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }
}
