//! The Schemathesis that `harness/schemathesis.sh` puts into `target`.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// The program that holds an OpenAPI document against a running server.
#[derive(Clone, Debug)]
pub struct Schemathesis(PathBuf);

impl Schemathesis {
    /// The environment variable that names the program; `harness run` sets it.
    pub const VARIABLE: &str = "SCHEMATHESIS_BIN";

    /// The program that [`Self::VARIABLE`] names, else the one in `target`.
    ///
    /// # Errors
    /// There is none; the message says what to do.
    pub fn find() -> anyhow::Result<Self> {
        let program = match std::env::var_os(Self::VARIABLE) {
            Some(program) => PathBuf::from(program),
            None => Path::new(env!("CARGO_MANIFEST_DIR"))
                .parent()
                .context("the harness is not inside a workspace")?
                .join("target/schemathesis/bin/schemathesis"),
        };
        ensure!(
            program.is_file(),
            "no Schemathesis at {}: run `harness/schemathesis.sh`, or set {} to its path",
            program.display(),
            Self::VARIABLE,
        );
        Ok(Self(program))
    }

    /// Where it is.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.0
    }
}
