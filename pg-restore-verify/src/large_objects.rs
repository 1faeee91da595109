//! The bytes of the restored large objects.

pub mod properties;

use std::collections::BTreeMap;

use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use shared::dump::LargeObjectDigest;
use shared::{Result, signals};

/// Large objects by their number, or why one can't be read.
pub type Digests = BTreeMap<u32, std::result::Result<LargeObjectDigest, String>>;

/// The digest of every large object in the database.
pub fn digest(client: &mut Client) -> Result<Digests> {
    match digest_pages(client) {
        Ok(digests) => Ok(digests
            .into_iter()
            .map(|(oid, found)| (oid, Ok(found)))
            .collect()),
        // One by one, which is slower, they can be read by whoever may read them.
        Err(error) if error.sqlstate() == Some("42501") => digest_each(client),
        Err(error) => Err(error),
    }
}

fn digest_each(client: &mut Client) -> Result<Digests> {
    let mut digests = Digests::new();
    let known = "SELECT oid FROM pg_catalog.pg_largeobject_metadata";
    for row in client.query_typed(known, &[])? {
        signals::check()?;
        let oid: u32 = row.try_get(0)?;
        let digest = match digest_one(client, oid) {
            Ok(digest) => Ok(digest),
            Err(error) if error.sqlstate().is_some() => Err(error.message().to_string()),
            Err(error) => return Err(error),
        };
        digests.insert(oid, digest);
    }
    Ok(digests)
}

fn digest_one(client: &mut Client, oid: u32) -> Result<LargeObjectDigest> {
    const BYTES: i32 = 1 << 20;
    let piece = include_str!("../sql/large_object_piece.sql");
    let mut digest = LargeObjectDigest::default();
    let mut begin: i64 = 0;
    loop {
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&oid, Type::OID),
            (&begin, Type::INT8),
            (&BYTES, Type::INT4),
        ];
        let rows = client.query_typed(piece, &parameters)?;
        let data: &[u8] = rows.first().map_or(Ok(&[][..]), |row| row.try_get(0))?;
        if data.is_empty() {
            digest.finish();
            return Ok(digest);
        }
        digest.add(data);
        begin += i64::from(BYTES);
    }
}

fn digest_pages(client: &mut Client) -> Result<BTreeMap<u32, LargeObjectDigest>> {
    let mut digests = BTreeMap::new();
    let known = "SELECT oid FROM pg_catalog.pg_largeobject_metadata";
    for row in client.query_typed(known, &[])? {
        digests.insert(row.try_get(0)?, LargeObjectDigest::default());
    }
    if digests.is_empty() {
        // What there would be to read only a superuser may.
        return Ok(digests);
    }
    let mut current: Option<(u32, i64)> = None;
    let pages = include_str!("../sql/large_object_pages.sql");
    let mut rows = client.query_typed_raw(pages, Vec::<(String, Type)>::new())?;
    while let Some(row) = rows.next()? {
        let (oid, page): (u32, i64) = (row.try_get(0)?, row.try_get(1)?);
        let (page_bytes, data): (i64, &[u8]) = (row.try_get(2)?, row.try_get(3)?);
        if let Some((last, _)) = current.filter(|(last, _)| *last != oid)
            && let Some(digest) = digests.get_mut(&last)
        {
            digest.finish();
        }
        let digest: &mut LargeObjectDigest = digests.entry(oid).or_default();
        let position = match current {
            Some((same, position)) if same == oid => position,
            _ => 0,
        };
        fill(digest, page * page_bytes - position);
        digest.add(data);
        let length = i64::try_from(data.len()).unwrap_or(page_bytes);
        current = Some((oid, page * page_bytes + length));
    }
    Ok(digests)
}

/// What was never written reads as zeros.
fn fill(digest: &mut LargeObjectDigest, hole: i64) {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut left = usize::try_from(hole).unwrap_or(0);
    while left > 0 {
        let length = left.min(ZEROS.len());
        digest.add(&ZEROS[..length]);
        left -= length;
    }
}
