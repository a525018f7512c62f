//! An archive (ZIP, with the 64-bit extension) that is read while it is written.

use std::io::{self, Write};

use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, spawn_blocking};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Pieces that wait on either side of the thread that packs.
const WAITING: usize = 8;

/// What is told to the thread that packs.
enum Piece {
    /// A file begins, whose content can be packed tightly.
    Text(String),
    /// A file begins, whose content is taken as it is.
    Raw(String),
    /// More of it.
    Bytes(Bytes),
    /// There are no more files.
    End,
}

/// The side that is written to.
pub(super) struct Archive {
    pieces: Sender<Piece>,
    packing: JoinHandle<()>,
}

impl Archive {
    /// An empty one, and its bytes as they come. They end with an error if the archive is dropped before it is ended.
    pub(super) fn begin() -> (Self, impl Stream<Item = io::Result<Bytes>> + Send) {
        let (pieces, to_pack) = channel(WAITING);
        let (packed, bytes) = channel(WAITING);
        let packing = spawn_blocking(move || {
            let out = Out(packed.clone());
            if let Err(error) = pack(to_pack, out) {
                // Nobody listens if the upload has failed.
                let _ = packed.blocking_send(Err(error));
            }
        });
        let bytes = unfold(bytes, |mut bytes: Receiver<_>| async move { Some((bytes.recv().await?, bytes)) });
        (Self { pieces, packing }, bytes)
    }

    /// Begins a file of text.
    pub(super) async fn text(&self, name: impl Into<String> + Send) -> io::Result<()> {
        self.tell(Piece::Text(name.into())).await
    }

    /// Begins a file of anything.
    pub(super) async fn raw(&self, name: impl Into<String> + Send) -> io::Result<()> {
        self.tell(Piece::Raw(name.into())).await
    }

    /// Goes on with the file.
    pub(super) async fn write(&self, bytes: impl Into<Bytes> + Send) -> io::Result<()> {
        self.tell(Piece::Bytes(bytes.into())).await
    }

    /// Ends the archive. Without this, its bytes end with an error.
    pub(super) async fn end(self) -> io::Result<()> {
        self.tell(Piece::End).await?;
        self.packing.await.map_err(io::Error::other)
    }

    async fn tell(&self, piece: Piece) -> io::Result<()> {
        self.pieces.send(piece).await.map_err(|_| io::Error::other("the archive is not taken any more"))
    }
}

fn pack(mut pieces: Receiver<Piece>, out: Out) -> io::Result<()> {
    // Sizes are not known before: each file may be larger than 4 GiB.
    let options = SimpleFileOptions::default().large_file(true);
    let mut zip = ZipWriter::new_stream(io::BufWriter::with_capacity(64 << 10, out));
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Text(name)) => {
                zip.start_file(name, options.compression_method(CompressionMethod::Deflated))?;
            }
            Some(Piece::Raw(name)) => {
                zip.start_file(name, options.compression_method(CompressionMethod::Stored))?
            }
            Some(Piece::Bytes(bytes)) => zip.write_all(&bytes)?,
            Some(Piece::End) => return zip.finish()?.into_inner().flush(),
            None => return Err(io::Error::other("the content ended before the archive did")),
        }
    }
}

/// Hands written bytes on.
struct Out(Sender<io::Result<Bytes>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::Error::other("the archive is not taken any more"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
