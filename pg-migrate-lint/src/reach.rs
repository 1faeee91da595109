//! What statements reach beyond what may be spoilt, told before they are run: by the grammar, with the code of `DO` and of
//! each function that is called, those that the database has already among them, with what runs there by itself, such as
//! a trigger, and strings that `EXECUTE` puts together, as far as they stand there.
//!
//! - [`Bounds`]: what may be spoilt, a database or its whole server.
//! - [`Said`]: what a statement says.
//! - [`Called`]: what is reached by the code that it runs.

mod bounds;
mod called;
mod code;
mod said;
mod strings;
mod words;

#[cfg(test)]
mod tests;

pub use bounds::Bounds;
pub use called::Called;
pub use said::Said;
