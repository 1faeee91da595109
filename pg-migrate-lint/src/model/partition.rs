//! How a table is partitioned, and which rows a partition has.

use std::cmp::Ordering;

use super::Comparison;

/// `PARTITION BY`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioning {
    /// In which way.
    pub strategy: Strategy,
    /// By which columns; none for an expression.
    pub columns: Vec<Option<String>>,
}

/// By what a partition is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// By a value.
    List,
    /// By where it is in an order.
    Range,
    /// By what is computed from it.
    Hash,
}

impl Strategy {
    /// As `PARTITION BY` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "LIST",
            Self::Range => "RANGE",
            Self::Hash => "HASH",
        }
    }
}

impl Partitioning {
    /// Whether this column decides which partition a row belongs to.
    pub fn has_column(&self, name: &str) -> bool {
        self.columns.iter().flatten().any(|column| column == name)
    }

    /// Why no partition has these bounds, whatever the others have.
    pub fn refuses(&self, bound: &Bound) -> Option<String> {
        if bound.strategy() != self.strategy {
            let (own, other) = (self.strategy.name(), bound.strategy().name());
            return Some(format!(
                "has bounds by {other}, and is to be found by {own}"
            ));
        }
        match bound {
            Bound::List(_) => None,
            Bound::Range(from, to) => {
                let columns = self.columns.len();
                if from.len() != columns || to.len() != columns {
                    return Some(format!(
                        "needs a bound for each of {columns} columns, FROM and TO"
                    ));
                }
                if from.iter().chain(to).any(|datum| *datum == Datum::Null) {
                    return Some("has NULL as a bound, which is in no range".to_string());
                }
                if !is_endless_to_its_end(from) || !is_endless_to_its_end(to) {
                    return Some(
                        "has a value behind MINVALUE or MAXVALUE, where only the same can be"
                            .to_string(),
                    );
                }
                let is_empty = matches!(order(from, to), Some(Ordering::Equal | Ordering::Greater));
                is_empty.then(|| "has bounds that no row can be between".to_string())
            }
            Bound::Hash(modulus, remainder) => (remainder >= modulus)
                .then(|| format!("has a remainder of {remainder}, which {modulus} never leaves")),
        }
    }
}

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

    /// Whether these comparisons of the one column by which the table is partitioned prove that a row belongs to it, to
    /// the server, too; none where that can't be told.
    pub fn is_proved_by(&self, comparisons: &[&Comparison]) -> Option<bool> {
        let comparisons = || comparisons.iter().copied();
        match self {
            Self::List(values) => any(comparisons().map(|comparison| match comparison {
                Comparison::OneOf(others) => all(others.iter().map(|other| other.is_in(values))),
                _ => Some(false),
            })),
            Self::Range(from, to) => match (from.as_slice(), to.as_slice()) {
                ([from], [to]) => all([
                    any(comparisons().map(|comparison| from.is_below(comparison))),
                    any(comparisons().map(|comparison| to.is_above(comparison))),
                ]
                .into_iter()),
                _ => None,
            },
            // By nothing but the function that computes it.
            Self::Hash(..) => None,
        }
    }

    /// Whether these comparisons prove that no row belongs to it, as those of a default partition have to; where nulls
    /// belong to it, of a column that has none.
    pub fn is_refuted_by(&self, comparisons: &[&Comparison], has_nulls: bool) -> Option<bool> {
        let comparisons = || comparisons.iter().copied();
        match self {
            Self::List(values) => all(values.iter().map(|value| match value {
                Datum::Null => Some(!has_nulls),
                value => any(comparisons().map(|comparison| value.is_left_out_by(comparison))),
            })),
            Self::Range(from, to) => match (from.as_slice(), to.as_slice()) {
                ([from], [to]) => any(comparisons().map(|comparison| {
                    any([from.is_above(comparison), to.is_below(comparison)].into_iter())
                })),
                _ => None,
            },
            Self::Hash(..) => None,
        }
    }

    /// The same in fewer columns, where it says nothing of the others but that they are not null.
    pub fn of_first_column(&self) -> Option<Self> {
        let only = |bound: &[Datum]| match bound {
            [first, others @ ..] if others.iter().all(|other| *other == Datum::Least) => {
                Some(vec![first.clone()])
            }
            _ => None,
        };
        match self {
            Self::Range(from, to) => Some(Self::Range(only(from)?, only(to)?)),
            _ => None,
        }
    }

    /// Whether nulls belong to it.
    pub fn has_null(&self) -> bool {
        matches!(self, Self::List(values) if values.contains(&Datum::Null))
    }

    /// For which tables it is.
    pub fn strategy(&self) -> Strategy {
        match self {
            Self::List(_) => Strategy::List,
            Self::Range(..) => Strategy::Range,
            Self::Hash(..) => Strategy::Hash,
        }
    }

    /// Whether all rows of the other one are sure to belong to it, and the server sees that, too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(own), Self::List(others)) => others
                .iter()
                .all(|datum| own.iter().any(|own| own.is_same(datum))),
            (Self::Range(from, to), Self::Range(other_from, other_to)) => {
                is_before_or_same(from, other_from) && is_before_or_same(other_to, to)
            }
            // What is computed is not seen to be the same, even of the same table.
            _ => false,
        }
    }

    /// Whether one modulus divides the other, without which they are refused beside each other.
    pub fn divides(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Hash(modulus, _), Self::Hash(other, _)) => {
                let (least, greatest) = (modulus.min(other), modulus.max(other));
                *least > 0 && greatest % least == 0
            }
            _ => true,
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

    /// Whether it is one of these; none where one of them may be the same, written otherwise.
    fn is_in(&self, values: &[Self]) -> Option<bool> {
        any(values.iter().map(|value| match (self, value) {
            _ if self.is_same(value) => Some(true),
            (Self::Number(_), Self::Number(_)) | (Self::Null, _) | (_, Self::Null) => Some(false),
            _ => None,
        }))
    }

    /// Whether a value of which this is said is not less.
    fn is_below(&self, comparison: &Comparison) -> Option<bool> {
        let is_below = |value: &Self| self.order(value).map(|order| order != Ordering::Greater);
        match comparison {
            _ if *self == Self::Least => Some(true),
            Comparison::GreaterOrSame(value) | Comparison::Greater(value) => is_below(value),
            Comparison::OneOf(values) => all(values.iter().map(is_below)),
            Comparison::Less(_) | Comparison::LessOrSame(_) | Comparison::NoneOf(_) => Some(false),
        }
    }

    /// Whether a value of which this is said is less.
    fn is_above(&self, comparison: &Comparison) -> Option<bool> {
        let is_above = |value: &Self| value.order(self).map(|order| order == Ordering::Less);
        match comparison {
            _ if *self == Self::Greatest => Some(true),
            Comparison::Less(value) => value.order(self).map(|order| order != Ordering::Greater),
            Comparison::LessOrSame(value) => is_above(value),
            Comparison::OneOf(values) => all(values.iter().map(is_above)),
            Comparison::GreaterOrSame(_) | Comparison::Greater(_) | Comparison::NoneOf(_) => {
                Some(false)
            }
        }
    }

    /// Whether a value of which this is said is another one.
    fn is_left_out_by(&self, comparison: &Comparison) -> Option<bool> {
        match comparison {
            Comparison::NoneOf(values) => self.is_in(values),
            Comparison::OneOf(values) => self.is_in(values).map(|is_in| !is_in),
            // A value that is greater than another is not that one.
            Comparison::Greater(value) => self.order(value).map(|order| order != Ordering::Greater),
            Comparison::GreaterOrSame(value) => {
                self.order(value).map(|order| order == Ordering::Less)
            }
            Comparison::Less(value) => self.order(value).map(|order| order != Ordering::Less),
            Comparison::LessOrSame(value) => {
                self.order(value).map(|order| order == Ordering::Greater)
            }
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

/// Whether nothing but the same comes behind MINVALUE or MAXVALUE.
fn is_endless_to_its_end(bound: &[Datum]) -> bool {
    let endless = |datum: &&Datum| matches!(datum, Datum::Least | Datum::Greatest);
    let first = bound.iter().position(|datum| endless(&datum));
    first.is_none_or(|first| bound[first..].iter().all(|datum| *datum == bound[first]))
}

/// Whether any of them is so, where that can be told.
fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(false);
    for answer in answers {
        match answer {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = None,
        }
    }
    known
}

/// Whether all of them are so, where that can be told.
fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(answers.map(|answer| answer.map(|is_so| !is_so))).map(|is_not| !is_not)
}

fn is_before(some: &[Datum], others: &[Datum]) -> bool {
    order(some, others) == Some(Ordering::Less)
}

fn is_before_or_same(some: &[Datum], others: &[Datum]) -> bool {
    let order = order(some, others);
    some == others || order.is_some_and(|order| order != Ordering::Greater)
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
        let two = |from: [i64; 2], to: [i64; 2]| {
            Bound::Range(from.map(Datum::Number).into(), to.map(Datum::Number).into())
        };
        assert!(two([1, 1], [1, 10]).overlaps(&two([1, 5], [2, 1])));
        assert!(!two([1, 1], [1, 10]).overlaps(&two([1, 10], [2, 1])));
    }

    #[test]
    fn bounds_that_no_partition_has_are_refused() {
        let by = |strategy, columns| Partitioning {
            strategy,
            columns: vec![None; columns],
        };
        let refuses = |bound: Bound| by(bound.strategy(), 1).refuses(&bound).is_some();
        assert!(refuses(range(Datum::Number(9), Datum::Number(9))));
        assert!(!refuses(range(text("9"), text("10"))), "perhaps numbers");
        assert!(refuses(range(Datum::Null, Datum::Number(9))));
        assert!(refuses(Bound::Hash(4, 4)) && refuses(Bound::Hash(0, 0)));
        assert!(!refuses(Bound::Hash(4, 3)) && !refuses(Bound::List(vec![Datum::Null])));
        let numbers = range(Datum::Number(1), Datum::Number(9));
        assert!(by(Strategy::Range, 2).refuses(&numbers).is_some());
        assert!(by(Strategy::List, 1).refuses(&numbers).is_some());
        let from = |from: [Datum; 2]| Bound::Range(from.into(), vec![Datum::Greatest; 2]);
        let two = by(Strategy::Range, 2);
        assert!(
            two.refuses(&from([Datum::Least, Datum::Number(1)]))
                .is_some()
        );
        assert!(
            two.refuses(&from([Datum::Number(1), Datum::Least]))
                .is_none()
        );
        assert!(Bound::Hash(2, 0).divides(&Bound::Hash(4, 1)));
        assert!(!Bound::Hash(4, 0).divides(&Bound::Hash(6, 1)));
    }

    #[test]
    fn what_covers_another_one_has_all_of_its_rows() {
        let numbers = |from, to| range(Datum::Number(from), Datum::Number(to));
        assert!(numbers(0, 9).covers(&numbers(0, 9)) && numbers(-1, 10).covers(&numbers(0, 9)));
        assert!(!numbers(1, 9).covers(&numbers(0, 9)) && !numbers(0, 8).covers(&numbers(0, 9)));
        assert!(range(text("a"), text("c")).covers(&range(text("a"), text("c"))));
        assert!(!range(text("a"), text("d")).covers(&range(text("b"), text("c"))));
        let list = |all: &[i64]| Bound::List(all.iter().copied().map(Datum::Number).collect());
        assert!(list(&[1, 2]).covers(&list(&[2])) && !list(&[1]).covers(&list(&[1, 2])));
        assert!(!Bound::Hash(2, 1).covers(&Bound::Hash(2, 1)));
        let two = |least| {
            let from = vec![Datum::Number(least), Datum::Number(0)];
            Bound::Range(from, vec![Datum::Number(9), Datum::Greatest])
        };
        assert!(two(1).covers(&two(1)) && two(0).covers(&two(1)) && !two(2).covers(&two(1)));
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
