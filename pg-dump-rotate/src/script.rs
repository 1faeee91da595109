//! Is an SQL script whole, and one? Told by its first and last lines while it passes by, and by
//! what stands between them.

use memchr::memmem;
use shared::dump::{Event, Header, Token, tokens};

use crate::dump::Head;

const KEPT: usize = 1024;
const START: &[u8] = b"--\n-- PostgreSQL database dump\n--\n";
const START_OF_CLUSTER: &[u8] = b"--\n-- PostgreSQL database cluster dump\n--\n";
const END: &[u8] = b"\n-- PostgreSQL database dump complete\n";
const FIRST_WORDS: &[u8] = b"-- PostgreSQL database dump\n";

/// The first and the last KiB of what pg_dump wrote.
#[derive(Default)]
pub struct Script {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Script {
    /// Looks at the next bytes.
    pub fn pass(&mut self, bytes: &[u8]) {
        let wanted = KEPT - self.head.len();
        self.head
            .extend_from_slice(&bytes[..wanted.min(bytes.len())]);
        let last = &bytes[bytes.len().saturating_sub(KEPT)..];
        let surplus = (self.tail.len() + last.len()).saturating_sub(KEPT);
        self.tail.drain(..surplus.min(self.tail.len()));
        self.tail.extend_from_slice(last);
    }

    /// What its first lines say of it.
    pub fn head(&self) -> Head {
        let text = String::from_utf8_lossy(&self.head);
        let value = |prefix| text.lines().find_map(|line| line.strip_prefix(prefix));
        let encoding = value("SET client_encoding = '").and_then(|rest| rest.split('\'').next());
        Head {
            database: None,
            server_version: value("-- Dumped from database version ").map(str::to_string),
            pg_dump_version: value("-- Dumped by pg_dump version ").map(str::to_string),
            encoding: encoding.map(str::to_string),
        }
    }

    /// Whether the first bytes are those that pg_dump begins with.
    pub fn is_begun(&self) -> bool {
        is_begun(&self.head)
    }

    /// True when pg_dump's closing comment has been seen and nothing but comments, and the end of
    /// psql's restricted mode if the script began it, came after.
    pub fn is_complete(&self) -> bool {
        let Some(start) = memmem::rfind(&self.tail, END) else {
            return false;
        };
        let mut restricted = restriction(&self.head);
        let rest = &self.tail[start + END.len()..];
        for line in rest.split(|byte| *byte == b'\n') {
            match line {
                b"" | b"--" => {}
                line if is_end_of(restricted, line) => restricted = None,
                _ => return false,
            }
        }
        rest.ends_with(b"\n") && restricted.is_none()
    }
}

/// Whether these are the first bytes of what pg_dump writes.
pub fn is_begun(head: &[u8]) -> bool {
    head.starts_with(START)
}

/// Whether these are the first bytes of what pg_dumpall writes.
pub fn is_begun_as_cluster(head: &[u8]) -> bool {
    head.starts_with(START_OF_CLUSTER)
}

/// Whether a script is one dump, told by what its reader finds in it. Part of a dump before a whole
/// one shows by the words that the whole one begins with: they are there twice, or within a
/// statement or the rows of a table that had no end.
#[derive(Debug, Default)]
pub struct Single {
    columns: usize,
    is_cut: bool,
    /// The last rows ended within a line.
    is_within_row: bool,
}

impl Single {
    /// Looks at the next event.
    pub fn see(&mut self, event: &Event<'_>) {
        match event {
            Event::Copy { sql, target, .. } => {
                self.columns = target.columns.len();
                self.is_cut |= has_in_comment(sql, FIRST_WORDS);
            }
            // A table of one text may hold the lines of a dump; of more, each row has tabs.
            Event::Rows(lines) => {
                let is_whole = !std::mem::replace(&mut self.is_within_row, !lines.ends_with(b"\n"));
                self.is_cut |= self.columns != 1 && has_line(lines, FIRST_WORDS, is_whole);
            }
            Event::Statement { sql, .. } => self.is_cut |= has_in_comment(sql, FIRST_WORDS),
            _ => {}
        }
    }

    /// Whether it is more than one dump, as far as it was seen.
    pub fn is_more(&self, header: &Header) -> bool {
        self.is_cut || header.dumps.0 > 1
    }

    /// Whether it was one dump of pg_dump.
    pub fn is_one(&self, header: &Header) -> bool {
        !self.is_cut && header.dumps == (1, 1) && header.clusters == (0, 0)
    }

    /// Whether it was one dump of pg_dumpall, with those of pg_dump in it.
    pub fn is_one_of_cluster(&self, header: &Header) -> bool {
        !self.is_cut && header.dumps.0 == header.dumps.1 && header.clusters == (1, 1)
    }
}

/// Whether one of the lines is this; the first is whole or the rest of one.
fn has_line(lines: &[u8], words: &[u8], is_whole: bool) -> bool {
    let begins = |at: usize| match at.checked_sub(1) {
        Some(before) => lines[before] == b'\n',
        None => is_whole,
    };
    memmem::find_iter(lines, words).any(begins)
}

/// Whether a statement has these words outside of its strings, which may hold anything.
fn has_in_comment(sql: &[u8], words: &[u8]) -> bool {
    let count = |bytes: &[u8]| memmem::find_iter(bytes, words).count();
    let all = count(sql);
    let in_token = |token: Token<'_>| match token {
        Token::Text(text) | Token::Quoted(text) => count(&text),
        Token::Word(_) | Token::Symbol(_) => 0,
    };
    all > 0 && all > tokens(sql).into_iter().map(in_token).sum()
}

/// The key of `\restrict`, which pg_dump writes since August 2025 so that a script can't run
/// psql's own commands.
fn restriction(head: &[u8]) -> Option<&[u8]> {
    let mut lines = head.split(|byte| *byte == b'\n');
    lines.find_map(|line| line.strip_prefix(b"\\restrict "))
}

fn is_end_of(restricted: Option<&[u8]>, line: &[u8]) -> bool {
    restricted.is_some() && line.strip_prefix(b"\\unrestrict ") == restricted
}

#[cfg(test)]
mod tests {
    use shared::dump;

    use super::*;

    const OLD: &str = "--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n\n\
                       --\n-- PostgreSQL database dump complete\n--\n\n";
    const NEW: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\nSELECT 1;\n\n\
                       --\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict aB3\n\n";

    fn is_complete(text: &str, piece: usize) -> bool {
        let mut script = Script::default();
        text.as_bytes()
            .chunks(piece)
            .for_each(|piece| script.pass(piece));
        script.is_complete()
    }

    #[test]
    fn whole_scripts_are_whole() {
        let long = NEW.replace("SELECT 1;", &"SELECT 1;\n".repeat(1000));
        for text in [OLD, NEW, &long] {
            for piece in [1, 7, KEPT - 1, KEPT, KEPT + 1, 1 << 20] {
                assert!(is_complete(text, piece), "in pieces of {piece}: {text}");
            }
        }
    }

    #[test]
    fn a_script_that_ends_early_is_not_whole() {
        let end = OLD.find("dump complete").unwrap() + "dump complete".len();
        for length in 0..=end {
            assert!(!is_complete(&OLD[..length], 100), "{length} bytes");
        }
        let end = NEW.find("\\unrestrict aB3").unwrap() + "\\unrestrict aB3".len();
        for length in 0..=end {
            assert!(!is_complete(&NEW[..length], 100), "{length} bytes");
        }
    }

    #[test]
    fn the_comment_must_be_the_end() {
        for text in [
            format!("{OLD}SELECT 2;\n"),
            NEW.replace("unrestrict aB3", "unrestrict other"),
            OLD.replace(
                "\n-- PostgreSQL database dump complete",
                "'-- PostgreSQL database dump complete",
            ),
        ] {
            assert!(!is_complete(&text, 100), "{text}");
        }
    }

    fn is_one(text: &str) -> bool {
        let mut script = dump::Script::new(text.as_bytes());
        let mut single = Single::default();
        // One that can't be followed to its end is none either.
        while let Ok(Some(event)) = script.next() {
            single.see(&event);
        }
        single.is_one(script.header())
    }

    #[test]
    fn one_dump_is_one_whatever_it_holds() {
        let words = std::str::from_utf8(START).unwrap();
        for statement in [
            "SELECT 1;\n".to_string(),
            format!("INSERT INTO t VALUES ('a\n{OLD}');\n"),
            format!("CREATE FUNCTION f() AS $_$\n{OLD}$_$;\n"),
            format!("COPY t (line) FROM stdin;\n{words}\\.\n"),
            format!(
                "COPY t (a, b) FROM stdin;\n1\t{}\n\\.\n",
                OLD.replace('\n', "\\n")
            ),
        ] {
            let text = OLD.replace("SELECT 1;\n", &statement);
            assert!(is_one(&text), "{text}");
        }
    }

    #[test]
    fn two_dumps_or_part_of_one_before_another_are_not_one() {
        let rows = "COPY t (a, b) FROM stdin;\n1\t2\n3\t4\n\\.\n";
        let more = OLD.replace("SELECT 1;", rows);
        assert!(!is_one(&more.repeat(2)));
        for length in START.len()..more.len() {
            let text = format!("{}{more}", &more[..length]);
            assert!(!is_one(&text), "after {length} bytes: {text}");
        }
    }

    #[test]
    fn nothing_comes_before_it() {
        let is_begun = |text: &str| {
            let mut script = Script::default();
            script.pass(text.as_bytes());
            script.is_begun()
        };
        assert!(is_begun(OLD) && is_begun(NEW));
        for before in ["Welcome\n", "\u{feff}", "\n", " "] {
            assert!(!is_begun(&format!("{before}{OLD}")), "{before:?}");
        }
        assert!(!is_begun(&OLD.replace('\n', "\r\n")));
    }
}
