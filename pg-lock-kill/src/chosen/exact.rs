//! Whether the times of a record are as exact as the server's: another program may have cut them to seconds, or
//! moved them to its own time zone. Then they name no session: it would pass for another one, or another for it.

use shared::time::{self, Time};
use shared::{Error, Result};

use super::Named;
use crate::sight::Sight;

/// Time zones differ by that, and by a day and a bit at most; in microseconds.
const QUARTER: i128 = 15 * MINUTE;
const FARTHEST: i128 = 26 * 60 * MINUTE;
const MINUTE: i128 = 60 * SECOND;
const SECOND: i128 = 1_000_000;

/// Refuses records whose times are nearly the server's.
pub fn check(named: &[Named], sight: &Sight) -> Result<()> {
    for one in named {
        let record = &one.record;
        let mut sessions = sight.snapshot.sessions.iter();
        let Some(session) = sessions.find(|session| session.pid == record.pid) else {
            continue;
        };
        // The next transaction may begin in the same millisecond; the next session with the number does not.
        for (field, least, written, is) in [
            (
                "backend_start",
                1,
                record.backend_start,
                session.backend_start,
            ),
            ("xact_start", SECOND, record.xact_start, session.xact_start),
            (
                "state_change",
                SECOND,
                record.state_change,
                session.state_change,
            ),
        ] {
            let (Some(written), Some(is)) = (written, is) else {
                continue;
            };
            if is_inexact(written, is, least) {
                return Err(refusal(record.pid, field, written, is)?);
            }
        }
    }
    Ok(())
}

fn refusal(pid: i32, field: &str, written: Time, is: Time) -> Result<Error> {
    let (written, is) = (time::format(written)?, time::format(is)?);
    Ok(Error::usage(format!(
        "standard input: {field} of {pid} is {written}, and on the server {is}: it was cut, rounded or moved to another \
         time zone on the way, and nobody was ended"
    ))
    .with_hint("pass the times of a listing on as they are: with a part of them they may be another session's"))
}

/// Whether it is another time, and becomes this one by a part of it that was cut, rounded or in another zone. Cut to less than `least` microseconds it is
/// taken for another.
fn is_inexact(written: Time, is: Time, least: i128) -> bool {
    if written == is {
        return false;
    }
    let micros = |time: Time| time.unix_timestamp_nanos() / 1000;
    let off = micros(written) - micros(is);
    let zone = match off.abs() <= FARTHEST {
        true => (off + QUARTER / 2).div_euclid(QUARTER) * QUARTER,
        false => 0,
    };
    let rest = (off - zone).abs();
    rest == 0 || (rest < grain(micros(written)) && grain(micros(written)) >= least)
}

/// What the time is a multiple of: nobody knows what was behind its last digit.
fn grain(micros: i128) -> i128 {
    let seconds = (0..=6).rev().map(|digits| 10_i128.pow(digits));
    let mut grains = std::iter::once(MINUTE).chain(seconds);
    grains.find(|grain| micros % grain == 0).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_is_not_another_time() {
        let is = "2026-11-21T22:56:41.624883Z";
        for (written, inexact) in [
            (is, false),
            ("2026-11-21T23:56:41.624883+01:00", false),
            ("2026-11-21T22:56:41.624Z", true),
            ("2026-11-21T22:56:41.625Z", true),
            ("2026-11-21T22:56:41Z", true),
            ("2026-11-21T22:56:42Z", true),
            ("2026-11-21T22:56:00Z", true),
            ("2026-11-21T23:56:41.624883Z", true),
            ("2026-11-21T17:26:41Z", true),
            ("2026-11-21T22:56:41.624882Z", false),
            ("2026-11-21T22:56:43Z", false),
            ("2026-11-21T22:56:40.623Z", false),
            ("2026-11-23T22:56:41.624883Z", false),
        ] {
            let time = |text: &str| time::parse(text).unwrap();
            assert_eq!(is_inexact(time(written), time(is), 1), inexact, "{written}");
            let is_coarse = inexact && !written.starts_with("2026-11-21T22:56:41.62");
            let coarse = is_inexact(time(written), time(is), SECOND);
            assert_eq!(coarse, is_coarse, "{written}");
        }
    }
}
