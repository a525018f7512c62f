use crate::words::words;

words! {
    /// A provider outside.
    Provider {
        /// A bucket, of whoever speaks S3.
        S3 = "s3",
        /// OpenAI, or whoever speaks as it does.
        OpenAi = "openai",
        /// Anthropic.
        Anthropic = "anthropic",
        /// A Kubernetes cluster.
        Kubernetes = "kubernetes",
    }
}

words! {
    /// What a provider is for.
    Category {
        /// Keeping documents.
        ObjectStorage = "object_storage",
        /// Asking models.
        Ai = "ai",
        /// Running things.
        Compute = "compute",
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An address that is connected to with the credentials.
    Endpoint,
    /// An address that others are told, and that nothing is sent to.
    PublicEndpoint,
    /// A name of letters, digits and some marks, so long at most.
    Name(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Folders, each with a `/` behind it; may be empty.
    Prefix,
    /// Visible characters, never shown again.
    Secret,
}

/// A field of settings or credentials.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) presence: Presence,
}

/// What is there where nothing was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It has to be said.
    Required,
    /// Nothing.
    Optional,
    /// This.
    Default(&'static str),
}

/// What a provider wants to know.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) provider: Provider,
    pub(super) category: Category,
    pub(super) settings: &'static [Field],
    pub(super) credentials: &'static [Field],
}

const fn field(name: &'static str, kind: Kind, presence: Presence) -> Field {
    Field { name, kind, presence }
}

use Presence::{Default, Optional, Required};

/// Every provider, one line each.
pub(super) static PROVIDERS: [Spec; 4] = [
    Spec {
        provider: Provider::S3,
        category: Category::ObjectStorage,
        settings: &[
            field("endpoint", Kind::Endpoint, Optional),
            field("public_endpoint", Kind::PublicEndpoint, Optional),
            field("region", Kind::Name(64), Default("us-east-1")),
            field("bucket", Kind::Name(63), Required),
            field("addressing", Kind::Word(&["path", "virtual-host"]), Default("path")),
            field("prefix", Kind::Prefix, Default("")),
        ],
        credentials: &[
            field("access_key", Kind::Secret, Required),
            field("secret_key", Kind::Secret, Required),
        ],
    },
    Spec {
        provider: Provider::OpenAi,
        category: Category::Ai,
        settings: &[
            field("base_url", Kind::Endpoint, Default("https://api.openai.com/v1")),
            field("model", Kind::Name(200), Optional),
        ],
        credentials: &[field("api_key", Kind::Secret, Required)],
    },
    Spec {
        provider: Provider::Anthropic,
        category: Category::Ai,
        settings: &[
            field("base_url", Kind::Endpoint, Default("https://api.anthropic.com/v1")),
            field("model", Kind::Name(200), Optional),
        ],
        credentials: &[field("api_key", Kind::Secret, Required)],
    },
    Spec {
        provider: Provider::Kubernetes,
        category: Category::Compute,
        settings: &[
            field("endpoint", Kind::Endpoint, Required),
            field("namespace", Kind::Name(63), Default("default")),
        ],
        credentials: &[field("token", Kind::Secret, Required)],
    },
];

impl Provider {
    pub(super) fn spec(self) -> &'static Spec {
        // The table has a line for each word, as a test sees.
        PROVIDERS.iter().find(|spec| spec.provider == self).unwrap_or(&PROVIDERS[0])
    }

    /// What it is for.
    #[must_use]
    pub fn category(self) -> Category {
        self.spec().category
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves CON-2
    #[test]
    fn every_provider_has_its_line_and_every_category_a_provider() {
        for provider in Provider::ALL {
            assert_eq!(provider.spec().provider, *provider);
        }
        for category in Category::ALL {
            assert!(PROVIDERS.iter().any(|spec| spec.category == *category), "{category:?}");
        }
    }
}
