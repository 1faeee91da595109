//! What templates and psql put in the place of SQL, and what the parser gets instead.

use std::ops::Range;

/// Part of a text that is no SQL.
#[derive(Debug, Clone)]
pub struct Mask {
    /// Where.
    pub range: Range<usize>,
    /// What becomes of it.
    pub kind: MaskKind,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskKind {
    /// Spaces: a command of psql, a template's own control flow.
    Blank,
    /// A name of the same length.
    Name,
    /// `:name`, `:'name'`, `:"name"`: the colon only.
    Variable,
}

/// A name that stands for something else.
#[derive(Debug)]
struct StandIn {
    name: String,
    written: String,
    /// Whether it is never a part of another name: `:t` is none of `my_t`, but `${x}` may be of `a_${x}`.
    is_word: bool,
}

/// Stand-ins, and what they stand for.
#[derive(Debug, Default)]
pub struct Placeholders {
    known: Vec<StandIn>,
}

impl Placeholders {
    /// Puts a stand-in.
    pub fn put(&mut self, mask: &Mask, text: &str, masked: &mut [u8]) {
        let (Some(place), Some(written)) = (
            masked.get_mut(mask.range.clone()),
            text.get(mask.range.clone()),
        ) else {
            return;
        };
        match mask.kind {
            MaskKind::Blank => blank(place),
            MaskKind::Name => {
                let name = stand_in(written);
                place.copy_from_slice(name.as_bytes());
                self.know(name, written, false);
            }
            MaskKind::Variable => match written.as_bytes().get(1) {
                Some(b'\'') => place[0] = b' ',
                Some(b'"') => {
                    place[..2].copy_from_slice(b"\"_");
                    let name = format!("_{}", written[2..].trim_end_matches('"'));
                    self.know(format!("\"{name}\""), written, true);
                    self.know(name, written, true);
                }
                _ => {
                    place[0] = b'_';
                    self.know(format!("_{}", &written[1..]), written, true);
                }
            },
        }
    }

    fn know(&mut self, name: String, written: &str, is_word: bool) {
        if !self.known.iter().any(|known| known.name == name) {
            let written = written.to_string();
            self.known.push(StandIn {
                name,
                written,
                is_word,
            });
        }
    }

    /// Puts back what was written.
    pub fn restore(&self, mut words: String) -> String {
        for known in &self.known {
            if words.contains(known.name.as_str()) {
                words = known.replaced(&words);
            }
        }
        words
    }
}

impl StandIn {
    /// The words with what it stands for in its place.
    fn replaced(&self, words: &str) -> String {
        if !self.is_word {
            return words.replace(self.name.as_str(), &self.written);
        }
        let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
        let mut text = String::with_capacity(words.len());
        let mut at = 0;
        for (place, _) in words.match_indices(self.name.as_str()) {
            let end = place + self.name.len();
            if words[end..].starts_with(is_part) || words[..place].ends_with(is_part) {
                continue;
            }
            text.push_str(&words[at..place]);
            text.push_str(&self.written);
            at = end;
        }
        text.push_str(&words[at..]);
        text
    }
}

/// Lines stay lines.
fn blank(place: &mut [u8]) {
    place
        .iter_mut()
        .filter(|byte| !matches!(**byte, b'\n' | b'\r'))
        .for_each(|byte| *byte = b' ');
}

/// Whether a name, of a type that no migration makes, is likely a stand-in: an underscore, the digits, underscores.
pub fn is_stand_in(name: &str) -> bool {
    let Some(rest) = name.strip_prefix('_') else {
        return false;
    };
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let digits = rest.bytes().take_while(|byte| is_digit(*byte)).count();
    let padding = rest.bytes().skip(digits).all(|byte| byte == b'_');
    digits == 16 && padding || digits >= 5 && digits == rest.len() && digits < 16
}

/// A name of this length, the same for the same words and hardly ever for others. PostgreSQL heeds 63 bytes.
fn stand_in(written: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in written.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let digits = format!("_{hash:016x}");
    digits
        .chars()
        .chain(std::iter::repeat('_'))
        .take(written.len())
        .collect()
}
