//! What is no SQL: placeholders and control of templates, and variables and commands of psql.

use super::{Lexer, Mask, MaskKind, is_word};

impl Lexer<'_> {
    /// `{{ value }}` is a name; `{{ if … }}`, `{% … %}` and `{# … #}` are nothing.
    pub(super) fn template(&mut self) {
        let close: &[u8] = match self.peek(1) {
            b'{' => b"}}",
            b'%' => b"%}",
            _ => b"#}",
        };
        let inside = self.bytes[self.at + 2..].trim_ascii_start();
        let inside = inside
            .strip_prefix(b"-")
            .unwrap_or(inside)
            .trim_ascii_start();
        const CONTROL: &[&[u8]] = &[
            b"if ",
            b"else",
            b"end",
            b"range ",
            b"with ",
            b"define ",
            b"template ",
            b"block ",
            b"/*",
            b"#",
            b"/",
            b"$",
        ];
        let is_control = CONTROL.iter().any(|word| inside.starts_with(word));
        match self.peek(1) == b'{' && !is_control {
            true => self.delimited(close, MaskKind::Name),
            false => self.delimited(close, MaskKind::Blank),
        }
    }

    pub(super) fn delimited(&mut self, close: &[u8], kind: MaskKind) {
        let Some(found) = memchr::memmem::find(&self.bytes[self.at..], close) else {
            return self.symbol(self.bytes[self.at]);
        };
        let range = self.at..self.at + found + close.len();
        self.split.is_template = true;
        self.split.masks.push(Mask {
            range: range.clone(),
            kind,
        });
        match kind {
            MaskKind::Blank => self.at = range.end,
            _ => self.take(range.end),
        }
    }

    /// A variable of psql; `::`, `:=` and the bounds of a slice are none.
    pub(super) fn colon(&mut self) {
        let next = self.peek(1);
        if matches!(next, b':' | b'=') {
            return self.take(self.at + 2);
        }
        let is_variable = next.is_ascii_alphabetic() || next == b'_';
        let is_quoted = matches!(next, b'\'' | b'"');
        if self.brackets > 0 || !(is_variable || is_quoted) {
            return self.take(self.at + 1);
        }
        let mut end = self.at + 1;
        if is_variable {
            while self.bytes.get(end).is_some_and(|byte| is_word(*byte)) {
                end += 1;
            }
        } else {
            let rest = &self.bytes[self.at + 2..];
            end = memchr::memchr(next, rest).map_or(self.bytes.len(), |close| self.at + 3 + close);
        }
        self.split.is_template = true;
        self.split.masks.push(Mask {
            range: self.at..end,
            kind: MaskKind::Variable,
        });
        self.take(end);
    }

    /// A command of psql: to the end of its line, and some of them end the statement.
    pub(super) fn command(&mut self) {
        if self.peek(1) == b';' {
            return self.take(self.at + 2);
        }
        let rest = &self.bytes[self.at..];
        let mut end = memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |end| self.at + end);
        if let Some(two) =
            memchr::memmem::find(&self.bytes[self.at + 1..end.max(self.at + 1)], b"\\\\")
        {
            end = self.at + 1 + two + 2;
        }
        let line = &self.bytes[self.at + 1..end.max(self.at + 1)];
        let sends = line.starts_with(b"g")
            || line.starts_with(b"crosstabview")
            || line.starts_with(b"watch");
        let word = line.split(u8::is_ascii_whitespace).next();
        if matches!(word, Some(b"i" | b"ir" | b"include" | b"include_relative")) {
            self.split.includes.push(self.at..end);
        }
        self.split.is_template |= !word.is_some_and(only_speaks);
        self.split.command.get_or_insert(self.at..end);
        self.split.masks.push(Mask {
            range: self.at..end,
            kind: MaskKind::Blank,
        });
        self.at = end;
        if sends {
            self.finish(true);
        }
    }
}

/// Whether a command of psql changes neither what is run nor where.
fn only_speaks(command: &[u8]) -> bool {
    let known: &[&[u8]] = &[
        b"echo",
        b"encoding",
        b"pset",
        b"qecho",
        b"restrict",
        b"set",
        b"timing",
        b"unrestrict",
        b"warn",
    ];
    known.contains(&command)
}
