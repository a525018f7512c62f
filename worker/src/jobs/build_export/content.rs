//! What goes into an export.

use std::io;

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use storage::{Error as StoreError, Key};
use tenancy::export::{self, Class, PackedFile};
use tenancy::queue::Claim;
use tenancy::{Authorized, BuildExport, Caller, Tx, document, user_action as user};

use super::archive::Archive;
use crate::context::Context;
use crate::failure::Failure;
use crate::objects;

/// The longest name of a file in the archive, in characters.
const LONGEST_NAME: usize = 120;

/// So many attempts wait for a store that does not answer: each fails, and the next one begins anew, with what has come back.
/// Later ones go on without. That leaves time for them within the lifetime of the job, however long each one takes.
const PATIENT_ATTEMPTS: i32 = 4;

/// How many files were packed, and how many could not be.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Files {
    pub(super) done: u64,
    pub(super) failed: u64,
}

/// Reads what goes into an export, page by page, each in a transaction of its own.
pub(super) struct Content<'a> {
    pub(super) context: &'a Context,
    pub(super) claim: &'a Claim,
    pub(super) job: &'a BuildExport,
}

impl Content<'_> {
    /// Writes all of it: a file of JSON for each class, and the documents.
    pub(super) async fn write(&self, archive: Archive) -> Result<Files, Failure> {
        for class in Class::ALL {
            self.class(&archive, *class).await?;
        }
        let (files, errors) = self.files(&archive).await?;
        if !errors.is_empty() {
            archive.text("errors.json").await.map_err(broken)?;
            archive.write(pretty(&Value::Array(errors))).await.map_err(broken)?;
        }
        archive.end().await.map_err(broken)?;
        Ok(files)
    }

    async fn begin(&self) -> Result<(Tx, Authorized<user::Pack>), Failure> {
        let mut tx = self.context.begin(self.claim).await?;
        let allowed = tx.authorize::<user::Pack>(&Caller::Worker, self.job.user_id).await?;
        Ok((tx, allowed))
    }

    /// A class as one JSON array.
    async fn class(&self, archive: &Archive, class: Class) -> Result<(), Failure> {
        archive.text(format!("{}.json", class.as_str())).await.map_err(broken)?;
        let (mut cursor, mut before) = (String::new(), "[\n");
        loop {
            let (mut tx, allowed) = self.begin().await?;
            let rows = export::rows(&mut tx, &allowed, class, &cursor).await?;
            drop(tx);
            let Some((last, _)) = rows.last() else { break };
            cursor.clone_from(last);
            let mut text = String::new();
            for (_, row) in &rows {
                text.push_str(before);
                text.push_str(&pretty(row));
                before = ",\n";
            }
            archive.write(text).await.map_err(broken)?;
        }
        let end = if before == ",\n" { "\n]\n" } else { "[]\n" };
        archive.write(end).await.map_err(broken)
    }

    /// The documents. One that cannot be read does not keep the others: it is told in `errors.json`.
    async fn files(&self, archive: &Archive) -> Result<(Files, Vec<Value>), Failure> {
        let (mut files, mut errors, mut after) = (Files::default(), vec![], None);
        loop {
            let (mut tx, allowed) = self.begin().await?;
            let page = export::files(&mut tx, &allowed, after).await?;
            drop(tx);
            let Some(last) = page.last() else { return Ok((files, errors)) };
            after = Some(last.id);
            for file in &page {
                match self.file(archive, file).await? {
                    Packing::Whole => files.done += 1,
                    Packing::LeftOut => {}
                    Packing::Broken { why, is_partial } => {
                        files.failed += 1;
                        let (id, name) = (file.id, &file.name);
                        errors.push(
                            json!({ "document": id, "name": name, "error": why, "is_partial": is_partial }),
                        );
                    }
                }
                let (mut tx, allowed) = self.begin().await?;
                export::progress(&mut tx, &allowed, self.job.export_id, files.done, files.failed).await?;
                tx.commit().await?;
            }
        }
    }

    /// One document.
    async fn file(&self, archive: &Archive, file: &PackedFile) -> Result<Packing, Failure> {
        let (mut tx, allowed) = self.begin().await?;
        let place = export::place(&mut tx, &allowed, file).await?;
        drop(tx);
        let Some(place) = place else { return Ok(Packing::LeftOut) };
        let store = match objects::store(&self.context.stores, place) {
            Ok(store) => store,
            Err(Failure::Hopeless(why) | Failure::Failed(why)) => {
                return Ok(Packing::Broken { why, is_partial: false });
            }
            Err(postponed) => return Err(postponed),
        };
        let key = Key::parse(&document::key(file.workspace_id, file.id))?;
        let mut body = match store.get(&key).await {
            Ok(object) => object.body,
            Err(error) => {
                return Ok(Packing::Broken { why: self.unreadable(file, error)?, is_partial: false });
            }
        };
        archive.raw(format!("documents/{}/{}", file.id, safe(&file.name))).await.map_err(broken)?;
        loop {
            match body.try_next().await {
                Ok(Some(bytes)) => archive.write(bytes).await.map_err(broken)?,
                Ok(None) => return Ok(Packing::Whole),
                // What has come is in the archive already, and cannot be taken out of it again.
                Err(error) => {
                    return Ok(Packing::Broken { why: self.unreadable(file, error)?, is_partial: true });
                }
            }
        }
    }

    /// Why a document cannot be read, as the person is told; the failure of this attempt if it may go better later.
    fn unreadable(&self, file: &PackedFile, error: StoreError) -> Result<String, Failure> {
        let why = match &error {
            StoreError::NotFound => "it is not in the store any more",
            error if error.is_for_good() => "the store does not let it be read",
            _ if self.claim.attempt > PATIENT_ATTEMPTS => "the store does not answer as it should",
            _ => return Err(error.into()),
        };
        tracing::warn!(document_id = %file.id, %error, "a document is not in an export");
        Ok(why.to_owned())
    }
}

/// What became of a document.
enum Packing {
    /// It is in the archive.
    Whole,
    /// It is not the person's any more.
    LeftOut,
    /// It could not be read, or not to its end.
    Broken {
        /// Why, as the person is told.
        why: String,
        /// Whether its beginning is in the archive.
        is_partial: bool,
    },
}

/// A name that stays in its folder on every system, whatever somebody called the document.
fn safe(name: &str) -> String {
    let is_bad = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let name: String = name.chars().map(|c| if is_bad(c) { '_' } else { c }).take(LONGEST_NAME).collect();
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() { "document".to_owned() } else { name.to_owned() }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn broken(error: io::Error) -> Failure {
    Failure::Failed(format!("the archive could not be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::safe;

    // proves ACC-10
    #[test]
    fn no_name_leaves_its_folder() {
        for (name, packed) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..\\..\\boot.ini", "_.._boot.ini"),
            ("C:\\x", "C__x"),
            ("/etc/passwd", "_etc_passwd"),
            ("..", "document"),
            ("", "document"),
            ("a\u{0}b\nc", "a_b_c"),
        ] {
            assert_eq!(safe(name), packed, "{name:?}");
        }
        assert_eq!(safe(&"x".repeat(500)).len(), 120);
    }
}
