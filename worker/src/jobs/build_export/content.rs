//! What goes into an export.

use std::io;

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use storage::Key;
use tenancy::export::{self, Class, PackedFile};
use tenancy::queue::Claim;
use tenancy::{Authorized, BuildExport, Caller, Tx, document, user_action as user};

use super::archive::Archive;
use crate::context::Context;
use crate::failure::Failure;
use crate::objects;

/// The longest name of a file in the archive, in characters.
const LONGEST_NAME: usize = 120;

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
                    Ok(()) => files.done += 1,
                    Err(error) => {
                        files.failed += 1;
                        errors.push(json!({ "document": file.id, "name": file.name, "error": error }));
                    }
                }
                let (mut tx, allowed) = self.begin().await?;
                export::progress(&mut tx, &allowed, self.job.export_id, files.done, files.failed).await?;
                tx.commit().await?;
            }
        }
    }

    /// One document; inside, why it could not be read.
    async fn file(&self, archive: &Archive, file: &PackedFile) -> Result<Result<(), String>, Failure> {
        let (mut tx, allowed) = self.begin().await?;
        let place = export::place(&mut tx, &allowed, file).await?;
        drop(tx);
        let store = match objects::store(&self.context.stores, place) {
            Ok(store) => store,
            Err(Failure::Hopeless(why) | Failure::Failed(why)) => return Ok(Err(why)),
            Err(postponed) => return Err(postponed),
        };
        let key = Key::parse(&document::key(file.workspace_id, file.id))?;
        let mut object = match store.get(&key).await {
            Ok(object) => object,
            Err(error) if error.is_for_good() => return Ok(Err(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        archive.raw(format!("documents/{}/{}", file.id, safe(&file.name))).await.map_err(broken)?;
        while let Some(bytes) = object.body.try_next().await? {
            archive.write(bytes).await.map_err(broken)?;
        }
        Ok(Ok(()))
    }
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
