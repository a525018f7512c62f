/// Whether a text may be an e-mail address. Whether there is such a mailbox, only a mail can tell.
#[must_use]
pub(crate) fn is_address(text: &str) -> bool {
    let has_at = text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    has_at && text.len() <= 254 && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}
