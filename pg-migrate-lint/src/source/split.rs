//! Cuts a text into statements by the rules of psql's own lexer: quotes, dollar quotes, nested comments,
//! parentheses, `BEGIN ATOMIC` bodies, meta-commands, variables and the rows of COPY; and what templates add.

use std::ops::Range;

use super::copy::end_of_data;
use super::placeholders::{Mask, MaskKind};

/// A statement's place in its file, without the semicolon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    // There may be millions.
    start: u32,
    end: u32,
    /// Whether a semicolon, or a command like `\g`, ends it.
    pub is_ended: bool,
}

impl Statement {
    /// From this character on to behind that one, within what [`Source::LONGEST`](super::Source::LONGEST) allows.
    pub fn new(start: usize, end: usize, is_ended: bool) -> Self {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: place(start),
            end: place(end),
            is_ended,
        }
    }

    /// Its first character that is neither space nor comment.
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// Behind its last one.
    pub fn end(&self) -> usize {
        self.end as usize
    }
}

/// A comment's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// With what marks it.
    pub range: Range<usize>,
    /// Whether nothing stands before it on its line.
    pub is_alone: bool,
}

/// What a text consists of.
#[derive(Debug, Default)]
pub struct Split {
    /// In order.
    pub statements: Vec<Statement>,
    /// What has to be hidden from the parser.
    pub masks: Vec<Mask>,
    /// All of them, if they were asked for.
    pub comments: Vec<Comment>,
    /// What stands between dollar quotes, these included.
    pub bodies: Vec<Range<usize>>,
    /// Commands of psql that run another file.
    pub includes: Vec<Range<usize>>,
    /// Whether a template or psql decides what is run, or what it is run on.
    pub is_template: bool,
    /// The first of psql's commands.
    pub command: Option<Range<usize>>,
}

/// Cuts it.
pub fn split(text: &str, keeps_comments: bool) -> Split {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
        split: Split::default(),
        keeps_comments,
        start: None,
        last: 0,
        parens: 0,
        brackets: 0,
        begins: 0,
        words: Vec::with_capacity(4),
        count: 0,
        reads_stdin: false,
    };
    lexer.run();
    // They are kept as long as the text.
    lexer.split.statements.shrink_to_fit();
    lexer.split
}

/// The words that a statement begins with and that decide how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Create,
    Or,
    Replace,
    Function,
    Copy,
    From,
    Begin,
    Case,
    End,
    Stdin,
    Other,
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    split: Split,
    keeps_comments: bool,
    /// Where the current statement begins.
    start: Option<usize>,
    /// Behind what belongs to it so far.
    last: usize,
    parens: usize,
    brackets: usize,
    /// How many BEGIN of a function's body are open.
    begins: usize,
    /// Its first four words.
    words: Vec<Word>,
    /// How many words it has.
    count: usize,
    /// FROM STDIN was seen in COPY.
    reads_stdin: bool,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'-' if self.peek(1) == b'-' => self.line_comment(),
                b'/' if self.peek(1) == b'*' => self.block_comment(),
                b'\'' => self.quoted(b'\'', false),
                b'"' => self.quoted(b'"', false),
                b'$' => self.dollar(),
                b'{' if matches!(self.peek(1), b'{' | b'%' | b'#') => self.template(),
                b'#' if self.peek(1) == b'{' => self.delimited(b"}", MaskKind::Name),
                b'<' if self.peek(1) == b'%' => self.delimited(b"%>", MaskKind::Name),
                b':' => self.colon(),
                b'\\' => self.command(),
                b';' if self.parens == 0 && self.begins == 0 => self.end_statement(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
                b'0'..=b'9' => self.number(),
                _ => self.symbol(byte),
            }
        }
        self.finish(false);
    }

    /// The statement has this as well.
    fn take(&mut self, end: usize) {
        self.start.get_or_insert(self.at);
        self.at = end;
        self.last = end;
    }

    fn symbol(&mut self, byte: u8) {
        match byte {
            b'(' => self.parens += 1,
            b')' => self.parens = self.parens.saturating_sub(1),
            b'[' => self.brackets += 1,
            b']' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        self.take(self.at + 1);
    }

    fn number(&mut self) {
        let mut end = self.at;
        while self
            .bytes
            .get(end)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        {
            end += 1;
        }
        self.take(end);
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |end| self.at + end);
        self.comment(end);
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        let mut end = self.at;
        while end < self.bytes.len() {
            match &self.bytes[end..self.bytes.len().min(end + 2)] {
                b"/*" => {
                    depth += 1;
                    end += 2;
                }
                b"*/" => {
                    depth -= 1;
                    end += 2;
                    if depth == 0 {
                        break;
                    }
                }
                _ => end += 1,
            }
        }
        self.comment(end.min(self.bytes.len()));
    }

    fn comment(&mut self, end: usize) {
        if self.keeps_comments {
            let before = &self.bytes[..self.at];
            let line = memchr::memrchr(b'\n', before).map_or(0, |line| line + 1);
            self.split.comments.push(Comment {
                range: self.at..end,
                is_alone: before[line..].trim_ascii().is_empty(),
            });
        }
        self.at = end;
    }

    /// A string or an identifier in quotes; a quote in it is written twice, or behind a backslash.
    fn quoted(&mut self, quote: u8, escapes: bool) {
        let mut end = self.at + 1;
        loop {
            let rest = &self.bytes[end.min(self.bytes.len())..];
            let found = match escapes {
                true => memchr::memchr2(quote, b'\\', rest),
                false => memchr::memchr(quote, rest),
            };
            let Some(found) = found else {
                return self.take(self.bytes.len());
            };
            end += found;
            if self.bytes[end] == b'\\' || self.bytes.get(end + 1) == Some(&quote) {
                end += 2;
            } else {
                return self.take(end + 1);
            }
        }
    }

    fn dollar(&mut self) {
        match self.peek(1) {
            b'{' => return self.delimited(b"}", MaskKind::Name),
            b'(' => return self.delimited(b")", MaskKind::Name),
            b'%' => return self.delimited(b"%$", MaskKind::Name),
            _ => {}
        }
        let mut end = self.at + 1;
        if self.peek(1).is_ascii_digit() {
            return self.take(end);
        }
        while self.bytes.get(end).is_some_and(|byte| is_word(*byte)) {
            end += 1;
        }
        if self.bytes.get(end) != Some(&b'$') {
            return self.take(end);
        }
        let tag = &self.bytes[self.at..=end];
        let body = end + 1;
        let close = memchr::memmem::find(&self.bytes[body..], tag);
        let end = close.map_or(self.bytes.len(), |close| body + close + tag.len());
        self.split.bodies.push(self.at..end);
        self.take(end);
    }

    /// `{{ value }}` is a name; `{{ if … }}`, `{% … %}` and `{# … #}` are nothing.
    fn template(&mut self) {
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

    fn delimited(&mut self, close: &[u8], kind: MaskKind) {
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
    fn colon(&mut self) {
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
    fn command(&mut self) {
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

    fn word(&mut self) {
        let start = self.at;
        let mut end = start;
        while self
            .bytes
            .get(end)
            .is_some_and(|byte| is_word(*byte) || *byte == b'$' && !self.opens(end))
        {
            end += 1;
        }
        let is_escape = end == start + 1 && matches!(self.bytes[start], b'e' | b'E');
        let is_prefix = end == start + 1
            && matches!(self.bytes[start], b'b' | b'B' | b'x' | b'X' | b'n' | b'N');
        if self.bytes.get(end) == Some(&b'\'') && (is_escape || is_prefix) {
            self.start.get_or_insert(start);
            self.at = end;
            return self.quoted(b'\'', is_escape);
        }
        self.take(end);
        self.count += 1;
        if self.count <= 4
            || self.begins > 0
            || self.may_have_body()
            || self.words.first() == Some(&Word::Copy)
        {
            let word = word(&self.bytes[start..end]);
            self.note(word);
        }
    }

    /// `name${x}` is a name and a placeholder.
    fn opens(&self, at: usize) -> bool {
        self.bytes.get(at + 1) == Some(&b'{')
    }

    fn note(&mut self, word: Word) {
        if self.words.first() == Some(&Word::Copy) && word == Word::Stdin {
            self.reads_stdin = true;
        }
        if self.words.len() < 4 {
            self.words.push(word);
        }
        if self.may_have_body() && self.parens == 0 {
            match word {
                Word::Begin => self.begins += 1,
                Word::Case if self.begins > 0 => self.begins += 1,
                Word::End => self.begins = self.begins.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// CREATE [OR REPLACE] FUNCTION or PROCEDURE: only there BEGIN opens a body.
    fn may_have_body(&self) -> bool {
        matches!(
            self.words.as_slice(),
            [Word::Create, Word::Function, ..]
                | [Word::Create, Word::Or, Word::Replace, Word::Function]
        )
    }

    fn end_statement(&mut self) {
        let reads_stdin = self.reads_stdin && self.words.first() == Some(&Word::Copy);
        self.at += 1;
        self.finish(true);
        if reads_stdin {
            let end = end_of_data(self.bytes, self.at);
            let first =
                memchr::memchr(b'\n', &self.bytes[self.at..]).map_or(end, |line| self.at + line);
            self.at = end.max(first);
        }
    }

    fn finish(&mut self, is_ended: bool) {
        if let Some(start) = self.start.take() {
            let statement = Statement::new(start, self.last, is_ended);
            self.split.statements.push(statement);
        }
        self.words.clear();
        self.count = 0;
        self.parens = 0;
        self.brackets = 0;
        self.begins = 0;
        self.reads_stdin = false;
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

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn word(text: &[u8]) -> Word {
    const KNOWN: &[(&[u8], Word)] = &[
        (b"create", Word::Create),
        (b"or", Word::Or),
        (b"replace", Word::Replace),
        (b"function", Word::Function),
        (b"procedure", Word::Function),
        (b"copy", Word::Copy),
        (b"from", Word::From),
        (b"begin", Word::Begin),
        (b"case", Word::Case),
        (b"end", Word::End),
        (b"stdin", Word::Stdin),
    ];
    let found = KNOWN
        .iter()
        .find(|(known, _)| text.eq_ignore_ascii_case(known));
    found.map_or(Word::Other, |(_, word)| *word)
}
