//! Packs somebody's data into an archive, which goes to the store while it is written: memory does not grow with it.

mod archive;
mod content;

use storage::Key;
use tenancy::export::{self, Packed};
use tenancy::queue::Claim;
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
            Err(Error::NotFound(_)) => return Ok(tx),
            other => other?,
        };
        if export::begin(&mut tx, &allowed, self.export_id).await?.is_none() {
            return Ok(tx);
        }
        tx.commit().await?;
        let packed = pack(&self, context, claim).await?;
        let mut tx = context.begin(claim).await?;
        let allowed = tx.authorize::<user::Pack>(&Caller::Worker, self.user_id).await?;
        match export::finish(&mut tx, &allowed, self.export_id, packed, context.export_lifetime).await {
            // Nobody wants it any more: what was stored goes with the account.
            Err(Error::NotFound(_)) => Ok(context.begin(claim).await?),
            other => other.map(|()| Ok(tx))?,
        }
    }
}

/// Writes the archive to the store while its content is read. One that is there already, from an attempt before, is
/// replaced.
async fn pack(job: &BuildExport, context: &Context, claim: &Claim) -> Result<Packed, Failure> {
    let key = Key::parse(&export::key(job.user_id, job.export_id))?;
    let (archive, bytes) = Archive::begin();
    let content = Content { context, claim, job };
    let stored = context.stores.installation().put(&key, "application/zip", bytes);
    // What goes wrong with the content ends the stream with an error, and so the upload: that is the error to tell.
    let (files, stored) = tokio::join!(content.write(archive), stored);
    let files = files?;
    Ok(Packed { size: stored?.size, files: files.done, failed: files.failed })
}
