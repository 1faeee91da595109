//! What is reached through functions: those that the files make, and those that the database has.

use std::collections::{HashMap, HashSet};

use super::bounds::Bounds;
use super::code::Code;
use super::said::Said;

/// The functions that are known.
#[derive(Debug, Default)]
pub struct Called {
    made: HashMap<String, Vec<Code>>,
    /// Those that were looked into and reach no further.
    seen: HashSet<String>,
    /// Whether some of what is run can't be read beforehand.
    pub is_hidden: bool,
}

impl Called {
    /// Knows what a statement makes.
    pub fn know(&mut self, said: &Said) {
        self.is_hidden |= said.is_hidden;
        for (name, code) in &said.makes {
            self.made
                .entry(name.clone())
                .or_default()
                .push(code.clone());
        }
    }

    /// What the code that a statement has, and the functions that it calls, reach beyond the database.
    pub fn reached_by(&mut self, said: &Said, bounds: &Bounds) -> Option<String> {
        let block = said
            .blocks
            .iter()
            .find_map(|code| self.of_code(code, bounds));
        block.or_else(|| {
            said.calls
                .iter()
                .find_map(|name| self.of_function(name, bounds))
        })
    }

    fn of_function(&mut self, name: &str, bounds: &Bounds) -> Option<String> {
        if !self.seen.insert(name.to_string()) {
            return None;
        }
        let there = bounds.functions.get(name).into_iter().flatten();
        let there = there.flat_map(|text| Said::of(text, bounds).makes);
        let mut all: Vec<Code> = there.map(|(_, code)| code).collect();
        all.extend(self.made.get(name).into_iter().flatten().cloned());
        let what = all.iter().find_map(|code| self.of_code(code, bounds))?;
        Some(format!("{what} in {name}()"))
    }

    fn of_code(&mut self, code: &Code, bounds: &Bounds) -> Option<String> {
        let all = code.said(bounds);
        // What it makes on the way can be called on the way.
        all.iter().for_each(|said| self.know(said));
        all.iter().find_map(|said| {
            let own = said.reaches.clone();
            own.or_else(|| self.reached_by(said, bounds))
        })
    }
}
