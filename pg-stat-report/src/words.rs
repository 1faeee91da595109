//! Numbers as messages say them.

use std::time::Duration;

use shared::units::{human_bytes, human_duration};

use crate::check::Unit;

/// `81.2 %`
pub fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

/// `12 MB`
pub fn bytes(bytes: f64) -> String {
    human_bytes(bytes.max(0.0) as u64)
}

/// `1h 30m`
pub fn time(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds.max(0.0));
    human_duration(seconds.unwrap_or(Duration::MAX))
}

/// `1,234,567`
pub fn count(number: f64) -> String {
    // Whole numbers come as what is nearest to them, and that of the last one of all is one more.
    let digits = match number >= i64::MAX as f64 {
        true => i64::MAX.to_string(),
        false => format!("{number:.0}"),
    };
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left % 3 == 0 && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A check's value.
pub fn of_unit(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Ratio | Unit::Share => percent(value),
        Unit::Seconds => time(value),
        Unit::Bytes => bytes(value),
        Unit::Count | Unit::State => count(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(percent(0.8125), "81.2 %");
        let counts = [0.0, 999.0, 1000.0, 1_234_567.0, -1234.0].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567", "-1,234"]);
        assert_eq!(count(i64::MAX as f64), "9,223,372,036,854,775,807");
        assert_eq!(time(90.0), "1m 30s");
        assert!(!time(f64::INFINITY).is_empty());
        assert_eq!(bytes(-1.0), "0 B");
    }
}
