//! What a script has: tables, rows or both, and in what is pg_dumpall's whether there are databases.

/// No line that we look for is longer.
const KEPT: usize = 4096;
const DATABASE: &[u8] = b"-- PostgreSQL database dump";

/// Told by the comments that pg_dump writes above everything. All tables come before the first
/// rows, after which nothing is looked at: rows may look like anything.
#[derive(Debug, Default)]
pub struct Parts {
    pub tables: bool,
    pub rows: bool,
    /// A database of a cluster begins.
    pub databases: bool,
    /// The beginning of the line that the next bytes go on with.
    line: Vec<u8>,
}

impl Parts {
    /// Looks at the next bytes.
    pub fn pass(&mut self, bytes: &[u8]) {
        for (number, part) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if number > 0 {
                self.end_line();
            }
            if self.rows {
                return;
            }
            let wanted = KEPT - self.line.len();
            self.line.extend_from_slice(&part[..wanted.min(part.len())]);
        }
    }

    fn end_line(&mut self) {
        let says = |start: &[u8], kind: &[u8]| {
            self.line.starts_with(start) && memchr::memmem::find(&self.line, kind).is_some()
        };
        self.rows |= says(b"-- Data for Name: ", b"; Type: TABLE DATA; ");
        self.tables |= says(b"-- Name: ", b"; Type: TABLE; ");
        self.databases |= self.line == DATABASE;
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "--\n-- Name: t; Type: TABLE; Schema: public; Owner: me\n--\n";
    const ROWS: &str = "-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: me\n";

    #[test]
    fn tables_and_rows_are_told_by_the_comments_above_them() {
        let long = "x".repeat(3 * KEPT);
        for (text, tables, rows) in [
            (String::new(), false, false),
            (format!("{TABLE}{ROWS}"), true, true),
            (format!("{long}\n{TABLE}"), true, false),
            (format!("{ROWS}{TABLE}"), false, true),
            (format!("{long}{TABLE}").replace('\n', " "), false, false),
            (
                format!("--\n-- PostgreSQL database dump\n--\n{ROWS}"),
                false,
                true,
            ),
        ] {
            for piece in [1, 7, 1 << 20] {
                let mut parts = Parts::default();
                let mut pieces = text.as_bytes().chunks(piece);
                pieces.by_ref().for_each(|piece| parts.pass(piece));
                assert_eq!(
                    (parts.tables, parts.rows),
                    (tables, rows),
                    "{piece}: {text}"
                );
                assert_eq!(parts.databases, text.contains("database dump"));
            }
        }
    }
}
