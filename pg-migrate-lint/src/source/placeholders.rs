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

/// Stand-ins, and what they stand for.
#[derive(Debug, Default)]
pub struct Placeholders {
    known: Vec<(String, String)>,
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
                if !self.known.iter().any(|(known, _)| *known == name) {
                    self.known.push((name, written.to_string()));
                }
            }
            MaskKind::Variable => {
                place[0] = match written.as_bytes().get(1) {
                    Some(b'\'' | b'"') => b' ',
                    _ => {
                        let name = format!("_{}", &written[1..]);
                        if !self.known.iter().any(|(known, _)| *known == name) {
                            self.known.push((name, written.to_string()));
                        }
                        b'_'
                    }
                };
            }
        }
    }

    /// Puts back what was written.
    pub fn restore(&self, mut words: String) -> String {
        for (name, written) in &self.known {
            if words.contains(name.as_str()) {
                words = words.replace(name.as_str(), written);
            }
        }
        words
    }
}

/// Lines stay lines.
fn blank(place: &mut [u8]) {
    place
        .iter_mut()
        .filter(|byte| !matches!(**byte, b'\n' | b'\r'))
        .for_each(|byte| *byte = b' ');
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
