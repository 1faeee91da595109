//! The name that a replaced database is kept under.

use postgres::Client;
use postgres::types::Type;
use shared::{Error, Result, time};

/// Refuses a name that no database can have: the server would cut it short and mean another one.
pub fn check_length(client: &mut Client, name: &str) -> Result<()> {
    let longest = longest(client)?;
    match name.len() {
        length if length > longest => Err(Error::usage(format!(
            "--promote: the name has {length} bytes, and no database's has more than {longest}"
        ))),
        _ => Ok(()),
    }
}

/// `app_before_20261120T171500Z`, or one like it that no database has.
pub fn free_name(client: &mut Client, live: &str) -> Result<String> {
    let (longest, moment) = (longest(client)?, moment());
    let there = "SELECT FROM pg_catalog.pg_database WHERE datname = $1";
    let mut name = dated(live, &moment, longest);
    let mut number = 1;
    while !client
        .query_typed(there, &[(&name, Type::TEXT)])?
        .is_empty()
    {
        number += 1;
        name = dated(live, &format!("{moment}_{number}"), longest);
    }
    Ok(name)
}

fn longest(client: &mut Client) -> Result<usize> {
    let longest = "SELECT pg_catalog.current_setting('max_identifier_length')::pg_catalog.int4";
    let longest: i32 = client.query_typed_one(longest, &[])?.try_get(0)?;
    Ok(usize::try_from(longest).unwrap_or(0))
}

fn moment() -> String {
    let now = time::now().truncate_to_second();
    let (date, clock) = (now.date(), now.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}

/// In as many bytes as a name may have, and no part of a character.
fn dated(live: &str, moment: &str, longest: usize) -> String {
    let end = format!("_before_{moment}");
    let mut length = live.len().min(longest.saturating_sub(end.len()));
    while !live.is_char_boundary(length) {
        length -= 1;
    }
    format!("{}{end}", &live[..length])
}

#[cfg(test)]
mod tests {
    use super::{dated, moment};

    #[test]
    fn a_dated_name_fits() {
        assert!(dated("app", &moment(), 63).starts_with("app_before_2"));
        let long = dated(&"ä".repeat(31), &moment(), 63);
        assert!(long.len() <= 63 && long.contains("ä_before_"), "{long}");
        let second = dated(&"ä".repeat(31), "20261120T171500Z_12", 63);
        assert!(second.len() <= 63 && second.ends_with("Z_12"), "{second}");
    }
}
