use serde_json::{Value, json};

use crate::action::platform;
use crate::address::Address;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::JobId;
use crate::jobs::SendMail;
use crate::mail::{Locale, Mail, MailTemplate};
use crate::tx::{Authorized, Tx};

/// Asks for a mail with invented content, to see whether mails arrive and how they look. The job sends it.
///
/// # Errors
/// [`Error::Invalid`] if `to` is no address; [`Error::Store`].
pub async fn send_sample(
    tx: &mut Tx,
    allowed: &Authorized<platform::SendTestMail>,
    template: MailTemplate,
    locale: Locale,
    to: &str,
) -> Result<JobId> {
    if to.parse::<Address>().is_err() {
        return Err(Error::invalid("to", "not an e-mail address"));
    }
    let mail = SendMail(Mail::Sample { template, locale, to: to.to_owned() });
    let job = tx.enqueue(&mail).await?;
    let job = job.ok_or_else(|| Error::conflict("duplicate_job", "the same mail waits already"))?;
    let after = json!({ "job_id": job, "template": template, "locale": locale, "to": to });
    tx.record(allowed, None, &allowed.uid(), Change { before: Value::Null, after }).await?;
    Ok(job)
}
