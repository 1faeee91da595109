//! Cuts a text into statements by the rules of psql's own lexer: quotes, dollar quotes, nested comments,
//! parentheses, `BEGIN ATOMIC` bodies, meta-commands, variables and the rows of COPY; and what templates add.
//!
//! What each sort of thing is made of is told beside; here is what begins and ends a statement.

mod foreign;
mod quotes;
mod words;

use std::ops::Range;

use super::copy::end_of_data;
use super::placeholders::{Mask, MaskKind};
use words::Word;

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

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
