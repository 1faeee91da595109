//! A command line split as a POSIX shell would, and nothing more: quotes and
//! backslashes count, variables, globs and operators are plain text.

use std::ffi::OsString;

use crate::error::{Error, Result};

/// The words of a command line.
pub fn split(command: &str) -> Result<Vec<OsString>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take().map(OsString::from)),
            '\'' => single_quoted(&mut rest, word.get_or_insert_default())?,
            '"' => double_quoted(&mut rest, word.get_or_insert_default())?,
            '\\' => escaped(&mut rest, word.get_or_insert_default())?,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word.map(OsString::from));
    Ok(words)
}

/// A word as a POSIX shell reads it back.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:%+@,=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn escaped(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<()> {
    match rest.next() {
        Some('\n') => {}
        Some(c) => word.push(c),
        None => return Err(Error::usage("nothing follows the last backslash")),
    }
    Ok(())
}

fn single_quoted(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<()> {
    for c in rest {
        if c == '\'' {
            return Ok(());
        }
        word.push(c);
    }
    Err(Error::usage("a single quote is not closed"))
}

fn double_quoted(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<()> {
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok(()),
            '\\' => match rest.next() {
                Some('\n') => {}
                Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                Some(c) => word.extend(['\\', c]),
                None => break,
            },
            c => word.push(c),
        }
    }
    Err(Error::usage("a double quote is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const COMMANDS: &[&str] = &[
        "docker compose exec -T db pg_dump",
        "  spaced \t out words ",
        "'single quoted' \"double quoted\"",
        r#"a\ b 'c"d' "e'f" "g\"h" "i\\j" "k\l" m\\n"#,
        r#"joined'to'"get"her '' "" end"#,
        r#"'$HOME' "\$HOME" '*' \* '|' ';' '#x'"#,
        "over\\\nlines \"over\\\nlines\"",
        "ümläut '日本 語'",
        "",
    ];

    #[test]
    fn splits_as_the_shell_does() {
        for command in COMMANDS {
            let script = format!("printf '%s\\0' {command}");
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let mut expected: Vec<&str> = text.split('\0').collect();
            expected.pop();
            if command.is_empty() {
                expected.clear();
            }
            assert_eq!(split(command).unwrap(), expected, "{command}");
        }
    }

    #[test]
    fn a_quoted_word_is_read_back() {
        for word in [
            "",
            "plain",
            "--table=Sp ace",
            "it's",
            "$(id) * ~ \\ \"x\"",
            "a\nb",
            "日本",
        ] {
            assert_eq!(split(&quote(word)).unwrap(), [word]);
        }
    }

    #[test]
    fn nothing_is_expanded() {
        assert_eq!(split("$HOME `id` $(id) * ~ | ;").unwrap().len(), 7);
        assert_eq!(split("\"$HOME\"").unwrap(), ["$HOME"]);
        assert_eq!(split("over\nlines\n").unwrap(), ["over", "lines"]);
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        for command in ["pg_dump 'x", "pg_dump \"x", "pg_dump \\", "\"x\\"] {
            let error = split(command).unwrap_err();
            assert_eq!(error.kind(), crate::error::Kind::Usage, "{command}");
        }
    }
}
