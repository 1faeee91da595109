//! The command that would end one session, as a person may copy it: with the flags that said where to connect and
//! whom to include or spare.

use shared::cli::Context;
use shared::programs::quote;
use shared::{Result, time};

use crate::cli::{Action, Options, Test};
use crate::record::Record;

/// What stands for how to connect where that can't be said.
const OPEN: &str = "…";

/// What such commands have in common.
#[derive(Debug, Default)]
pub struct Hint {
    /// How to connect; none where that was not said, or not to be repeated.
    connect: Option<Vec<String>>,
    /// Who is included or spared, and what is done.
    rest: Vec<String>,
    /// Applications that a filter names, which includes their backups.
    named: Vec<String>,
}

impl Hint {
    /// Of a command line.
    pub fn of(options: &Options, context: &Context) -> Self {
        let named = (options.filters.conditions.iter()).filter_map(|one| match &one.test {
            Test::App(name) if !one.is_not => Some(name.clone()),
            _ => None,
        });
        Self {
            connect: match options.scope.snapshot {
                Some(_) => None,
                None => connecting(context),
            },
            rest: rest(options),
            named: named.collect(),
        }
    }

    /// Ends this one, which was seen as the record says; without one, who has that number when it is looked again.
    pub fn to_end(&self, pid: i32, seen: Option<&Record>) -> String {
        let connect = match &self.connect {
            Some(connect) => quoted(connect),
            None => format!(" {OPEN}"),
        };
        let mut rest = quoted(&self.rest);
        let application = seen.and_then(|seen| seen.application_name.as_ref());
        let is_named = application.is_some_and(|name| self.named.contains(name));
        if is_named && !rest.contains(" --include-backups") {
            rest.push_str(" --include-backups");
        }
        let picked = seen.and_then(|seen| identity(seen).ok()).map_or_else(
            || format!("pg-lock-kill{connect} | jq -c 'select(.pid == {pid})'"),
            |identity| format!("echo '{identity}'"),
        );
        let command = format!("{picked} | pg-lock-kill{connect} -{rest}");
        match self.connect {
            Some(_) => command,
            None => format!("{command} (where {OPEN} is how to connect)"),
        }
    }
}

fn quoted(words: &[String]) -> String {
    words
        .iter()
        .map(|word| format!(" {}", quote(word)))
        .collect()
}

/// Who it is, in which transaction: as `-` reads it.
fn identity(record: &Record) -> Result<String> {
    let text = |at: Option<time::Time>| {
        let text = at.map(time::format).transpose()?;
        Ok::<_, shared::Error>(text.map_or("null".to_string(), |text| format!("\"{text}\"")))
    };
    Ok(format!(
        "{{\"pid\":{},\"backend_start\":{},\"xact_start\":{}}}",
        record.pid,
        text(record.backend_start)?,
        text(record.xact_start)?
    ))
}

/// None where it may have a password in it.
fn connecting(context: &Context) -> Option<Vec<String>> {
    let given = &context.common.connect;
    let mut words = Vec::new();
    for (flag, value) in [
        ("-d", &given.dbname),
        ("-h", &given.host),
        ("-p", &given.port),
        ("-U", &given.user),
    ] {
        let Some(value) = value else { continue };
        if flag == "-d" && may_hold_a_password(value) {
            return None;
        }
        words.extend([flag.to_string(), value.clone()]);
    }
    words.extend(given.never_prompt.then(|| "-w".to_string()));
    Some(words)
}

fn may_hold_a_password(conninfo: &str) -> bool {
    let is_in_url = conninfo.split_once("://").is_some_and(|(_, rest)| {
        let who = rest.rsplit_once('@').map_or("", |(who, _)| who);
        who.contains(':')
    });
    is_in_url || conninfo.to_ascii_lowercase().contains("password")
}

fn rest(options: &Options) -> Vec<String> {
    let victims = &options.victims;
    let switches = [
        (victims.include_superusers, "--include-superusers"),
        (victims.include_autovacuum, "--include-autovacuum"),
        (victims.include_backups, "--include-backups"),
    ];
    let switches = switches.into_iter().filter(|(is_given, _)| *is_given);
    let mut words: Vec<String> = switches.map(|(_, flag)| flag.to_string()).collect();
    for name in &victims.protected {
        words.extend(["--protect".to_string(), name.clone()]);
    }
    if let Some(file) = &victims.protect_file {
        words.extend(["--protect-file".to_string(), file.display().to_string()]);
    }
    match options.action {
        Action::Cancel => words.push("--cancel".to_string()),
        Action::None | Action::Terminate => words.push("--terminate".to_string()),
        Action::Escalate(after) => {
            words.extend(["--escalate".to_string(), format!("{}ms", after.as_millis())]);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_repeated() {
        for (conninfo, may) in [
            ("app", false),
            ("postgres://etl@db/app", false),
            ("postgres://etl:x@db:5433/app", true),
            ("postgres://db:5433/app", false),
            ("host=db password=x", true),
            ("postgres://db/app?password=x", true),
        ] {
            assert_eq!(may_hold_a_password(conninfo), may, "{conninfo}");
        }
    }
}
