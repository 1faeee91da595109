//! What is reached through code: functions that are called, those that the files make and those that the database has,
//! and what runs by itself there, such as a trigger.

use std::collections::{HashMap, HashSet};

use super::bounds::Bounds;
use super::code::Code;
use super::said::Said;

/// The code that is known.
#[derive(Debug, Default)]
pub struct Called {
    made: HashMap<String, Vec<Code>>,
    /// What functions and relations were called before, by the name that they have.
    former: HashMap<String, Vec<String>>,
    /// The functions that were looked into and reach no further.
    seen: HashSet<String>,
    /// The relations of which that is so, when something is done with them, and when rows are changed.
    passed: HashSet<(String, bool)>,
}

impl Called {
    /// Knows what a statement makes.
    pub fn know(&mut self, said: &Said) {
        for (old, new) in &said.renames {
            self.former
                .entry(new.clone())
                .or_default()
                .push(old.clone());
        }
        for (name, code) in &said.makes {
            self.made
                .entry(name.clone())
                .or_default()
                .push(code.clone());
        }
    }

    /// What is reached by the code that a statement has, the functions that it calls, and what runs by itself when it does
    /// something with a relation.
    pub fn reached_by(&mut self, said: &Said, bounds: &Bounds) -> Option<String> {
        let mut blocks = said.blocks.iter();
        let block = blocks.find_map(|code| self.of_code(code, bounds));
        let mut calls = said.calls.iter();
        let mut touches = said.touches.iter();
        block
            .or_else(|| calls.find_map(|name| self.of_function(name, bounds)))
            .or_else(|| {
                touches.find_map(|(name, is_write)| self.of_relation(name, *is_write, bounds))
            })
    }

    /// What is reached by the code that a statement has or makes, whether or not anything calls it.
    pub fn reached_at_all(&mut self, said: &Said, bounds: &Bounds) -> Option<String> {
        let made = |called: &mut Self| {
            let mut made = said.makes.iter();
            made.find_map(|(name, code)| {
                Some(format!("{} in {name}()", called.of_code(code, bounds)?))
            })
        };
        self.reached_by(said, bounds).or_else(|| made(self))
    }

    /// What runs by itself where there are tables or none: event triggers.
    pub fn reached_by_itself(&mut self, bounds: &Bounds) -> Option<String> {
        self.of_relation("", false, bounds)
    }

    fn of_function(&mut self, name: &str, bounds: &Bounds) -> Option<String> {
        // By an operator, an aggregate, or a name that it has got since.
        if bounds.is_outward(name) {
            return Some(format!("{name}()"));
        }
        if !self.seen.insert(name.to_string()) {
            return None;
        }
        for former in self.former.get(name).cloned().unwrap_or_default() {
            if let Some(what) = self.of_function(&former, bounds) {
                return Some(what);
            }
        }
        let there = bounds.functions.get(name).into_iter().flatten();
        let there = there.flat_map(|text| Said::of(text, bounds).makes);
        let mut all: Vec<Code> = there.map(|(_, code)| code).collect();
        all.extend(self.made.get(name).into_iter().flatten().cloned());
        let what = all.iter().find_map(|code| self.of_code(code, bounds))?;
        Some(format!("{what} in {name}()"))
    }

    fn of_relation(&mut self, name: &str, is_write: bool, bounds: &Bounds) -> Option<String> {
        if !self.passed.insert((name.to_string(), is_write)) {
            return None;
        }
        for former in self.former.get(name).cloned().unwrap_or_default() {
            if let Some(what) = self.of_relation(&former, is_write, bounds) {
                return Some(what);
            }
        }
        bounds.attached(name, is_write).find_map(|attached| {
            let said = Said::of(&attached.code, bounds);
            let own = said.reaches.clone();
            let what = own.or_else(|| self.reached_by(&said, bounds))?;
            Some(format!("{what} in {}", attached.what))
        })
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
