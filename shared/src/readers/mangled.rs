//! Seeds of the fuzz targets, whole and mangled, the same in every run.

use std::fs;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// One that is less than this.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Has `read` read each seed of a target, and so many mangled ones of each: cut, with bits flipped, with pieces lost,
/// doubled, or taken from the other seeds.
pub fn each(target: &str, count: usize, read: impl Fn(&[u8])) {
    let folder = format!("{}/../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(seeds.len() > 1, "{target} has no seeds");
    let mut numbers = Numbers(9);
    for seed in &seeds {
        read(seed);
        for _ in 0..count {
            read(&mangled(seed, &seeds, &mut numbers));
        }
    }
}

fn mangled(seed: &[u8], seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = numbers.below(bytes.len());
        let end = at + numbers.below(bytes.len() - at + 1).min(40);
        match numbers.below(7) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << numbers.below(8),
            2 => bytes[at] = [0, 0xff, b'\n', b'\'', b'"', b'\\', b'=', b'['][numbers.below(8)],
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len().max(1)).min(other.len());
                let to = (from + numbers.below(60)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
        }
    }
    bytes
}
