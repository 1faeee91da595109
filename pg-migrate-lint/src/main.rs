//! Say what a PostgreSQL migration would lock, rewrite, lose or break.

fn main() {}
