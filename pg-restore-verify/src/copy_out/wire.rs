//! A session on the throw-away server's socket, by the simple query protocol
//! (manual, "Message Formats").

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use shared::cluster::Cluster;
use shared::{Context, Error, Result, signals};

use super::Refused;

const PROTOCOL: u32 = 3 << 16;
const BUFFER_BYTES: usize = 256 << 10;
/// A message's type and its length.
const HEAD_BYTES: usize = 5;

const AUTHENTICATION: u8 = b'R';
const COPY_DATA: u8 = b'd';
const ERROR: u8 = b'E';
const READY: u8 = b'Z';

/// A session.
pub struct Wire {
    stream: UnixStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// A message in the buffer.
struct Message {
    kind: u8,
    body: std::ops::Range<usize>,
}

impl Wire {
    /// Connects to a database as superuser.
    pub fn connect(cluster: &Cluster, database: &str) -> Result<Self> {
        let said = || format!("database \"{database}\" of the temporary server");
        let socket = format!(".s.PGSQL.{}", cluster.port());
        let stream = UnixStream::connect(cluster.socket_dir().join(socket)).context(said)?;
        let mut wire = Self {
            stream,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
        };
        let options = [
            ("user", cluster.superuser()),
            ("database", database),
            ("client_encoding", "UTF8"),
            ("application_name", "pg-restore-verify"),
        ];
        let mut startup = PROTOCOL.to_be_bytes().to_vec();
        let session = ("options", cluster.session_options());
        let session = Some(session).filter(|(_, value)| !value.is_empty());
        for (name, value) in options.into_iter().chain(session) {
            startup.extend(ended(name)?);
            startup.extend(ended(value)?);
        }
        startup.push(0);
        wire.send(None, &startup)?;
        let answer = wire.answer(|_| Ok(()))?;
        answer.map_err(Error::new).context(said)?;
        Ok(wire)
    }

    /// Runs `sql` and hands the rows of a COPY to `take`.
    ///
    /// # Errors
    /// When the session fails, or `take` does. What the server refuses is the inner error.
    pub fn query(
        &mut self,
        sql: &str,
        take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<std::result::Result<(), Refused>> {
        let sql = ended(sql)?;
        self.send(Some(b'Q'), &sql)?;
        self.answer(take)
    }

    /// Reads until the server waits for us.
    fn answer(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<std::result::Result<(), Refused>> {
        let mut refused = Ok(());
        loop {
            let message = self.message()?;
            let body = &self.buffer[message.body];
            match message.kind {
                COPY_DATA => take(body)?,
                ERROR => {
                    let (severity, words) = refusal(body);
                    if severity != "ERROR" {
                        // The session ends with it.
                        signals::check()?;
                        return Err(Error::new(words));
                    }
                    refused = refused.and(Err(words));
                }
                AUTHENTICATION if body != [0; 4] => {
                    return Err(Error::new("the temporary server asks who we are"));
                }
                READY => return Ok(refused),
                _ => {}
            }
        }
    }

    /// The next message.
    fn message(&mut self) -> Result<Message> {
        self.fill(HEAD_BYTES)?;
        let head = &self.buffer[self.start..self.start + HEAD_BYTES];
        let kind = head[0];
        // The length counts itself.
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let whole = 1 + length.max(4);
        self.fill(whole)?;
        let body = self.start + HEAD_BYTES..self.start + whole;
        self.start += whole;
        Ok(Message { kind, body })
    }

    /// Reads until so many bytes are there.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        if self.end - self.start >= wanted {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    signals::check()?;
                    return Err(Error::new("the temporary server ended"));
                }
                Ok(length) => self.end += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => signals::check()?,
                Err(error) => {
                    signals::check()?;
                    return Err(error).context(|| "the temporary server ended".to_string());
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<()> {
        let too_long = || Error::new("a statement is too long for the protocol");
        let length = u32::try_from(body.len() + 4).map_err(|_| too_long())?;
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend(length.to_be_bytes());
        message.extend_from_slice(body);
        let sent = self.stream.write_all(&message);
        if sent.is_err() {
            signals::check()?;
        }
        sent.context(|| "the temporary server ended".to_string())
    }
}

/// As the protocol has strings.
fn ended(text: &str) -> Result<Vec<u8>> {
    if text.contains('\0') {
        return Err(Error::new("a name or a statement holds a zero byte"));
    }
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    Ok(bytes)
}

/// An error's severity, and both it and the message in one line.
fn refusal(body: &[u8]) -> (String, String) {
    let field = |wanted: u8| {
        let mut fields = body.split(|byte| *byte == 0);
        let found = fields.find_map(|field| field.strip_prefix(&[wanted]));
        String::from_utf8_lossy(found.unwrap_or_default()).into_owned()
    };
    // Never translated, other than `S`.
    let severity = field(b'V');
    let words = format!("{severity}: {}", field(b'M'));
    (severity, words)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn errors_in_the_words_of_the_client_library() {
        let body = b"SFEHLER\0VERROR\0C42P01\0Mrelation \"t\" does not exist\0P6\0\0";
        let words = "ERROR: relation \"t\" does not exist".to_string();
        assert_eq!(refusal(body), ("ERROR".to_string(), words));
    }

    #[test]
    fn zero_bytes_do_not_pass() {
        assert_eq!(ended("a").unwrap(), b"a\0");
        assert!(ended("a\0b").is_err());
    }
}
