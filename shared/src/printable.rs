//! Text that came from elsewhere, made harmless for a terminal: what a terminal
//! would obey or hide is written out instead.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text on one physical line.
pub fn line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        match c {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if c.is_ascii_control() => line.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if harmful(c) => line.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => line.push(c),
        }
    }
    line
}

/// Control characters beyond ASCII, line separators, and what reorders the
/// letters around it.
fn harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many columns of a terminal the text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to so many columns, with an ellipsis where something is missing:
/// at the end, or of a path, whose end tells it from others, at the beginning.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    if text.starts_with('/') {
        let mut tail = beginning(text.chars().rev(), columns);
        tail.push('…');
        return tail.into_iter().rev().collect();
    }
    cut(text, columns)
}

/// The same of what is no path, whatever it begins with: cut at the end.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    let mut head = beginning(text.chars(), columns);
    head.push('…');
    head.into_iter().collect()
}

/// The text in lines of so many columns, broken between words where there are some.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let needed = width(word.trim_end());
        if used > 0 && used + needed > columns {
            lines.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if used + wide > columns && c != ' ' {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
                used += wide;
            }
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_string())
        .collect()
}

/// As many characters as leave room for the ellipsis.
fn beginning(characters: impl Iterator<Item = char>, columns: usize) -> Vec<char> {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used < columns
    };
    characters.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_obeyed() {
        assert_eq!(line("a\n\u{1b}[2J\t\u{7f}b\n"), r"a\n\x1b[2J\t\x7fb");
        assert_eq!(line("\u{9b}31m \u{202e}evil"), r"\u{9b}31m \u{202e}evil");
        assert_eq!(line("größe 表 é"), "größe 表 é");
    }

    #[test]
    fn what_is_no_path_is_cut_at_its_end() {
        assert_eq!(fit("/var/lib/pg", 6), "…ib/pg");
        assert_eq!(cut("/* web */ select", 6), "/* we…");
        assert_eq!(cut("select", 6), "select");
    }

    #[test]
    fn broken_between_words() {
        assert_eq!(wrap("to be or not", 6), ["to be", "or not"]);
        assert_eq!(wrap("to be-or-not to", 5), ["to", "be-or", "-not", "to"]);
        assert_eq!(wrap("表表 表", 4), ["表表", "表"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn cut_by_columns_not_letters() {
        assert_eq!(fit("表表表", 6), "表表表");
        assert_eq!(fit("表表表", 5), "表表…");
        assert_eq!(fit("表表表", 4), "表…");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("/backups/app.dump", 9), "…app.dump");
    }
}
