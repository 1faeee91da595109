//! Objects that are followed by the numbers that the server gave them.

use std::collections::BTreeMap;

/// What of one kind there is at one time, by number.
pub type Numbered<T> = BTreeMap<u32, T>;

/// What has a name beside its number.
pub trait Named {
    /// Schema and name.
    fn name(&self) -> &str;
}

/// What an object of `before` is in another state: that of its number, or else what was made anew by its name. Whether
/// it is the same one.
pub fn follow<'a, T: Named>(
    before: &Numbered<T>,
    number: u32,
    name: &str,
    other: &'a Numbered<T>,
) -> Option<(&'a T, bool)> {
    if let Some(same) = other.get(&number) {
        return Some((same, true));
    }
    let mut anew = other
        .iter()
        .filter(|(number, _)| !before.contains_key(number));
    let (_, anew) = anew.find(|(_, one)| one.name() == name)?;
    Some((anew, false))
}
