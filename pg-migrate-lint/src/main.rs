//! Say what a PostgreSQL migration would lock, rewrite, lose or break.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]
#![allow(dead_code, clippy::print_stdout)]

mod decode;
mod lock;
mod model;
mod name;
mod parse;
mod source;
mod types;

fn main() {
    let t = std::time::Instant::now();
    let mut n = 0;
    for path in std::env::args().skip(1) {
        let source = source::Source::new(path.clone(), std::fs::read(&path).unwrap_or_default());
        for chunk in source.statements.chunks(200) {
        let parsed = parse::parse(&source, chunk);
        n += parsed.len();
        for (s, p) in source.statements.iter().zip(&parsed) {
            if let parse::Parsed::Refused(m) = p { println!("{path}: {m}: {}", source.written(s).chars().take(80).collect::<String>()); }
        }
        }
    }
    println!("{n} {:?}", t.elapsed());
}
