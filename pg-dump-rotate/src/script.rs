//! Is an SQL script whole? Told by its first and last lines while it passes by.

use crate::dump::Head;

const KEPT: usize = 1024;
const END: &[u8] = b"\n-- PostgreSQL database dump complete\n";

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

    /// True when pg_dump's closing comment has been seen and nothing but comments, and the end of
    /// psql's restricted mode if the script began it, came after.
    pub fn is_complete(&self) -> bool {
        let Some(start) = memchr::memmem::rfind(&self.tail, END) else {
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
}
