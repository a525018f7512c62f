//! Names for requests that bring none.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderValue;
use runtime::Random;

/// Makes ids of 32 hexadecimal digits: 16 that tell one process from all others, and 16 that count. They connect log
/// lines and protect nothing, so nobody has to be kept from guessing them.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(random: &Random) -> Self {
        Self { process: u64::from_be_bytes(random.bytes()), next: AtomicU64::new(0) }
    }

    /// An id that no other request has.
    pub(crate) fn next(&self) -> HeaderValue {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let mut text = [0; 32];
        let bits = (u128::from(self.process) << 64) | u128::from(count);
        for (place, digit) in text.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(bits >> (124 - 4 * place) & 0xf) as usize];
        }
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}
