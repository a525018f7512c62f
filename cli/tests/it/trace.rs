//! One trace, from the request by way of the job to the mail server.

use harness::otlp::Collector;
use harness::{Redis, Smtp};

use crate::support::{Home, Server};

#[test]
fn a_trace_goes_on_from_the_request_in_the_worker_to_the_mail_server() {
    // proves JOB-3
    let (collector, redis, smtp) =
        (Collector::start().unwrap(), Redis::start().unwrap(), Smtp::start().unwrap());
    let mut home = Home::new();
    home.set("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url());
    home.set("REDIS_URL", &redis.url());
    home.set("SMTP_URL", &smtp.url());
    home.set("DOORWARD_WORKER_LISTEN", "127.0.0.1:0");
    let api = Server::start(home.command(&["serve"]));
    let worker = Server::start(home.command(&["work"]));
    home.run(&["mail", "test", "olga@example.com"]).expect(0);
    smtp.wait_for(1).unwrap();
    // What is left of the traces is sent at the end.
    assert_eq!(worker.terminate(), Some(0));
    assert_eq!(api.terminate(), Some(0));

    let sending = collector.wait_for(|span| span.name == "smtp").unwrap();
    let job = collector
        .wait_for(|span| span.name == "job" && Some(&span.span_id) == sending.parent_id.as_ref())
        .expect("the mail is sent by a job");
    let request = collector
        .wait_for(|span| Some(&span.span_id) == job.parent_id.as_ref())
        .expect("a request asked for it");
    assert_eq!(request.name, "request");
    assert_eq!(request.attributes["route"], "/api/v1/admin/mail/test");
    assert_eq!(job.attributes["kind"], "mail.send");
    assert_eq!([&job.trace_id, &sending.trace_id], [&request.trace_id, &request.trace_id]);
}
