//! The pages that users read, and the blocks in them that tests run.

use std::fs;
use std::path::{Path, PathBuf};

/// README.md, or another page of the documentation.
pub struct Page {
    /// Its path below the workspace.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// What stands between two fences.
#[derive(Debug, Clone)]
pub struct Block {
    /// The page that has it.
    pub page: String,
    /// What the first fence says that it is.
    pub language: String,
    /// The lines between the fences.
    pub text: String,
}

impl Page {
    /// The page of this name.
    pub fn read(name: &str) -> Self {
        let path = workspace().join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name: name.to_string(),
            text,
        }
    }

    /// README.md, and the pages below docs/.
    pub fn all() -> Vec<Self> {
        let folder = fs::read_dir(workspace().join("docs")).unwrap();
        let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut pages: Vec<String> = names
            .filter(|name| name.ends_with(".md"))
            .map(|name| format!("docs/{name}"))
            .collect();
        pages.sort();
        pages.insert(0, "README.md".to_string());
        pages.iter().map(|name| Self::read(name)).collect()
    }

    /// The blocks, in their order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut is_open = false;
        for line in self.text.lines() {
            match line.strip_prefix("```") {
                Some(_) if is_open => is_open = false,
                Some(language) => {
                    is_open = true;
                    blocks.push(Block {
                        page: self.name.clone(),
                        language: language.to_string(),
                        text: String::new(),
                    });
                }
                None if is_open => {
                    let text = &mut blocks.last_mut().unwrap().text;
                    text.push_str(line);
                    text.push('\n');
                }
                None => {}
            }
        }
        assert!(!is_open, "{}: a fence is not closed", self.name);
        blocks
    }

    /// The block in this language of which a line begins so.
    pub fn block(&self, language: &str, start: &str) -> Block {
        let mut blocks = self.blocks().into_iter();
        let is_meant = |block: &Block| {
            block.language == language && block.text.lines().any(|line| line.starts_with(start))
        };
        blocks
            .find(is_meant)
            .unwrap_or_else(|| panic!("{} has no {language} of {start}", self.name))
    }

    /// Where its links lead, but for those to other sites.
    pub fn links(&self) -> Vec<&str> {
        let links = self.text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next());
        links.filter(|link| !link.contains("://")).collect()
    }

    /// The names by which links lead to its headings.
    pub fn anchors(&self) -> Vec<String> {
        let mut is_block = false;
        let headings = self.text.lines().filter_map(|line| {
            is_block ^= line.starts_with("```");
            let heading = line.trim_start_matches('#');
            let is_heading = !is_block && line.starts_with('#') && heading.starts_with(' ');
            is_heading.then(|| heading.trim())
        });
        headings.map(anchor).collect()
    }
}

impl Block {
    /// The block of any page that says in its first line that it is this file.
    pub fn of_file(language: &str, file: &str) -> Self {
        let start = format!("# {file}");
        let blocks = Page::all().into_iter().flat_map(|page| page.blocks());
        let mut blocks = blocks.filter(|block| block.language == language);
        blocks
            .find(|block| block.text.starts_with(&start))
            .unwrap_or_else(|| panic!("no page has {file}"))
    }

    /// What follows a key at the beginning of a line, also of an item of a list.
    pub fn value(&self, key: &str) -> &str {
        let mut lines = self
            .text
            .lines()
            .map(|line| line.trim_start_matches([' ', '-']));
        let value = lines.find_map(|line| line.strip_prefix(key));
        value
            .unwrap_or_else(|| panic!("{} has no {key}", self.text))
            .trim()
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// As GitHub makes it: in small letters, with a hyphen for each blank, without punctuation.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(kept)
        .collect::<String>();
    kept.replace(' ', "-")
}
