//! The wire format of protocol buffers, read in place: nothing is copied, and what nobody asks for is skipped.

use std::cell::Cell;
use std::marker::PhantomData;

/// A message that nests deeper is not read: the stack has to suffice for whoever walks the tree.
const DEEPEST: u32 = 100;

/// A message.
#[derive(Debug, Clone, Copy)]
pub struct Wire<'a> {
    bytes: &'a [u8],
    /// How many levels may be below it.
    left: u32,
    is_too_deep: &'a Cell<bool>,
}

impl<'a> Wire<'a> {
    /// The outermost message; the cell says afterwards whether something in it was too deep to be read.
    pub fn new(bytes: &'a [u8], is_too_deep: &'a Cell<bool>) -> Self {
        Self {
            bytes,
            left: DEEPEST,
            is_too_deep,
        }
    }

    /// Its fields.
    pub fn fields(self) -> Fields<'a> {
        Fields(self.bytes)
    }

    fn within(self, bytes: &'a [u8]) -> Option<Self> {
        if self.left == 0 {
            self.is_too_deep.set(true);
            return None;
        }
        Some(Self {
            bytes,
            left: self.left - 1,
            is_too_deep: self.is_too_deep,
        })
    }
}

/// What is in a field.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A number, a truth value, a constant of an enum.
    Number(u64),
    /// A text or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message, each with its number; what can't be read ends them.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let (&first, rest) = self.0.split_first()?;
        if first < 0x80 {
            self.0 = rest;
            return Some(u64::from(first));
        }
        let mut value = u64::from(first & 0x7f);
        for (place, &byte) in rest.iter().take(9).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * (place + 1));
            if byte < 0x80 {
                self.0 = &rest[place + 1..];
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Bytes(self.bytes(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.bytes(length)?)
            }
            5 => Value::Bytes(self.bytes(4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

/// What is made of a field's value.
pub trait Field<'a>: Default {
    /// Takes it; `wire` is the message, `number` the field's, and `from` the message from this field on.
    fn fill(&mut self, value: Value<'a>, wire: Wire<'a>, number: u64, from: &'a [u8]);
}

impl<'a> Field<'a> for &'a str {
    fn fill(&mut self, value: Value<'a>, _: Wire<'a>, _: u64, _: &'a [u8]) {
        if let Value::Bytes(bytes) = value {
            *self = std::str::from_utf8(bytes).unwrap_or_else(|error| {
                std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
            });
        }
    }
}

impl<'a> Field<'a> for i32 {
    fn fill(&mut self, value: Value<'a>, _: Wire<'a>, _: u64, _: &'a [u8]) {
        if let Value::Number(number) = value {
            // Negative numbers are written with 64 bits.
            *self = number as u32 as Self;
        }
    }
}

impl<'a> Field<'a> for bool {
    fn fill(&mut self, value: Value<'a>, _: Wire<'a>, _: u64, _: &'a [u8]) {
        if let Value::Number(number) = value {
            *self = number != 0;
        }
    }
}

/// A message of a known sort.
pub trait Message<'a>: Sized {
    /// Reads its fields, but not those of messages in it.
    fn read(wire: Wire<'a>) -> Self;
}

/// A message in another one, if it is there.
#[derive(Debug)]
pub struct Inner<'a, T>(Option<Wire<'a>>, PhantomData<T>);

impl<T> Clone for Inner<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Inner<'_, T> {}

impl<T> Default for Inner<'_, T> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<'a, T: Message<'a>> Inner<'a, T> {
    /// Reads it.
    pub fn get(self) -> Option<T> {
        self.0.map(T::read)
    }

    /// Whether it is there.
    pub fn is_some(self) -> bool {
        self.0.is_some()
    }
}

impl<'a, T> Field<'a> for Inner<'a, T> {
    fn fill(&mut self, value: Value<'a>, wire: Wire<'a>, _: u64, _: &'a [u8]) {
        if let Value::Bytes(bytes) = value {
            self.0 = wire.within(bytes);
        }
    }
}

/// The messages in a field that may be there several times.
#[derive(Debug)]
pub struct Several<'a, T> {
    /// The message that they are in, from the first of them on.
    wire: Option<Wire<'a>>,
    number: u64,
    sort: PhantomData<T>,
}

impl<T> Clone for Several<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Several<'_, T> {}

impl<T> Default for Several<'_, T> {
    fn default() -> Self {
        Self {
            wire: None,
            number: 0,
            sort: PhantomData,
        }
    }
}

impl<'a, T: Message<'a>> Several<'a, T> {
    /// Reads them, one after the other.
    pub fn iter(self) -> impl Iterator<Item = T> {
        let fields = self.wire.map(Wire::fields).into_iter().flatten();
        fields.filter_map(move |(number, value)| match value {
            Value::Bytes(bytes) if number == self.number => self.wire?.within(bytes).map(T::read),
            _ => None,
        })
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.wire.is_none()
    }
}

impl<'a, T> Field<'a> for Several<'a, T> {
    fn fill(&mut self, _: Value<'a>, wire: Wire<'a>, number: u64, from: &'a [u8]) {
        if self.wire.is_none() {
            self.wire = Some(Wire {
                bytes: from,
                ..wire
            });
            self.number = number;
        }
    }
}

/// Fills a message's fields: `with` gets the number, the value and the rest of the message from there on.
pub fn each<'a>(wire: Wire<'a>, mut with: impl FnMut(u64, Value<'a>, &'a [u8])) {
    let mut fields = wire.fields();
    loop {
        let from = fields.0;
        let Some((number, value)) = fields.next() else {
            return;
        };
        with(number, value, from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_end_somewhere() {
        let is_too_deep = Cell::new(false);
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                let bytes = [first, second, 0xff, 0x80, 1, 2];
                let fields = Wire::new(&bytes, &is_too_deep).fields();
                assert!(fields.count() <= bytes.len());
            }
        }
    }

    #[test]
    fn numbers_are_read_with_their_sign() {
        let bytes = [
            0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x10, 0xac, 0x02,
        ];
        let is_too_deep = Cell::new(false);
        let wire = Wire::new(&bytes, &is_too_deep);
        let mut found = Vec::new();
        each(wire, |number, value, from| {
            let mut whole = 0_i32;
            whole.fill(value, wire, number, from);
            found.push((number, whole));
        });
        assert_eq!(found, [(1, -1), (2, 300)]);
    }
}
