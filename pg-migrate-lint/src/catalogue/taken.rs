//! Names of which only is asked whether something has them.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use crate::name::Name;

/// How often each name is taken. Only digests of them are kept, for they are as many as the tables: that two names share
/// one is as good as never, and then the second is taken for one that is there.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    hasher: RandomState,
    counts: HashMap<u64, u32, RandomState>,
}

impl Taken {
    /// Whether something has it.
    pub fn contains(&self, name: &Name) -> bool {
        self.counts.contains_key(&self.digest(name))
    }

    /// One more has it.
    pub fn take(&mut self, name: &Name) {
        *self.counts.entry(self.digest(name)).or_default() += 1;
    }

    /// One fewer has it.
    pub fn free(&mut self, name: &Name) {
        let digest = self.digest(name);
        if let Some(count) = self.counts.get_mut(&digest) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&digest);
            }
        }
    }

    fn digest(&self, name: &Name) -> u64 {
        self.hasher
            .hash_one((name.schema.as_deref(), name.name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_free_when_all_that_had_it_are_gone() {
        let (mut taken, name) = (Taken::default(), Name::of("s", "a"));
        taken.take(&name);
        taken.take(&name);
        taken.free(&name);
        assert!(taken.contains(&name) && !taken.contains(&Name::bare("a")));
        taken.free(&name);
        assert!(!taken.contains(&name));
        taken.free(&name);
    }
}
