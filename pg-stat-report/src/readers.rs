//! What reads bytes of others and is not in `shared`, called as one function each: any bytes at all are read or refused.
//! Tried with mangled ones by the test, and by the fuzz targets (`fuzz/`).

use crate::config::Config;
use crate::logs::{self, Format, Options};

/// A server's log, taken for each of its formats and for what it looks like.
pub fn log(bytes: &[u8]) {
    let formats = [Format::Stderr, Format::Csv, Format::Json];
    for format in formats.map(Some).into_iter().chain([None]) {
        let options = Options {
            format,
            ..Options::default()
        };
        if let Ok(rows) = logs::report(bytes, &options, Some(3)) {
            let _ = rows.len();
        }
    }
}

/// A file of thresholds.
pub fn thresholds(bytes: &[u8]) {
    if let Ok(config) = Config::parse(&String::from_utf8_lossy(bytes)) {
        let _ = config.limits.len();
    }
}

#[cfg(test)]
#[path = "../../shared/src/readers/mangled.rs"]
mod mangled;

#[cfg(test)]
mod tests {
    use super::mangled::each;

    #[test]
    fn any_log_is_read() {
        each("log", 200, super::log);
    }

    #[test]
    fn any_thresholds_are_read_or_refused() {
        each("thresholds", 400, super::thresholds);
    }
}
