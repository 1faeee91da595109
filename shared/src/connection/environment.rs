//! What the process was started with: variables, home folder, user's name.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

/// The environment that connection parameters are read from.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    user: Option<String>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            user: None,
        }
    }

    /// An environment of these variables alone.
    pub fn of<K: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pairs = variables.into_iter();
        Self {
            variables: pairs.map(|(k, v)| (k.into(), v.into())).collect(),
            user: None,
        }
    }

    /// The same, with the operating system's user of that name.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.user = Some(user.to_string());
        self
    }

    /// The text of a variable, which may be empty.
    pub fn get(&self, name: &str) -> Result<Option<&str>> {
        let Some(value) = self.variables.get(OsStr::new(name)) else {
            return Ok(None);
        };
        match value.to_str() {
            Some(text) => Ok(Some(text)),
            None => Err(Error::usage(format!("{name} is not valid UTF-8"))),
        }
    }

    /// Whether a variable says anything.
    pub fn says(&self, name: &str) -> bool {
        self.variables
            .get(OsStr::new(name))
            .is_some_and(|value| !value.is_empty())
    }

    /// The home folder: `HOME`, else what the user database says.
    pub fn home(&self) -> Option<PathBuf> {
        match self.variables.get(OsStr::new("HOME")) {
            Some(home) if !home.is_empty() => Some(PathBuf::from(home)),
            _ => passwd_entry(own_uid()).map(|entry| PathBuf::from(entry.home)),
        }
    }

    /// The operating system's name of the user who runs us.
    pub fn os_user(&self) -> Option<String> {
        match &self.user {
            Some(user) => Some(user.clone()),
            None => user_name(own_uid()),
        }
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

struct PasswdEntry {
    name: String,
    home: String,
}

/// The line of /etc/passwd for this user.
fn passwd_entry(uid: u32) -> Option<PasswdEntry> {
    let text = std::fs::read_to_string("/etc/passwd").ok()?;
    text.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let &[name, _, id, _, _, home, ..] = fields.as_slice() else {
            return None;
        };
        (id.parse() == Ok(uid)).then(|| PasswdEntry {
            name: name.to_string(),
            home: home.to_string(),
        })
    })
}

/// The name of a user. `id` knows those who live in a directory service.
pub fn user_name(uid: u32) -> Option<String> {
    if let Some(entry) = passwd_entry(uid) {
        return Some(entry.name);
    }
    let output = Command::new("id")
        .args(["-un", &uid.to_string()])
        .output()
        .ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (output.status.success() && !name.is_empty()).then_some(name)
}
