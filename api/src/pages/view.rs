//! How a struct and its templates become a page.

use tenancy::Locale;

/// What every page shows around its own words.
pub(super) struct Frame<'a> {
    /// The language, for `<html lang>`.
    pub(super) lang: &'static str,
    /// The style sheet.
    pub(super) style: &'static str,
    /// What stands before every path: the path of the public URL, or nothing.
    pub(super) base: &'a str,
    /// What the addresses of forms end in, so that a chosen language stays: `?lang=fr`, or nothing.
    pub(super) choice: &'a str,
    /// The same page in the other language; none where there is no way back to it.
    pub(super) other: Option<String>,
    /// Where people sign in.
    pub(super) app_url: &'a str,
}

/// Something that templates show; [`views!`] implements it.
pub(super) trait View {
    /// Fills the template of a language.
    fn render(&self, locale: Locale, frame: &Frame<'_>) -> askama::Result<String>;
}

/// Binds a struct to its templates, one for each language.
macro_rules! views {
    ($($view:ident { $($locale:ident: $path:tt),+ $(,)? })+) => {$(
        impl $crate::pages::view::View for $view {
            fn render(
                &self,
                locale: tenancy::Locale,
                frame: &$crate::pages::view::Frame<'_>,
            ) -> askama::Result<String> {
                use askama::Template as _;
                match locale {$(
                    tenancy::Locale::$locale => {
                        #[derive(askama::Template)]
                        #[template(path = $path)]
                        #[allow(dead_code, reason = "not every page has something of its own to show")]
                        struct Filled<'f> {
                            page: &'f $view,
                            frame: &'f $crate::pages::view::Frame<'f>,
                        }
                        Filled { page: self, frame }.render()
                    }
                )+}
            }
        }
    )+};
}
pub(super) use views;
