//! What sqlx knows about the queries of `tenancy`, kept in `tenancy/.sqlx` so that a build needs no database.
//!
//! sqlx's macros write these files themselves when `DATABASE_URL` and `SQLX_OFFLINE_DIR` are set, so nobody has to
//! install sqlx's own tool for it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::database::Database;
use crate::postgres::Postgres;
use crate::psql::Psql;

/// File names and what is in them.
type Files = BTreeMap<String, String>;

/// Writes `tenancy/.sqlx` anew; returns how many queries it holds.
///
/// # Errors
/// A migration fails, or `tenancy` does not compile against the migrated database.
pub fn write(postgres: &Postgres, root: &Path) -> anyhow::Result<usize> {
    // Only tenancy, so that what is above it may be broken at the time.
    let fresh = describe(postgres, root, &["--package", "tenancy"])?;
    let folder = folder(root);
    for name in read(&folder)?.into_keys().filter(|name| !fresh.contains_key(name)) {
        fs::remove_file(folder.join(name))?;
    }
    if !fresh.is_empty() {
        fs::create_dir_all(&folder)?;
    }
    for (name, content) in &fresh {
        fs::write(folder.join(name), content)?;
    }
    Ok(fresh.len())
}

/// Compares `tenancy/.sqlx` with what the database says now; returns how many queries there are.
///
/// # Errors
/// A migration fails, the workspace does not compile against the migrated database, or they differ; the message names
/// the queries.
pub fn check(postgres: &Postgres, root: &Path) -> anyhow::Result<usize> {
    // Everything: cargo chooses the features of libraries for all that it compiles at once, and other choices than
    // those of the other steps of `make test` would compile the libraries again.
    let fresh = describe(postgres, root, &["--workspace"])?;
    let difference = compare(&read(&folder(root))?, &fresh);
    anyhow::ensure!(
        difference.is_empty(),
        "tenancy/.sqlx does not fit the queries and migrations; `make sqlx` writes it anew:\n{}",
        difference.join("\n")
    );
    Ok(fresh.len())
}

fn folder(root: &Path) -> PathBuf {
    root.join("tenancy/.sqlx")
}

/// Compiles the crates against a migrated database and returns what sqlx wrote down.
fn describe(postgres: &Postgres, root: &Path, crates: &[&str]) -> anyhow::Result<Files> {
    let database = postgres.empty()?;
    migrate(&postgres.psql().on(database.name()), &root.join("migrations"))?;
    let fresh = tempfile::tempdir()?;
    compile(root, crates, &database, fresh.path())?;
    read(fresh.path())
}

/// Applies the migrations in the order of their versions, the numbers that their names begin with.
fn migrate(psql: &Psql, folder: &Path) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".sql") && !name.ends_with(".down.sql") {
            let version = name.split('_').next().unwrap_or_default();
            let version: u64 =
                version.parse().with_context(|| format!("the migration {name} has no version"))?;
            files.push((version, path));
        }
    }
    files.sort();
    files.iter().try_for_each(|(_, file)| psql.run_file(file)).context("a migration failed")
}

/// Checks the crates and their tests with sqlx connected to the database.
fn compile(root: &Path, crates: &[&str], database: &Database, output: &Path) -> anyhow::Result<()> {
    let source = root.join("tenancy/src/lib.rs");
    let before =
        fs::metadata(&source).and_then(|data| data.modified()).context("tenancy has no src/lib.rs")?;
    // cargo cannot know that the macros look at a database: only a newer source makes it compile again.
    let touched = Command::new("touch").arg(&source).status()?;
    anyhow::ensure!(touched.success(), "cannot touch {}", source.display());

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["check", "--quiet", "--all-targets", "--all-features"])
        .args(crates)
        .current_dir(root)
        .env("DATABASE_URL", &database.url)
        .env("SQLX_OFFLINE_DIR", output)
        .env("SQLX_OFFLINE", "false")
        .status();
    // Back in time, so that the next build does not compile everything above tenancy again.
    fs::File::options().append(true).open(&source)?.set_modified(before)?;
    anyhow::ensure!(status?.success(), "the code does not compile against the migrated database");
    Ok(())
}

/// The query files of a folder, which need not exist.
fn read(folder: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("query-") && name.ends_with(".json") {
            files.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

/// What is in a folder; nothing when it does not exist.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// A line for each query that is in only one of both, or different.
fn compare(kept: &Files, fresh: &Files) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, content) in fresh {
        match kept.get(name) {
            None => lines.push(format!("  missing   {name}  {}", title(content))),
            Some(old) if old != content => lines.push(format!("  different {name}  {}", title(content))),
            Some(_) => {}
        }
    }
    for (name, content) in kept.iter().filter(|(name, _)| !fresh.contains_key(*name)) {
        lines.push(format!("  not used  {name}  {}", title(content)));
    }
    lines
}

/// The beginning of the query in a file.
fn title(content: &str) -> String {
    let query = content.lines().find_map(|line| line.trim_start().strip_prefix("\"query\": \""));
    let words = query.unwrap_or_default().trim_end_matches("\",").replace("\\n", " ").replace("\\\"", "\"");
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").chars().take(70).collect()
}

#[cfg(test)]
mod tests {
    use super::{Files, compare};

    #[test]
    fn a_difference_names_the_query_and_its_kind() {
        let files = |list: &[(&str, &str)]| -> Files {
            list.iter()
                .map(|(name, query)| ((*name).into(), format!("{{\n  \"query\": \"{query}\",\n}}")))
                .collect()
        };
        let kept = files(&[("a", "select 1"), ("b", "select 2"), ("c", "select\\n  3")]);
        let fresh = files(&[("a", "select 1"), ("b", "select 22"), ("d", "select 4")]);
        let lines = compare(&kept, &fresh);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("  different b  select 22"), "{lines:?}");
        assert!(lines[1].starts_with("  missing   d  select 4"), "{lines:?}");
        assert!(lines[2].starts_with("  not used  c  select 3"), "{lines:?}");
    }
}
