use super::*;

const DUMP: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n\
    -- Dumped from database version 15.18 (Debian)\n-- Dumped by pg_dump version 15.18\n\n\
    SET client_encoding = 'UTF8';\n\n--\n-- Name: t; Type: TABLE; Schema: public; Owner: app\n--\n\n\
    CREATE TABLE public.t (\n    a text\n);\n\n\
    COPY public.t (a) FROM stdin;\n1\n\\\\.\nx\\.\n\\N\n\\.\n\n\n\
    COPY public.n  FROM stdin;\n\n\n\\.\n\nSELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";

/// Yields its text a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(self.0.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn events(text: &str, step: usize) -> Result<Vec<String>> {
    let mut script = Script::new(Trickle(text.as_bytes(), step));
    let mut seen: Vec<String> = Vec::new();
    let mut rows = String::new();
    while let Some(event) = script.next()? {
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match event {
            Event::Statement { sql, line, entry } => {
                seen.push(format!("{line} {} {}", entry.name, show(sql)));
            }
            Event::Copy { target, line, .. } => seen.push(format!("{line} {}", target.table)),
            Event::Rows(lines) => rows.push_str(&show(lines)),
            Event::CopyEnd => seen.push(std::mem::take(&mut rows)),
            Event::Command { text, line } => seen.push(format!("{line} {}", show(text))),
        }
    }
    assert!(script.header().complete && script.header().is_dump);
    assert_eq!(
        script.header().server_version.as_deref(),
        Some("15.18 (Debian)")
    );
    Ok(seen)
}

#[test]
fn events_in_order_however_the_input_comes() {
    let expected = [
        "5 \\restrict abc",
        "10  SET client_encoding = 'UTF8';",
        "16 t CREATE TABLE public.t (\n    a text\n);",
        "20 public.t",
        "1\n\\\\.\nx\\.\n\\N\n",
        "28 public.n",
        "\n\n",
        "33 t SELECT 1;",
        "39 \\unrestrict abc",
    ];
    for step in [1, 2, 3, 7, 64, 4096] {
        assert_eq!(events(DUMP, step).unwrap(), expected, "{step} bytes a time");
        let marked = format!("\u{feff}{DUMP}");
        assert_eq!(events(&marked, step).unwrap(), expected, "with a mark");
    }
}

#[test]
fn entries_that_nothing_follows() {
    let bare = |text: &str| {
        let mut script = Script::new(text.as_bytes());
        while script.next().unwrap().is_some() {}
        let names = script.bare().iter().map(|entry| entry.name.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(bare(DUMP), [""; 0]);
    let lost = DUMP.replace("CREATE TABLE public.t (\n    a text\n);\n", "");
    let data = "-- Data for Name: d; Type: TABLE DATA; Schema: public; Owner: app\n\n";
    let lost = lost.replacen("COPY", &format!("{data}COPY"), 1);
    assert_eq!(bare(&lost), ["t"]);
    assert_eq!(bare(&format!("{DUMP}{data}")), ["d"]);
}

#[test]
fn windows_line_ends() {
    let seen = events(&DUMP.replace('\n', "\r\n"), 5).unwrap();
    assert_eq!(seen[4], "1\r\n\\\\.\r\nx\\.\r\n\\N\r\n");
}

#[test]
fn a_cut_script_is_an_error_that_says_where() {
    let cut = &DUMP[..DUMP.find("\\\\.").unwrap()];
    let error = events(cut, 64).unwrap_err();
    assert_eq!(
        error.message(),
        "ends in the middle of the rows of public.t (line 22)"
    );
    let cut = &DUMP[..DUMP.find("    a text").unwrap()];
    let error = events(cut, 64).unwrap_err();
    assert!(
        error
            .message()
            .starts_with("ends in the middle of the statement at line 16")
    );
}

#[test]
fn what_was_overwritten_is_an_error_that_says_where() {
    let rows = "1\ta\n2\t\\N\n3\tb\\tb\n".repeat(1000);
    let text = format!("SELECT 1;\nCOPY t (a, b) FROM stdin;\n{rows}\\.\nSELECT 2;\n");
    let read = |text: &str, step| Script::in_pieces(Trickle(text.as_bytes(), step)).pass();
    let at = text.find("2\t").unwrap();
    for step in [1, 64, 1 << 20] {
        assert!(read(&text, step).is_ok());
        for hole in [at, 3, text.len() - 3] {
            let mut zeroed = text.clone();
            zeroed.replace_range(hole..=hole, "\0");
            let line = text[..hole].matches('\n').count() + 1;
            let error = read(&zeroed, step).unwrap_err();
            let words = format!("has a byte that is zero, which no dump has (line {line})");
            assert!(error.message().starts_with(&words), "{error}");
        }
        for missing in [2, 7, 4002] {
            let mut short = text.clone();
            short.replace_range(at..at + missing, "");
            let error = read(&short, step).unwrap_err();
            let words = "a row of t has not as many values as its COPY has columns (lines ";
            assert!(error.message().starts_with(words), "{error}");
        }
    }
    for copy in [
        "COPY t FROM stdin;",
        "COPY t (a) FROM stdin WITH (FORMAT csv, DELIMITER E'\\t');",
        "COPY t (a, b, c) FROM stdin;",
    ] {
        let text = format!("{copy}\n1\t2\t3\n\\.\n");
        assert!(read(&text, 1).is_ok(), "{copy}");
    }
}

#[test]
fn long_strings_take_no_memory() {
    for string in ["'it''s; -- \n(", r"E'it\'s; -- (", r"E'\\\';\\x"] {
        let (begin, part) = string.split_once('\'').unwrap();
        let long = part.repeat((5 << 20) / part.len());
        let begin = format!("INSERT INTO t VALUES (1, {begin}'");
        let text = format!("{begin}{long}', ';');\nSELECT 1;\n");
        for step in [1 << 16, 1 << 20, 1 << 22] {
            let mut script = Script::in_pieces(Trickle(text.as_bytes(), step));
            let mut seen = Vec::new();
            while let Some(event) = script.next().unwrap() {
                let Event::Statement { sql, line, .. } = event else {
                    panic!("{event:?}");
                };
                assert!(sql.len() <= 2 * BUFFER_BYTES, "{}", sql.len());
                seen.push((line, String::from_utf8_lossy(sql).into_owned()));
            }
            assert!(script.buffer.len() <= 2 * BUFFER_BYTES);
            assert!(seen[0].1.starts_with(&begin) && seen[0].1.ends_with("', ';');"));
            let lines = text.matches('\n').count() as u64;
            assert_eq!(&seen[1..], [(lines, "SELECT 1;".into())], "{string}");
        }
    }
}

/// `--rows-per-insert` with values that are no long strings each.
#[test]
fn many_rows_of_one_statement_take_no_memory() {
    let begin = "INSERT INTO t VALUES\n\t(1, '";
    for value in [
        "it''s; (",
        r"', E'it\'s; ()\\', 'x",
        "', $$;($$, '''",
        "', 12, null, \"a;b(\".c, '",
    ] {
        let row = |length: usize| format!("{}'),\n\t(2, '", value.repeat(length));
        let rows: String = (0..2000).map(|n| row(1 + (n * 7919) % 300)).collect();
        let text = format!("{begin}{rows}', ';');\nSELECT 1;\n");
        assert!(text.len() > 2 * BUFFER_BYTES, "{}", text.len());
        for step in [1 << 16, 1 << 22] {
            let mut script = Script::in_pieces(Trickle(text.as_bytes(), step));
            let mut seen = Vec::new();
            while let Some(event) = script.next().unwrap() {
                let Event::Statement { sql, line, .. } = event else {
                    panic!("{event:?}");
                };
                seen.push((line, String::from_utf8_lossy(sql).into_owned()));
            }
            assert!(
                script.buffer.len() <= 2 * BUFFER_BYTES,
                "{}",
                script.buffer.len()
            );
            assert!(seen[0].1.starts_with(begin) && seen[0].1.ends_with("', ';');"));
            let lines = text.matches('\n').count() as u64;
            assert_eq!(&seen[1..], [(lines, "SELECT 1;".into())], "{value}");
        }
    }
}

#[test]
fn long_rows_come_in_pieces() {
    // What looks like the end of the rows stands at the beginning of a piece.
    let row = format!("{}\\.", "x".repeat(BUFFER_BYTES));
    let rows = format!("{row}\n1\n{row}{row}\ny\n");
    let text = format!("COPY t (a) FROM stdin;\n{rows}\\.\nSELECT 1;\n");
    for step in [1000, 1 << 16, 1 << 22] {
        let mut script = Script::in_pieces(Trickle(text.as_bytes(), step));
        let (mut seen, mut events) = (Vec::new(), 0);
        while let Some(event) = script.next().unwrap() {
            match event {
                Event::Rows(piece) => seen.extend_from_slice(piece),
                _ => events += 1,
            }
        }
        assert!(seen == rows.as_bytes(), "{step} bytes a time");
        assert_eq!((events, script.buffer.len()), (3, BUFFER_BYTES));
    }
}

#[test]
fn long_rows_grow_the_buffer() {
    let row = "x".repeat(3 * BUFFER_BYTES);
    let text = format!("COPY t (a) FROM stdin;\n{row}\n\\.\n");
    let mut script = Script::new(text.as_bytes());
    let mut bytes = 0;
    while let Some(event) = script.next().unwrap() {
        if let Event::Rows(lines) = event {
            bytes += lines.len();
        }
    }
    assert_eq!(bytes, row.len() + 1);
}
