//! Reads a policy folder from disk.
//!
//! ```text
//! policies/*.cedarschema   policies/*.cedar   policies/plans.json      the core
//! policies/apps/*                             policies/apps/<app>/*    applications
//! ```
//!
//! Everything else (documentation, `tests/`, dotfiles, what editors leave behind) is not looked at.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::source::{Kind, Source};

/// Largest file that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// Reads every file of the folder, in the order of their names.
///
/// # Errors
/// A finding for each file that cannot be read; all readable files are looked at first.
pub(crate) fn read(folder: &Path) -> Result<Vec<Source>, Report> {
    let root = folder
        .canonicalize()
        .ok()
        .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        .unwrap_or_else(|| folder.display().to_string());
    let mut reader = Reader { sources: vec![], findings: vec![] };
    reader.folder(folder, &root, None);
    let apps = folder.join("apps");
    if apps.is_dir() {
        reader.apps(&apps, &format!("{root}/apps"));
    }
    if !reader.findings.is_empty() {
        return Err(Report(reader.findings));
    }
    reader.sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(reader.sources)
}

/// A hash over the names and texts of files: equal folders, equal hashes, on every replica.
pub(crate) fn hash<'s>(sources: impl IntoIterator<Item = &'s Source>) -> String {
    let mut hasher = Sha256::new();
    for source in sources {
        // Lengths keep ("ab", "c") and ("a", "bc") apart. The folder's own name does not count.
        let name = source.name.split_once('/').map_or("", |(_, rest)| rest);
        for part in [name, &source.text] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Reader {
    sources: Vec<Source>,
    findings: Vec<Diagnostic>,
}

impl Reader {
    fn apps(&mut self, folder: &Path, name: &str) {
        for (file, path) in self.entries(folder, name) {
            let full = format!("{name}/{file}");
            if path.is_dir() {
                self.folder(&path, &full, Some(&file));
            } else {
                let app = file.split('.').next().unwrap_or(&file).to_owned();
                self.file(&path, &full, Some(&app));
            }
        }
    }

    fn folder(&mut self, folder: &Path, name: &str, app: Option<&str>) {
        for (file, path) in self.entries(folder, name) {
            if !path.is_dir() {
                self.file(&path, &format!("{name}/{file}"), app);
            }
        }
    }

    fn file(&mut self, path: &Path, name: &str, app: Option<&str>) {
        let kind = if name.ends_with(".cedarschema") {
            Kind::Schema
        } else if name.ends_with(".cedar") {
            Kind::Policies
        } else if app.is_none() && name.ends_with("/plans.json") {
            Kind::Plans
        } else {
            return;
        };
        match read_text(path) {
            Ok(text) => {
                self.sources.push(Source { name: name.to_owned(), app: app.map(str::to_owned), kind, text });
            }
            Err(error) => self.unreadable(name, &error),
        }
    }

    /// Names and paths in a folder, in the order of names, without dotfiles.
    fn entries(&mut self, folder: &Path, name: &str) -> Vec<(String, std::path::PathBuf)> {
        match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => {
                let mut entries: Vec<_> = entries
                    .into_iter()
                    .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
                    .filter(|(file, _)| !file.starts_with('.'))
                    .collect();
                entries.sort();
                entries
            }
            Err(error) => {
                self.unreadable(name, &error);
                vec![]
            }
        }
    }

    fn unreadable(&mut self, name: &str, error: &io::Error) {
        self.findings.push(Diagnostic {
            severity: Severity::Error,
            file: name.to_owned(),
            line: 1,
            column: 1,
            message: format!("cannot be read: {error}"),
            help: None,
            source_line: None,
        });
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    // Reading a pipe waits for its writer, reading a device may never end.
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let size = metadata.len();
    if size > MAX_FILE {
        return Err(io::Error::other(format!("{size} bytes; the most is {MAX_FILE}")));
    }
    fs::read_to_string(path)
}
