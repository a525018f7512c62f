//! The one layout of policy files.

use std::path::Path;
use std::str::FromStr;

use cedar_policy::PolicySet;
use cedar_policy_formatter::{Config, policies_str_to_pretty};

use crate::diagnostic::Report;
use crate::source::Kind;
use crate::{folder, nesting, stack};

/// A policy file whose layout is not the one.
#[derive(Debug)]
pub struct Unformatted {
    /// Named from the policy folder's own name on.
    pub file: String,
    /// The path below the folder.
    pub path: std::path::PathBuf,
    /// The text as it should be.
    pub text: String,
}

/// The policy files that `doorward policies fmt` would rewrite. Comments stay.
///
/// # Errors
/// Files that cannot be read or parsed.
pub fn unformatted(folder: &Path) -> Result<Vec<Unformatted>, Report> {
    let config = Config { line_width: 100, indent_width: 2 };
    let (mut found, mut wrong) = (vec![], vec![]);
    for source in folder::read(folder)? {
        if source.kind != Kind::Policies {
            continue;
        }
        // The formatter recurses as the parser does, and tells no places.
        if let Some(finding) = nesting::check(&source) {
            wrong.push(finding);
            continue;
        }
        if let Err(errors) = PolicySet::from_str(&source.text) {
            wrong.extend(source.all_told_by(&errors));
            continue;
        }
        let pretty = || policies_str_to_pretty(&source.text, &config).map_err(|error| error.to_string());
        match stack::on_a_large_one(pretty).flatten() {
            Ok(text) if text.trim_end() == source.text.trim_end() => {}
            Ok(text) => {
                let path = source
                    .name
                    .split_once('/')
                    .map_or_else(|| source.name.as_str().into(), |(_, rest)| rest.into());
                found.push(Unformatted { file: source.name, path, text: format!("{}\n", text.trim_end()) });
            }
            Err(message) => wrong.push(source.error(0, message)),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(Report(wrong)) }
}
