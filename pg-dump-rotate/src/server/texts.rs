//! Text in an encoding that only the server knows.

use postgres::types::Type;
use shared::connection::Session;
use shared::{Context, Result};

const TEXTS: &str = include_str!("../../sql/texts.sql");

/// What each of these says.
pub fn texts(session: &mut Session, encoding: &str, bytes: &[Vec<u8>]) -> Result<Vec<String>> {
    let parameters: [(&(dyn postgres::types::ToSql + Sync), Type); 2] =
        [(&bytes, Type::BYTEA_ARRAY), (&encoding, Type::TEXT)];
    let rows = session.client().query_typed(TEXTS, &parameters);
    let rows = rows.context(|| format!("could not ask what names in {encoding} say"))?;
    let texts = rows.iter().map(|row| Ok(row.try_get("text")?));
    texts.collect()
}
