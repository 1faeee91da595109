//! `host=… dbname='…'`: libpq's other way to write a connection string.

use super::keywords::is_secret;
use super::text::{Parsed, UnknownNames};
use crate::error::{Error, Result};
use std::iter::Peekable;
use std::str::Chars;

/// Reads a key=value connection string. No message shows what may be a secret.
pub fn parse(text: &str) -> Result<Parsed> {
    let mut parsed = Parsed::default();
    let mut unknown = UnknownNames::default();
    let mut rest = text.chars().peekable();
    let mut previous = String::new();
    while skip_blanks(&mut rest) {
        let name = take_name(&mut rest, &previous)?;
        let value = take_value(&mut rest, &name)?;
        if !store(&mut parsed, &name, value) {
            unknown.add(&name, &previous);
        }
        previous = name;
    }
    unknown.refuse("connection string")?;
    Ok(parsed)
}

/// Stores a parameter; false where there is no such keyword.
fn store(parsed: &mut Parsed, name: &str, value: String) -> bool {
    match name {
        "requiressl" if value.starts_with('1') => parsed.set("sslmode", "require"),
        "requiressl" => parsed.set("sslmode", "prefer"),
        _ => parsed.set(name, value),
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// Skips blanks; false at the end of the text.
fn skip_blanks(rest: &mut Peekable<Chars>) -> bool {
    while rest.next_if(|&c| is_blank(c)).is_some() {}
    rest.peek().is_some()
}

fn take_name(rest: &mut Peekable<Chars>, previous: &str) -> Result<String> {
    let mut name = String::new();
    while let Some(c) = rest.next_if(|&c| c != '=' && !is_blank(c)) {
        name.push(c);
    }
    skip_blanks(rest);
    if rest.next_if_eq(&'=').is_some() {
        return Ok(name);
    }
    if is_secret(previous) {
        return Err(Error::usage(format!(
            "missing \"=\" after the value of \"{previous}\" in the connection string"
        ))
        .with_hint(format!(
            "write a value with blanks in quotes: {previous}='…'"
        )));
    }
    Err(Error::usage(format!(
        "missing \"=\" after \"{name}\" in the connection string"
    )))
}

fn take_value(rest: &mut Peekable<Chars>, name: &str) -> Result<String> {
    skip_blanks(rest);
    if rest.next_if_eq(&'\'').is_some() {
        return take_quoted(rest, name);
    }
    let mut value = String::new();
    while let Some(c) = rest.next_if(|&c| !is_blank(c)) {
        match c {
            '\\' => value.extend(rest.next()),
            _ => value.push(c),
        }
    }
    Ok(value)
}

fn take_quoted(rest: &mut Peekable<Chars>, name: &str) -> Result<String> {
    let mut value = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\'' => return Ok(value),
            '\\' => value.extend(rest.next()),
            _ => value.push(c),
        }
    }
    Err(Error::usage(format!(
        "unterminated quoted string in the connection string, at \"{name}\""
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Vec<(&'static str, String)> {
        parse(text).unwrap().settings.into_iter().collect()
    }

    fn refusal(text: &str) -> Error {
        parse(text).err().unwrap()
    }

    #[test]
    fn quirks_of_the_grammar() {
        assert_eq!(
            settings("host = h\tport=1"),
            [("host", "h".into()), ("port", "1".into())]
        );
        assert_eq!(settings(r"user='a\'b \\' "), [("user", r"a'b \".into())]);
        assert_eq!(settings(r"user=a\ b"), [("user", "a b".into())]);
        assert_eq!(settings("password="), [("password", String::new())]);
        assert_eq!(settings("user= dbname=x"), [("user", "dbname=x".into())]);
        assert_eq!(settings("user='a'dbname=x")[0], ("dbname", "x".into()));
        assert_eq!(settings("requiressl=1"), [("sslmode", "require".into())]);
    }

    #[test]
    fn refusals_never_show_what_may_be_a_secret() {
        for text in [
            "password=a s3cret b",
            "password=a s3cret=b",
            "password='s3cret",
            "sslpassword=x s3cret",
        ] {
            let error = refusal(text).to_string();
            assert!(!error.contains("s3cret"), "{text}: {error}");
        }
        assert!(
            refusal("hots=1 prot=2")
                .to_string()
                .contains("\"hots\", \"prot\"")
        );
        assert!(refusal("host").message().contains("after \"host\""));
    }
}
