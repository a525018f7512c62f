//! The crates of this workspace as their manifests declare them.

use cargo_metadata::{Metadata, MetadataCommand};

/// The root manifest. Tests run in the folder of their crate; a path fixed when they were compiled would be wrong
/// after the workspace has moved.
pub(crate) const MANIFEST: &str = "../Cargo.toml";

/// What `cargo metadata` says about our own crates; it needs no network for that.
pub(crate) fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(MANIFEST)
        .no_deps()
        .exec()
        .expect("`cargo metadata` fails for this workspace")
}
