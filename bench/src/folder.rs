//! Policy folders: the shipped one, and one with many policies that no question of the bench is about.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::server::repository;

/// Policies in the large folder beside the shipped ones.
pub(crate) const MANY: usize = 10_000;

/// The policies that ship.
pub(crate) fn shipped() -> PathBuf {
    repository().join("policies")
}

/// The shipped folder and [`MANY`] policies about organizations.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn large() -> anyhow::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    copy(&shipped(), folder.path())?;
    let mut more = String::new();
    for n in 0..MANY {
        write!(
            more,
            "@id(\"more.{n}\")\n@description(\"One of many\")\n\
             permit (principal is User, action == Action::\"org.update\", resource is Organization)\n\
             when {{ principal in resource.members && context.mfa && resource.usage.members < {n} }};\n"
        )?;
    }
    fs::write(folder.path().join("more.cedar"), more)?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
