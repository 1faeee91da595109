//! Points in time: RFC 3339 in UTC wherever one is written.
//!
//! In a record: `#[serde(with = "shared::time::rfc3339")] taken_at: Time`, and
//! `#[serde(with = "shared::time::rfc3339::option", default)]` for an `Option`.

mod moment;
mod zone;

use std::time::{SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{OffsetDateTime, UtcOffset};

pub use moment::moment;
pub use zone::Zone;

use crate::{Error, Result};

/// A point in time.
pub type Time = OffsetDateTime;

/// No text can say more than the year 9999: the last time, with room for what is added to it.
const LAST: Time = datetime!(9999-12-01 00:00:00 UTC);

/// Now, to the microsecond, which is as exact as PostgreSQL is. A clock that is beyond the year 9999
/// is wrong, and stands still.
pub fn now() -> Time {
    let now = of_file(SystemTime::now()).unwrap_or(LAST);
    now.truncate_to_microsecond()
}

/// A time as the system has it; `None` beyond the year 9999.
pub fn of_file(time: SystemTime) -> Option<Time> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => Time::UNIX_EPOCH.checked_add(since.try_into().ok()?),
        Err(before) => Time::UNIX_EPOCH.checked_sub(before.duration().try_into().ok()?),
    }
}

/// Writes it in UTC: `2026-11-20T03:00:00Z`, with a fraction if there is one.
pub fn format(time: Time) -> Result<String> {
    let utc = time.checked_to_offset(UtcOffset::UTC);
    utc.and_then(|utc| utc.format(&Rfc3339).ok())
        .ok_or_else(|| Error::new(format!("{time} is out of the range of RFC 3339")))
}

/// Reads RFC 3339 with any offset; the result is in UTC.
pub fn parse(text: &str) -> Result<Time> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
    let utc = parsed.and_then(|time| time.checked_to_offset(UtcOffset::UTC));
    utc.ok_or_else(|| {
        Error::usage(format!(
            "{text:?} is no time in RFC 3339, such as 2026-11-20T03:00:00Z"
        ))
    })
}

/// For `#[serde(with = …)]`.
pub mod rfc3339 {
    use super::{Time, format, parse};
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    /// Writes the time as text.
    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        let text = format(*time).map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }

    /// Reads the time from text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map_err(|error| de::Error::custom(error.message()))
    }

    /// For `#[serde(with = …)]` on an `Option`.
    pub mod option {
        use super::{Time, format, parse};
        use serde::{Deserialize, Deserializer, Serializer, de, ser};

        /// Writes the time as text, or null.
        pub fn serialize<S: Serializer>(
            time: &Option<Time>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match time {
                None => serializer.serialize_none(),
                Some(time) => {
                    let text = format(*time).map_err(ser::Error::custom)?;
                    serializer.serialize_some(&text)
                }
            }
        }

        /// Reads the time from text, or null.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Time>, D::Error> {
            let text: Option<String> = Option::deserialize(deserializer)?;
            let time = text.map(|text| parse(&text)).transpose();
            time.map_err(|error| de::Error::custom(error.message()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn written_in_utc_whatever_was_read() {
        for (text, written) in [
            ("2026-11-20T03:00:00Z", "2026-11-20T03:00:00Z"),
            ("2026-11-20T03:00:00+02:00", "2026-11-20T01:00:00Z"),
            ("2026-11-20t03:00:00.25z", "2026-11-20T03:00:00.25Z"),
        ] {
            assert_eq!(format(parse(text).unwrap()).unwrap(), written);
        }
        for text in [
            "",
            "yesterday",
            "2026-11-20",
            "2026-11-20 03:00:00",
            "2026-02-30T00:00:00Z",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert!(parse(text).unwrap_err().message().contains("RFC 3339"));
        }
    }

    #[test]
    fn the_last_year_has_an_end() {
        let last = parse("9999-12-31T23:59:59Z").unwrap();
        assert_eq!(Zone::named("Asia/Tokyo").unwrap().local_time(last), last);
        assert_eq!(of_file(last.into()), Some(last));
        assert_eq!(
            of_file(SystemTime::from(last) + Duration::from_secs(1)),
            None
        );
        let before = parse("1969-12-31T23:59:59Z").unwrap();
        assert_eq!(of_file(before.into()), Some(before));
    }
}
