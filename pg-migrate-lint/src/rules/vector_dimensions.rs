//! More dimensions than pgvector indexes.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "vector-dimensions",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "an index on a vector of more dimensions than pgvector indexes",
    explanation: "pgvector keeps vectors of up to 16,000 dimensions, and indexes those of up to 2,000 (vector) or 4,000 \
        (halfvec): for more CREATE INDEX fails, with hnsw and with ivfflat. Embeddings of 3,072 are over the first limit.\n\n\
        Index them as half as precise numbers: USING hnsw ((embedding::halfvec(3072)) halfvec_cosine_ops), and write the \
        same cast into the queries; or ask the model for fewer dimensions. The limits were seen with pgvector 0.8.",
    versions: "",
    bad: &[
        Example::new("CREATE INDEX CONCURRENTLY i ON docs USING hnsw (embedding vector_cosine_ops);").after("CREATE TABLE docs (embedding vector(3072));"),
        Example::new("CREATE INDEX CONCURRENTLY i ON docs USING ivfflat (embedding vector_l2_ops);").after("CREATE TABLE docs (embedding vector(2001));"),
        Example::new("CREATE INDEX CONCURRENTLY i ON docs USING hnsw (embedding halfvec_l2_ops);").after("CREATE TABLE docs (embedding halfvec(4001));"),
    ],
    good: &[
        Example::new("CREATE INDEX CONCURRENTLY i ON docs USING hnsw (embedding vector_cosine_ops);").after("CREATE TABLE docs (embedding vector(1536));"),
        Example::new("CREATE INDEX CONCURRENTLY i ON docs USING hnsw ((embedding::halfvec(3072)) halfvec_cosine_ops);").after("CREATE TABLE docs (embedding vector(3072));"),
        Example::new("CREATE INDEX CONCURRENTLY i ON docs USING hnsw (embedding halfvec_cosine_ops);").after("CREATE TABLE docs (embedding halfvec(3072));"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateIndex(index) = look.change else { return };
    if !matches!(index.method.as_str(), "hnsw" | "ivfflat") {
        return;
    }
    for column in index.columns.iter().flatten() {
        let Some(facts) = look.catalogue.column(&index.table, column) else { continue };
        let most = match facts.type_.name.as_str() {
            "vector" => 2000,
            "halfvec" => 4000,
            _ => continue,
        };
        if let [dimensions] = facts.type_.modifiers[..]
            && dimensions > most
        {
            let message = format!("{} has {dimensions} dimensions: pgvector indexes a {} of at most {most}", quoted(column), facts.type_.name);
            found.push(look.finding(&RULE, message).on(&index.table));
        }
    }
}
