//! Spans of time and numbers of bytes as people write them.
//!
//! `k`, `MB`, `GB` are powers of 1000 and `KiB`, `MiB`, `GiB` powers of 1024, as
//! the standards say and as disks are sold. (PostgreSQL's own settings call 1024
//! kB "1MB".)

use std::time::Duration;

use crate::{Error, Result};

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Each unit of time in milliseconds, the longest first.
const TIMES: [(&str, u64); 6] = [
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", HOUR),
    ("m", MINUTE),
    ("s", SECOND),
    ("ms", 1),
];

/// Each unit of size; the letters' case does not matter.
const SIZES: [(&str, u64); 16] = [
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("ki", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("pib", 1 << 50),
];

/// Reads a span of time: one or more whole numbers with a unit each, the longest
/// unit first. A bare number is refused, since nothing says what it counts.
pub fn duration(text: &str) -> Result<Duration> {
    let mut rest = text;
    let mut longest = u64::MAX;
    let mut total = 0_u64;
    while !rest.is_empty() || text.is_empty() {
        let (number, after) = split_number(rest);
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let known = TIMES
            .iter()
            .find(|(name, size)| *name == unit && *size < longest);
        let Some((_, size)) = known.filter(|_| !number.is_empty()) else {
            return Err(Error::usage(
                "a span of time is needed, such as 90s, 15m, 26h, 30d, 2w or 1h30m",
            ));
        };
        total = times(number, *size)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| Error::usage("the span of time is too long"))?;
        longest = *size;
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

/// Reads a number of bytes: a whole number with a unit, or without one.
pub fn bytes(text: &str) -> Result<u64> {
    let (number, unit) = split_number(text);
    let unit = unit.trim_start().to_ascii_lowercase();
    let known = SIZES.iter().find(|(name, _)| *name == unit);
    let Some((_, size)) = known.filter(|_| !number.is_empty()) else {
        return Err(Error::usage(
            "a size is needed, such as 4096, 512k, 10MB (10,000,000 bytes) or 1GiB",
        ));
    };
    times(number, *size).ok_or_else(|| Error::usage("the size is too large"))
}

fn split_number(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn times(number: &str, size: u64) -> Option<u64> {
    number.parse::<u64>().ok()?.checked_mul(size)
}

/// A number of bytes with three digits or so: `1.2 MB`.
pub fn human_bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
    let mut unit = "B";
    while value >= 999.5 {
        let Some(next) = units.next() else { break };
        value /= 1000.0;
        unit = next;
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ if value < 9.95 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// A span of time in its two largest units: `1h 30m`, `2.5s`, `40ms`.
pub fn human_duration(time: Duration) -> String {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match ms {
        0..SECOND => format!("{ms}ms"),
        SECOND..MINUTE => format!("{:.1}s", (ms / 100) as f64 / 10.0),
        MINUTE..HOUR => two(ms, (MINUTE, "m"), (SECOND, "s")),
        HOUR..DAY => two(ms, (HOUR, "h"), (MINUTE, "m")),
        _ => two(ms, (DAY, "d"), (HOUR, "h")),
    }
}

fn two(ms: u64, large: (u64, &str), small: (u64, &str)) -> String {
    let rest = ms % large.0 / small.0;
    match rest {
        0 => format!("{}{}", ms / large.0, large.1),
        _ => format!("{}{} {rest}{}", ms / large.0, large.1, small.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        for (text, seconds) in [
            ("90s", 90),
            ("26h", 26 * 3600),
            ("30d", 30 * 86_400),
            ("2w", 14 * 86_400),
            ("1h30m", 5400),
            ("1w2d3h4m5s", 788_645),
            ("0s", 0),
        ] {
            assert_eq!(duration(text).unwrap().as_secs(), seconds, "{text}");
        }
        assert_eq!(duration("250ms").unwrap(), Duration::from_millis(250));
        assert_eq!(duration("1s5ms").unwrap(), Duration::from_millis(1005));
    }

    #[test]
    fn what_is_no_span_of_time() {
        for text in [
            "", "5", "s", "1x", "1h5", "-1h", "+1h", "1.5h", "30m1h", "1h1h", "1 h", "1H", "١h",
            "1month",
        ] {
            let error = duration(text).unwrap_err();
            assert!(error.message().contains("such as 90s"), "{text}: {error}");
        }
        for text in [
            "99999999999999999999s",
            "18446744073709551615w",
            "18446744073709551615ms1ms",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, size) in [
            ("0", 0),
            ("4096", 4096),
            ("512k", 512_000),
            ("512kB", 512_000),
            ("10MB", 10_000_000),
            ("10 MB", 10_000_000),
            ("10mb", 10_000_000),
            ("1GiB", 1 << 30),
            ("8KiB", 8192),
            ("16EB", 0),
        ] {
            match bytes(text) {
                Ok(read) => assert_eq!(read, size, "{text}"),
                Err(error) => assert_eq!((text, size), ("16EB", 0), "{error}"),
            }
        }
        for text in [
            "",
            "k",
            "1.5GB",
            "-1",
            "1XB",
            "1 0",
            "99999999999999999999",
            "99999999TB",
        ] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn for_people() {
        let sizes = [
            0,
            999,
            1000,
            1234,
            9_949,
            9_950,
            999_499,
            999_500,
            1_234_567,
            u64::MAX,
        ];
        let shown = [
            "0 B", "999 B", "1.0 kB", "1.2 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "1.2 MB",
            "18 EB",
        ];
        for (size, text) in sizes.into_iter().zip(shown) {
            assert_eq!(human_bytes(size), text);
        }
        let times = [
            0, 999, 1000, 59_999, 60_000, 5_400_000, 86_400_000, 90_061_000,
        ];
        let shown = [
            "0ms", "999ms", "1.0s", "59.9s", "1m", "1h 30m", "1d", "1d 1h",
        ];
        for (ms, text) in times.into_iter().zip(shown) {
            assert_eq!(human_duration(Duration::from_millis(ms)), text);
        }
    }
}
