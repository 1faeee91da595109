//! The man page.

use super::tool::Tool;

/// The page as roff with the man macros.
pub fn page(_tool: &Tool) -> String {
    String::new()
}
