//! The stores of an installation.

use runtime::Config;
use secrecy::ExposeSecret as _;

use crate::{Client, Error, Reach, S3, Store};

/// The folder of objects among the data of this machine.
const FOLDER: &str = "objects";

/// The store of the installation, and how to get to those of others. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stores {
    default: Store,
    reach: Reach,
    client: Client,
}

impl Stores {
    /// With this store for what names no connection. Connections may go where `reach` allows.
    ///
    /// # Errors
    /// If the system's TLS cannot be used.
    pub fn new(default: Store, reach: Reach) -> Result<Self, Error> {
        let client = reach.client()?;
        Ok(Self { default, reach, client })
    }

    /// The stores of this configuration: its bucket, or else a folder among its data. Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the folder or the settings of the bucket cannot be used. Blocks for a moment.
    pub fn configured(config: &Config) -> Result<Self, Error> {
        let default = match &config.s3_url {
            Some(url) => {
                let settings = S3::from_url(url.expose_secret())
                    .map_err(|error| Error::Invalid(format!("S3_URL cannot be used: {error}")))?;
                Store::s3(&settings, &Reach::Anywhere)?
            }
            None => Store::folder(&config.data.join(FOLDER))?,
        };
        Self::new(default, Reach::Public { except: config.connection_networks.clone() })
    }

    /// The store for what names no connection.
    #[must_use]
    pub fn installation(&self) -> &Store {
        &self.default
    }

    /// The bucket that a connection leads to.
    ///
    /// # Errors
    /// As [`Store::s3`].
    pub fn connected(&self, settings: &S3) -> Result<Store, Error> {
        Store::connected(settings, self.client.clone())
    }

    /// Which addresses connections may go to.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// An HTTP client for other providers of connections.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}
