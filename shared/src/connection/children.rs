//! How pg_dump, psql and their like are told to connect as we do: by their
//! environment, where no other user can read it. Where our environment does not
//! reach them they are told by their arguments, and never anything secret.

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
    ///
    /// For a child elsewhere only the password, if one was said: whatever takes the child there may
    /// carry it on, as `docker exec -e PGPASSWORD` does.
    pub fn child_environment(&self) -> Vec<(OsString, Option<OsString>)> {
        if self.elsewhere {
            let password = self.text("password").map(OsString::from);
            let variable = |password| (OsString::from("PGPASSWORD"), Some(password));
            return password.map(variable).into_iter().collect();
        }
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

    /// Arguments for a child: what no variable can carry. Never a secret; mostly empty, but
    /// everything for a child elsewhere.
    pub fn child_arguments(&self) -> Vec<OsString> {
        let mut arguments = self.server_arguments();
        let database = self.settings.get("dbname").filter(|_| self.elsewhere);
        let more = |argument: &OsString| argument.to_string_lossy().starts_with("--dbname=");
        match (
            database,
            arguments.iter_mut().find(|argument| more(argument)),
        ) {
            (Some(name), Some(conninfo)) => conninfo.push(format!(" dbname={}", quoted(name))),
            (Some(name), None) if is_more_than_a_name(name) => {
                arguments.push(format!("--dbname=dbname={}", quoted(name)).into());
            }
            (Some(name), None) => arguments.push(format!("--dbname={name}").into()),
            (None, _) => {}
        }
        arguments
    }

    /// The same without the database, for pg_dumpall, which takes that by another flag.
    pub fn server_arguments(&self) -> Vec<OsString> {
        let flags = [
            ("host", "--host"),
            ("port", "--port"),
            ("user", "--username"),
        ];
        let mut arguments = Vec::new();
        let mut conninfo = Vec::new();
        for (keyword, value) in &self.settings {
            let flag = flags.iter().find(|(name, _)| name == keyword);
            let is_said = match self.elsewhere {
                true => !matches!(*keyword, "dbname" | "password"),
                false => ARGUMENTS.contains(keyword),
            };
            match (flag, is_said && !value.is_empty()) {
                (_, false) => {}
                (Some((_, flag)), _) => arguments.push(format!("{flag}={value}").into()),
                (None, _) => conninfo.push(format!("{keyword}={}", quoted(value.trim()))),
            }
        }
        if !conninfo.is_empty() {
            arguments.push(format!("--dbname={}", conninfo.join(" ")).into());
        }
        arguments
    }
}

/// A value of a connection string, in quotes where it needs them.
fn quoted(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && c != '\'' && c != '\\';
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_string();
    }
    let escaped = value.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{escaped}'")
}

/// Whether libpq would take a database's name for a connection string.
fn is_more_than_a_name(name: &str) -> bool {
    name.contains('=') || name.starts_with("postgres://") || name.starts_with("postgresql://")
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

    fn elsewhere(dbname: &str) -> Conninfo {
        let args = ConnectArgs {
            dbname: Some(dbname.into()),
            user: Some("backup".into()),
            ..ConnectArgs::default()
        };
        Conninfo::elsewhere(&args).unwrap()
    }

    #[test]
    fn a_child_elsewhere_is_told_by_arguments_but_for_the_password() {
        let conninfo = elsewhere("postgresql://u:s3cret@h:7/app");
        assert_eq!(
            conninfo.child_arguments(),
            ["--host=h", "--port=7", "--username=u", "--dbname=app"]
        );
        let password = (OsString::from("PGPASSWORD"), Some(OsString::from("s3cret")));
        assert_eq!(conninfo.child_environment(), [password]);
        let conninfo = elsewhere("app");
        assert_eq!(
            conninfo.child_arguments(),
            ["--username=backup", "--dbname=app"]
        );
        assert!(conninfo.child_environment().is_empty());
        assert_eq!(conninfo.server_arguments(), ["--username=backup"]);
    }

    #[test]
    fn what_has_no_flag_goes_elsewhere_as_a_connection_string() {
        for (dbname, expected) in [
            (
                "dbname='a b' sslmode=require options='-c x=1'",
                "--dbname=options='-c x=1' sslmode=require dbname='a b'",
            ),
            ("dbname='x=y'", "--dbname=dbname=x=y"),
            ("dbname='it\\'s = it'", "--dbname=dbname='it\\'s = it'"),
        ] {
            let args = ConnectArgs {
                dbname: Some(dbname.into()),
                ..ConnectArgs::default()
            };
            let conninfo = Conninfo::elsewhere(&args).unwrap();
            assert_eq!(conninfo.child_arguments(), [expected]);
        }
        let secret = ConnectArgs {
            dbname: Some("dbname=a sslpassword=s3cret".into()),
            ..ConnectArgs::default()
        };
        let error = Conninfo::elsewhere(&secret).unwrap_err().to_string();
        assert!(error.contains("sslpassword") && !error.contains("s3cret"));
    }
}
