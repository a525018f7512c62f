//! The control socket.

use std::io;
use std::path::Path;

use axum::Extension;
use runtime::Shutdown;

use crate::accept;
use crate::app::App;
use crate::context::OverControlSocket;
use crate::listener::Listener;
use crate::server::router;
use crate::socket_file::SocketFile;

/// The control socket: the same interface, where every caller is the operator. Who may open it is a matter of file
/// permissions: nobody but the user who runs the process.
#[derive(Debug)]
pub struct ControlSocket(Listener);

impl ControlSocket {
    /// The file's name in the data folder.
    pub const NAME: &'static str = "control.sock";

    /// Opens the socket in a data folder.
    ///
    /// # Errors
    /// If it cannot be made there, or another process listens on it.
    pub fn open(data: &Path) -> io::Result<Self> {
        let (listener, file) = SocketFile::open(&data.join(Self::NAME), 0o600)?;
        Ok(Self(Listener::unix(listener, file)))
    }

    /// Serves until the process stops. Its connections are counted apart: applications cannot keep the operator out.
    pub async fn serve(self, app: &App, shutdown: Shutdown) {
        let router = router(app).layer(Extension(OverControlSocket));
        accept::serve(vec![self.0], router, app.settings.limits.clone(), shutdown).await;
    }
}
