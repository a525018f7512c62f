//! Serving HTTP.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use axum::{Extension, Router};
use runtime::Shutdown;
use tokio::net::{TcpListener, UnixListener};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::context::OverControlSocket;
use crate::problem::Problem;
use crate::{layers, openapi, routes};

/// The whole HTTP interface.
pub fn router(app: &App) -> Router {
    let (routes, document) = routes::routes().split_for_parts();
    let document = openapi::finish(document, &app.settings.public_url);
    // Unless told not to, the page sends the document's address to a validator elsewhere.
    let config = Config::from(openapi::PATH).validator_url("none");
    let router = routes
        .with_state(app.clone())
        .merge(SwaggerUi::new("/docs").config(config).url(openapi::PATH, document))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "no_such_route", "nothing is served here") })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this route does not take this method",
            )
        });
    layers::wrap(router, app)
}

/// Serves on an address until the process stops; requests that are under way are finished.
///
/// # Errors
/// If the listener fails.
pub async fn serve(app: &App, listener: TcpListener, shutdown: Shutdown) -> io::Result<()> {
    axum::serve(listener, router(app).into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { shutdown.stopping().await })
        .await
}

/// The control socket: the same interface, where every caller is the operator. Who may open it is a matter of file
/// permissions: nobody but the user who runs the process.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// The file's name in the data folder.
    pub const NAME: &'static str = "control.sock";

    /// Opens the socket in a data folder.
    ///
    /// # Errors
    /// If it cannot be made there, or another process listens on it.
    pub fn open(data: &Path) -> io::Result<Self> {
        let path = data.join(Self::NAME);
        if std::os::unix::net::UnixStream::connect(&path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{} is in use", path.display())));
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Made in a folder that nobody else can enter, and moved: at no moment can others connect.
        let closed = data.join(".control");
        fs::create_dir_all(&closed)?;
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700))?;
        let inside = closed.join("s");
        let _ = fs::remove_file(&inside);
        let listener = UnixListener::bind(&inside)?;
        fs::set_permissions(&inside, fs::Permissions::from_mode(0o600))?;
        fs::rename(&inside, &path)?;
        fs::remove_dir(&closed)?;
        Ok(Self { listener, path })
    }

    /// Serves until the process stops.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(self, app: &App, shutdown: Shutdown) -> io::Result<()> {
        let router = router(app).layer(Extension(OverControlSocket));
        let served = axum::serve(self.listener, router)
            .with_graceful_shutdown(async move { shutdown.stopping().await })
            .await;
        let _ = fs::remove_file(self.path);
        served
    }
}
