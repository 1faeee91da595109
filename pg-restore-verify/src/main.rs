//! Prove that PostgreSQL backups restore.

fn main() {}
