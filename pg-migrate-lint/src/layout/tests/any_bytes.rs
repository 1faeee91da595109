//! Whatever a file holds, it is read to its end, and what runs of it lies within it.

use super::super::framework::FRAMEWORKS;
use super::*;
use crate::readers::tests::Numbers;

/// Pieces that steer runners, and such that break them.
const PIECES: [&[u8]; 26] = [
    b"-- migrate:up",
    b"-- migrate:down transaction:false",
    b"-- +goose Up",
    b"-- +goose Down",
    b"-- +goose StatementBegin",
    b"-- +goose",
    b"-- +migrate Up notransaction",
    b"---- create above / drop below ----",
    b"-- Up Migration",
    b"-- Down Migration",
    b"--! Previous: -",
    b"--! Hash: sha1:",
    b"--",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"$$",
    b"$a$",
    b"'",
    b"/*",
    b"*/",
    b";",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b" @v1 x [y] ",
];

#[test]
fn any_file_is_read_by_every_framework() {
    let tree = Tree::of(&[]);
    let names = [
        "1_a.sql",
        "2_b.up.sql",
        "V3__c.sql",
        "1589353644506_d.sql",
        "20240101000000_e.sql",
        "20240101000000_f/migration.sql",
        "4_g/up.sql",
        "4_g/metadata.toml",
        "meta/_journal.json",
        "sqitch.plan",
        "deploy/x.sql",
        "committed/000001.sql",
        "current.sql",
        "structure.sql",
        "migration_lock.toml",
        "V3__c.sql.conf",
    ];
    let mut numbers = Numbers(1);
    for _ in 0..60 {
        for name in names {
            fs::write(
                {
                    let path = tree.at("m").join(name);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    path
                },
                numbers.text(24, &PIECES),
            )
            .unwrap();
        }
        for framework in FRAMEWORKS {
            let Ok(projects) = discover(&[tree.at("m")], Some(framework.layout)) else {
                continue;
            };
            let migrations = projects.iter().flat_map(|project| &project.migrations);
            for part in migrations.flat_map(|one| one.up.iter().chain(&one.down)) {
                let read = part.read().unwrap();
                let section = part.section.clone().unwrap_or(0..read.len());
                assert!(
                    section.start <= section.end && section.end <= read.len(),
                    "{part:?}"
                );
                assert_eq!(part.visible().unwrap().len(), read.len());
            }
        }
    }
}

#[test]
fn bodies_follow_each_other_to_the_end() {
    let mut numbers = Numbers(2);
    for _ in 0..20_000 {
        let text = numbers.text(24, &PIECES);
        let mut end = 0;
        for body in crate::source::bodies(&text) {
            assert!(body.start >= end && body.end <= text.len() && !body.is_empty());
            end = body.end;
        }
    }
}
