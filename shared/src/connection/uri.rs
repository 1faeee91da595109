//! `postgresql://user:password@host:port/database?parameter=value`, with
//! libpq's grammar and the schemes that other programs write.

use super::orm;
use super::text::{Parsed, UnknownNames};
use super::unencoded;
use crate::error::{Error, Result};

/// Schemes that mean PostgreSQL, before any `+driver`.
const SCHEMES: &[&str] = &["postgresql", "postgres", "postgis", "ecto", "pgsql", "psql"];

/// Reads a connection URL; `None` where the text is none. No message shows the
/// password or what may be a piece of it.
pub fn parse(text: &str) -> Result<Option<Parsed>> {
    let bare = strip_quotes(text);
    let Some((scheme, rest)) = split_scheme(bare)? else {
        return Ok(None);
    };
    let mut parsed = Parsed::default();
    if bare != text {
        parsed
            .notes
            .push("quotes or blanks around the URL were removed".into());
    }
    if !matches!(scheme, "postgresql" | "postgres") {
        parsed
            .notes
            .push(format!("\"{scheme}:\" is read as \"postgresql:\""));
    }
    let rest = take_credentials(&mut parsed, rest)?;
    let rest = take_hosts(&mut parsed, rest)?;
    let rest = take_database(&mut parsed, rest)?;
    if let Some(query) = rest.filter(|query| !query.is_empty()) {
        take_parameters(&mut parsed, query)?;
    }
    Ok(Some(parsed))
}

/// The text without blanks and quotes that came along when it was pasted.
fn strip_quotes(text: &str) -> &str {
    text.trim().trim_matches(|c| matches!(c, '"' | '\'')).trim()
}

/// The scheme and what follows `://`; an error where it is another program's URL.
fn split_scheme(text: &str) -> Result<Option<(&str, &str)>> {
    let bare = text.strip_prefix("jdbc:").unwrap_or(text);
    if bare.len() < text.len()
        && let Some(database) = bare.strip_prefix("postgresql:")
        && !database.starts_with("//")
    {
        return Err(
            Error::usage("this short form of a JDBC URL is not supported")
                .with_hint("write jdbc:postgresql://HOST/DATABASE"),
        );
    }
    let Some((scheme, rest)) = bare.split_once("://") else {
        return Ok(None);
    };
    if !scheme
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'))
    {
        return Ok(None);
    }
    let lower = scheme.to_ascii_lowercase();
    let family = lower.split('+').next().unwrap_or_default();
    if SCHEMES.contains(&family) && lower != "postgres+prisma" {
        return Ok(Some((&text[..text.len() - rest.len() - 3], rest)));
    }
    let error = Error::usage(format!(
        "a \"{scheme}://\" URL is not a PostgreSQL connection"
    ));
    Err(match family {
        "prisma" => error.with_hint("Prisma's own proxy doesn't speak PostgreSQL; give the database's own URL, often in DIRECT_URL"),
        _ => error.with_hint("a connection URL begins with postgresql://"),
    })
}

/// `user:password@`, where an `@` comes before the first `/`.
fn take_credentials<'a>(parsed: &mut Parsed, rest: &'a str) -> Result<&'a str> {
    let Some(end) = rest
        .find(['@', '/'])
        .filter(|&end| rest[end..].starts_with('@'))
    else {
        return Ok(rest);
    };
    let (user, password) = match rest[..end].split_once(':') {
        Some((user, password)) => (user, password),
        None => (&rest[..end], ""),
    };
    let after = &rest[end + 1..];
    unencoded::check_host(after, !password.is_empty())?;
    if !user.is_empty() {
        parsed.set("user", decode(user, "user")?);
    }
    if !password.is_empty() {
        parsed.encoded_password = password.contains('%');
        parsed.set("password", decode(password, "password")?);
    }
    Ok(after)
}

/// `host:port,host:port`, each part of which may be missing.
fn take_hosts<'a>(parsed: &mut Parsed, rest: &'a str) -> Result<&'a str> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    let mut rest = rest;
    loop {
        let (host, after) = take_host(rest)?;
        let (port, after) = match after.strip_prefix(':') {
            Some(after) => after.split_at(after.find(['/', '?', ',']).unwrap_or(after.len())),
            None => ("", after),
        };
        hosts.push(host);
        ports.push(port);
        let Some(next) = after.strip_prefix(',') else {
            rest = after;
            break;
        };
        rest = next;
    }
    unencoded::check_ports(&ports, rest)?;
    let (hosts, ports) = (hosts.join(","), ports.join(","));
    if !hosts.is_empty() {
        parsed.set("host", decode(&hosts, "host")?);
    }
    if !ports.is_empty() {
        parsed.set("port", decode(&ports, "port")?);
    }
    Ok(rest)
}

/// One host, an IPv6 address without its brackets.
fn take_host(rest: &str) -> Result<(&str, &str)> {
    let Some(address) = rest.strip_prefix('[') else {
        return Ok(rest.split_at(rest.find([':', '/', '?', ',']).unwrap_or(rest.len())));
    };
    let Some((address, after)) = address.split_once(']') else {
        return Err(Error::usage("no \"]\" ends the IPv6 address in the URL"));
    };
    if address.is_empty() {
        return Err(Error::usage("the IPv6 address in the URL is empty"));
    }
    if !after.is_empty() && !after.starts_with([':', '/', '?', ',']) {
        return Err(Error::usage(
            "after the IPv6 address in the URL, \":\" or \"/\" is expected",
        ));
    }
    Ok((address, after))
}

/// `/database`; returns what follows a `?`.
fn take_database<'a>(parsed: &mut Parsed, rest: &'a str) -> Result<Option<&'a str>> {
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let database = path.strip_prefix('/').unwrap_or(path);
    if !database.is_empty() {
        parsed.set("dbname", decode(database, "database")?);
    }
    Ok(query)
}

fn take_parameters(parsed: &mut Parsed, query: &str) -> Result<()> {
    let mut unknown = UnknownNames::default();
    let mut later = orm::Later::default();
    let mut previous = String::new();
    for part in query.strip_suffix('&').unwrap_or(query).split('&') {
        let (name, value) = split_parameter(part, &previous)?;
        let value = decode(value, &name)?;
        if !later.take(parsed, &name, &value)? && !parsed.set(&name, value) {
            unknown.add(&name, &previous);
        }
        previous = name;
    }
    unknown.refuse("URL")?;
    later.finish(parsed);
    Ok(())
}

fn split_parameter<'a>(part: &'a str, previous: &str) -> Result<(String, &'a str)> {
    let hidden = super::keywords::is_secret(previous);
    let Some((name, value)) = part.split_once('=') else {
        return Err(match hidden {
            true => Error::usage(format!(
                "missing \"=\" after the parameter \"{previous}\" in the URL"
            ))
            .with_hint("in a URL's password, write & as %26"),
            false => Error::usage(format!(
                "missing \"=\" after the parameter \"{part}\" in the URL"
            )),
        });
    };
    let name = decode(name, "a parameter's name")?;
    if value.contains('=') {
        return Err(Error::usage(format!(
            "extra \"=\" in the URL's parameter \"{}\"",
            if hidden { previous } else { &name }
        ))
        .with_hint("in a parameter's value, write = as %3D"));
    }
    Ok((name, value))
}

/// Percent-decodes a part of the URL; what it holds is not shown.
fn decode(text: &str, part: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let code = after.get(..2).and_then(hex_byte).ok_or_else(|| {
            Error::usage(format!(
                "the URL's {part} holds a \"%\" that two hexadecimal digits don't follow"
            ))
            .with_hint("write a % itself as %25")
        })?;
        if code == 0 {
            return Err(Error::usage(format!(
                "the URL's {part} holds %00, which is forbidden"
            )));
        }
        bytes.push(code);
        rest = &after[2..];
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::usage(format!("the URL's {part} is not valid UTF-8")))
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |d: u8| char::from(d).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(url: &str) -> String {
        let parsed = parse(url).unwrap().unwrap();
        let pairs = parsed.settings.iter();
        pairs
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn grammar() {
        let table = [
            ("postgresql://", ""),
            ("postgresql://host:1/db", "dbname=db host=host port=1"),
            ("postgres://u:p@/", "password=p user=u"),
            ("postgresql://@host", "host=host"),
            ("postgresql://u:@host", "host=host user=u"),
            ("postgresql://[::1]:5/db", "dbname=db host=::1 port=5"),
            ("postgresql://a,b:2,[::3]/", "host=a,b,::3 port=,2,"),
            ("postgresql://%2Ftmp/db", "dbname=db host=/tmp"),
            (
                "postgresql:///db?host=/tmp&port=9",
                "dbname=db host=/tmp port=9",
            ),
            ("postgresql://h/?user=me@server", "host=h user=me@server"),
            (
                "postgresql://h?user=me@server",
                "host=server user=h?user=me",
            ),
            ("postgresql://h/a/b", "dbname=a/b host=h"),
            ("postgresql://h/?ssl=true", "host=h sslmode=require"),
            (
                "postgresql://u:p#q?r:s@h/db",
                "dbname=db host=h password=p#q?r:s user=u",
            ),
            ("\"postgresql://h/db\" ", "dbname=db host=h"),
            ("postgresql+asyncpg://h/db", "dbname=db host=h"),
            (
                "jdbc:postgresql://h/db?user=u&password=p",
                "dbname=db host=h password=p user=u",
            ),
        ];
        for (url, expected) in table {
            assert_eq!(show(url), expected, "{url}");
        }
    }

    #[test]
    fn other_texts_are_no_urls() {
        for text in ["", "db", "host=h password=a://b", "http:/x"] {
            assert!(parse(text).unwrap().is_none(), "{text}");
        }
        assert!(parse("mysql://h/db").is_err());
        assert!(parse("prisma+postgres://h/db").is_err());
    }

    #[test]
    fn refusals() {
        for url in [
            "//[::1",
            "//[]",
            "//[::1]x",
            "//h/%zz",
            "//h/%0",
            "//h/%00",
            "//h?a",
            "//h?user=a=b",
            "//h?nix=1",
        ] {
            assert!(parse(&format!("postgresql:{url}")).is_err(), "{url}");
        }
    }
}
