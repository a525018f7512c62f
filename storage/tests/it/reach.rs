//! Connections go nowhere they may not.

use std::net::TcpListener;

use harness::S3 as Server;
use harness::s3::Fault;
use reqwest::Method;
use storage::{Client, Error, Reach, Store};
use url::Url;

use crate::{body, bucket, key, settings};

fn public() -> Reach {
    Reach::Public { except: Vec::new() }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn addresses_in_numbers_are_refused_in_every_form_of_them() {
    // proves CON-1
    for address in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1:9000/",
        "http://169.254.169.254/latest/meta-data",
        "http://0/",
        "https://10.0.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "http://user@example.com/",
        "http://user:secret@example.com/",
    ] {
        let refused = public().check(&url(address));
        assert!(
            matches!(&refused, Err(error @ Error::Unreachable(_)) if error.is_for_good()),
            "{address}: {refused:?}"
        );
        assert!(public().client().unwrap().request(Method::GET, url(address)).is_err(), "{address}");
    }
    for address in ["https://example.com/", "http://1.1.1.1:9000/", "https://[2606:4700::1111]/"] {
        assert_eq!(public().check(&url(address)), Ok(()), "{address}");
    }
}

#[test]
fn networks_that_an_operator_names_are_in_reach() {
    // proves CON-1
    let reach = Reach::Public { except: vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()] };
    for address in ["http://127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://[fd00::1]/"] {
        assert_eq!(reach.check(&url(address)), Ok(()), "{address}");
    }
    for address in ["http://10.0.0.1/", "http://[::1]/", "ftp://127.0.0.1/"] {
        assert!(reach.check(&url(address)).is_err(), "{address}");
    }
    assert_eq!(Reach::Anywhere.check(&url("http://127.0.0.1/")), Ok(()));
    assert!(Reach::Anywhere.check(&url("http://a:b@127.0.0.1/")).is_err());
}

#[tokio::test]
async fn names_that_lead_to_this_machine_are_refused_when_they_are_connected_to() {
    // proves CON-1
    let server = Server::start().unwrap();
    let port = server.address().port();
    let client = public().client().unwrap();
    for host in ["localhost", "localhost.", "LocalHost", "any.localhost"] {
        let request = client.request(Method::GET, url(&format!("http://{host}:{port}/"))).unwrap();
        let error = Client::failed(request.send().await.unwrap_err());
        assert!(matches!(error, Error::Unreachable(_)), "{host}: {error:?}");
    }
    // The same name is reached by those who may.
    let all = Reach::Public { except: vec!["127.0.0.0/8".parse().unwrap()] }.client().unwrap();
    let request = all.request(Method::GET, url(&format!("http://localhost:{port}/"))).unwrap();
    assert!(request.send().await.is_ok());
}

#[tokio::test]
async fn a_bucket_out_of_reach_is_never_asked_and_that_is_for_good() {
    // proves CON-1
    let server = Server::start().unwrap();
    let refused = Store::s3(&settings(&server.url("plain")), &public());
    assert!(matches!(refused, Err(Error::Unreachable(_))), "{refused:?}");
    // A name is only known when it is connected to.
    let store = Store::s3(&settings(&server.virtual_host_url("plain")), &public()).unwrap();
    let name = key("a");
    let one = storage::Remains::Object { key: "a".to_owned() };
    for error in [
        store.put(&name, "text/plain", body("x")).await.unwrap_err(),
        store.get(&name).await.unwrap_err(),
        store.head(&name).await.unwrap_err(),
        store.delete(&name).await.unwrap_err(),
        store.erase(&[one]).await.remove(0).unwrap_err(),
        store.probe().await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Unreachable(_)) && error.is_for_good(), "{error:?}");
    }
    assert_eq!(server.items("plain", ""), []);
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    // proves CON-1
    let server = Server::start().unwrap();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = format!("http://{}/plain/a", elsewhere.local_addr().unwrap());
    for operation in ["GetObject", "HeadObject", "PutObject", "DeleteObject", "ListObjectVersions"] {
        server.faults().on(operation, Fault::Redirect(to.clone()));
    }
    let store = bucket(&server, "plain");
    let name = key("a");
    assert!(store.put(&name, "text/plain", body("x")).await.is_err());
    assert!(store.get(&name).await.is_err());
    assert!(store.head(&name).await.is_err());
    assert!(store.delete(&name).await.is_err());
    assert!(server.requests("GetObject") > 0 && server.requests("HeadObject") > 0);
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
