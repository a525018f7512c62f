//! What makes this installation itself: its secret, and how it keeps accounts.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use runtime::{Config, Random};
use secrecy::SecretString;
use tenancy::{AccountSettings, Db, Identity, MasterKey};

/// The file of the secret, in the data folder.
const FILE: &str = "secret";

/// The store as this installation: with its secret, which every process on one store has to share.
pub(crate) async fn give(db: Db, config: &Config, random: &Random) -> anyhow::Result<Db> {
    let secret = match &config.secret {
        Some(secret) => secret.clone(),
        None => read_or_make(&config.data, random)?,
    };
    let settings = AccountSettings::try_from(config).context("DOORWARD_ADMIN_EMAIL")?;
    let db = db.with_identity(Identity::new(settings, MasterKey::new(&secret), random.clone()));
    ensure!(
        db.recognises_secret().await?,
        "this store was set up with another secret: give every process the same DOORWARD_SECRET, or the file {FILE} of \
         the data folder that the first one used"
    );
    Ok(db)
}

/// Of several processes that make it at once, one does.
fn read_or_make(data: &Path, random: &Random) -> anyhow::Result<SecretString> {
    let path = data.join(FILE);
    let named = || format!("the secret {}", path.display());
    match fs::read_to_string(&path) {
        Ok(text) => {
            let text = text.trim();
            ensure!(text.len() >= 32, "{} is too short: at least 32 characters", named());
            return Ok(text.into());
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(named),
    }
    let hex: String = random.bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
    let half = data.join(format!("{FILE}.{}", std::process::id()));
    write(&half, &hex).with_context(named)?;
    // A link does not replace what another process has put there meanwhile.
    let linked = fs::hard_link(&half, &path);
    fs::remove_file(&half).with_context(named)?;
    match linked {
        Ok(()) => Ok(hex.into()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read_or_make(data, random),
        Err(error) => Err(error).with_context(named),
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
