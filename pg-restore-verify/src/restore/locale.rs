//! The locale of the database that was dumped.

use std::path::Path;

use shared::backup::Manifest;
use shared::dump::{Token, quote_literal, tokens};

/// The clauses of CREATE DATABASE that set a locale.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Locale(Vec<(String, String)>);

const CLAUSES: [&str; 7] = [
    "locale_provider",
    "locale",
    "lc_collate",
    "lc_ctype",
    "icu_locale",
    "icu_rules",
    "builtin_locale",
];

impl Locale {
    /// The clauses of a dump's own CREATE DATABASE.
    pub fn of_statement(create: &str) -> Self {
        let tokens = tokens(create.as_bytes());
        let mut clauses = Vec::new();
        for window in tokens.windows(3) {
            let [name, Token::Symbol(b'='), value] = window else {
                continue;
            };
            let Some(clause) = CLAUSES.iter().find(|clause| name.is(clause)) else {
                continue;
            };
            let value = match value {
                Token::Text(text) => String::from_utf8_lossy(text).into_owned(),
                other => other.identifier().unwrap_or_default(),
            };
            clauses.push((clause.to_uppercase(), value));
        }
        Self(clauses)
    }

    /// The encoding that a dump's own CREATE DATABASE asks for.
    pub fn encoding_of_statement(create: &str) -> Option<String> {
        let tokens = tokens(create.as_bytes());
        tokens.windows(3).find_map(|words| match words {
            [word, Token::Symbol(b'='), Token::Text(encoding)] if word.is("encoding") => {
                Some(String::from_utf8_lossy(encoding).into_owned())
            }
            _ => None,
        })
    }

    /// What a backup's manifest knows of it; nothing where there is none.
    pub fn of_manifest(backup: &Path) -> Self {
        let Ok(Some(manifest)) = Manifest::read(backup) else {
            return Self::default();
        };
        let provider = manifest.locale_provider;
        let own = match provider.as_deref() {
            Some("icu") => "ICU_LOCALE",
            _ => "BUILTIN_LOCALE",
        };
        Self::of_clauses([
            ("LC_COLLATE", manifest.collate),
            ("LC_CTYPE", manifest.ctype),
            ("LOCALE_PROVIDER", provider),
            (own, manifest.locale),
        ])
    }

    /// These clauses, as far as they have a value.
    pub fn of_clauses<const N: usize>(clauses: [(&str, Option<String>); N]) -> Self {
        let known = clauses
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_string(), value?)));
        Self(known.collect())
    }

    /// Whether nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// The clauses for a server of that major version, each with a blank before it.
    pub fn to_sql(&self, major: u32) -> String {
        let clause = |(name, value): &(String, String)| match name.as_str() {
            // Before 15 there was no other.
            "LOCALE_PROVIDER" if major < 15 && value == "libc" => String::new(),
            "LOCALE_PROVIDER" => format!(" {name} {value}"),
            _ => format!(" {name} {}", quote_literal(value)),
        };
        self.0.iter().map(clause).collect()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn clauses_of_a_dump() {
        let locale = Locale::of_statement(
            "CREATE DATABASE \"a = b\" WITH TEMPLATE = template0 ENCODING = 'UTF8' \
             LOCALE_PROVIDER = icu LOCALE = 'de_DE.UTF-8' ICU_LOCALE = 'de';",
        );
        assert_eq!(
            locale.to_sql(15),
            " LOCALE_PROVIDER icu LOCALE 'de_DE.UTF-8' ICU_LOCALE 'de'"
        );
        let plain = Locale::of_statement("CREATE DATABASE d LOCALE_PROVIDER = libc LOCALE = 'C';");
        assert_eq!(plain.to_sql(14), " LOCALE 'C'");
        assert_eq!(plain.to_sql(15), " LOCALE_PROVIDER libc LOCALE 'C'");
    }
}
