//! How sessions of ours begin, as libpq's `options`, where databases and roles came from elsewhere
//! and bring along how theirs should.

/// Libraries, which this machine may lack.
pub const LIBRARIES: &str = "-c session_preload_libraries= -c local_preload_libraries=";
/// Limits, which are for those who use a database.
const LIMITS: &str = " -c statement_timeout=0 -c lock_timeout=0 \
                      -c idle_in_transaction_session_timeout=0";
/// The same that only newer servers know: the first version that does. A trigger on login would
/// run for each of our sessions.
const NEWER: &[(u32, &str)] = &[
    (17, " -c event_triggers=off -c transaction_timeout=0"),
    (14, " -c idle_session_timeout=0"),
];
/// A role with fewer rights, transactions in which nothing can be written, and another reading of
/// strings than statements of ours count on.
const LOOKING: &str = " -c role=none -c default_transaction_read_only=off \
                       -c default_transaction_isolation=read\\ committed \
                       -c standard_conforming_strings=on";

/// Of a session that looks at what is there, whatever the data says that sessions should be like.
pub fn looking(major: u32) -> String {
    restoring(major) + LOOKING
}

/// Of a session that does what psql would: all else is as a user's own.
pub fn restoring(major: u32) -> String {
    let newer = NEWER.iter().filter(|(since, _)| major >= *since);
    let newer: String = newer.map(|(_, options)| *options).collect();
    format!("{LIBRARIES}{LIMITS}{newer}")
}
