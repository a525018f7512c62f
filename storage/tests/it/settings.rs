//! How a bucket is named.

use secrecy::ExposeSecret as _;
use storage::{Addressing, S3};

#[test]
fn an_address_names_everything_about_a_bucket() {
    // proves OPS-5
    let all = S3::from_url(
        "s3://AK:se%2Fcr%3Aet%40@minio.example:9000/documents/of/ours?region=eu-west-1&tls=false\
         &public_endpoint=https%3A%2F%2Ffiles.example&addressing=virtual-host",
    )
    .unwrap();
    assert_eq!(all.endpoint.unwrap().as_str(), "http://minio.example:9000/");
    assert_eq!(all.public_endpoint.unwrap().as_str(), "https://files.example/");
    assert_eq!((all.region.as_str(), all.bucket.as_str()), ("eu-west-1", "documents"));
    assert_eq!((all.access_key.as_str(), all.secret_key.expose_secret()), ("AK", "se/cr:et@"));
    assert_eq!((all.addressing, all.prefix.as_str()), (Addressing::VirtualHost, "of/ours/"));

    let least = S3::from_url("s3://AK:SECRET@minio.example/documents").unwrap();
    assert_eq!(least.endpoint.unwrap().as_str(), "https://minio.example/");
    assert_eq!((least.region.as_str(), least.prefix.as_str()), ("us-east-1", ""));
    assert_eq!((least.addressing, least.public_endpoint), (Addressing::Path, None));

    let aws = S3::from_url("s3://AK:SECRET@/documents?region=eu-west-1").unwrap();
    assert_eq!((aws.endpoint, aws.region.as_str()), (None, "eu-west-1"));
    // What people paste, who do not escape it.
    let pasted = S3::from_url("s3://AK:se/cr+et@minio.example/documents").unwrap();
    assert_eq!(pasted.secret_key.expose_secret(), "se/cr+et");
}

#[test]
fn what_is_wrong_with_an_address_is_told_without_its_secret() {
    // proves OPS-5
    for (bad, told) in [
        ("https://AK:SECRET@h/b", "begins with s3://"),
        ("s3://h/bucket", "ACCESS:SECRET@"),
        ("s3://SECRET@h/bucket", "have a : between"),
        ("s3://AK:SECRET@h", "a bucket follows"),
        ("s3://AK:SECRET@h/", "name of a bucket"),
        ("s3://AK:SECRET@h/no", "name of a bucket"),
        ("s3://AK:SECRET@h/a..b", "name of a bucket"),
        ("s3://AK:SECRET@/bucket", "AWS needs ?region"),
        ("s3://AK:SECRET@h/bucket?regoin=x", "regoin is not known"),
        ("s3://AK:SECRET@h/bucket?tls=no", "tls is true or false"),
        ("s3://AK:SECRET@h/bucket?addressing=host", "addressing is path or"),
        ("s3://AK:SECRET@h/bucket?public_endpoint=files", "public_endpoint is no address"),
        ("s3://AK:SECRET@h/bucket?public_endpoint=ftp://files", "begins with http"),
        ("s3://AK:SECRET@h/bucket?public_endpoint=https://a:SECRET@files", "no endpoint has a user"),
        ("s3://AK:SECRET@h/bucket?region=", "a region has"),
        ("s3://AK:SECRET@h/bucket?region=../x", "a region has"),
        ("s3://:SECRET@h/bucket", "access key is empty"),
        ("s3://AK:@h/bucket", "secret key is empty"),
        ("s3://AK:SECRET%0A@h/bucket", "secret key is empty or"),
        ("s3://AK:SECRET@h/bucket/a/../b", "a prefix has"),
        ("s3://AK:SECRET@h/bucket//a", "a prefix has"),
    ] {
        let error = S3::from_url(bad).unwrap_err().to_string();
        assert!(error.contains(told), "{bad}: {error}");
        assert!(!error.contains("SECRET") || error.contains("ACCESS:SECRET"), "{bad}: {error}");
    }
}

#[test]
fn stored_settings_are_read_strictly_and_shown_without_their_secret() {
    // proves CON-1
    let json = r#"{"region":"eu-west-1","bucket":"documents","access_key":"AK","secret_key":"SECRET"}"#;
    let settings: S3 = serde_json::from_str(json).unwrap();
    assert!(settings.check().is_ok());
    assert!(!format!("{settings:?}").contains("SECRET"));
    let more = json.replace("\"bucket\"", "\"colour\":1,\"bucket\"");
    assert!(serde_json::from_str::<S3>(&more).is_err());
    let other = json.replace("\"bucket\"", "\"endpoint\":\"https://u:SECRET@h/\",\"bucket\"");
    let other: S3 = serde_json::from_str(&other).unwrap();
    assert!(other.check().is_err());
    assert!(!format!("{other:?}").contains("SECRET"));
}
