//! The way from the rules to the report: straight on without a server; with one, findings wait until there are enough
//! of their tables to ask for at once.

use std::sync::Arc;

use shared::Result;

use super::Sizes;
use crate::finding::Finding;
use crate::report::{self, Sender};
use crate::said::Said;
use crate::source::Source;

/// So many findings wait at the most.
const FINDINGS: usize = 2000;

/// Of files with so many bytes, in all.
const BYTES: usize = 16 << 20;

/// What waits, and where it goes.
pub struct Queue {
    report: Sender,
    sizes: Option<Sizes>,
    said: Said,
    waiting: Vec<Waiting>,
    findings: usize,
    bytes: usize,
}

/// What was found in a part of a file.
struct Waiting {
    source: Arc<Source>,
    project: usize,
    /// Whether the file begins with it.
    is_first: bool,
    findings: Vec<Finding>,
}

impl Queue {
    /// To this report, by way of this server.
    pub fn new(report: Sender, sizes: Option<Sizes>) -> Self {
        Self {
            report,
            sizes,
            said: Said::default(),
            waiting: Vec::new(),
            findings: 0,
            bytes: 0,
        }
    }

    /// Whether findings have to say what they are about.
    pub fn asks(&self) -> bool {
        self.sizes.is_some()
    }

    /// Takes what was found in a part of a file, with which it begins or goes on.
    pub fn put(
        &mut self,
        source: Arc<Source>,
        project: usize,
        is_first: bool,
        findings: Vec<Finding>,
    ) -> Result<()> {
        let waiting = Waiting {
            source,
            project,
            is_first,
            findings,
        };
        if self.sizes.is_none() {
            return self.send(waiting);
        }
        if waiting.is_first {
            self.bytes += waiting.source.text.len();
        }
        self.findings += waiting.findings.len();
        self.waiting.push(waiting);
        match self.findings >= FINDINGS || self.bytes >= BYTES {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Sends all that waits.
    pub fn flush(&mut self) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        (self.findings, self.bytes) = (0, 0);
        if let Some(sizes) = &mut self.sizes {
            sizes.ask(waiting.iter().flat_map(|part| &part.findings))?;
            let found = waiting.iter_mut().flat_map(|part| &mut part.findings);
            found.for_each(|finding| sizes.tell(finding));
        }
        waiting.into_iter().try_for_each(|part| self.send(part))
    }

    /// Sends it without what was said already in its file.
    fn send(&mut self, part: Waiting) -> Result<()> {
        let mut findings = part.findings;
        if part.is_first {
            self.said = Said::default();
        }
        findings.retain(|finding| self.said.is_first(finding) || finding.rule.is_of_run());
        report::send(&self.report, part.source, part.project, findings)
    }
}
