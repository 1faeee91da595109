//! What the server said of its recovery. Its words are untranslated and without a prefix.

/// The server's log.
pub struct Words<'a>(pub &'a str);

impl<'a> Words<'a> {
    /// The message that ended it.
    pub fn last(&self) -> Option<&'a str> {
        self.lines(&["FATAL:", "PANIC:"]).next()
    }

    /// The signal that ended the process which recovers.
    pub fn ended_by(&self) -> Option<&'a str> {
        let by = |line: &'a str| line.split_once(" was terminated by signal ");
        let (who, signal) = self.lines(&["LOG:"]).find_map(by)?;
        who.starts_with("startup process")
            .then(|| signal.split(':').next())?
    }

    /// Whether the server stopped where it was told to.
    pub fn stopped_at_target(&self) -> bool {
        self.lines(&["LOG:"])
            .any(|line| line.starts_with("recovery stopping "))
    }

    /// The beginning of the last record that was replayed.
    pub fn last_record(&self) -> Option<&'a str> {
        let done = |line: &'a str| line.strip_prefix("redo done at ");
        let mut found = self.lines(&["LOG:"]).filter_map(done);
        found.next_back().and_then(|rest| rest.split(' ').next())
    }

    /// When the last transaction that was replayed had been committed.
    pub fn last_transaction(&self) -> Option<String> {
        let time = |line: &'a str| line.strip_prefix("last completed transaction was at log time ");
        let time = self.lines(&["LOG:"]).filter_map(time).next_back()?;
        let known = shared::time::moment(time).and_then(shared::time::format);
        Some(known.unwrap_or_else(|_| time.to_string()))
    }

    /// The timeline that it began.
    pub fn new_timeline(&self) -> Option<u32> {
        let id = |line: &'a str| line.strip_prefix("selected new timeline ID: ");
        self.lines(&["LOG:"])
            .filter_map(id)
            .next_back()?
            .parse()
            .ok()
    }

    /// Why the last record could not be read, if the server says more than that there was none.
    pub fn damage(&self) -> Option<&'a str> {
        const SIGNS: [&str; 14] = [
            "incorrect resource manager data checksum",
            "invalid resource manager ID",
            "invalid record length",
            "invalid record offset",
            "invalid contrecord length",
            "contrecord is requested",
            "there is no contrecord flag",
            "record with incorrect prev-link",
            "record length ",
            "invalid magic number",
            "invalid info bits",
            "WAL file is from different database system",
            "unexpected timeline ID",
            "out-of-sequence timeline ID",
        ];
        let is_damage = |line: &&str| SIGNS.iter().any(|sign| line.starts_with(sign));
        self.lines(&["LOG:"]).rfind(is_damage)
    }

    fn lines(&self, kinds: &'static [&'static str]) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0.lines().filter_map(move |line| {
            let kind = kinds.iter().find(|kind| line.starts_with(**kind))?;
            Some(line[kind.len()..].trim_start())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_ended() {
        let words = Words(
            "LOG:  starting PostgreSQL 15.18\nLOG:  redo done at 0/3000110 system usage: CPU\n\
             LOG:  last completed transaction was at log time 2026-11-20 16:00:00.5+00\n\
             FATAL:  recovery ended before configured recovery target was reached\n\
             LOG:  startup process (PID 7) exited with exit code 1\n",
        );
        assert_eq!(words.last_record(), Some("0/3000110"));
        assert_eq!(words.last_transaction().unwrap(), "2026-11-20T16:00:00.5Z");
        assert!(words.last().unwrap().starts_with("recovery ended before"));
        assert!(!words.stopped_at_target() && words.damage().is_none());
        assert_eq!(words.ended_by(), None);
        let killed = "LOG:  startup process (PID 7) was terminated by signal 9: Killed\n";
        assert_eq!(Words(killed).ended_by(), Some("9"));
    }
}
