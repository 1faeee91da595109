//! What is settled when a database is created, and not changed afterwards: the one that takes
//! another's place should be like it.

use postgres::Client;
use postgres::types::Type;
use shared::Result;
use shared::dump::quote_identifier;

use crate::restore::Locale;

/// Encoding, locale and tablespace of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    owner: String,
    /// Its encoding.
    pub encoding: String,
    collate: String,
    ctype: String,
    /// None where the server knows none but libc.
    provider: Option<String>,
    locale: Option<String>,
    rules: Option<String>,
    tablespace: String,
    is_to_be_named: bool,
}

/// In what the restored database is not like the live one.
#[derive(Debug)]
pub struct Difference {
    /// The check that says so.
    pub check: &'static str,
    /// What the live one has.
    pub live: String,
    /// What the restored one has.
    pub restored: String,
    /// What it means, and what to do.
    pub words: &'static str,
}

impl Likeness {
    /// Of a database, if there is one of that name.
    pub fn of(client: &mut Client, database: &str) -> Result<Option<Self>> {
        let properties = include_str!("../../sql/database_properties.sql");
        let rows = client.query_typed(properties, &[(&database, Type::TEXT)])?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(Self {
            owner: row.try_get("owner")?,
            encoding: row.try_get("encoding")?,
            collate: row.try_get("collate")?,
            ctype: row.try_get("ctype")?,
            provider: row.try_get("provider")?,
            locale: row.try_get("locale")?,
            rules: row.try_get("rules")?,
            tablespace: row.try_get("tablespace")?,
            is_to_be_named: row.try_get("is_to_be_named")?,
        }))
    }

    /// The clauses of CREATE DATABASE that give another the same locale.
    pub fn locale(&self) -> Locale {
        let own = match self.provider.as_deref() {
            Some("icu") => "ICU_LOCALE",
            _ => "BUILTIN_LOCALE",
        };
        Locale::of_clauses([
            ("LC_COLLATE", Some(self.collate.clone())),
            ("LC_CTYPE", Some(self.ctype.clone())),
            ("LOCALE_PROVIDER", self.provider.clone()),
            (own, self.locale.clone()),
            ("ICU_RULES", self.rules.clone()),
        ])
    }

    /// The clause that gives another the same owner, with a blank before it. From 15 on only the
    /// owner may give away what is in its schema public.
    pub fn owner(&self) -> String {
        format!(" OWNER {}", quote_identifier(&self.owner))
    }

    /// The clause that puts another into the same tablespace, with a blank before it; empty where
    /// it would be there anyhow, or we may not.
    pub fn tablespace(&self) -> String {
        match self.is_to_be_named {
            true => format!(" TABLESPACE {}", quote_identifier(&self.tablespace)),
            false => String::new(),
        }
    }

    /// In what a restored database differs from this one.
    pub fn differences(&self, restored: &Self) -> Vec<Difference> {
        let of = |check, words, what: fn(&Self) -> String| Difference {
            check,
            live: what(self),
            restored: what(restored),
            words,
        };
        let all = [
            of("encoding", ENCODING, |one| one.encoding.clone()),
            of("locale", LOCALE, Self::locale_in_words),
            of("tablespace", TABLESPACE, |one| one.tablespace.clone()),
        ];
        all.into_iter()
            .filter(|one| one.live != one.restored)
            .collect()
    }

    fn locale_in_words(&self) -> String {
        let provider = self.provider.as_deref().unwrap_or("libc");
        let (collate, ctype) = (canonical(&self.collate), canonical(&self.ctype));
        let mut words = format!("{provider}, LC_COLLATE {collate}, LC_CTYPE {ctype}");
        for (name, value) in [("locale", &self.locale), ("rules", &self.rules)] {
            if let Some(value) = value {
                words.push_str(&format!(", {name} {value}"));
            }
        }
        words
    }
}

const ENCODING: &str = "another encoding than the live database's: clients may get other \
    characters, or errors; dump with --create or by pg-dump-rotate, or --accept encoding if it is \
    meant to change";
const LOCALE: &str = "another locale than the live database's: text would be sorted and compared \
    in another way; --accept locale if it is meant to change";
const TABLESPACE: &str = "another tablespace than the live database's; --accept tablespace if it \
    is meant to change";

/// `en_US.utf8` is `en_US.UTF-8`, and POSIX is C.
fn canonical(locale: &str) -> String {
    match locale.split_once('.') {
        _ if locale == "POSIX" => "C".to_string(),
        Some((name, codeset)) => {
            let codeset = codeset.replace('-', "").to_lowercase();
            format!("{name}.{codeset}")
        }
        None => locale.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn spellings_of_a_locale() {
        assert_eq!(canonical("de_DE.UTF-8"), canonical("de_DE.utf8"));
        assert_eq!(canonical("POSIX"), canonical("C"));
        assert_ne!(canonical("de_DE.UTF-8"), canonical("de_AT.UTF-8"));
        assert_ne!(canonical("C.UTF-8"), canonical("C"));
    }
}
