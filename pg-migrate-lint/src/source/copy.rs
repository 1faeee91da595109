//! The rows that follow `COPY … FROM stdin`.

/// Where the statement after the data may begin: `at` is behind the semicolon of COPY.
pub fn end_of_data(bytes: &[u8], at: usize) -> usize {
    let mut start = line_end(bytes, at);
    while start < bytes.len() {
        let end = line_end(bytes, start);
        let line = bytes[start..end].trim_ascii_end();
        if line == b"\\." {
            return end;
        }
        start = end;
    }
    bytes.len()
}

/// Behind the line feed, or the end of all.
fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(bytes.len(), |end| at + end + 1)
}
