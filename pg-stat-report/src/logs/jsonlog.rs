//! jsonlog (since 15): one object a line; what is not known of a report has no key.

use std::borrow::Cow;
use std::io::{self, Read};

use serde::Deserialize;

use super::buffer::Lines;
use super::entry::{Entry, Sink};
use super::severity::Severity;

/// The keys that are looked at.
#[derive(Debug, Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(default)]
    pid: u32,
    #[serde(borrow, default)]
    user: Cow<'a, str>,
    #[serde(borrow, default)]
    dbname: Cow<'a, str>,
    #[serde(borrow, default)]
    application_name: Cow<'a, str>,
    #[serde(borrow, default)]
    remote_host: Cow<'a, str>,
    #[serde(borrow, default)]
    state_code: Cow<'a, str>,
    #[serde(borrow)]
    error_severity: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(borrow, default)]
    detail: Cow<'a, str>,
    #[serde(borrow, default)]
    context: Cow<'a, str>,
    #[serde(borrow, default)]
    statement: Cow<'a, str>,
}

/// Gives every object to `sink`.
pub fn read<R: Read>(lines: &mut Lines<R>, sink: &mut impl Sink) -> io::Result<()> {
    while let Some(place) = lines.line()? {
        let held = &lines.held()[place];
        if !line(held, sink) {
            sink.skipped(held);
        }
        lines.release(lines.len());
    }
    Ok(())
}

/// Gives an object to `sink`; `false` if it is none.
pub fn line(line: &[u8], sink: &mut impl Sink) -> bool {
    if line.first() != Some(&b'{') {
        return false;
    }
    // What databases in other encodings had logged is no UTF-8.
    let text = String::from_utf8_lossy(line);
    let object = serde_json::from_str::<Object<'_>>(&text);
    object.map(|object| sink.entry(&object.entry())).is_ok()
}

impl Object<'_> {
    fn entry(&self) -> Entry<'_> {
        let name = self.error_severity.as_bytes();
        let (severity, is_foreign) = Severity::of(name, self.state_code.as_bytes());
        Entry {
            time: self.timestamp.as_bytes(),
            pid: self.pid,
            user: self.user.as_bytes(),
            database: self.dbname.as_bytes(),
            application: self.application_name.as_bytes(),
            client: self.remote_host.as_bytes(),
            sqlstate: self.state_code.as_bytes(),
            severity,
            is_foreign,
            message: self.message.as_bytes(),
            detail: self.detail.as_bytes(),
            context: self.context.as_bytes(),
            statement: self.statement.as_bytes(),
        }
    }
}
