//! `doorward policies …`: what a security team does with the policy folder, without a server.

mod matrix;
mod suite;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use authz::Snapshot;
use clap::Subcommand;

use self::suite::{Coverage, Suite};
use crate::exit;

/// Work on the policy folder.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load the folder as a server would and tell everything that is wrong with it.
    Check,
    /// Run the test cases in tests/*.json and name the policies that none of them covers.
    Test,
    /// Give the policy files their one layout.
    Fmt {
        /// Change nothing; fail if a file would change.
        #[arg(long)]
        check: bool,
    },
    /// Print the access matrix of tests/matrix.json: action × resource × role.
    Matrix,
    /// Ask a running Doorward one question and print what every policy had to say.
    Explain(crate::explain::Arguments),
}

/// Runs a command on a folder.
pub(crate) fn run(command: &Command, folder: &Path) -> anyhow::Result<u8> {
    match command {
        Command::Check => Ok(match load(folder) {
            Ok(snapshot) => {
                for warning in snapshot.warnings() {
                    println!("{warning}");
                }
                let (policies, files) = (snapshot.policies().len(), snapshot.files().len());
                println!("{policies} policies in {files} files are sound; hash {}", &snapshot.hash()[..12]);
                0
            }
            Err(code) => code,
        }),
        Command::Test => test(folder),
        Command::Fmt { check } => fmt(folder, *check),
        Command::Matrix => match load(folder) {
            Ok(snapshot) => {
                print!("{}", matrix::draw(folder, &snapshot)?);
                Ok(0)
            }
            Err(code) => Ok(code),
        },
        Command::Explain(_) => anyhow::bail!("explain asks a server"),
    }
}

/// Loads a folder, or prints everything that is wrong with it.
fn load(folder: &Path) -> Result<Snapshot, u8> {
    Snapshot::load(folder, tenancy::ACTIONS).map_err(|report| {
        eprintln!("{report}");
        let errors = report.errors().count();
        eprintln!("{errors} {} in {}", if errors == 1 { "error" } else { "errors" }, folder.display());
        exit::FAILED
    })
}

fn test(folder: &Path) -> anyhow::Result<u8> {
    let snapshot = match load(folder) {
        Ok(snapshot) => snapshot,
        Err(code) => return Ok(code),
    };
    let mut coverage = Coverage::default();
    let (mut cases, mut failures) = (0, vec![]);
    for suite in Suite::read_all(folder)? {
        let failed = suite.run(&snapshot, &mut coverage);
        let file = suite.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("{file}: {} cases, {} failed", suite.cases.len(), failed.len());
        cases += suite.cases.len();
        failures.extend(failed);
    }
    for failure in &failures {
        eprintln!("{failure}");
    }
    let missing = coverage.missing(&snapshot);
    let all = snapshot.policies().len();
    println!(
        "{cases} cases, {} failed; {} of {all} policies decided a case",
        failures.len(),
        all - missing.len()
    );
    for id in missing {
        println!("  no case shows {id} at work");
    }
    Ok(if failures.is_empty() { 0 } else { exit::FAILED })
}

fn fmt(folder: &Path, check: bool) -> anyhow::Result<u8> {
    let unformatted = match authz::unformatted(folder) {
        Ok(unformatted) => unformatted,
        Err(report) => {
            eprintln!("{report}");
            return Ok(exit::FAILED);
        }
    };
    for file in &unformatted {
        if check {
            println!("{} would change", file.file);
        } else {
            let path: PathBuf = folder.join(&file.path);
            fs::write(&path, &file.text).with_context(|| format!("{} cannot be written", path.display()))?;
            println!("{} written", file.file);
        }
    }
    Ok(if check && !unformatted.is_empty() { exit::FAILED } else { 0 })
}
