//! What who promotes may do.

use postgres::Client;
use postgres::types::Type;
use shared::Result;
use shared::dump::quote_identifier;

/// The first right that is missing, in words, and what to do about it.
pub fn missing(
    client: &mut Client,
    live: &str,
    accepted: &[String],
) -> Result<Option<(String, &'static str)>> {
    let rights = include_str!("../../sql/promotion_rights.sql");
    let row = client.query_typed_one(rights, &[(&live, Type::TEXT)])?;
    let me = quote_identifier(&row.try_get::<_, String>("name")?);
    let text = |column: &str| row.try_get::<_, Option<String>>(column);
    if !row.try_get::<_, bool>("may_create")? {
        let why = format!("role {me} may not create and rename databases");
        return Ok(Some((why, "it needs CREATEDB, or a superuser does it")));
    }
    if row.try_get::<_, Option<bool>>("owns")? == Some(false) {
        let owner = quote_identifier(&text("owner")?.unwrap_or_default());
        let why = format!("it belongs to {owner}, which role {me} is not, nor may become");
        return Ok(Some((why, "its owner does it, or a superuser")));
    }
    if let Some(names) = text("grantors")? {
        let why = format!("rights on it were granted by {names}, which role {me} may not become");
        return Ok(Some((
            why,
            "make it a member of them, or a superuser does it",
        )));
    }
    if let Some(names) = text("sessions")? {
        let why = format!("role {me} may not end the sessions in it of {names}");
        let hint = "GRANT pg_signal_backend to it; those of superusers only a superuser can end";
        return Ok(Some((why, hint)));
    }
    let is_accepted = accepted.iter().any(|check| check == "tablespace");
    if let (Some(name), false) = (text("tablespace")?, is_accepted) {
        let why = format!("it is in tablespace {name}, where role {me} may not create any");
        let hint = "GRANT CREATE ON TABLESPACE to it; with --accept tablespace the new one is in \
                    the server's default tablespace";
        return Ok(Some((why, hint)));
    }
    Ok(None)
}
