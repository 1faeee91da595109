//! The checksums that runners keep of what they applied, each by its own rule: pure functions of
//! a file's bytes.
//!
//! What a history table has is compared with what the file gives now, so a difference here would
//! be a falsehood about a database. Every rule names the source it was read from.

use std::fmt::Write;
use std::hash::{Hash, Hasher};

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};
use siphasher::sip::SipHasher13;

/// Whether Prisma takes the file for unchanged: the SHA-256 of its text, of the text with the
/// other line endings, or any of these as old versions wrote it, without leading zeros.
/// Source: prisma-engines `schema-engine/connectors/schema-connector/src/checksum.rs`.
pub fn matches_prisma(stored: &str, text: &[u8]) -> bool {
    let lf = with_lf(text);
    let crlf = lf
        .iter()
        .flat_map(|byte| {
            if *byte == b'\n' {
                &b"\r\n"[..]
            } else {
                std::slice::from_ref(byte)
            }
        })
        .copied()
        .collect();
    [text.to_vec(), lf, crlf].iter().any(|variant| {
        let digest = Sha256::digest(variant);
        stored == hex(&digest) || (stored.len() != 64 && stored == hex_without_zeros(&digest))
    })
}

/// What Drizzle stores, in hexadecimal: the SHA-256 of the text; newer versions take it with LF
/// line endings whatever the file has. It never compares it. Source: drizzle-orm `src/migrator.ts`.
pub fn drizzle(text: &[u8]) -> [String; 2] {
    [text.to_vec(), with_lf(text)].map(|variant| hex(&Sha256::digest(variant)))
}

/// What sqlx stores, in hexadecimal: the SHA-384 of the file. Source: sqlx
/// `sqlx-core/src/migrate/migration.rs`.
pub fn sqlx(text: &[u8]) -> String {
    hex(&Sha384::digest(text))
}

/// What Flyway stores as a signed number: the CRC-32 of the lines without their ends, and without
/// a byte-order mark. Lines end as Java's `BufferedReader` has them: by LF, CR or both. Source:
/// flyway `flyway-core/…/resolver/ChecksumCalculator.java`.
pub fn flyway(text: &[u8]) -> i32 {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    // Java decodes first: what is no UTF-8 is U+FFFD to it.
    let text = String::from_utf8_lossy(text);
    let mut sum = crc32fast::Hasher::new();
    for line in text.split(['\n', '\r']) {
        sum.update(line.as_bytes());
    }
    i32::from_ne_bytes(sum.finalize().to_ne_bytes())
}

/// What Sqitch stores as `script_hash`: the SHA-1 of the deploy script. Source: sqitch
/// `lib/App/Sqitch/Plan/Change.pm`.
pub fn sqitch(text: &[u8]) -> String {
    hex(&Sha1::digest(text))
}

/// What graphile-migrate stores, and writes into the file: the SHA-1 of the hash before, a line
/// feed, and what follows the file's header, without white space at either end and with one line
/// feed. Source: graphile/migrate `src/hash.ts`.
pub fn graphile_migrate(previous: Option<&str>, body: &str) -> String {
    let text = format!("{}\n{body}", previous.unwrap_or_default());
    let text = format!("{}\n", text.trim_matches(is_white_space));
    format!("sha1:{}", hex(&Sha1::digest(text)))
}

/// What refinery stores as a decimal number: SipHash-1-3 of name, version and text, as Rust
/// hashes them. The version is of 32 bits unless the crate is built with `int8-versions`: either
/// may be stored. Source: refinery `refinery_core/src/runner.rs`.
pub fn refinery(name: &str, version: i64, text: &str) -> Vec<String> {
    let sum = |version: &dyn Fn(&mut SipHasher13)| {
        let mut hasher = SipHasher13::new();
        name.hash(&mut hasher);
        version(&mut hasher);
        text.hash(&mut hasher);
        hasher.finish().to_string()
    };
    let short = i32::try_from(version).ok();
    let short = short.map(|version| sum(&|hasher| version.hash(hasher)));
    let long = sum(&|hasher| version.hash(hasher));
    short.into_iter().chain([long]).collect()
}

fn with_lf(text: &[u8]) -> Vec<u8> {
    let mut lf = text.to_vec();
    let mut at = 0;
    lf.retain(|byte| {
        at += 1;
        *byte != b'\r' || text.get(at) != Some(&b'\n')
    });
    lf
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

fn hex_without_zeros(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums by coreutils and zlib.
    const TEXT: &str = "-- CreateTable\nCREATE TABLE \"User\" (\n    \"id\" SERIAL NOT NULL\n);\n";
    const SHA256: &str = "4f64cc8e19a7c966196fd2c22493aa4e3dd4d10e58c859cbb80df3e4c26dd6f2";
    const SHA256_CRLF: &str = "9d93fc26d05f4e03de219167d4c694f66a3db63bea08d888649ead7d7da519ae";

    #[test]
    fn prisma_takes_either_line_ending() {
        let crlf = TEXT.replace('\n', "\r\n");
        for text in [TEXT, &crlf] {
            assert!(matches_prisma(SHA256, text.as_bytes()));
            assert!(matches_prisma(SHA256_CRLF, text.as_bytes()));
        }
        assert!(!matches_prisma(SHA256, b"SELECT 1;"));
        assert!(!matches_prisma("", b""));
    }

    #[test]
    fn prisma_takes_what_its_old_versions_wrote() {
        // sha256sum gives 51f765002c77080f…: a zero is missing before the 0, the 8, and so on.
        let sum = hex(&Sha256::digest(b"SELECT 0;"));
        let shorter: String = Sha256::digest(b"SELECT 0;")
            .iter()
            .map(|byte| format!("{byte:x}"))
            .collect();
        assert!(shorter.len() < sum.len());
        assert!(matches_prisma(&shorter, b"SELECT 0;"));
        assert!(!matches_prisma(&shorter, b"SELECT 1;"));
    }

    #[test]
    fn drizzle_and_sqlx_hash_the_file() {
        assert_eq!(
            drizzle(TEXT.replace('\n', "\r\n").as_bytes()),
            [SHA256_CRLF, SHA256]
        );
        let sha384 = "9dbedae0b4d0136830d342b79681aebde00be96ca69f0713f6da49300c55ac2b\
            cb7a16f202433688e5b0b8223c2f4445";
        assert_eq!(sqlx(TEXT.as_bytes()), sha384);
    }

    #[test]
    fn flyway_sums_lines() {
        let crlf = TEXT.replace('\n', "\r\n");
        let marked = format!("\u{feff}{TEXT}");
        for text in [
            TEXT,
            &crlf,
            &TEXT.replace('\n', "\r"),
            &marked,
            TEXT.trim_end(),
        ] {
            assert_eq!(flyway(text.as_bytes()), -184_129_565, "{text:?}");
        }
        assert_eq!(flyway("SELECT 1;\n\nSELECT 'é';".as_bytes()), 98_625_550);
        assert_eq!(flyway(b""), 0);
    }

    #[test]
    fn sqitch_hashes_the_script() {
        assert_eq!(
            sqitch(TEXT.as_bytes()),
            "2f7dfbe745bf867fa041f129f4fff2e8e8346d91"
        );
    }

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

    /// What refinery 0.8 itself wrote of these files.
    #[test]
    fn refinery_hashes_name_version_and_text() {
        for (name, version, text, sum) in [
            ("users", 1, TEXT, "9051435183750470242"),
            ("a", 2, "create table a (id int);\n", "6962764143411647627"),
        ] {
            assert_eq!(refinery(name, version, text)[0], sum);
        }
        // The other width of versions, where the crate is built for it.
        assert_eq!(refinery("users", 1, TEXT).len(), 2);
        assert_eq!(refinery("users", 20_240_101_000_000, TEXT).len(), 1);
    }
}
