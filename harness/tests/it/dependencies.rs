//! The list of dependencies in the root manifest: each says why it is there, and each is in use.

use std::collections::BTreeSet;

use crate::workspace;

/// A line of `[workspace.dependencies]`.
struct Entry<'a> {
    name: &'a str,
    line: &'a str,
}

impl Entry<'_> {
    fn is_ours(&self) -> bool {
        self.line.contains("path = ")
    }

    /// Whether something stands after the `#` behind the value. No value of ours has a `#` inside.
    fn says_why(&self) -> bool {
        self.line.split_once('#').is_some_and(|(_, comment)| !comment.trim().is_empty())
    }
}

/// The entries of `[workspace.dependencies]`, one on each line.
fn entries(manifest: &str) -> Vec<Entry<'_>> {
    let lines = manifest.lines().skip_while(|line| line.trim() != "[workspace.dependencies]").skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| Entry { name: name.trim(), line }))
        .collect()
}

fn manifest() -> String {
    std::fs::read_to_string(workspace::MANIFEST).expect("the root manifest cannot be read")
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = manifest();
    let all = entries(&manifest);
    assert!(!all.is_empty(), "the root manifest has no dependencies");
    let silent: Vec<&str> =
        all.iter().filter(|entry| !entry.is_ours() && !entry.says_why()).map(|entry| entry.name).collect();
    assert!(silent.is_empty(), "no comment behind: {}", silent.join(", "));
}

#[test]
fn every_dependency_is_used_by_a_crate() {
    let metadata = workspace::metadata();
    let declared = metadata.packages.iter().flat_map(|package| &package.dependencies);
    let used: BTreeSet<&str> = declared.map(|dependency| dependency.name.as_str()).collect();
    let manifest = manifest();
    let all = entries(&manifest);
    let dead: Vec<&str> = all
        .iter()
        .filter(|entry| !entry.is_ours() && !used.contains(entry.name))
        .map(|entry| entry.name)
        .collect();
    assert!(dead.is_empty(), "no crate uses: {}", dead.join(", "));
}

#[test]
fn an_entry_without_a_comment_is_noticed() {
    let manifest = "[workspace.dependencies]\n# --- group\na = { path = \"a\" }\nb = \"1\"\nc = \"1\" # why\nd = \"1\" #\n[x]\ne = 1\n";
    let silent: Vec<&str> = entries(manifest)
        .iter()
        .filter(|entry| !entry.is_ours() && !entry.says_why())
        .map(|entry| entry.name)
        .collect();
    assert_eq!(silent, ["b", "d"]);
}
