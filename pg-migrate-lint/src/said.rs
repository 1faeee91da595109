//! What is enough once in a file: of findings that have one cause only the first is written, and again where more
//! have to wait. One that a comment silences is none, so that it never hides what comes after it.

use std::collections::HashMap;

use crate::finding::Finding;
use crate::lock::Blocks;

/// What was said in a file.
#[derive(Debug, Default)]
pub struct Said {
    /// Causes, and whose work waits.
    known: HashMap<String, Blocks>,
}

impl Said {
    /// Whether nothing with the same cause was said yet.
    pub fn is_first(&mut self, finding: &Finding) -> bool {
        let Some(cause) = &finding.once else {
            return true;
        };
        let blocks = finding.blocks();
        // What matters little on a small table says nothing of a great one.
        let cause = match finding.is_lowered {
            true => format!("{cause}, lowered"),
            false => cause.clone(),
        };
        let is_first = self
            .known
            .get(&cause)
            .is_none_or(|waiting| *waiting < blocks);
        if is_first {
            self.known.insert(cause, blocks);
        }
        is_first
    }
}
