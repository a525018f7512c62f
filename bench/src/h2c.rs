//! Load by HTTP/2 without TLS: one connection, many requests open at once.

use std::time::Instant;

use h2::client::SendRequest;
use tokio::net::TcpStream;

use crate::connection::Place;
use crate::load::{Load, Round};
use crate::request::{KEY, Request};

/// Larger than any answer, so that the server never waits for us.
const WINDOW: u32 = 16 * 1024 * 1024;

type Sender = SendRequest<std::io::Cursor<Vec<u8>>>;

/// Asks until `end`.
///
/// # Errors
/// The server speaks no HTTP/2, the connection broke, or an answer is wrong.
pub(crate) fn run(load: &Load, streams: usize, end: Instant) -> anyhow::Result<Round> {
    let Place::Tcp(address) = &load.place else { anyhow::bail!("HTTP/2 is measured by TCP only") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut all = Round::default();
    runtime.block_on(async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut settings = h2::client::Builder::new();
        settings.initial_window_size(WINDOW).initial_connection_window_size(WINDOW);
        let (sender, connection) = settings.handshake(stream).await?;
        let asking = futures::future::try_join_all((0..streams).map(|_| one(load, sender.clone(), end)));
        // The connection ends only by an error: it must not be what is waited for.
        tokio::select! {
            rounds = asking => rounds?.into_iter().for_each(|round| all.add(round)),
            ended = connection => anyhow::bail!("the connection ended: {ended:?}"),
        }
        Ok(all)
    })
}

/// One request after the other.
async fn one(load: &Load, mut sender: Sender, end: Instant) -> anyhow::Result<Round> {
    let mut round = Round::default();
    while Instant::now() < end {
        let request = load.take();
        let start = Instant::now();
        sender = sender.ready().await?;
        let (status, body) = ask(&mut sender, request.as_ref()).await?;
        round.latencies.push(start.elapsed());
        request.as_ref().check(status, &body)?;
        round.decisions += request.as_ref().expects.len();
    }
    Ok(round)
}

async fn ask(sender: &mut Sender, request: &Request) -> anyhow::Result<(u16, Vec<u8>)> {
    let head = http::Request::post(format!("http://localhost{}", request.path))
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", "application/json")
        .body(())?;
    let (answer, mut sending) = sender.send_request(head, false)?;
    sending.send_data(std::io::Cursor::new(request.body().to_vec()), true)?;
    let (head, mut receiving) = answer.await?.into_parts();
    let mut body = vec![];
    while let Some(data) = receiving.data().await {
        let data = data?;
        receiving.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    Ok((head.status.as_u16(), body))
}
