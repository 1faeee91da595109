//! How columns lie in a row: each at an offset that its type's alignment allows.

/// Where a row begins, and to what its length is rounded up.
pub const ALIGNMENT: u32 = 8;

/// A longer value of varying length has a header of four bytes, and is aligned; a shorter one is not.
const SHORT: f64 = 127.0;

/// A column of a table or an index.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Of how many bytes each value is; none where they differ.
    pub length: Option<u32>,
    /// What its offset has to be divided by.
    pub align: u32,
    /// The share of nulls, which take no room.
    pub nulls: f64,
    /// The mean length of a value, with its header.
    pub width: f64,
}

/// What columns take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Width {
    /// On the average, rounded up as rows are.
    pub bytes: f64,
    /// All rows are of this length.
    pub is_fixed: bool,
}

/// What is known of an offset: its remainder by a power of two.
#[derive(Debug, Clone, Copy)]
struct Offset {
    modulus: u32,
    remainder: u32,
}

/// What these columns take, one after the other.
pub fn width(fields: &[Field]) -> Width {
    let mut offset = Offset {
        modulus: ALIGNMENT,
        remainder: 0,
    };
    let mut bytes = 0.0;
    for field in fields {
        let align = match field.length {
            None if field.width < SHORT => 1,
            _ => field.align,
        };
        let present = 1.0 - field.nulls;
        bytes += present * (offset.padding(align) + field.width);
        let after = offset.aligned(align).after(field.length);
        offset = match field.nulls {
            nulls if nulls <= 0.0 => after,
            nulls if nulls >= 1.0 => offset,
            _ => offset.or(after),
        };
    }
    Width {
        bytes: bytes + offset.padding(ALIGNMENT),
        is_fixed: fields.iter().all(Field::is_fixed),
    }
}

impl Field {
    fn is_fixed(&self) -> bool {
        self.length.is_some() && (self.nulls <= 0.0 || self.nulls >= 1.0)
    }
}

impl Offset {
    /// How much is left free before what has this alignment, on the average.
    fn padding(self, align: u32) -> f64 {
        let places = (self.remainder..align.max(self.modulus)).step_by(self.modulus as usize);
        let (count, sum) = places.fold((0, 0), |(count, sum), place| {
            (count + 1, sum + (align - place % align) % align)
        });
        f64::from(sum) / f64::from(count.max(1))
    }

    fn aligned(self, align: u32) -> Self {
        match align > self.modulus {
            true => Self {
                modulus: align,
                remainder: 0,
            },
            false => Self {
                remainder: self.remainder.next_multiple_of(align) % self.modulus,
                ..self
            },
        }
    }

    fn after(self, length: Option<u32>) -> Self {
        match length {
            Some(length) => Self {
                remainder: (self.remainder + length) % self.modulus,
                ..self
            },
            None => Self {
                modulus: 1,
                remainder: 0,
            },
        }
    }

    /// What is known where it is one or the other.
    fn or(self, other: Self) -> Self {
        let apart = self.remainder.abs_diff(other.remainder);
        let modulus = divisor(divisor(self.modulus, other.modulus), apart);
        Self {
            modulus,
            remainder: self.remainder % modulus,
        }
    }
}

/// The greatest that both have in common.
fn divisor(one: u32, other: u32) -> u32 {
    match other {
        0 => one,
        _ => divisor(other, one % other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(length: u32) -> Field {
        Field {
            length: Some(length),
            align: length,
            nulls: 0.0,
            width: f64::from(length),
        }
    }

    fn text(width: f64) -> Field {
        Field {
            length: None,
            align: 4,
            nulls: 0.0,
            width,
        }
    }

    fn bytes(fields: &[Field]) -> f64 {
        width(fields).bytes
    }

    #[test]
    fn what_alignment_leaves_free() {
        let padded: Vec<Field> = (0..8)
            .map(|i| fixed(if i % 2 == 0 { 1 } else { 8 }))
            .collect();
        assert_eq!(
            width(&padded),
            Width {
                bytes: 64.0,
                is_fixed: true
            }
        );
        assert_eq!(bytes(&[fixed(4)]), 8.0);
        assert_eq!(bytes(&[fixed(4), fixed(2), fixed(1)]), 8.0);
        assert_eq!(bytes(&[]), 0.0);
    }

    #[test]
    fn what_is_not_known_is_taken_on_the_average() {
        assert_eq!(bytes(&[text(10.0)]), 10.0 + 3.5);
        // Once it is aligned it is known again.
        assert_eq!(
            bytes(&[text(10.0), fixed(8), fixed(4)]),
            10.0 + 3.5 + 8.0 + 8.0
        );
        assert_eq!(bytes(&[text(200.0), fixed(4)]), 200.0 + 1.5 + 4.0 + 2.0);
    }

    #[test]
    fn nulls_take_no_room() {
        let half = Field {
            nulls: 0.5,
            ..fixed(8)
        };
        assert_eq!(
            width(&[half, fixed(8)]),
            Width {
                bytes: 12.0,
                is_fixed: false
            }
        );
        let none = Field {
            nulls: 1.0,
            ..fixed(8)
        };
        assert_eq!(
            width(&[none, fixed(4)]),
            Width {
                bytes: 8.0,
                is_fixed: true
            }
        );
        let some = Field {
            nulls: 0.5,
            ..fixed(4)
        };
        // Four bytes or none, and then eight bytes: 8 or 16.
        assert_eq!(bytes(&[some, fixed(8)]), 2.0 + 2.0 + 8.0);
    }
}
