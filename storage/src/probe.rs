//! Does a store do what it has to?

use std::hash::{BuildHasher as _, RandomState};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};

use crate::{Error, Prefix, Remains, Store};

/// What is written and has to come back.
const CONTENT: &[u8] = b"Doorward looks whether this storage works. This object may be removed.\n";

/// Writes, looks, reads, lists and removes a small object in a place of its own.
pub(crate) async fn run(store: &Store) -> Result<(), Error> {
    // Another process may probe the same store now; a name that nobody else takes is enough.
    let name = RandomState::new().hash_one(CONTENT);
    let prefix = Prefix::parse(&format!("doorward-probe-{name:016x}/"))?;
    let tried = try_all(store, &prefix).await;
    // Whatever failed, what was written goes, as far as the store lets us.
    let removed = remove(store, &prefix).await;
    tried.and(removed)
}

async fn try_all(store: &Store, prefix: &Prefix) -> Result<(), Error> {
    let key = prefix.key("object")?;
    let body = futures::stream::iter([Ok(Bytes::from_static(CONTENT))]);
    store.put(&key, "text/plain", body).await?;
    let garbage = |what: &str| Error::Garbage(what.to_owned());
    let head = store.head(&key).await?.ok_or_else(|| garbage("what was just written is not there"))?;
    if head.size != CONTENT.len() as u64 {
        return Err(garbage("what was just written has another size"));
    }
    let mut body = store.get(&key).await?.body;
    let mut read = Vec::new();
    while let Some(piece) = body.try_next().await? {
        read.extend_from_slice(&piece);
        if read.len() > CONTENT.len() {
            break;
        }
    }
    if read != CONTENT {
        return Err(garbage("something else came back than was written"));
    }
    let listed: Vec<Remains> = store.remains(prefix).take(10).try_collect().await?;
    if !listed.iter().any(|one| one.key() == key.as_str()) {
        return Err(garbage("what was just written is not in the list"));
    }
    Ok(())
}

async fn remove(store: &Store, prefix: &Prefix) -> Result<(), Error> {
    let left: Vec<Remains> = store.remains(prefix).take(100).try_collect().await?;
    store.erase(&left).await.into_iter().collect::<Result<(), _>>()?;
    match store.head(&prefix.key("object")?).await? {
        None => Ok(()),
        Some(_) => Err(Error::Garbage("what was removed is still there".to_owned())),
    }
}
