//! Take PostgreSQL backups and keep the right ones.

fn main() {}
