//! .pgpass: passwords by host, port, database and user.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The lines of a password file.
#[derive(Clone, Default)]
pub struct Passfile {
    lines: Vec<String>,
}

impl Passfile {
    /// Reads a password file. One that is not there says nothing; one that others
    /// can read is not used, and the warning says so.
    pub fn read(path: &Path) -> (Self, Option<String>) {
        match Self::read_safe(path) {
            Ok(file) => (file, None),
            Err(warning) => (Self::default(), warning),
        }
    }

    fn read_safe(path: &Path) -> Result<Self, Option<String>> {
        let name = path.display();
        let about = fs::metadata(path).map_err(|error| complaint(path, &error))?;
        if !about.is_file() {
            return Err(Some(format!(
                "password file \"{name}\" is not a plain file and was not used"
            )));
        }
        if about.permissions().mode() & 0o077 != 0 {
            return Err(Some(format!(
                "password file \"{name}\" has group or world access and was not used; \
                 permissions should be u=rw (0600) or less"
            )));
        }
        let bytes = fs::read(path).map_err(|error| complaint(path, &error))?;
        Ok(Self::of(&String::from_utf8_lossy(&bytes)))
    }

    /// What such a file says.
    pub fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self {
            lines: lines
                .map(|line| line.trim_end_matches('\r').to_string())
                .collect(),
        }
    }

    /// The first password for this server, database and user.
    pub fn find(&self, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
        let port = port.to_string();
        self.lines.iter().find_map(|line| {
            let rest = match_field(line, host)?;
            let rest = match_field(rest, &port)?;
            let rest = match_field(rest, database)?;
            match_field(rest, user).map(unescape)
        })
    }
}

fn complaint(path: &Path, error: &io::Error) -> Option<String> {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => None,
        kind => Some(format!(
            "password file \"{}\" was not used: {kind}",
            path.display()
        )),
    }
}

/// What follows a field that is this word or `*`.
fn match_field<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let mut expected = word.chars();
    let mut rest = line.chars();
    loop {
        match rest.next()? {
            ':' => return expected.next().is_none().then_some(rest.as_str()),
            '\\' => (rest.next()? == expected.next()?).then_some(())?,
            c => (c == expected.next()?).then_some(())?,
        }
    }
}

/// The password without its escapes; a further field ends it.
fn unescape(text: &str) -> String {
    let mut password = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            ':' => break,
            '\\' => password.push(rest.next().unwrap_or('\\')),
            _ => password.push(c),
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, host: &str) -> Option<String> {
        let lines = text.lines().map(str::to_string).collect();
        Passfile { lines }.find(host, 5432, "db", "u")
    }

    #[test]
    fn fields() {
        assert_eq!(
            find("h:5432:db:u:one\nh:5432:db:u:two", "h").as_deref(),
            Some("one")
        );
        assert_eq!(find("*:*:*:*:any", "h").as_deref(), Some("any"));
        assert_eq!(find(r"\:\:1:5432:db:u:v6", "::1").as_deref(), Some("v6"));
        assert_eq!(find(r"*:*:*:u:a\:b\\c", "h").as_deref(), Some(r"a:b\c"));
        assert_eq!(find("*:*:*:u:a:b", "h").as_deref(), Some("a"));
        assert_eq!(find("h*:*:*:*:no\nhh:*:*:*:no", "h"), None);
        assert_eq!(find("h:5432:db:u", "h"), None);
    }
}
