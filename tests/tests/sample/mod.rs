//! One command line per tool that writes a few records, always the same ones, and
//! one that fails; neither needs a server.

use tests::{ToolCommand, tool};

/// What the conventions need to know of a tool.
pub struct Sample {
    /// Its name.
    pub tool: &'static str,
    records: fn(ToolCommand) -> ToolCommand,
    failure: fn(ToolCommand) -> ToolCommand,
}

impl Sample {
    /// Writes two records or more.
    pub fn records(&self) -> ToolCommand {
        (self.records)(tool(self.tool))
    }

    /// Fails with status 2 before the first record.
    pub fn failure(&self) -> ToolCommand {
        (self.failure)(tool(self.tool))
    }
}

/// All tools.
pub fn samples() -> Vec<Sample> {
    vec![Sample {
        tool: "numbers",
        records: |tool| tool,
        failure: |tool| tool.args(["-n", "0", "--then", "fail"]),
    }]
}
