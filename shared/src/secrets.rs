//! What is never shown: passwords that stand in definitions.
//!
//! A subscription, a server and a user mapping have them in their strings; a view, a function or a
//! statement may have one behind the word `password`, as libpq takes it, or in a URL.

use std::ops::Range;

use crate::dump::{Token, spans, tokens};

/// What stands for what is not shown.
const HIDDEN: &str = "***";

/// What stands before that which nobody else may read, in connection strings, options and URLs.
const WORDS: [&str; 8] = [
    "password",
    "passwd",
    "crypt(",
    "api_key",
    "apikey",
    "access_key",
    "secret_key",
    "client_secret",
];

/// Functions whose strings may be passwords, keys or what they protect: pgcrypto's.
const FUNCTIONS: [&str; 12] = [
    "crypt",
    "hmac",
    "encrypt",
    "encrypt_iv",
    "decrypt",
    "decrypt_iv",
    "pgp_sym_encrypt",
    "pgp_sym_encrypt_bytea",
    "pgp_sym_decrypt",
    "pgp_sym_decrypt_bytea",
    "pgp_pub_decrypt",
    "pgp_pub_decrypt_bytea",
];

/// Kinds of objects whose strings may be passwords: none of them is shown.
const KINDS: [&[&str]; 6] = [
    &["subscription"],
    &["user", "mapping"],
    &["server"],
    &["foreign", "data", "wrapper"],
    &["role"],
    &["user"],
];

/// Settings of extensions that hold none; all others with a dot in their name are somebody's own.
const OPEN_SETTINGS: [&str; 4] = [
    "plpgsql.",
    "auto_explain.",
    "pg_stat_statements.",
    "pg_trgm.",
];

/// What is in the name of a setting that may hold one.
const SECRET_SETTINGS: [&str; 6] = ["conninfo", "password", "secret", "token", "key", "command"];

/// A statement, or several, without the passwords in it.
pub fn masked(sql: &str) -> String {
    let mut shown = String::with_capacity(sql.len());
    let mut written = 0;
    for place in secrets(sql) {
        if let Some(between) = sql.get(written..place.start) {
            shown.push_str(between);
            shown.push_str(&format!("'{HIDDEN}'"));
            written = place.end;
        }
    }
    shown.push_str(sql.get(written..).unwrap_or_default());
    behind_the_word(&shown)
}

/// The words of a server about a statement, without what they quote of its secrets.
pub fn masked_words(words: &str, sql: &str) -> String {
    let secrets = secrets(sql);
    let mut shown = words.to_string();
    for (token, place) in spans(sql.as_bytes()) {
        match token {
            Token::Text(text) if !text.is_empty() && secrets.contains(&place) => {
                shown = shown.replace(String::from_utf8_lossy(&text).as_ref(), HIDDEN);
            }
            _ => {}
        }
    }
    behind_the_word(&shown)
}

/// Where the strings of a statement are that nobody else may read.
fn secrets(sql: &str) -> Vec<Range<usize>> {
    let all = is_secret(sql);
    let mut setting = Setting::None;
    let mut call = Call::None;
    let mut places = Vec::new();
    for (token, place) in spans(sql.as_bytes()) {
        let is_secret = matches!(setting, Setting::Secret) || matches!(call, Call::Within(_));
        if matches!(token, Token::Text(_)) && (all || is_secret) {
            places.push(place);
        }
        setting = setting.after(&token);
        call = call.after(&token);
    }
    places
}

/// A call of one of [`FUNCTIONS`].
enum Call {
    None,
    /// Behind its name.
    Named,
    /// Within so many parentheses.
    Within(usize),
}

impl Call {
    fn after(self, token: &Token<'_>) -> Self {
        match (self, token) {
            (Self::Named, Token::Symbol(b'(')) => Self::Within(1),
            (Self::Within(depth), Token::Symbol(b'(')) => Self::Within(depth + 1),
            (Self::Within(1), Token::Symbol(b')')) => Self::None,
            (Self::Within(depth), Token::Symbol(b')')) => Self::Within(depth - 1),
            (Self::Within(depth), _) => Self::Within(depth),
            _ if FUNCTIONS.iter().any(|name| token.is(name)) => Self::Named,
            _ => Self::None,
        }
    }
}

/// What is being set, in `SET a.b TO 'value'`.
enum Setting {
    None,
    /// Its name so far.
    Name(String),
    Secret,
}

impl Setting {
    fn after(self, token: &Token<'_>) -> Self {
        if token.is("set") {
            return Self::Name(String::new());
        }
        match (self, token) {
            (_, Token::Symbol(b';')) => Self::None,
            (Self::Name(name), token) if *token == Token::Symbol(b'=') || token.is("to") => {
                match may_be_secret(&name) {
                    true => Self::Secret,
                    false => Self::None,
                }
            }
            (Self::Name(name), Token::Symbol(b'.')) => Self::Name(name + "."),
            (Self::Name(name), token) => match token.identifier() {
                Some(part) => Self::Name(name + &part),
                None => Self::None,
            },
            (setting, _) => setting,
        }
    }
}

/// Whether the value of a setting is one that nobody else may read.
pub fn may_be_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_own = name.contains('.') && !OPEN_SETTINGS.iter().any(|open| name.starts_with(open));
    is_own || SECRET_SETTINGS.iter().any(|word| name.contains(word))
}

/// Whether a statement, or the beginning of one, sets what is secret.
fn sets_secret(sql: &str) -> bool {
    let mut setting = Setting::None;
    tokens(sql.as_bytes()).iter().any(|token| {
        setting = std::mem::replace(&mut setting, Setting::None).after(token);
        matches!(setting, Setting::Secret)
    })
}

/// The beginning of a statement that may end in the midst of a string.
pub fn masked_beginning(sql: &str) -> String {
    match sql.find(['\'', '$']) {
        Some(at) if is_secret(sql) || sets_secret(sql) => {
            format!("{}'{HIDDEN}'", sql.get(..at).unwrap_or_default())
        }
        _ => behind_the_word(sql),
    }
}

/// Whether one of the statements creates or changes what has passwords.
fn is_secret(sql: &str) -> bool {
    let tokens = tokens(sql.as_bytes());
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let begins = |at: usize| {
        let of_kind = |kind: &&[&str]| (1..).zip(*kind).all(|(behind, word)| is(at + behind, word));
        (is(at, "create") || is(at, "alter")) && KINDS.iter().any(of_kind)
    };
    (0..tokens.len()).any(begins)
}

/// Hides what follows the word `password`, `=` between them or not, up to the end of the string or
/// of the value.
fn behind_the_word(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut written = 0;
    let words = WORDS.iter().flat_map(|word| lower.match_indices(word));
    let mut ends: Vec<usize> = words.map(|(at, word)| at + word.len()).collect();
    ends.sort_unstable();
    for behind in ends {
        if behind < written {
            continue;
        }
        let Some(value) = text.get(behind..).and_then(value) else {
            continue;
        };
        shown.push_str(text.get(written..behind + value.start).unwrap_or_default());
        shown.push_str(HIDDEN);
        written = behind + value.end;
    }
    shown.push_str(text.get(written..).unwrap_or_default());
    without_urls_passwords(&shown)
}

/// Hides what stands between the colon and the `@` of a URL's authority.
fn without_urls_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, authority) = rest.split_at(at + 3);
        shown.push_str(before);
        rest = authority;
        let ends = |c: char| matches!(c, '/' | '?' | '#' | '\'' | '"') || c.is_whitespace();
        let authority = authority.split(ends).next().unwrap_or_default();
        if let Some((user, _)) = authority.rsplit_once('@')
            && let Some((name, password)) = user.split_once(':')
            && !password.is_empty()
        {
            shown.push_str(&format!("{name}:{HIDDEN}"));
            rest = rest.get(user.len()..).unwrap_or_default();
        }
    }
    shown.push_str(rest);
    shown
}

/// The value that follows: `=value`, `= 'value'`, `= ''value''`, ` 'value'`, ` E'value'`, ` $$value$$`,
/// `', 'value'` as an argument, or `": "value"` as in JSON.
fn value(rest: &str) -> Option<Range<usize>> {
    let is_space = |c: char| c == ' ' || c == '\n' || c == '\t';
    let spaces = |text: &str| text.len() - text.trim_start_matches(is_space).len();
    let key_ends = rest.starts_with(['\'', '"']) && {
        let behind = rest[1..].trim_start_matches(is_space);
        behind.starts_with([',', ':', '='])
    };
    let gap = usize::from(key_ends) + spaces(&rest[usize::from(key_ends)..]);
    let given = &rest[gap..];
    let separator = match given.as_bytes() {
        [b'=', b'>', ..] => 2,
        [b'=' | b':', ..] => 1,
        [b',', ..] if key_ends => 1,
        _ => 0,
    };
    let equals = given.starts_with('=') && separator == 1;
    let begin = gap + separator + spaces(&given[separator..]);
    if let Some(inner) = rest[begin..].strip_prefix('"').filter(|_| separator > 0) {
        let length = inner.find('"').unwrap_or(inner.len());
        return (length > 0).then_some(begin + 1..begin + 1 + length);
    }
    // Prose, the end of which may be a quote.
    if given.starts_with(':') {
        return None;
    }
    if let Some(within) = dollar_quoted(rest.get(begin..)?) {
        return Some(begin + within.start..begin + within.end);
    }
    let begin = begin + prefix(rest.get(begin..)?);
    let given = rest.get(begin..)?;
    let quotes = given.len() - given.trim_start_matches('\'').len();
    // A word of prose, or a column of this name.
    if quotes == 0 && !equals {
        return None;
    }
    let inner = given.get(quotes..)?;
    let end = match quotes {
        0 => inner.find(|c: char| is_space(c) || c == '\'' || c == '&' || c == ';'),
        _ => closing_quote(inner),
    };
    let (start, end) = (begin + quotes, end.unwrap_or(inner.len()));
    (end > 0).then_some(start..start + end)
}

/// What is between the tags of a string that begins with `$tag$`; up to the end if that is missing.
fn dollar_quoted(text: &str) -> Option<Range<usize>> {
    let tag = text.strip_prefix('$')?;
    let is_tag = |c: char| c == '_' || c.is_alphanumeric();
    let tag = tag.trim_start_matches(is_tag).strip_prefix('$')?;
    let start = text.len() - tag.len();
    let length = tag.find(&text[..start]).unwrap_or(tag.len());
    (length > 0).then_some(start..start + length)
}

/// How long `E` or `U&` before a quote is.
fn prefix(text: &str) -> usize {
    let lower = text.get(..3).unwrap_or(text).to_ascii_lowercase();
    match lower {
        lower if lower.starts_with("e'") => 1,
        lower if lower.starts_with("u&'") => 2,
        _ => 0,
    }
}

/// Where a quoted value ends: a quote that stands behind a backslash, or twice, is part of it.
fn closing_quote(inner: &str) -> Option<usize> {
    let bytes = inner.as_bytes();
    let mut at = 0;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            // Within a string of SQL a quote of the value is `\\''`.
            (b'\\', Some(b'\'')) if bytes.get(at + 2) == Some(&b'\'') => at += 3,
            (b'\\', _) => at += 2,
            (b'\'', _) => return Some(at),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_what_has_passwords() {
        for (sql, shown) in [
            (
                "CREATE SUBSCRIPTION s CONNECTION 'host=h password=geheim' PUBLICATION p;",
                "CREATE SUBSCRIPTION s CONNECTION '***' PUBLICATION p;",
            ),
            (
                "CREATE USER MAPPING FOR u SERVER s OPTIONS (\n    password 'ge''heim',\n    \"user\" E'g\\'eheim'\n);",
                "CREATE USER MAPPING FOR u SERVER s OPTIONS (\n    password '***',\n    \"user\" '***'\n);",
            ),
            (
                "SET x = y;\nALTER SERVER s OPTIONS (SET token $$geheim$$);",
                "SET x = y;\nALTER SERVER s OPTIONS (SET token '***');",
            ),
            (
                "ALTER ROLE r WITH LOGIN PASSWORD 'geheim';",
                "ALTER ROLE r WITH LOGIN PASSWORD '***';",
            ),
            (
                "DO $x$ BEGIN ALTER USER u PASSWORD $$geheim$$; ALTER USER v PASSWORD E'g\\'h'; END $x$",
                "DO $x$ BEGIN ALTER USER u PASSWORD $$***$$; ALTER USER v PASSWORD E'***'; END $x$",
            ),
            (
                "SELECT f($x$ALTER USER u PASSWORD $y$geheim",
                "SELECT f($x$ALTER USER u PASSWORD $y$***",
            ),
            (
                "SELECT password$a FROM t WHERE password $1",
                "SELECT password$a FROM t WHERE password $1",
            ),
            (
                "SELECT set_config('app.password', 'geheim', true), '{\"password\": \"geheim\"}', f(password => 'geheim')",
                "SELECT set_config('app.password', '***', true), '{\"password\": \"***\"}', f(password => '***')",
            ),
            (
                "UPDATE u SET h = crypt('geheim', gen_salt('bf')), passwd='geheim' WHERE \"password\" IS NULL AND a = 'b'",
                "UPDATE u SET h = crypt('***', gen_salt('***')), passwd='***' WHERE \"password\" IS NULL AND a = 'b'",
            ),
            (
                "SELECT pgp_sym_encrypt('a', coalesce('geheim', b)), hmac('a', 'geheim', 'md5'), f('b')",
                "SELECT pgp_sym_encrypt('***', coalesce('***', b)), hmac('***', '***', '***'), f('b')",
            ),
            (
                "SELECT get('https://h/x?api_key=geheim&b=c', 'aws_secret_access_key=geheim') WHERE api_key = 'geheim'",
                "SELECT get('https://h/x?api_key=***&b=c', 'aws_secret_access_key=***') WHERE api_key = '***'",
            ),
            (
                "INSERT INTO u (password, name) VALUES (NULL, 'x'); SELECT 'no password: ' || b",
                "INSERT INTO u (password, name) VALUES (NULL, 'x'); SELECT 'no password: ' || b",
            ),
            (
                "COMMENT ON SERVER s IS 'ours';",
                "COMMENT ON SERVER s IS 'ours';",
            ),
            (
                "CREATE TABLE server (a text DEFAULT 'x');",
                "CREATE TABLE server (a text DEFAULT 'x');",
            ),
        ] {
            assert_eq!(masked(sql), shown);
        }
    }

    #[test]
    fn settings_that_may_hold_one() {
        for (sql, shown) in [
            (
                "ALTER DATABASE d SET \"app.token\" TO 'geheim';",
                "ALTER DATABASE d SET \"app.token\" TO '***';",
            ),
            (
                "ALTER DATABASE d SET app.tenant = 'geheim';\nALTER DATABASE d SET work_mem TO '5MB';",
                "ALTER DATABASE d SET app.tenant = '***';\nALTER DATABASE d SET work_mem TO '5MB';",
            ),
            (
                "ALTER DATABASE d SET primary_conninfo TO 'host=h';",
                "ALTER DATABASE d SET primary_conninfo TO '***';",
            ),
            (
                "ALTER DATABASE d SET search_path TO 'a', 'b';",
                "ALTER DATABASE d SET search_path TO 'a', 'b';",
            ),
            (
                "ALTER DATABASE d SET plpgsql.extra_errors TO 'all';",
                "ALTER DATABASE d SET plpgsql.extra_errors TO 'all';",
            ),
            (
                "ALTER TABLE t ALTER a SET DEFAULT 'b.c';",
                "ALTER TABLE t ALTER a SET DEFAULT 'b.c';",
            ),
        ] {
            assert_eq!(masked(sql), shown);
        }
        let cut = "ALTER DATABASE d SET app.token TO 'ge";
        assert_eq!(
            masked_beginning(cut),
            "ALTER DATABASE d SET app.token TO '***'"
        );
        let words = "invalid value for parameter \"app.token\": \"geheim\"";
        let sql = "ALTER DATABASE d SET app.token TO 'geheim';";
        assert!(!masked_words(words, sql).contains("geheim"));
        assert_eq!(masked_words(words, "SELECT 'geheim'"), words);
    }

    #[test]
    fn what_follows_the_word() {
        for (sql, shown) in [
            (
                "SELECT dblink('host=h password=geheim')",
                "SELECT dblink('host=h password=***')",
            ),
            (
                "dblink('PASSWORD = ''ge heim'' host=h')",
                "dblink('PASSWORD = ''***'' host=h')",
            ),
            ("(password 'geheim', b 'c')", "(password '***', b 'c')"),
            (r"password='it\'s geheim' host=h", "password='***' host=h"),
            (
                r"dblink('password=''it\''s geheim'' host=h')",
                "dblink('password=''***'' host=h')",
            ),
            (r"password='geheim\\' host=h", "password='***' host=h"),
            ("password=geheim host=h", "password=*** host=h"),
            (
                "a text, password text, b int",
                "a text, password text, b int",
            ),
            ("the password is wrong", "the password is wrong"),
            ("password", "password"),
            (
                "dblink('postgres://app:ge%20heim@db.example/x')",
                "dblink('postgres://app:***@db.example/x')",
            ),
            (
                "postgres://a:b@c:5432/d and redis://:geheim@e",
                "postgres://a:***@c:5432/d and redis://:***@e",
            ),
            (
                "see https://example.org:80/a@b",
                "see https://example.org:80/a@b",
            ),
            ("postgres://app@db/x", "postgres://app@db/x"),
        ] {
            assert_eq!(masked(sql), shown);
        }
    }

    #[test]
    fn a_line_that_is_cut() {
        let shown = masked_beginning("CREATE SUBSCRIPTION s CONNECTION 'host=h pass=ge");
        assert_eq!(shown, "CREATE SUBSCRIPTION s CONNECTION '***'");
        assert_eq!(masked_beginning("INDEX public.i"), "INDEX public.i");
    }
}
