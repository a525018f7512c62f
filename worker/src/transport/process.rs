//! Channels inside the process: for one machine, and for `doorward work --once`.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tenancy::queue::Wake;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::transport::WINDOW;

/// A bounded channel for each queue. Clones are the same channels.
#[derive(Debug, Clone)]
pub(crate) struct Process(Arc<Channels>);

#[derive(Debug)]
struct Channels {
    queues: BTreeMap<&'static str, Channel>,
    /// A process that starts anew has forgotten what it was handed before.
    is_marked: AtomicBool,
}

#[derive(Debug)]
struct Channel {
    sender: mpsc::Sender<Wake>,
    receiver: Mutex<mpsc::Receiver<Wake>>,
}

impl Process {
    pub(crate) fn new(queues: BTreeSet<&'static str>) -> Self {
        let channel = || {
            let (sender, receiver) = mpsc::channel(WINDOW);
            Channel { sender, receiver: Mutex::new(receiver) }
        };
        let queues = queues.into_iter().map(|queue| (queue, channel())).collect();
        Self(Arc::new(Channels { queues, is_marked: AtomicBool::new(false) }))
    }

    pub(crate) fn room(&self, queue: &str) -> usize {
        self.0.queues.get(queue).map_or(0, |channel| channel.sender.capacity())
    }

    /// Hands hints over. One that finds no room is left out, and given again when it counts as lost.
    pub(crate) fn push(&self, queue: &str, wakes: &[Wake]) {
        let Some(channel) = self.0.queues.get(queue) else { return };
        for wake in wakes {
            if channel.sender.try_send(*wake).is_err() {
                return;
            }
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        !self.0.is_marked.load(Ordering::Relaxed)
    }

    pub(crate) fn mark(&self) {
        self.0.is_marked.store(true, Ordering::Relaxed);
    }

    /// Returns when `stop` is given and the work that had begun is over.
    pub(crate) async fn consume<F, Fut>(
        &self,
        queue: &str,
        concurrency: usize,
        work: F,
        stop: CancellationToken,
    ) where
        F: Fn(Wake) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let Some(channel) = self.0.queues.get(queue) else { return };
        let (places, tasks) = (Arc::new(Semaphore::new(concurrency)), TaskTracker::new());
        let take = async {
            let mut receiver = channel.receiver.lock().await;
            // The place first: a hint that was taken out has to be worked on.
            while let Ok(place) = Arc::clone(&places).acquire_owned().await
                && let Some(wake) = receiver.recv().await
            {
                let work = work(wake);
                tasks.spawn(async move {
                    work.await;
                    drop(place);
                });
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = take => {}
        }
        tasks.close();
        tasks.wait().await;
    }
}
