//! Where the connection parameters come from when several places could say them.

use super::environment::Environment;
use super::{ConnectArgs, Need};
use crate::error::{Error, Result};

/// Variables of libpq that name a server: with one of them set, no URL is looked for.
const LIBPQ: &[&str] = &["PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE"];

/// Variables that hold a URL past the pooler.
pub const DIRECT: &[&str] = &[
    "DIRECT_URL",
    "DIRECT_DATABASE_URL",
    "DATABASE_URL_UNPOOLED",
    "POSTGRES_URL_NON_POOLING",
];

/// The variable that may lead through a pooler.
pub const POOLED: &str = "DATABASE_URL";

/// The source where nobody says anything.
pub const NOWHERE: &str = "libpq's defaults";

/// Where it was found.
pub struct Source {
    /// A flag, a variable, or "libpq's defaults".
    pub name: String,
    /// The connection string.
    pub text: Option<String>,
    /// What was passed over, for `-v`.
    pub notes: Vec<String>,
}

impl Source {
    fn of(name: &str, text: Option<&str>) -> Self {
        Self {
            name: name.to_string(),
            text: text.map(str::to_string),
            notes: Vec::new(),
        }
    }
}

/// `-d`; else, where `-h`, `-p` or `-U` names a server, libpq's rules alone, because
/// half of a URL that was meant for another server would be the worst surprise; else
/// libpq's variables; else a URL from the environment.
pub fn choose(args: &ConnectArgs, environment: &Environment, need: Need) -> Result<Source> {
    if let Some(text) = &args.dbname {
        return Ok(Source::of(args.dbname_flag(), Some(text)));
    }
    let url = find_url(environment, need)?;
    let flags = [("-h", &args.host), ("-p", &args.port), ("-U", &args.user)];
    let flag = flags
        .iter()
        .find(|(_, value)| value.is_some())
        .map(|(flag, _)| *flag);
    let variable = LIBPQ.iter().find(|name| environment.says(name)).copied();
    let Some(name) = flag.or(variable) else {
        return Ok(url.unwrap_or_else(|| Source::of(NOWHERE, None)));
    };
    let mut source = Source::of(name, None);
    if let Some(url) = url {
        source
            .notes
            .push(format!("{} is not used because {name} is given", url.name));
    }
    Ok(source)
}

/// Refuses what a variable holds if it is no connection string: a database's name
/// alone would lead to a server that nobody meant.
pub fn check(source: &Source, args: &ConnectArgs) -> Result<()> {
    let text = source.text.as_deref().unwrap_or_default();
    let head = text.split('=').next().unwrap_or_default();
    let is_string = text.contains("://") || (text.contains('=') && !head.contains([':', '/']));
    match is_string || source.text.is_none() || args.dbname.is_some() {
        true => Ok(()),
        false => Err(Error::usage(format!(
            "{} is not a PostgreSQL connection URL",
            source.name
        ))
        .with_hint("say where to connect with -d, or unset the variable")),
    }
}

fn find_url(environment: &Environment, need: Need) -> Result<Option<Source>> {
    let pooled = [POOLED];
    let order: Vec<&str> = match need {
        Need::Session => DIRECT.iter().chain(&pooled).copied().collect(),
        Need::Statements => pooled.iter().chain(DIRECT).copied().collect(),
    };
    for name in order {
        if environment.says(name) {
            return Ok(Some(Source::of(name, environment.get(name)?)));
        }
    }
    Ok(None)
}
