//! Large objects before a way there and back, and what of them is there afterwards: no table has them.

use postgres::Client;
use shared::Result;

use super::numbered::Numbered;
use super::positions::Behind;
use super::rows::Left;

/// What they are called together: no table is, whose name has a schema.
pub const LARGE_OBJECTS: &str = "large objects";

/// Digests of all, by their numbers.
#[derive(Debug, Default)]
pub struct LargeObjects(Numbered<String>);

impl LargeObjects {
    /// Reads them.
    ///
    /// # Errors
    /// Where the server can't be asked.
    pub fn of(client: &mut Client) -> Result<Self> {
        let sql = include_str!("../../sql/large_objects.sql");
        let mut all = Self::default();
        for row in client.query_typed(sql, &[])? {
            all.0.insert(row.try_get("number")?, row.try_get("digest")?);
        }
        Ok(all)
    }

    /// What of these is gone or has something else in it in `back`, which came of `up`.
    pub fn behind(&self, up: &Self, back: &Self) -> Vec<Behind> {
        let other = self.0.iter().filter(|(number, digest)| {
            let now = back.0.get(number);
            now != Some(*digest)
        });
        let behind = other.map(|(number, digest)| {
            let object = format!("large object {number}");
            let is_of_way_up = up.0.get(number) != Some(digest);
            let actual = match back.0.contains_key(number) {
                true => "something else",
                false => "nothing",
            };
            let message = match is_of_way_up {
                true => format!("the way up takes what is in {object}"),
                false => format!(
                    "the way back takes what is in {object}, which the way up had left alone"
                ),
            };
            Behind {
                object,
                expected: format!("md5 {digest}"),
                actual: actual.to_string(),
                message,
                is_fault: !is_of_way_up,
            }
        });
        behind.collect()
    }

    /// How many there are in `back` and were not here, if any.
    pub fn left(&self, back: &Self) -> Option<Left> {
        let is_new = |number: &&u32| !self.0.contains_key(number);
        let count = back.0.keys().filter(is_new).count();
        (count > 0).then(|| Left {
            object: LARGE_OBJECTS.to_string(),
            count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(all: &[(u32, &str)]) -> LargeObjects {
        let all = all
            .iter()
            .map(|(number, digest)| (*number, (*digest).to_string()));
        LargeObjects(all.collect())
    }

    #[test]
    fn who_takes_a_large_object_is_told_apart() {
        let before = objects(&[(1, "a"), (2, "a"), (3, "a"), (4, "a")]);
        let up = objects(&[(1, "a"), (2, "b"), (3, "a"), (4, "a"), (5, "a")]);
        let back = objects(&[(1, "a"), (2, "b"), (3, "c"), (5, "a"), (6, "a")]);
        let behind = before.behind(&up, &back);
        let behind: Vec<(&str, &str, bool)> = behind
            .iter()
            .map(|one| (one.object.as_str(), one.actual.as_str(), one.is_fault))
            .collect();
        let expected = [
            ("large object 2", "something else", false),
            ("large object 3", "something else", true),
            ("large object 4", "nothing", true),
        ];
        assert_eq!(behind, expected);
        assert_eq!(before.left(&back).map(|left| left.count), Some(2));
        assert_eq!(back.left(&before).map(|left| left.count), Some(1));
    }
}
