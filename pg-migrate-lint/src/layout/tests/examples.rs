//! The pages of the rules about folders: each finds its bad example and not its good one.

use super::super::{RULES, since};
use super::since::{commit, repository};
use super::*;
use crate::rules::Example;

/// The rules that the folder breaks.
fn found(example: &Example) -> Vec<&'static str> {
    let tree = repository(&[]);
    let write = |files: &[(&str, &str)]| {
        for (name, text) in files {
            let text = if text.is_empty() { "SELECT 1;\n" } else { text };
            tree.write(&format!("m/{name}"), text);
        }
    };
    write(example.earlier);
    commit(&tree);
    if !example.earlier.is_empty() {
        fs::remove_dir_all(tree.at("m")).unwrap();
    }
    write(example.files);
    let layout = Layout::from_name(example.layout).unwrap();
    let mut project = tree.project_as("m", Some(layout));
    if !example.earlier.is_empty() {
        since::commit(&mut project, "HEAD").unwrap();
    }
    let wishes = project.wishes(RULES);
    let all = project.findings.iter().chain(&wishes);
    all.map(|finding| finding.rule.name).collect()
}

#[test]
fn each_rule_finds_its_bad_example_and_not_its_good_one() {
    let mut wrong = Vec::new();
    for rule in RULES {
        assert!(
            !rule.bad.is_empty() && !rule.good.is_empty(),
            "{}",
            rule.name
        );
        for (examples, is_bad) in [(rule.bad, true), (rule.good, false)] {
            for example in examples {
                let found = found(example);
                if found.contains(&rule.name) != is_bad {
                    wrong.push(format!("{}, {:?}: {found:?}", rule.name, example.files));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
