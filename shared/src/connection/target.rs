//! What a server says about itself, and whether it is the kind that was asked for.

use super::startup::{MARK, Startup};
use crate::error::{Error, Result};
use postgres::Client;
use postgres::types::Type;

/// What a server says about itself.
#[derive(Debug, Clone)]
pub struct Facts {
    /// 150018 for 15.18.
    pub version_num: u32,
    /// It replays another's log.
    pub in_recovery: bool,
    /// Its sessions may not write unless they say so.
    pub read_only: bool,
    /// It was started for us: nothing lends it out to others.
    pub is_ours: bool,
    /// The process that answered.
    pub pid: i32,
}

impl Facts {
    /// It is no server: nothing is known.
    pub fn of_a_console() -> Self {
        Self {
            version_num: 0,
            in_recovery: false,
            read_only: true,
            is_ours: true,
            pid: 0,
        }
    }
}

/// One round trip that settles everything.
pub fn ask(client: &mut Client, startup: &Startup) -> std::result::Result<Facts, postgres::Error> {
    let row = client.query_typed_one(include_str!("sql/facts.sql"), &[(&MARK, Type::TEXT)])?;
    Ok(Facts {
        version_num: u32::try_from(row.try_get::<_, i32>("version_num")?).unwrap_or_default(),
        in_recovery: row.try_get("in_recovery")?,
        read_only: row.try_get("read_only")?,
        is_ours: row.try_get::<_, Option<String>>("mark")?.as_deref() == Some(&startup.mark),
        pid: row.try_get("pid")?,
    })
}

/// The constant of a value of `target_session_attrs`.
pub fn known(attrs: &str) -> &'static str {
    let all = ["any", "read-write", "read-only", "primary", "standby"];
    all.into_iter()
        .find(|known| *known == attrs)
        .unwrap_or("any")
}

/// An error where the server is of another kind.
pub fn check(facts: &Facts, target: &str) -> Result<()> {
    let read_only = facts.read_only || facts.in_recovery;
    let complaint = match target {
        "read-write" if read_only => "session is read-only",
        "read-only" if !read_only => "session is not read-only",
        "primary" if facts.in_recovery => "server is in hot standby mode",
        "standby" if !facts.in_recovery => "server is not in hot standby mode",
        _ => return Ok(()),
    };
    Err(Error::new(complaint).with_hint(format!(
        "target_session_attrs={target} asks for another server"
    )))
}
