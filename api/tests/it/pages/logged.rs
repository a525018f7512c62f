//! What operators see of visits in the log.

use std::io;
use std::sync::{Arc, Mutex};

use crate::pages::link::{GOOD, LINKED, fields, link};
use crate::support::TestApp;

/// The log of this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Listens until the guard is dropped.
    pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// What was said.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

// proves ASVS 16.2.5
#[tokio::test]
async fn the_log_names_the_page_and_neither_the_token_nor_the_password() {
    let app = TestApp::start().await;
    let log = Log::default();
    let guard = log.listen();
    let mut tokens = vec![];
    for (path, purpose) in LINKED {
        let token = link(&app, purpose).await;
        app.get(&format!("{path}?token={token}")).send().await.expect(200);
        app.post(path).form(&fields(path, &token)).send().await.expect(200);
        app.post(path).form(&fields(path, &token)).send().await.expect(410);
        tokens.push(token);
    }
    drop(guard);
    let log = log.text();
    for (path, _) in LINKED {
        assert!(log.contains(&format!("route=\"{path}\"")), "{path} is not in {log}");
    }
    for secret in tokens.iter().map(String::as_str).chain(["token=", "dwl_", GOOD.trim()]) {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}
