//! The moment to recover to.

use shared::time::{self, Time};
use shared::{Error, Result};

/// The longest name that a restore point can have.
const LONGEST_NAME: usize = 63;

/// A moment, as the server is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The end of the WAL.
    End,
    /// A time: what was committed later is left out.
    Time(Time),
    /// A place in the WAL.
    Lsn(String),
    /// A restore point.
    Name(String),
}

impl Target {
    /// What the flag `--target-KIND` and its value mean.
    ///
    /// # Errors
    /// When they mean nothing.
    pub fn parse(given: Option<&(String, String)>) -> Result<Self> {
        let Some((kind, value)) = given else {
            return Ok(Self::End);
        };
        match kind.as_str() {
            "time" => time::moment(value).map(Self::Time),
            "lsn" => match lsn(value) {
                Some(_) => Ok(Self::Lsn(value.clone())),
                None => Err(Error::usage(format!(
                    "{value:?} is no place in the WAL, such as 0/3000060"
                ))),
            },
            _ if value.is_empty() || value.len() > LONGEST_NAME || value.contains('\0') => {
                Err(Error::usage(format!(
                    "a restore point's name has 1 to {LONGEST_NAME} bytes"
                )))
            }
            _ => Ok(Self::Name(value.clone())),
        }
    }

    /// The server's settings for it.
    pub fn settings(&self) -> Result<Option<(String, String)>> {
        let (name, value) = match self {
            Self::End => return Ok(None),
            // Abbreviations, of which Z is one, are not known yet where it is read.
            Self::Time(moment) => {
                let text = time::format(*moment)?.replace('T', " ").replace('Z', "+00");
                ("recovery_target_time", text)
            }
            Self::Lsn(place) => ("recovery_target_lsn", place.clone()),
            Self::Name(name) => ("recovery_target_name", name.clone()),
        };
        Ok(Some((name.to_string(), value)))
    }

    /// For people.
    pub fn describe(&self) -> String {
        match self {
            Self::End => "the end of the WAL".into(),
            Self::Time(moment) => time::format(*moment).unwrap_or_default(),
            Self::Lsn(place) => format!("LSN {place}"),
            Self::Name(name) => format!("restore point \"{name}\""),
        }
    }
}

/// A place in the WAL as a number.
pub fn lsn(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let part = |text: &str| {
        let sound = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        sound.then(|| u64::from_str_radix(text, 16).ok()).flatten()
    };
    Some(part(high)? << 32 | part(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(kind: &str, value: &str) -> Result<Target> {
        Target::parse(Some(&(kind.to_string(), value.to_string())))
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        assert_eq!(lsn("1/A0"), Some((1 << 32) + 160));
        for (kind, value) in [
            ("lsn", "0/"),
            ("lsn", "0"),
            ("lsn", "0/+1"),
            ("lsn", "0/123456789"),
            ("time", "yesterday"),
            ("name", ""),
            ("name", "x".repeat(64).as_str()),
        ] {
            assert!(parsed(kind, value).is_err(), "{kind} {value}");
        }
        assert!(parsed("name", "it's 100% \"done\"").is_ok());
    }
}
