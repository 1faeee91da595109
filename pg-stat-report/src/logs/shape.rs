//! The shape of a statement: what is left when constants, comments, white space and the case of
//! words are taken off, and lists of constants are as long as one. Statements of one shape are
//! counted together.

mod token;

use token::{
    CLASS, Class, block_comment, dollar_quoted, is_number, line_comment, number, quoted, run,
};

/// The shape as a number: statements of the same shape have the same.
pub fn hash(sql: &[u8]) -> u64 {
    let mut hash = Hash(SEED);
    walk(sql, &mut hash);
    spread(hash.0)
}

/// A hash that goes on with these bytes.
pub fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let mut hash = Hash(hash);
    for piece in bytes.chunks(8) {
        let mut padded = [0; 8];
        padded[..piece.len()].copy_from_slice(piece);
        hash.add(u64::from_le_bytes(padded));
    }
    spread(hash.0)
}

/// Lets all bits count for the low ones, which a table goes by.
fn spread(hash: u64) -> u64 {
    hash ^ (hash >> 32)
}

/// The shape as text: constants are `?`.
pub fn text(sql: &[u8]) -> String {
    let mut text = Text::default();
    walk(sql, &mut text);
    String::from_utf8_lossy(&text.bytes).into_owned()
}

/// So much of a shape is kept as text.
const LONGEST: usize = 8 << 10;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// What is made of the tokens.
trait Shape {
    /// A place to go back to.
    type Mark: Copy;
    /// A word that is not quoted.
    fn word(&mut self, word: &[u8]);
    /// A constant or a parameter.
    fn constant(&mut self);
    /// Anything else, as it is written.
    fn symbol(&mut self, symbol: &[u8]);
    /// White space or a comment.
    fn gap(&mut self);
    fn mark(&self) -> Self::Mark;
    fn rewind(&mut self, mark: Self::Mark);
}

#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn add(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0xf135_7aea_2e62_a9c5);
    }
}

impl Shape for Hash {
    type Mark = Self;

    fn word(&mut self, word: &[u8]) {
        for piece in word.chunks(8) {
            let mut bytes = [0; 8];
            bytes[..piece.len()].copy_from_slice(piece);
            let number = u64::from_le_bytes(bytes);
            match number & 0x8080_8080_8080_8080 {
                // Letters to lower case: what else changes by it is no part of a word, but for `_`.
                0 => self.add(number | 0x2020_2020_2020_2020),
                _ => self.add(u64::from_le_bytes(
                    bytes.map(|byte| byte.to_ascii_lowercase()),
                )),
            }
        }
        self.add(word.len() as u64);
    }

    fn constant(&mut self) {
        self.add(u64::from(b'?') << 32);
    }

    fn symbol(&mut self, symbol: &[u8]) {
        for byte in symbol {
            self.add(u64::from(*byte) << 16);
        }
    }

    fn gap(&mut self) {}

    fn mark(&self) -> Self {
        *self
    }

    fn rewind(&mut self, mark: Self) {
        *self = mark;
    }
}

#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    needs_space: bool,
}

impl Text {
    fn put(&mut self, text: &[u8]) {
        if self.bytes.len() >= LONGEST {
            return;
        }
        if self.needs_space && !self.bytes.is_empty() {
            self.bytes.push(b' ');
        }
        self.needs_space = false;
        self.bytes.extend_from_slice(text);
    }
}

impl Shape for Text {
    type Mark = usize;

    fn word(&mut self, word: &[u8]) {
        self.put(word);
    }

    fn constant(&mut self) {
        self.put(b"?");
    }

    fn symbol(&mut self, symbol: &[u8]) {
        self.put(symbol);
    }

    fn gap(&mut self) {
        self.needs_space = true;
    }

    fn mark(&self) -> usize {
        self.bytes.len()
    }

    fn rewind(&mut self, mark: usize) {
        self.bytes.truncate(mark);
        self.needs_space = false;
    }
}

/// Lists of constants, which count as one.
#[derive(Clone, Copy)]
enum List<M> {
    /// None.
    No,
    /// After IN, ANY, ARRAY: one may begin.
    MayBegin,
    /// In one of constants alone: behind the first.
    Constants(M),
    /// After VALUES.
    Values,
    /// Behind the first row of VALUES: what it was, and what it and further ones come back to.
    Rows(M),
    /// In a row of VALUES; where to go back to when it is a further one.
    Row(Option<M>, u32),
}

struct Walk<'s, S: Shape> {
    shape: &'s mut S,
    list: List<S::Mark>,
    /// A sign that comes now belongs to a number.
    takes_sign: bool,
}

fn walk<S: Shape>(sql: &[u8], shape: &mut S) {
    let sql = sql.trim_ascii();
    let sql = sql.strip_suffix(b";").unwrap_or(sql).trim_ascii_end();
    let mut walk = Walk {
        shape,
        list: List::No,
        takes_sign: true,
    };
    let mut at = 0;
    while at < sql.len() {
        at += walk.token(&sql[at..]);
    }
}

impl<S: Shape> Walk<'_, S> {
    /// Takes one token, and says how long it is.
    fn token(&mut self, sql: &[u8]) -> usize {
        let second = sql.get(1).copied();
        match CLASS[usize::from(sql[0])] {
            Class::Space => {
                self.shape.gap();
                run(sql, |class| class == Class::Space)
            }
            Class::Letter => self.word(sql),
            Class::Digit => self.constant(number(sql)),
            Class::Quote => self.constant(quoted(sql, b'\'', false)),
            Class::Symbol => match (sql[0], second) {
                (b'-', Some(b'-')) => self.comment(line_comment(sql)),
                (b'/', Some(b'*')) => self.comment(block_comment(sql)),
                (b'"', _) => {
                    let length = quoted(sql, b'"', false);
                    self.symbol(&sql[..length])
                }
                (b'$', Some(digit)) if digit.is_ascii_digit() => {
                    self.constant(1 + run(&sql[1..], |class| class == Class::Digit))
                }
                (b'$', _) => match dollar_quoted(sql) {
                    Some(length) => self.constant(length),
                    None => self.symbol(&sql[..1]),
                },
                (b'-' | b'+', Some(digit)) if self.takes_sign && is_number(digit) => 1,
                (b'.', Some(digit)) if self.takes_sign && digit.is_ascii_digit() => {
                    self.constant(number(sql))
                }
                _ => self.symbol(&sql[..1]),
            },
        }
    }

    fn comment(&mut self, length: usize) -> usize {
        self.shape.gap();
        length
    }

    fn word(&mut self, sql: &[u8]) -> usize {
        let length = run(sql, |class| matches!(class, Class::Letter | Class::Digit));
        if length <= 2 && sql.get(length) == Some(&b'\'') {
            match sql[0] | 0x20 {
                b'e' => return self.constant(length + quoted(&sql[length..], b'\'', true)),
                b'b' | b'x' | b'n' => {
                    return self.constant(length + quoted(&sql[length..], b'\'', false));
                }
                _ => {}
            }
        }
        let word = &sql[..length];
        self.shape.word(word);
        self.takes_sign = false;
        self.list = match length {
            2 if word.eq_ignore_ascii_case(b"in") => List::MayBegin,
            3 if word.eq_ignore_ascii_case(b"any") => List::MayBegin,
            5 if word.eq_ignore_ascii_case(b"array") => List::MayBegin,
            6 if word.eq_ignore_ascii_case(b"values") => List::Values,
            _ => match self.list {
                // NULL and DEFAULT, a function: a row can have them, too.
                List::Row(..) => self.list,
                _ => List::No,
            },
        };
        length
    }

    fn constant(&mut self, length: usize) -> usize {
        match self.list {
            List::Constants(mark) => self.shape.rewind(mark),
            _ => self.shape.constant(),
        }
        if let List::MayBegin = self.list {
            self.list = List::Constants(self.shape.mark());
        }
        self.takes_sign = false;
        length
    }

    fn symbol(&mut self, symbol: &[u8]) -> usize {
        let byte = symbol[0];
        self.list = match self.list {
            List::MayBegin if matches!(byte, b'(' | b'[' | b'{') => List::MayBegin,
            List::Constants(mark) if byte == b',' => List::Constants(mark),
            List::Values if byte == b'(' => List::Row(None, 0),
            List::Rows(mark) if byte == b',' => List::Rows(mark),
            List::Rows(mark) if byte == b'(' => List::Row(Some(mark), 0),
            List::Row(first, depth) => match byte {
                b'(' => List::Row(first, depth + 1),
                b')' if depth > 0 => List::Row(first, depth - 1),
                b')' => return self.row_ends(first, symbol),
                _ => self.list,
            },
            List::Constants(mark) => {
                // The comma behind the last is not part of it.
                self.shape.rewind(mark);
                List::No
            }
            _ => List::No,
        };
        self.shape.symbol(symbol);
        self.takes_sign = !matches!(byte, b')' | b']' | b'"');
        symbol.len()
    }

    /// A row of VALUES ends: a further one is as if it were not there.
    fn row_ends(&mut self, first: Option<S::Mark>, symbol: &[u8]) -> usize {
        match first {
            Some(mark) => self.shape.rewind(mark),
            None => self.shape.symbol(symbol),
        }
        self.list = List::Rows(first.unwrap_or_else(|| self.shape.mark()));
        self.takes_sign = false;
        symbol.len()
    }
}

#[cfg(test)]
mod tests;
