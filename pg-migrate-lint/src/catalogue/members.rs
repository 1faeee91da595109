//! What belongs to a table: its columns, constraints or indexes, in order. Where there are many, one is found by its
//! name, or by a column that it is of, without going through all of them.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::ops::Deref;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Up to so many are gone through: most tables have no more of anything.
const FEW: usize = 16;

/// One of them.
pub trait Member {
    /// What it is called, within its table.
    fn name(&self) -> &str;

    /// The columns that it is of.
    fn columns(&self) -> impl Iterator<Item = &str>;
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Members<T> {
    all: Vec<T>,
    /// Where each is, once they are many.
    places: Option<Box<Places>>,
}

/// Places in the order, of the first with a name and of all that are of a column.
#[derive(Debug, Clone, Default)]
struct Places {
    hasher: RandomState,
    /// The names themselves are with the members.
    by_name: HashTable<usize>,
    by_column: HashMap<Box<str>, Vec<usize>, RandomState>,
}

/// Puts it behind the others, in little more room than they need: most are alone, and stay so.
pub fn push<T>(all: &mut Vec<T>, one: T) {
    if all.len() == all.capacity() {
        all.reserve_exact(1 + all.len() / 4);
    }
    all.push(one);
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            places: None,
        }
    }
}

impl<T> Deref for Members<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all
    }
}

impl<'a, T> IntoIterator for &'a Members<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl<T: Member> Members<T> {
    /// These, in no more room than they need: most of what is known are the columns of tables that never change
    /// again.
    pub fn of(all: impl ExactSizeIterator<Item = T>) -> Self {
        let mut members = Self {
            all: all.collect(),
            places: None,
        };
        members.find_places();
        members
    }

    /// As a slice.
    pub fn as_slice(&self) -> &[T] {
        &self.all
    }

    /// The first of this name.
    pub fn named(&self, name: &str) -> Option<&T> {
        self.all.get(self.place(name)?)
    }

    /// The same, to change what is neither its name nor its columns.
    pub fn named_mut(&mut self, name: &str) -> Option<&mut T> {
        let place = self.place(name)?;
        self.all.get_mut(place)
    }

    /// Those that are of a column, in order.
    pub fn on(&self, column: &str) -> impl Iterator<Item = &T> {
        let places = self.places.as_ref();
        let found =
            places.map(|places| places.by_column.get(column).map_or(&[][..], Vec::as_slice));
        let few = match found {
            Some(_) => &[],
            None => self.all.as_slice(),
        };
        let few = few
            .iter()
            .filter(move |member| member.columns().any(|of| of == column));
        few.chain(found.into_iter().flatten().map(|place| &self.all[*place]))
    }

    /// Puts it behind the others.
    pub fn push(&mut self, member: T) {
        push(&mut self.all, member);
        match &mut self.places {
            Some(places) => places.add(&self.all, self.all.len() - 1),
            None => self.find_places(),
        }
    }

    /// The same, without those that had its name.
    pub fn replace(&mut self, member: T) {
        self.remove(member.name());
        self.push(member);
    }

    /// Takes away those of this name.
    pub fn remove(&mut self, name: &str) {
        if self.place(name).is_some() {
            self.retain(|known| known.name() != name);
        }
    }

    /// Keeps those that are wanted.
    pub fn retain(&mut self, is_wanted: impl FnMut(&T) -> bool) {
        let before = self.all.len();
        self.all.retain(is_wanted);
        if self.all.len() < before {
            self.find_places();
        }
    }

    /// Changes whatever it likes of each.
    pub fn change(&mut self, change: impl FnMut(&mut T)) {
        self.all.iter_mut().for_each(change);
        self.find_places();
    }

    fn place(&self, name: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.named(&self.all, name),
            None => self.all.iter().position(|known| known.name() == name),
        }
    }

    fn find_places(&mut self) {
        self.places = (self.all.len() > FEW).then(|| {
            let mut places = Box::<Places>::default();
            (0..self.all.len()).for_each(|place| places.add(&self.all, place));
            places
        });
    }
}

impl Places {
    fn named(&self, all: &[impl Member], name: &str) -> Option<usize> {
        let is_it = |place: &usize| all[*place].name() == name;
        let found = self.by_name.find(self.hasher.hash_one(name), is_it);
        found.copied()
    }

    fn add(&mut self, all: &[impl Member], place: usize) {
        let member = &all[place];
        if self.named(all, member.name()).is_none() {
            let hash = |place: &usize| self.hasher.hash_one(all[*place].name());
            self.by_name.insert_unique(hash(&place), place, hash);
        }
        for column in member.columns() {
            match self.by_column.get_mut(column) {
                Some(places) if places.last() == Some(&place) => {}
                Some(places) => places.push(place),
                None => {
                    self.by_column.insert(column.into(), vec![place]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Key(String, Vec<String>);

    impl Member for Key {
        fn name(&self) -> &str {
            &self.0
        }

        fn columns(&self) -> impl Iterator<Item = &str> {
            self.1.iter().map(String::as_str)
        }
    }

    fn key(number: usize) -> Key {
        let columns = vec![format!("c{}", number % 7), format!("c{}", number % 3)];
        Key(format!("k{number}"), columns)
    }

    /// What is found must not depend on how many there are.
    fn agrees(members: &Members<Key>, plain: &[Key]) {
        assert_eq!(members.as_slice(), plain);
        for number in 0..50 {
            let name = format!("k{number}");
            let known = plain.iter().find(|key| key.0 == name);
            assert_eq!(members.named(&name), known);
            let column = format!("c{number}");
            let of_it = plain.iter().filter(|key| key.1.contains(&column));
            assert!(members.on(&column).eq(of_it), "{column}");
        }
    }

    #[test]
    fn many_are_found_as_few_are() {
        for count in [0, 1, FEW - 1, FEW, FEW + 1, 40] {
            let mut plain: Vec<Key> = (0..count).map(key).collect();
            let mut members = Members::of(plain.iter().cloned());
            agrees(&members, &plain);
            for number in 20..30 {
                plain.retain(|known| known.0 != key(number).0);
                plain.push(key(number));
                members.replace(key(number));
                agrees(&members, &plain);
            }
            members.remove("k3");
            plain.retain(|known| known.0 != "k3");
            agrees(&members, &plain);
            let rename = |key: &mut Key| key.1.iter_mut().for_each(|column| column.push('0'));
            members.change(rename);
            plain.iter_mut().for_each(rename);
            agrees(&members, &plain);
        }
    }
}
