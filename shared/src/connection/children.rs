//! How pg_dump, psql and their like are told to connect as we do: by their
//! environment, where no other user can read it.

use super::conninfo::Conninfo;
use super::keywords::KEYWORDS;
use std::ffi::OsString;

/// Keywords without a variable that say nothing secret and change how a child connects.
const ARGUMENTS: &[&str] = &[
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

impl Conninfo {
    /// Variables for a child: `Some` to set, `None` to remove. Together they say
    /// everything that was resolved, and nothing of the environment is left that would
    /// say otherwise.
    pub fn child_environment(&self) -> Vec<(OsString, Option<OsString>)> {
        let mut variables = vec![(OsString::from("PGREQUIRESSL"), None)];
        for keyword in KEYWORDS {
            if let Some(variable) = keyword.variable {
                let value = self.child_value(keyword.name).map(OsString::from);
                variables.push((OsString::from(variable), value));
            }
        }
        variables
    }

    /// What a child is told for a keyword. A service's values have been merged; the
    /// socket's folder is said because the child's own default may be another.
    fn child_value(&self, keyword: &str) -> Option<String> {
        let said = self.settings.get(keyword).filter(|value| !value.is_empty());
        match (keyword, self.hosts.as_slice()) {
            ("service" | "servicefile", _) => None,
            ("host", [host]) => match &host.socket {
                Some(folder) => Some(folder.to_string_lossy().into_owned()),
                None => said.cloned(),
            },
            _ => said.cloned(),
        }
    }

    /// Arguments for a child: what no variable can carry. Never a secret; mostly empty.
    pub fn child_arguments(&self) -> Vec<OsString> {
        let said = ARGUMENTS.iter().filter_map(|keyword| {
            let value = self
                .settings
                .get(keyword)
                .filter(|value| !value.is_empty())?;
            Some(format!("{keyword}={}", value.trim()))
        });
        let said: Vec<String> = said.collect();
        match said.is_empty() {
            true => Vec::new(),
            false => vec![OsString::from(format!("--dbname={}", said.join(" ")))],
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::connection::{ConnectArgs, Conninfo, Environment, Need};
    use std::ffi::{OsStr, OsString};

    fn resolve(dbname: &str, variables: &[(&str, &str)]) -> Conninfo {
        let environment = Environment::of(variables.iter().copied()).with_user("os");
        let args = ConnectArgs {
            dbname: Some(dbname.into()),
            ..ConnectArgs::default()
        };
        Conninfo::resolve(&args, &environment, Need::Session).unwrap()
    }

    fn value(variables: &[(OsString, Option<OsString>)], name: &str) -> Option<String> {
        let found = variables
            .iter()
            .find(|(variable, _)| variable == OsStr::new(name));
        let (_, value) = found.unwrap();
        value
            .as_ref()
            .map(|value| value.to_str().unwrap().to_string())
    }

    #[test]
    fn everything_by_the_environment() {
        let conninfo = resolve(
            "postgresql://u:p@h:7/db?keepalives_idle=5",
            &[
                ("PGSSLMODE", "require"),
                ("PGHOSTADDR", ""),
                ("PGSERVICEFILE", "/x"),
            ],
        );
        let variables = conninfo.child_environment();
        assert_eq!(value(&variables, "PGHOST").as_deref(), Some("h"));
        assert_eq!(value(&variables, "PGPORT").as_deref(), Some("7"));
        assert_eq!(value(&variables, "PGPASSWORD").as_deref(), Some("p"));
        assert_eq!(value(&variables, "PGDATABASE").as_deref(), Some("db"));
        assert_eq!(value(&variables, "PGSSLMODE").as_deref(), Some("require"));
        for removed in ["PGHOSTADDR", "PGSERVICE", "PGREQUIRESSL", "PGOPTIONS"] {
            assert_eq!(value(&variables, removed), None, "{removed}");
        }
        assert_eq!(conninfo.child_arguments(), ["--dbname=keepalives_idle=5"]);
    }

    #[test]
    fn arguments_are_mostly_empty_and_never_secret() {
        assert!(
            resolve("host=h password=p sslpassword=s", &[])
                .child_arguments()
                .is_empty()
        );
    }
}
