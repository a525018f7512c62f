//! All files under a folder, a thousand at a time.

use std::collections::VecDeque;
use std::fs::{self, ReadDir};
use std::io;
use std::path::PathBuf;

use futures::Stream;
use futures::stream::try_unfold;

use crate::{Error, Remains};

/// How many files are looked for at a time.
const PAGE: usize = 1000;

/// Folders that are being read, from the outermost to the innermost, each with its name.
struct Walk {
    root: PathBuf,
    start: Option<String>,
    open: Vec<(String, ReadDir)>,
}

/// Every file below the folder of this name; symbolic links are files, and not followed.
pub(super) fn files(root: PathBuf, prefix: &str) -> impl Stream<Item = Result<Remains, Error>> + 'static {
    let walk = Walk { root, start: Some(prefix.to_owned()), open: Vec::new() };
    try_unfold((walk, VecDeque::new()), |(mut walk, mut page)| async move {
        if page.is_empty() {
            let reading = tokio::task::spawn_blocking(move || {
                let page = walk.page();
                (walk, page)
            });
            let (rest, found) = reading.await.map_err(|error| Error::Unavailable(error.to_string()))?;
            (walk, page) = (rest, found.map_err(|error| Error::Unavailable(error.to_string()))?);
        }
        Ok(page.pop_front().map(|key| (Remains::Object { key }, (walk, page))))
    })
}

impl Walk {
    /// The next names; none at the end.
    fn page(&mut self) -> io::Result<VecDeque<String>> {
        let mut page = VecDeque::new();
        if let Some(start) = self.start.take() {
            self.enter(start)?;
        }
        while page.len() < PAGE
            && let Some((folder, entries)) = self.open.last_mut()
        {
            let Some(entry) = entries.next() else {
                self.open.pop();
                continue;
            };
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{folder} has a name that is no UTF-8"),
                ));
            };
            let key = format!("{folder}/{name}");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.enter(key)?,
                Ok(_) => page.push_back(key),
                // It has gone since.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    fn enter(&mut self, folder: String) -> io::Result<()> {
        match fs::read_dir(self.root.join(&folder)) {
            Ok(entries) => self.open.push((folder, entries)),
            // Somebody else has removed it, or there never was one.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
