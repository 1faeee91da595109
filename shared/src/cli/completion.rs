//! Completions for the shells.

use super::tool::Tool;

/// For bash.
pub fn bash(_tool: &Tool) -> String {
    String::new()
}

/// For zsh.
pub fn zsh(_tool: &Tool) -> String {
    String::new()
}

/// For fish.
pub fn fish(_tool: &Tool) -> String {
    String::new()
}
