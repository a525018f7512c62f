//! What is counted of requests.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use axum::http::Method;
use metrics::{Counter, Histogram};

/// Where one kind of answer is counted.
struct Figures {
    method: &'static str,
    status: u16,
    requests: Counter,
    seconds: Histogram,
}

thread_local! {
    /// By route. Looking a counter up by its labels takes longer than many an answer; routes, methods and statuses
    /// are few.
    static KNOWN: RefCell<HashMap<String, Vec<Figures>>> = RefCell::default();
}

/// Counts an answer.
pub(crate) fn count(route: &str, method: &Method, status: u16, elapsed: Duration) {
    let method = label(method);
    KNOWN.with_borrow_mut(|known| {
        if !known.contains_key(route) {
            known.insert(route.to_owned(), vec![]);
        }
        let Some(of_route) = known.get_mut(route) else { return };
        let place = of_route.iter().position(|one| one.status == status && one.method == method);
        let place = place.unwrap_or_else(|| {
            of_route.push(Figures::new(route.to_owned(), method, status));
            of_route.len() - 1
        });
        let figures = &of_route[place];
        figures.requests.increment(1);
        figures.seconds.record(elapsed);
    });
}

impl Figures {
    fn new(route: String, method: &'static str, status: u16) -> Self {
        let labels = [("method", method.to_owned()), ("route", route), ("status", status.to_string())];
        Self {
            method,
            status,
            requests: metrics::counter!("doorward_http_requests_total", &labels),
            seconds: metrics::histogram!("doorward_http_request_seconds", &labels[..2]),
        }
    }
}

/// A method as a label: clients may make up others, and each would be a time series of its own.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
