//! Statements by which a throw-away server would reach the machine that it runs on: programs that it starts, files that
//! it writes. What code of an untrusted language does is not known.

use shared::{Error, Result};

use super::script::Script;
use crate::reach::{Bounds, Called, Said};

/// Refuses scripts that have one, also in a function that nothing calls.
///
/// # Errors
/// Names the first.
pub fn refuse(scripts: &[Script]) -> Result<()> {
    let bounds = Bounds::of_server();
    for script in scripts {
        for step in &script.steps {
            let Some(what) = reach(&step.text, &bounds) else {
                continue;
            };
            let path = &script.source.path;
            let line = script.source.lines().line(step.place.start);
            let error = Error::new(format!(
                "{path}:{line}: {what} reaches beyond the throw-away server, to this machine: it is not run"
            ));
            return Err(error.with_hint(
                "--rehearse -d runs it, on a server that is declared disposable as a whole",
            ));
        }
    }
    Ok(())
}

fn reach(statement: &str, bounds: &Bounds) -> Option<String> {
    let said = Said::of_statement(statement, bounds);
    let own = said.reaches.clone();
    own.or_else(|| Called::default().reached_at_all(&said, bounds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_the_machine_is_known() {
        let of = |sql: &str| reach(sql, &Bounds::of_server());
        for (sql, what) in [
            ("COPY t TO PROGRAM 'rm x'", "COPY … PROGRAM"),
            ("copy (select 'to', (1)) to program 'cat'", "COPY … PROGRAM"),
            ("copy t from program 'curl x'", "COPY … PROGRAM"),
            ("copy t (a) to '/tmp/x' csv", "COPY TO a file of the server"),
            ("select lo_export(5, '/tmp/x')", "lo_export()"),
            (
                "select pg_catalog.\"lo_export\" (5, '/tmp/x')",
                "lo_export()",
            ),
            ("create tablespace x location '/data'", "CREATE TABLESPACE"),
            (
                "do $$ begin copy t to program 'x'; end $$",
                "COPY … PROGRAM",
            ),
            (
                "do $$ begin execute 'CO' || format('PY %I TO PROGRAM %L', 't', 'x'); end $$",
                "COPY … PROGRAM",
            ),
            (
                "create function f() returns void language plpgsql as $$ begin execute 'copy t to program ''x'''; end $$",
                "COPY … PROGRAM in f()",
            ),
            (
                "create function f() returns void language sql as $$ copy t to program 'x' $$",
                "COPY … PROGRAM in f()",
            ),
            (
                "create function f() returns void language plpython3u as $$ plpy.execute('copy t to program $x$x$x$') $$",
                "COPY … PROGRAM in f()",
            ),
            // What the parser of PL/pgSQL does not take.
            (
                "do $$ begin nonsense nonsense; copy t to program 'x'; end $$",
                "COPY … PROGRAM",
            ),
        ] {
            assert_eq!(of(sql).as_deref(), Some(what), "{sql}");
        }
        for sql in [
            "copy t from stdin",
            "copy t to stdout",
            "copy t from '/data/rows.csv'",
            "insert into t values ('copy t to program x', 'do')",
            "create tablespace x location ''",
            "create table copy (\"to\" int, program text)",
            "do $$ begin copy t from stdin; perform 'copy a to b'; end $$",
            "select lo_export from t",
            "do $$ begin create role x; alter system set work_mem = '1MB'; end $$",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
