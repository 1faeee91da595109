//! The connection. What is asked over it runs on a thread of its own, and whoever asks waits no longer than the
//! server should take: so a signal and the end of a watch are heeded on a dead link, too, where the kernel
//! would wait for a quarter of an hour, and behind a pooler that has no process for us.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use shared::connection::{Conninfo, Session, SessionOptions};
use shared::{Error, Result, signals};

use crate::snapshot::Texts;

/// What has not come so long after the server should have ended the statement itself comes no more.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long the server may take to end a statement once we are told to stop.
const LAST_GRACE: Duration = Duration::from_secs(2);
/// How often a signal is looked for while waiting.
const GLANCE: Duration = Duration::from_millis(100);
/// How long it may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(1);

/// A session with a server.
pub struct Connection {
    session: Apart<Session>,
    place: Conninfo,
    server: String,
    user: String,
    version: u32,
    limit: Duration,
    /// When nobody is interested in answers any more, but for a little grace.
    pub end: Option<Instant>,
    /// How text of other databases is asked for.
    pub texts: Texts,
    /// As long as it lives, a signal ends what the server does for us.
    _cancels: signals::Guard,
}

impl Connection {
    /// Connects.
    pub fn open(conninfo: &Conninfo, options: &SessionOptions) -> Result<Self> {
        let session = Session::open(conninfo, options)?;
        Ok(Self {
            place: conninfo.at(&session),
            server: format!("{}:{}", session.host(), session.port()),
            user: session.user().to_string(),
            version: session.server_version_num(),
            limit: options.statement_timeout + GRACE,
            end: None,
            texts: Texts::Plain,
            _cancels: session.cancel_on_signal(),
            session: Apart::new(session)?,
        })
    }

    /// Asks the server something; an error if the answer does not come in time, and ever after.
    pub fn ask<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let limit = self.patience();
        self.session.ask(limit, work)
    }

    /// How long an answer is waited for.
    pub fn patience(&self) -> Duration {
        let left = (self.end).map(|end| end.saturating_duration_since(Instant::now()) + GRACE);
        left.map_or(self.limit, |left| left.min(self.limit))
    }

    /// Whether the server can't be asked any more.
    pub fn is_lost(&mut self) -> bool {
        let asked = self.ask(|session| Ok(session.client().is_closed()));
        asked.unwrap_or(true)
    }

    /// Where it leads: to the very server that was connected to.
    pub fn place(&self) -> &Conninfo {
        &self.place
    }

    /// The same for people: `db.example:5432`, or the folder of a socket.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Our role.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The server's version: 150018 for 15.18.
    pub fn server_version_num(&self) -> u32 {
        self.version
    }
}

type Work<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Something on a thread of its own, which does what it is told, one after the other.
struct Apart<S> {
    /// None once an answer was late: then nobody knows what it does.
    works: Option<Sender<Work<S>>>,
    is_over: Receiver<()>,
}

impl<S: Send + 'static> Apart<S> {
    fn new(mut it: S) -> Result<Self> {
        let (works, queue) = channel::<Work<S>>();
        let (over, is_over) = channel::<()>();
        let live = move || {
            for work in queue {
                work(&mut it);
            }
            drop(it);
            drop(over);
        };
        thread::Builder::new()
            .name("connection".into())
            .spawn(live)?;
        Ok(Self {
            works: Some(works),
            is_over,
        })
    }

    fn ask<T: Send + 'static>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut S) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let lost = || Error::new("the connection is lost");
        let works = self.works.as_ref().ok_or_else(lost)?;
        let (answer, is_answered) = channel();
        // Nobody may be there to hear it any more.
        let work = move |it: &mut S| drop(answer.send(work(it)));
        works.send(Box::new(work)).map_err(|_| lost())?;
        let answered = answer_of(&is_answered, limit);
        if answered.is_err() {
            self.works = None;
        }
        answered?
    }
}

impl<S> Drop for Apart<S> {
    fn drop(&mut self) {
        if self.works.take().is_some() {
            let _ = self.is_over.recv_timeout(FAREWELL);
        }
    }
}

/// The answer, if it comes in time.
fn answer_of<T>(is_answered: &Receiver<T>, limit: Duration) -> Result<T> {
    let began = Instant::now();
    let mut told_to_stop = None;
    loop {
        match is_answered.recv_timeout(GLANCE.min(limit)) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new("the connection broke off"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if signals::received().is_some() {
            let since = *told_to_stop.get_or_insert_with(Instant::now);
            if since.elapsed() >= LAST_GRACE {
                signals::check()?;
                return Err(late(LAST_GRACE));
            }
        }
        if began.elapsed() >= limit {
            return Err(late(limit));
        }
    }
}

fn late(limit: Duration) -> Error {
    let seconds = limit.as_secs();
    Error::new(format!("the server has not answered for {seconds} s"))
        .with_hint("is the way to it cut, its machine stopped, or a pool in between without a free server process?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_answer_in_time_is_not_asked_again() {
        let mut apart = Apart::new(1).unwrap();
        let long = Duration::from_secs(3600);
        let answer = apart.ask(long, |it| {
            *it += 1;
            Ok(*it)
        });
        assert_eq!(answer.unwrap(), 2);
        let refused = apart.ask(long, |_| Err::<(), _>(Error::new("no")));
        assert_eq!(refused.unwrap_err().message(), "no");
        let (_keep, never) = channel::<()>();
        let late = apart.ask(Duration::from_millis(1), move |_| Ok(never.recv()));
        assert!(late.unwrap_err().message().contains("has not answered"));
        let after = apart.ask(long, |it| Ok(*it)).unwrap_err();
        assert_eq!(after.message(), "the connection is lost");
    }

    #[test]
    fn what_breaks_off_is_lost() {
        let mut apart = Apart::new(()).unwrap();
        let long = Duration::from_secs(3600);
        let broken = apart.ask::<()>(long, |()| panic!("on purpose"));
        assert!(broken.unwrap_err().message().contains("broke off"));
        let after = apart.ask(long, |()| Ok(())).unwrap_err();
        assert_eq!(after.message(), "the connection is lost");
    }
}
