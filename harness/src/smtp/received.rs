//! A mail as a server got it.

/// A mail that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The address in `MAIL FROM`.
    pub from: String,
    /// The addresses in `RCPT TO`.
    pub to: Vec<String>,
    /// Headers and body, with CRLF, without the dots that transport adds.
    pub data: String,
}

impl Received {
    /// The value of a header, its lines joined; none if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.data.split("\r\n").take_while(|line| !line.is_empty());
        let first = lines.find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })?;
        // The search stopped behind it, so what follows is its continuation.
        let rest = lines.take_while(|line| line.starts_with([' ', '\t']));
        Some(rest.fold(first, |value, line| value + " " + line.trim()))
    }

    /// The `Message-ID`, with its brackets; empty if there is none.
    #[must_use]
    pub fn message_id(&self) -> String {
        self.header("Message-ID").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_whole_and_only_above_the_body() {
        let data = "Subject: a\r\n long one\r\nMessage-ID: <1@x>\r\n\r\nTo: nobody\r\n".to_owned();
        let mail = Received { from: String::new(), to: Vec::new(), data };
        assert_eq!(mail.header("subject").as_deref(), Some("a long one"));
        assert_eq!(mail.message_id(), "<1@x>");
        assert_eq!(mail.header("To"), None);
    }
}
