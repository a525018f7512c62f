//! Empties prefixes of a store: writes down what it is about to erase, erases it, counts it.

use futures::StreamExt as _;
use storage::{Error, Prefix, Remains, Store};
use tenancy::purge::{self, Intent, PurgeStore};

use super::going::{Fenced, Going};
use crate::failure::Failure;

/// A store with the prefixes under which something of the subject lies.
pub(super) struct Place {
    pub(super) of: PurgeStore,
    pub(super) store: Store,
    pub(super) prefixes: Vec<Prefix>,
    pub(super) patience: Patience,
}

/// When something that a store does not let go is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// At once if it says no; at the deadline if it does not answer. It is somebody else's.
    WithOthers,
    /// At the deadline: whoever runs the installation can mend its store.
    WithOurs,
}

/// After so many pages, one after the other, of which a store lets nothing go, it is the matter and not some of its objects.
const REFUSED_PAGES: usize = 10;

/// What became of some intents.
#[derive(Default)]
struct Sorted {
    erased: Vec<i64>,
    given_up: Vec<(i64, String)>,
    /// Of the first that stays as it is until the next try.
    waits: Option<Error>,
}

/// Empties a store. Returns why it has to be tried again, if it has to.
pub(super) async fn empty(going: &Going<'_>, place: &Place) -> Result<Option<Error>, Failure> {
    let Fenced { mut tx, allowed } = going.fenced().await?;
    let is_given_up = going.context.fuse.at(purge::is_given_up(&mut tx, &allowed, place.of)).await?;
    drop(tx);
    if is_given_up {
        return Ok(None);
    }
    match drain(going, place).await? {
        Some(error) if place.gives_up(going, &error) => {
            give_up(going, place.of, &error.to_string()).await?;
            Ok(None)
        }
        trouble => Ok(trouble),
    }
}

/// Writes down for the receipt that a store could not be emptied.
pub(super) async fn give_up(going: &Going<'_>, store: PurgeStore, error: &str) -> Result<(), Failure> {
    tracing::warn!(purge_id = %going.run.id, connection = ?store.connection, error, "a store is given up");
    let mut fenced = going.fenced().await?;
    let Fenced { tx, allowed } = &mut fenced;
    going.context.fuse.at(purge::give_up(tx, allowed, store, error)).await?;
    going.commit(fenced).await
}

async fn drain(going: &Going<'_>, place: &Place) -> Result<Option<Error>, Failure> {
    let (mut trouble, mut refused) = (None, 0);
    // What an earlier attempt was about to erase, or has erased and not counted.
    let mut after = 0;
    loop {
        let Fenced { mut tx, allowed } = going.fenced().await?;
        let most = i64::try_from(going.page()).unwrap_or(i64::MAX);
        let intents =
            going.context.fuse.at(purge::intended(&mut tx, &allowed, place.of, after, most)).await?;
        drop(tx);
        let Some(last) = intents.last() else { break };
        after = last.id;
        match erase(going, place, &intents, &mut refused).await? {
            Gone::AsFar(waits) => trouble = trouble.or(waits),
            Gone::NotAtAll(error) => return Ok(Some(error)),
        }
        going.rest()?;
    }
    // Until a look at everything finds nothing new: something may have arrived behind the place where this one was.
    loop {
        let mut found = false;
        for prefix in &place.prefixes {
            let mut remains = place.store.remains(prefix);
            loop {
                let page = going.context.fuse.at(page(&mut remains, going.page())).await;
                let intents = intend(going, place, &page.found).await?;
                if !intents.is_empty() {
                    found = true;
                    match erase(going, place, &intents, &mut refused).await? {
                        Gone::AsFar(waits) => trouble = trouble.or(waits),
                        Gone::NotAtAll(error) => return Ok(Some(error)),
                    }
                    going.rest()?;
                }
                match page.end {
                    End::More => {}
                    End::Reached => break,
                    End::Failed(error) => return Ok(Some(error)),
                }
            }
        }
        if !found {
            return Ok(trouble);
        }
    }
}

struct Page {
    found: Vec<Remains>,
    end: End,
}

enum End {
    More,
    Reached,
    Failed(Error),
}

async fn page(
    remains: &mut (impl futures::Stream<Item = Result<Remains, Error>> + Unpin),
    size: usize,
) -> Page {
    let mut found = vec![];
    while found.len() < size {
        match remains.next().await {
            Some(Ok(one)) => found.push(one),
            Some(Err(error)) => return Page { found, end: End::Failed(error) },
            None => return Page { found, end: End::Reached },
        }
    }
    Page { found, end: End::More }
}

async fn intend(going: &Going<'_>, place: &Place, found: &[Remains]) -> Result<Vec<Intent>, Failure> {
    if found.is_empty() {
        return Ok(vec![]);
    }
    let values: Result<Vec<_>, _> = found.iter().map(serde_json::to_value).collect();
    let values = values.map_err(|error| Failure::Failed(format!("an object cannot be named: {error}")))?;
    let mut fenced = going.fenced().await?;
    let Fenced { tx, allowed } = &mut fenced;
    let intents = going.context.fuse.at(purge::intend(tx, allowed, place.of, &values)).await?;
    going.commit(fenced).await?;
    Ok(intents)
}

/// How far some intents were erased.
enum Gone {
    /// As far as possible; one may have to be tried again.
    AsFar(Option<Error>),
    /// The store is the matter: it does not answer, or lets nothing go.
    NotAtAll(Error),
}

/// Erases what was intended. `refused` counts pages of which nothing went.
async fn erase(
    going: &Going<'_>,
    place: &Place,
    intents: &[Intent],
    refused: &mut usize,
) -> Result<Gone, Failure> {
    let remains: Result<Vec<Remains>, _> =
        intents.iter().map(|intent| serde_json::from_value(intent.remains.clone())).collect();
    let remains = remains.map_err(|error| Failure::Failed(format!("an intent cannot be read: {error}")))?;
    let results = going.context.fuse.at(place.store.erase(&remains)).await;
    if let Some(error) = refusal_of_all(&results, going.page()) {
        *refused += 1;
        if !error.is_for_good() || *refused >= REFUSED_PAGES {
            return Ok(Gone::NotAtAll(error));
        }
    } else {
        *refused = 0;
    }
    let mut sorted = Sorted::default();
    for (intent, result) in intents.iter().zip(results) {
        match result {
            Ok(()) => sorted.erased.push(intent.id),
            Err(error) if place.gives_up(going, &error) => {
                sorted.given_up.push((intent.id, error.to_string()));
            }
            Err(error) => {
                sorted.waits.get_or_insert(error);
            }
        }
    }
    let mut fenced = going.fenced().await?;
    let Fenced { tx, allowed } = &mut fenced;
    going.context.fuse.at(purge::erased(tx, allowed, place.of, &sorted.erased)).await?;
    for (intent, error) in &sorted.given_up {
        going.context.fuse.at(purge::give_up_one(tx, allowed, place.of, *intent, error)).await?;
    }
    going.commit(fenced).await?;
    Ok(Gone::AsFar(sorted.waits))
}

/// The first error, if a whole page was refused.
fn refusal_of_all(results: &[Result<(), Error>], page: usize) -> Option<Error> {
    let all = results.len() >= page && results.iter().all(Result::is_err);
    all.then(|| results.iter().find_map(|result| result.as_ref().err().cloned())).flatten()
}

impl Place {
    fn gives_up(&self, going: &Going<'_>, error: &Error) -> bool {
        going.is_late() || (self.patience == Patience::WithOthers && error.is_for_good())
    }
}
