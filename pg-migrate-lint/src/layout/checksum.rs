//! The checksum that graphile-migrate keeps in each file.

use std::fmt::Write;

use sha1::{Digest, Sha1};

/// What graphile-migrate stores, and writes into the file: the SHA-1 of the hash before, a line
/// feed, and what follows the file's header, without white space at either end and with one line
/// feed. Source: graphile/migrate `src/hash.ts`.
pub fn graphile_migrate(previous: Option<&str>, body: &str) -> String {
    let text = format!("{}\n{body}", previous.unwrap_or_default());
    let text = format!("{}\n", text.trim_matches(is_white_space));
    format!("sha1:{}", hex(&Sha1::digest(text)))
}

/// White space to JavaScript's `trim`: a byte-order mark too.
fn is_white_space(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}' || c == '\u{feff}'
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers and bodies that graphile-migrate itself wrote, in public repositories.
    #[test]
    fn graphile_migrate_chains() {
        let body = "-- Enter migration here\nalter table if exists \"workout_plan\"\n\
            rename to \"workout_plan_day\";\n";
        let previous = Some("sha1:ceb7cca7a8dbc5cf7e8dc3bd61d1c533674b9549");
        let hash = "sha1:842391f36ad5bd4665c1a448e4a1c5ea002d8c3c";
        assert_eq!(graphile_migrate(previous, body), hash);
        assert_ne!(graphile_migrate(None, body), hash);
        let body = "-- Enter migration here\n\n\
            ALTER TABLE unprocessed_documents ADD COLUMN IF NOT EXISTS gcp_url gcp_url NOT NULL;\n\n\
            ALTER TABLE unprocessed_documents DROP COLUMN IF EXISTS filename;\n\n\
            CREATE UNIQUE INDEX IF NOT EXISTS unprocessed_documents_gcp_urls ON unprocessed_documents (gcp_url);\n";
        let previous = Some("sha1:f9c4c31f5edb564a21b718410f38ffe0f7729688");
        let hash = "sha1:61621469c0f9aa7ed76910f197257ab96f84ea80";
        assert_eq!(graphile_migrate(previous, body), hash);
    }
}
