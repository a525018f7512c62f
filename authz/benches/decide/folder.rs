//! Policy folders of any size.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use authz::Snapshot;
use tempfile::TempDir;

/// A file may have four megabytes.
const POLICIES_IN_A_FILE: usize = 10_000;

pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

/// A copy of the shipped folder, filled up with policies that cannot match a question about a document in workspace
/// `w`: half of them are about organizations, half about a workspace each.
pub(crate) fn filled_up_to(count: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files(&shipped()) {
        let target = folder.path().join(file.strip_prefix(shipped()).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
    let known = Snapshot::load(&shipped(), &[]).unwrap().policies().len();
    let numbers: Vec<usize> = (known..count).collect();
    for (file, numbers) in numbers.chunks(POLICIES_IN_A_FILE).enumerate() {
        let mut more = String::new();
        for n in numbers {
            writeln!(more, "@id(\"more.{n}\") @description(\"one of many\")").unwrap();
            more += &match n % 2 {
                0 => format!(
                    "permit (principal is User, action == Action::\"org.update\", resource is Organization)\n\
                     when {{ principal in resource.members && context.mfa && resource.usage.members < {n} }};\n"
                ),
                _ => format!(
                    "permit (principal is User, action in Action::\"content\", resource in Workspace::\"other-{n}\")\n\
                     when {{ principal.email_verified && context.mfa }};\n"
                ),
            };
        }
        fs::write(folder.path().join(format!("more{file}.cedar")), more).unwrap();
    }
    folder
}

/// The texts of all files of a kind.
pub(crate) fn text(folder: &Path, extension: &str) -> String {
    let wanted = files(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == extension));
    wanted.map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>().join("\n")
}

/// The files that take part in decisions.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all(folder.to_owned()).chain(all(folder.join("apps"))).filter(|path| path.is_file()).collect()
}
