//! What is random, and the same for the same seed.

use std::fs;
use std::path::{Path, PathBuf};

/// Numbers that look random, and are the same for the same seed (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// A number below this one.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).expect("a small number")
    }
}

/// A file of a folder, the more probably the larger it is.
pub fn pick(folder: &Path, dice: &mut Dice) -> PathBuf {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut files: Vec<(PathBuf, usize)> = entries
        .map(|entry| {
            (
                entry.path(),
                fs::read(entry.path()).map_or(0, |bytes| bytes.len()),
            )
        })
        .collect();
    files.sort();
    let mut at = dice.below(files.iter().map(|(_, bytes)| bytes).sum());
    let found = files.into_iter().find(|(_, bytes)| {
        let here = at < *bytes;
        at = at.wrapping_sub(if here { 0 } else { *bytes });
        here
    });
    found.expect("a file that is not empty").0
}
