//! Packs somebody's data into an archive, which goes to the store while it is written: memory does not grow with it.

mod archive;
mod content;

use storage::Key;
use tenancy::export::{self, Packed};
use tenancy::queue::{Claim, Fence};
use tenancy::{BuildExport, Caller, Error, Tx, user_action as user};

use self::archive::Archive;
use self::content::Content;
use crate::context::Context;
use crate::failure::Failure;
use crate::registry::Work;

impl Work for BuildExport {
    async fn run(self, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
        let mut tx = context.begin(claim).await?;
        let allowed = match tx.authorize::<user::Pack>(&Caller::Worker, self.user_id).await {
            // Gone, with everything that there was to pack.
            Err(Error::NotFound(_)) => {
                drop(tx);
                return discard(&self, context, claim).await;
            }
            other => other?,
        };
        if export::begin(&mut tx, &allowed, self.export_id).await?.is_none() {
            drop(tx);
            return discard(&self, context, claim).await;
        }
        tx.commit().await?;
        let packed = pack(&self, context, claim).await?;
        let mut tx = context.begin(claim).await?;
        if tx.hold(claim).await? == Fence::Lost {
            drop(tx);
            discard(&self, context, claim).await?;
            return Err(Failure::Failed("it was called off, or somebody else does it".to_owned()));
        }
        let done = match tx.authorize::<user::Pack>(&Caller::Worker, self.user_id).await {
            Ok(allowed) => {
                export::finish(&mut tx, &allowed, self.export_id, packed, context.export_lifetime).await
            }
            Err(error) => Err(error),
        };
        match done {
            // Nobody wants it any more.
            Err(Error::NotFound(_)) => {
                drop(tx);
                discard(&self, context, claim).await
            }
            other => other.map(|()| Ok(tx))?,
        }
    }
}

/// Removes what was stored for an export that nobody wants any more, at once: a purge that looks for it may have looked
/// already. One that is ready, or that another worker packs, stays.
async fn discard(job: &BuildExport, context: &Context, claim: &Claim) -> Result<Tx, Failure> {
    let mut tx = context.begin(claim).await?;
    let is_kept = match tx.authorize::<user::Pack>(&Caller::Worker, job.user_id).await {
        Err(Error::NotFound(_)) => false,
        allowed => export::is_kept(&mut tx, &allowed?, job.export_id).await?,
    };
    drop(tx);
    if !is_kept {
        context.stores.installation().delete(&key(job)?).await?;
    }
    Ok(context.begin(claim).await?)
}

fn key(job: &BuildExport) -> Result<Key, Failure> {
    Ok(Key::parse(&export::key(job.user_id, job.export_id))?)
}

/// Writes the archive to the store while its content is read. One that is there already, from an attempt before, is
/// replaced.
async fn pack(job: &BuildExport, context: &Context, claim: &Claim) -> Result<Packed, Failure> {
    let key = key(job)?;
    let (archive, bytes) = Archive::begin();
    let content = Content { context, claim, job };
    let stored = context.stores.installation().put(&key, "application/zip", bytes);
    // What goes wrong with the content ends the stream with an error, and so the upload: that is the error to tell.
    let (files, stored) = tokio::join!(content.write(archive), stored);
    let files = files?;
    Ok(Packed { size: stored?.size, files: files.done, failed: files.failed })
}
