//! pg_service.conf: connection parameters under a name.

use super::environment::Environment;
use super::text::{Parsed, Settings};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Where servers' packages keep the file of the whole system: Debian, PGDG's RPMs, upstream.
const SYSTEM_FOLDERS: &[&str] = &[
    "/etc/postgresql-common",
    "/etc/sysconfig/pgsql",
    "/usr/local/pgsql/etc",
];

/// Adds what the named service says and `settings` do not.
pub fn apply(settings: &mut Settings, environment: &Environment) -> Result<()> {
    let Some(name) = setting(settings, environment, "service", "PGSERVICE")? else {
        return Ok(());
    };
    if let Some(found) = definition(&name, settings, environment)? {
        for (keyword, value) in found {
            settings.entry(keyword).or_insert(value);
        }
        return Ok(());
    }
    Err(Error::usage(format!(
        "definition of service \"{name}\" not found"
    )))
}

fn setting(
    settings: &Settings,
    environment: &Environment,
    keyword: &str,
    variable: &str,
) -> Result<Option<String>> {
    match settings.get(keyword) {
        Some(value) => Ok(Some(value.clone())),
        None => Ok(environment.get(variable)?.map(str::to_string)),
    }
}

/// The user's file, then the system's.
fn definition(
    name: &str,
    settings: &Settings,
    environment: &Environment,
) -> Result<Option<Settings>> {
    let said = setting(settings, environment, "servicefile", "PGSERVICEFILE")?;
    let own = match said {
        Some(path) => Some(PathBuf::from(path)),
        None => environment
            .home()
            .map(|home| home.join(".pg_service.conf"))
            .filter(|path| path.exists()),
    };
    if let Some(path) = own
        && let Some(found) = read(&path, name)?
    {
        return Ok(Some(found));
    }
    match system_file(environment)? {
        Some(path) => read(&path, name),
        None => Ok(None),
    }
}

fn system_file(environment: &Environment) -> Result<Option<PathBuf>> {
    let folders = match environment.get("PGSYSCONFDIR")? {
        Some(folder) => vec![folder],
        None => SYSTEM_FOLDERS.to_vec(),
    };
    let mut files = folders
        .iter()
        .map(|folder| Path::new(folder).join("pg_service.conf"));
    Ok(files.find(|path| path.exists()))
}

fn read(path: &Path, name: &str) -> Result<Option<Settings>> {
    match std::fs::read_to_string(path) {
        Ok(text) => find(&text, name, path),
        Err(error) => Err(Error::usage(format!(
            "service file \"{}\": {}",
            path.display(),
            Error::from(error).message()
        ))),
    }
}

/// The first group of that name. Nothing of a line is ever shown.
pub fn find(text: &str, name: &str, path: &Path) -> Result<Option<Settings>> {
    let heading = format!("[{name}]");
    let mut found: Option<Parsed> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_matches(|c: char| c.is_ascii_whitespace());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            if found.is_some() {
                break;
            }
            found = line.starts_with(&heading).then(Parsed::default);
        } else if let Some(group) = &mut found {
            take_line(group, line).map_err(|what| {
                Error::usage(format!(
                    "{what} in service file \"{}\", line {}",
                    path.display(),
                    number + 1
                ))
            })?;
        }
    }
    Ok(found.map(|group| group.settings))
}

/// `keyword=value` without blanks around the `=`; the first of several counts.
fn take_line(group: &mut Parsed, line: &str) -> std::result::Result<(), &'static str> {
    let Some((keyword, value)) = line.split_once('=') else {
        return Err("syntax error");
    };
    match keyword {
        "service" | "servicefile" => Err("nested service specifications are not supported"),
        _ if line.contains('\0') => Err("a byte that is zero"),
        _ if line.starts_with("ldap") => Err("a look-up in LDAP is not supported"),
        _ if group.settings.contains_key(keyword) => Ok(()),
        _ if group.set(keyword, value) => Ok(()),
        _ => Err("unknown connection parameter"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(text: &str) -> Result<Option<Settings>> {
        find(text, "a", Path::new("file"))
    }

    #[test]
    fn the_first_group_and_the_first_value_count() {
        let text = "# x\nhost=no\n [a]\n  host=h \nhost=other\nport=1\n[b]\nport=2\n[a]\nuser=u\n";
        let found = group(text).unwrap().unwrap();
        assert_eq!(found.get("host").map(String::as_str), Some("h"));
        assert_eq!(found.get("port").map(String::as_str), Some("1"));
        assert!(!found.contains_key("user"));
        assert!(group("[b]\nhost=h").unwrap().is_none());
    }

    #[test]
    fn a_bad_line_is_named_by_number_alone() {
        for text in [
            "[a]\npassword s3cret",
            "[a]\nhost = h",
            "[a]\nnix=s3cret",
            "[a]\nservice=b",
            "[a]\nldap://x",
            "[a]\nuser=a\0database\0s3cret",
        ] {
            let error = group(text).unwrap_err().to_string();
            assert!(
                error.contains("line 2") && !error.contains("s3cret"),
                "{error}"
            );
        }
    }
}
