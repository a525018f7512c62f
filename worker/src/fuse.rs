//! Where a job can die.

/// What a job does outside of its process goes through a fuse. In tests it burns at a chosen place: the job dies there as with
/// its process, and nothing that it holds is tidied up. Elsewhere it does nothing.
#[derive(Debug, Default)]
pub(crate) struct Fuse {
    #[cfg(test)]
    left: std::sync::Mutex<Option<usize>>,
}

impl Fuse {
    /// Does one thing. The job can die before it, and after it with nobody knowing that it was done.
    pub(crate) async fn at<T>(&self, thing: impl Future<Output = T>) -> T {
        self.pass();
        let done = thing.await;
        self.pass();
        done
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "as in tests")]
    fn pass(&self) {}
}

/// What a job dies of.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Burnt;

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test that cannot go on should stop
impl Fuse {
    /// Burns at the `nth` place from now on, from 1; never if there is none.
    pub(crate) fn set(&self, nth: Option<usize>) {
        *self.left.lock().unwrap() = nth;
    }

    /// Whether it has not burnt since it was set.
    pub(crate) fn is_whole(&self) -> bool {
        self.left.lock().unwrap().is_none_or(|left| left > 0)
    }

    fn pass(&self) {
        let burns = {
            let mut left = self.left.lock().unwrap();
            *left = left.map(|left| left.saturating_sub(1));
            *left == Some(0)
        };
        if burns {
            // Without a word: thousands of these are expected.
            std::panic::resume_unwind(Box::new(Burnt));
        }
    }
}
