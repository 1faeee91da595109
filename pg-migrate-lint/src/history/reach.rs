//! Whether psql, called from where we are, runs files on the server and in the schema whose history was read.

use shared::cli::Context;
use shared::connection::Conninfo;
use shared::{Error, Result};

use super::place::Tables;

/// Refuses to name files for psql where it would make in another schema what is meant for this one; `whose` says so.
pub fn same_schema(tables: &Tables, schema: &str, whose: &str) -> Result<()> {
    let own = tables.own_path().first().map(String::as_str);
    if own == Some(schema) {
        return Ok(());
    }
    let other = match own {
        Some(own) => format!("psql would run the files in {own}"),
        None => "psql would find no schema to run the files in".to_string(),
    };
    let named = shared::dump::quote_identifier(schema);
    Err(
        Error::usage(format!("{whose} has them run in {schema}, and {other}")).with_hint(format!(
            "PGOPTIONS='-c search_path={named}' has both look there, with -d without the schema"
        )),
    )
}

/// Says which server psql has to be told of.
pub fn same_server(conninfo: &Conninfo, context: &Context) {
    if !conninfo.is_known_to_libpq() {
        let name = conninfo.source();
        context.warn(format!(
            "the history is that of {name}, which psql does not read: run the files by psql -d \"${name}\""
        ));
    }
}
