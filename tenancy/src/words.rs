//! Closed lists of words, the same in Rust, SQL, JSON and the policy folder.

/// An enum of words with their one spelling.
// `tt`, and not `literal`: those reach derives inside a group, and utoipa, unlike serde, does not look into it.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:tt,)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[$word_doc])* #[serde(rename = $text)] $word,)+
        }

        #[allow(dead_code)] // not every list is walked or read
        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$word,)+];

            /// The one with this spelling.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }

            /// The word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)+
                }
            }
        }
    };
}
pub(crate) use words;
