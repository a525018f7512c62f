//! A line to Postgres that a test can cut.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// Passes connections on to a server, while it is whole.
pub(crate) struct Line {
    /// Where to connect instead of the server.
    pub(crate) url: String,
    is_whole: Arc<watch::Sender<bool>>,
    _folder: tempfile::TempDir,
}

impl Line {
    /// A line to the server of a URL, which names the folder of its socket.
    pub(crate) fn to(url: &str) -> Self {
        let (before, rest) = url.split_once("host=").expect("a socket's folder");
        let (folder, after) = rest.split_once('&').unwrap_or((rest, ""));
        let server = PathBuf::from(folder.replace("%2F", "/")).join(".s.PGSQL.5432");
        let own = tempfile::Builder::new().prefix("line-").tempdir_in("/tmp").expect("a folder");
        let listener = UnixListener::bind(own.path().join(".s.PGSQL.5432")).expect("a socket");
        let (is_whole, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (server, mut state) = (server.clone(), state.clone());
                tokio::spawn(async move {
                    if !*state.borrow() {
                        return;
                    }
                    let Ok(mut upstream) = UnixStream::connect(server).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut upstream) => {}
                        _ = state.wait_for(|is_whole| !is_whole) => {}
                    }
                });
            }
        });
        let host = own.path().to_str().expect("UTF-8").replace('/', "%2F");
        Self { url: format!("{before}host={host}&{after}"), is_whole: Arc::new(is_whole), _folder: own }
    }

    /// Ends all connections, and every new one.
    pub(crate) fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}
