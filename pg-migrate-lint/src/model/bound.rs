//! Which rows a partition has.

use std::cmp::Ordering;

/// What `FOR VALUES` says, where that is constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// `IN`
    List(Vec<Datum>),
    /// `FROM` these, `TO` those.
    Range(Vec<Datum>, Vec<Datum>),
    /// `WITH`: the modulus and the remainder.
    Hash(i32, i32),
}

/// A value of a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// `MINVALUE`
    Least,
    /// `MAXVALUE`
    Greatest,
    /// `NULL`
    Null,
    /// A number without quotes.
    Number(i64),
    /// What stands in quotes.
    Text(String),
}

impl Bound {
    /// Whether a row is sure to belong to both.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(own), Self::List(others)) => own
                .iter()
                .any(|datum| others.iter().any(|other| datum.is_same(other))),
            (Self::Range(from, to), Self::Range(other_from, other_to)) => {
                is_before(from, other_to) && is_before(other_from, to)
            }
            // Of two that fit each other one modulus divides the other.
            (Self::Hash(modulus, own), Self::Hash(other_modulus, other)) => {
                match (*modulus).min(*other_modulus) {
                    least if least > 0 => own % least == other % least,
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether no row can belong to it, which is refused.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Range(from, to) => {
                matches!(order(from, to), Some(Ordering::Equal | Ordering::Greater))
            }
            _ => false,
        }
    }
}

impl Datum {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(number), Self::Text(text)) | (Self::Text(text), Self::Number(number)) => {
                number.to_string() == *text
            }
            _ => self == other,
        }
    }

    /// Which comes first, where that does not depend on the column's type.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Least, Self::Least) | (Self::Greatest, Self::Greatest) => Some(Ordering::Equal),
            (Self::Least, _) | (_, Self::Greatest) => Some(Ordering::Less),
            (Self::Greatest, _) | (_, Self::Least) => Some(Ordering::Greater),
            (Self::Number(own), Self::Number(other)) => Some(own.cmp(other)),
            (Self::Text(own), Self::Text(other)) if own == other => Some(Ordering::Equal),
            (Self::Text(own), Self::Text(other)) if is_date(own) && form(own) == form(other) => {
                Some(own.cmp(other))
            }
            _ => None,
        }
    }
}

fn is_before(some: &[Datum], others: &[Datum]) -> bool {
    order(some, others) == Some(Ordering::Less)
}

/// Column by column; what is behind MINVALUE and MAXVALUE no longer counts.
fn order(some: &[Datum], others: &[Datum]) -> Option<Ordering> {
    for (one, other) in some.iter().zip(others) {
        match one.order(other)? {
            Ordering::Equal if matches!(one, Datum::Least | Datum::Greatest) => break,
            Ordering::Equal => {}
            order => return Some(order),
        }
    }
    Some(Ordering::Equal)
}

/// Whether it is an ISO date, perhaps with a time, and without a zone.
fn is_date(text: &str) -> bool {
    let date = "0000-00-00";
    let rest = form(text).strip_prefix(date).map(str::to_string);
    rest.is_some_and(|rest| {
        rest.chars()
            .all(|letter| matches!(letter, '0' | ':' | '.' | ' ' | 'T'))
    })
}

/// The text with 0 for each digit.
fn form(text: &str) -> String {
    let letters = text.chars();
    letters
        .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Datum {
        Datum::Text(text.to_string())
    }

    fn range(from: Datum, to: Datum) -> Bound {
        Bound::Range(vec![from], vec![to])
    }

    #[test]
    fn ranges_are_compared_where_their_order_is_sure() {
        let dates = |from, to| range(text(from), text(to));
        let january = dates("2024-01-01", "2024-02-01");
        assert!(january.overlaps(&dates("2024-01-31", "2024-03-01")));
        assert!(!january.overlaps(&dates("2024-02-01", "2024-03-01")));
        assert!(
            !january.overlaps(&dates("2024-01-31 00:00:00", "2024-03-01 00:00:00")),
            "another form"
        );
        assert!(
            !dates("a", "c").overlaps(&dates("b", "d")),
            "by a collation"
        );
        assert!(
            !dates("2024-01-01 00:00-05", "2024-01-02 00:00-05")
                .overlaps(&dates("2024-01-01 12:00-03", "2024-01-03 00:00-03"))
        );
        assert!(
            range(Datum::Least, Datum::Number(9))
                .overlaps(&range(Datum::Number(-5), Datum::Greatest))
        );
        assert!(range(Datum::Number(9), Datum::Number(9)).is_empty());
        assert!(!range(text("9"), text("10")).is_empty(), "perhaps numbers");
        let two = |from: [i64; 2], to: [i64; 2]| {
            Bound::Range(from.map(Datum::Number).into(), to.map(Datum::Number).into())
        };
        assert!(two([1, 1], [1, 10]).overlaps(&two([1, 5], [2, 1])));
        assert!(!two([1, 1], [1, 10]).overlaps(&two([1, 10], [2, 1])));
    }

    #[test]
    fn lists_and_hashes_share_a_value() {
        let list = |all: &[Datum]| Bound::List(all.to_vec());
        assert!(list(&[Datum::Number(1), Datum::Null]).overlaps(&list(&[text("1")])));
        assert!(list(&[Datum::Null]).overlaps(&list(&[text("a"), Datum::Null])));
        assert!(!list(&[text("a")]).overlaps(&list(&[text("A")])));
        assert!(Bound::Hash(4, 1).overlaps(&Bound::Hash(8, 5)));
        assert!(!Bound::Hash(4, 1).overlaps(&Bound::Hash(8, 4)));
    }
}
