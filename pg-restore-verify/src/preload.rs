//! `--preload`: libraries that a private server loads at its start, for extensions that can't do
//! without.

use shared::{Error, Result};

/// What a library's own manual asks for where a backup is restored: of one that would run what it
/// finds there, that it does not.
const SETTINGS: [(&str, &str, &str); 3] = [
    ("pg_cron", "cron.launch_active_jobs", "off"),
    ("pg_cron", "cron.database_name", crate::restore::DATABASE),
    ("timescaledb", "timescaledb.restoring", "on"),
];

/// The libraries in `LIB[,LIB]…`, as `shared_preload_libraries` names them.
pub fn libraries(text: &str) -> Result<Vec<String>> {
    let names = text.split(',').map(str::trim);
    names
        .map(|name| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./$".contains(c);
            match !name.is_empty() && name.chars().all(is_plain) {
                true => Ok(name.to_string()),
                false => Err(Error::usage(format!(
                    "--preload: {name:?} is no name of a library, such as pg_cron"
                ))),
            }
        })
        .collect()
}

/// The settings of a server that loads them.
pub fn settings(libraries: &[String]) -> Vec<(String, String)> {
    if libraries.is_empty() {
        return Vec::new();
    }
    let quoted: Vec<String> = libraries
        .iter()
        .map(|library| format!("\"{library}\""))
        .collect();
    let all = ("shared_preload_libraries".to_string(), quoted.join(", "));
    let is_loaded = |name: &str| {
        let file = |library: &String| library.rsplit('/').next().map(str::to_string);
        libraries.iter().filter_map(file).any(|file| {
            // timescaledb-2.17.2.so is one of timescaledb's, too.
            let rest = file.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
        })
    };
    let own = SETTINGS.into_iter().filter(|(name, ..)| is_loaded(name));
    let own = own.map(|(_, setting, value)| (setting.to_string(), value.to_string()));
    std::iter::once(all).chain(own).collect()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn as_a_server_takes_them() {
        let of = |text: &str| settings(&libraries(text).unwrap());
        assert!(settings(&[]).is_empty());
        let all = of("pg_stat_statements, $libdir/timescaledb-2.17");
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["shared_preload_libraries", "timescaledb.restoring"]);
        assert_eq!(
            all[0].1,
            "\"pg_stat_statements\", \"$libdir/timescaledb-2.17\""
        );
        assert_eq!(of("pg_cron").len(), 3);
        assert_eq!(of("pg_crony").len(), 1);
        for bad in ["", "a,", "a b", "a\"b", "a'"] {
            assert!(libraries(bad).is_err(), "{bad}");
        }
    }
}
