//! The flags that every tool takes, and what was given for them.

use super::flag::Flag;
use super::value::Value;
use crate::Result;
use crate::connection::ConnectArgs;
use crate::records::Format;

pub(super) const OUTPUT: &str = "output";

const CONNECTION_GROUP: &str = "Connection";
const OUTPUT_GROUP: &str = "Output";
const HELP_GROUP: &str = "Help";

/// Where a group of flags stands in the help: those of every tool come last, in the same order.
pub(super) fn place(group: &str) -> usize {
    let common = [CONNECTION_GROUP, OUTPUT_GROUP, HELP_GROUP];
    let place = common.iter().position(|known| *known == group);
    place.map_or(0, |place| place + 1)
}

/// The flags of a tool that connects: the letters that psql has.
pub(super) const CONNECTION: &[Flag] = &[
    Flag::value(
        "dbname",
        "CONNINFO",
        "database to connect to: a URL, key=value pairs or a name",
    )
    .short('d')
    .group(CONNECTION_GROUP),
    Flag::value("host", "HOST", "server's host, or the folder of its socket")
        .short('h')
        .group(CONNECTION_GROUP),
    Flag::value("port", "PORT", "server's port")
        .short('p')
        .group(CONNECTION_GROUP),
    Flag::value("username", "NAME", "user to connect as")
        .short('U')
        .group(CONNECTION_GROUP),
    Flag::switch("no-password", "ask for no password; nothing is ever asked")
        .short('w')
        .group(CONNECTION_GROUP),
];

/// The flags of every tool.
pub(super) const ALWAYS: &[Flag] = &[
    Flag::value(
        OUTPUT,
        "FORMAT",
        "format of the records (table on a terminal, else jsonl)",
    )
    .short('o')
    .choices(&["jsonl", "json", "csv", "table"])
    .group(OUTPUT_GROUP),
    Flag::switch("quiet", "say nothing on stderr but errors")
        .short('q')
        .group(OUTPUT_GROUP),
    Flag::switch("verbose", "say on stderr what is being done")
        .short('v')
        .group(OUTPUT_GROUP),
    Flag::switch("help", "show this help and exit")
        .short('?')
        .group(HELP_GROUP),
    Flag::switch("version", "show the version and exit")
        .short('V')
        .group(HELP_GROUP),
    Flag::value(
        "generate",
        "WHAT",
        "print the man page or a shell's completions",
    )
    .choices(&["man", "bash", "zsh", "fish"])
    .group(HELP_GROUP)
    .hidden(),
];

/// Where a tool that connects looks, beside its flags.
pub(super) const VARIABLES: super::tool::Terms = &[
    (
        "PGSERVICE, PGHOST, PGHOSTADDR, PGDATABASE",
        "where to connect to, as libpq reads them",
    ),
    (
        "DIRECT_URL, DIRECT_DATABASE_URL, DATABASE_URL_UNPOOLED, POSTGRES_URL_NON_POOLING, DATABASE_URL",
        "where to connect to if none of these is set: the first that is",
    ),
    (
        "PGPORT, PGUSER, PGPASSWORD, PGPASSFILE, PGSSLMODE, PGOPTIONS, …",
        "the rest of what libpq knows, with pg_service.conf and ~/.pgpass",
    ),
];

/// The files that a tool which connects reads.
pub(super) const FILES: super::tool::Terms = &[
    (
        "~/.pgpass",
        "passwords, by host, port, database and user; PGPASSFILE names another",
    ),
    (
        "~/.pg_service.conf, pg_service.conf",
        "what is meant by PGSERVICE and service=; PGSERVICEFILE names another, PGSYSCONFDIR the \
         folder of the second",
    ),
    (
        "~/.postgresql/root.crt, root.crl, postgresql.crt, postgresql.key",
        "whom to trust, and who we are, where TLS is asked for; PGSSLROOTCERT, PGSSLCRL, PGSSLCERT \
         and PGSSLKEY name others",
    ),
];

/// What was given for the common flags.
#[derive(Debug, Default, Clone)]
pub struct Common {
    /// Where to connect to.
    pub connect: ConnectArgs,
    /// `-o`, if it was given and is one of the formats of every tool.
    pub format: Option<Format>,
    /// `-o`, if it is one of the tool's own formats.
    pub extra_format: Option<String>,
    /// `-q`: errors only.
    pub quiet: bool,
    /// `-v`: say what is being done.
    pub verbose: bool,
}

impl Common {
    /// Takes a common flag; the parser has checked the choices.
    pub(super) fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        let text = || value.text().map(|text| Some(text.to_string()));
        match flag {
            "dbname" => self.connect.dbname = text()?,
            "host" => self.connect.host = Some(value.unless_url()?.text()?.to_string()),
            "port" => self.connect.port = text()?,
            "username" => self.connect.user = Some(value.unless_url()?.text()?.to_string()),
            "no-password" => self.connect.never_prompt = true,
            "quiet" => self.quiet = true,
            "verbose" => self.verbose = true,
            OUTPUT => match Format::from_name(value.text()?) {
                Some(format) => self.format = Some(format),
                None => self.extra_format = text()?,
            },
            _ => return Err(super::unhandled(flag)),
        }
        Ok(())
    }
}
