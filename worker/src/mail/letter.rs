//! A mail as its reader gets it, and how a struct and its templates become one.

use tenancy::Locale;

use super::brand::{Brand, PublicLink};

/// The width of the text part, in characters; only an address may be longer.
const WIDTH: usize = 76;

/// A written mail, not yet addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// A whole document.
    pub html: String,
    /// The same for programs that show no HTML.
    pub text: String,
    /// Where it leads, in order.
    pub links: Vec<Link>,
}

/// A link in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is for, in English: operators read it, in the log.
    pub label: &'static str,
    /// The whole address. May hold a token.
    pub url: String,
}

impl Link {
    pub(super) fn new(label: &'static str, link: &PublicLink) -> Self {
        Self { label, url: link.to_string() }
    }
}

/// Why a mail could not be written. No try later helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LetterError {
    /// Links cannot be made.
    #[error("the public URL is not an http or https address")]
    PublicUrl,

    /// Nobody can be sent to where they sign in.
    #[error("the application's URL is not an http or https address")]
    AppUrl,

    /// A template failed.
    #[error("a mail template failed: {0}")]
    Template(#[from] askama::Error),
}

/// One of the three things that templates make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The subject.
    Subject,
    /// The HTML document.
    Html,
    /// The text.
    Text,
}

/// The templates of a mail; `pages!` implements it.
pub trait Pages {
    /// Fills one template. `subject` is for the HTML, whose file has none.
    ///
    /// # Errors
    /// What askama says.
    fn page(&self, part: Part, locale: Locale, brand: &Brand, subject: &str) -> askama::Result<String>;
}

/// A mail with all that it says.
pub trait Written: Pages {
    /// Where it leads.
    fn links(&self) -> Vec<Link>;

    /// Writes it.
    ///
    /// # Errors
    /// [`LetterError::Template`], which no value that a struct can hold brings about.
    fn letter(&self, locale: Locale, brand: &Brand) -> Result<Letter, LetterError> {
        let subject = one_line(&self.page(Part::Subject, locale, brand, "")?);
        let html = self.page(Part::Html, locale, brand, &subject)?;
        let text = laid_out(&self.page(Part::Text, locale, brand, "")?);
        Ok(Letter { subject, html, text, links: self.links() })
    }
}

/// Binds a mail to its templates: each row is a locale with its HTML and its text. The text file has the subject too.
macro_rules! pages {
    ($($mail:ident { $($locale:ident, $lang:tt: $html:tt, $text:tt;)+ })+) => {$(
        impl $crate::mail::letter::Pages for $mail {
            fn page(
                &self,
                part: $crate::mail::letter::Part,
                locale: tenancy::Locale,
                brand: &$crate::mail::brand::Brand,
                subject: &str,
            ) -> askama::Result<String> {
                use askama::Template as _;
                match (locale, part) {$(
                    (tenancy::Locale::$locale, $crate::mail::letter::Part::Subject) => {
                        #[derive(askama::Template)]
                        #[template(path = $text, block = "subject")]
                        #[allow(dead_code, reason = "not every subject names the sender")]
                        struct Subject<'a> {
                            mail: &'a $mail,
                            brand: &'a $crate::mail::brand::Brand,
                        }
                        Subject { mail: self, brand }.render()
                    }
                    (tenancy::Locale::$locale, $crate::mail::letter::Part::Html) => {
                        #[derive(askama::Template)]
                        #[template(path = $html)]
                        struct Html<'a> {
                            mail: &'a $mail,
                            brand: &'a $crate::mail::brand::Brand,
                            subject: &'a str,
                            lang: &'static str,
                        }
                        Html { mail: self, brand, subject, lang: $lang }.render()
                    }
                    (tenancy::Locale::$locale, $crate::mail::letter::Part::Text) => {
                        #[derive(askama::Template)]
                        #[template(path = $text)]
                        struct Text<'a> {
                            mail: &'a $mail,
                            brand: &'a $crate::mail::brand::Brand,
                        }
                        Text { mail: self, brand }.render()
                    }
                )+}
            }
        }
    )+};
}
pub(super) use pages;

/// A subject cannot hold a line break or another control character, whatever its template does.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Breaks long lines between words, and leaves one empty line where templates left more.
fn laid_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for line in text.trim().lines() {
        // The space behind the dashes tells mail programs that a signature begins.
        let line = if line == "-- " { line } else { line.trim_end() };
        if line.is_empty() && out.ends_with("\n\n") {
            continue;
        }
        let mut column = 0;
        // Spaces that do not break, as French has before `?`, stay inside their word.
        for (index, word) in line.split(' ').enumerate() {
            let width = word.chars().count();
            if index > 0 && column + 1 + width > WIDTH {
                out.push('\n');
                column = 0;
            } else if index > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += width;
        }
        out.push('\n');
    }
    out
}
