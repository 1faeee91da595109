//! `io`: who reads and writes, and how long that takes.

use crate::section::{Gather, Reach, Section};

/// One row for each kind of process, object and way.
pub const SECTION: Section = Section {
    name: "io",
    answers: "who reads and writes how many blocks, of what and in which way, and how long does that take?",
    costs: "nothing worth a word",
    needs: "no right; before 16 the server knows little of it",
    reach: Reach::Server,
    fields: &[
        (
            "backend_type",
            "client backend, checkpointer, autovacuum worker, …",
        ),
        ("object", "relation, temp relation or wal"),
        ("context", "normal, vacuum, bulkread, bulkwrite or init"),
        ("reads", "from the system, whose cache may have it"),
        ("read_bytes", "the same as bytes"),
        ("read_ms", "waiting for that, if track_io_timing is on"),
        ("writes", "to the system"),
        ("write_bytes", "the same as bytes"),
        ("write_ms", "waiting for that"),
        ("extends", "blocks that were added to files"),
        ("extend_bytes", "the same as bytes"),
        ("hits", "blocks that were in shared_buffers"),
        ("evictions", "blocks that made room for others there"),
        ("reuses", "of the little ring that bulk work keeps to"),
        (
            "fsyncs",
            "that the disk has it; by others than the checkpointer, its queue was full",
        ),
        ("fsync_ms", "waiting for that"),
        ("counted_since", "since when"),
    ],
    gather: Gather::Query(&[
        (13, include_str!("../../sql/io.sql")),
        (16, include_str!("../../sql/io.16.sql")),
    ]),
};
