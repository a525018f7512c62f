use std::{io::Write as _, os::unix::fs::PermissionsExt as _, os::unix::net::UnixStream, path::Path};

use futures::StreamExt as _;
use runtime::{Embedded, Error, embedded};
use sqlx::{Connection as _, Executor as _, PgConnection};

async fn connect(connection: &embedded::Connection) -> PgConnection {
    PgConnection::connect(&connection.url()).await.unwrap()
}

async fn number(client: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(client).await.unwrap()
}

// proves OPS-1
#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let postgres = Embedded::start(data.path()).await.unwrap();
    let mut client = connect(postgres.connection()).await;
    assert_eq!(number(&mut client, "select 1::bigint").await, 1);
    client.execute("create table kept (n bigint); insert into kept values (42)").await.unwrap();
    client.close().await.unwrap();
    postgres.stop().await.unwrap();

    let postgres = Embedded::start(data.path()).await.unwrap();
    let mut client = connect(postgres.connection()).await;
    assert_eq!(number(&mut client, "select n from kept").await, 42);
    client.close().await.unwrap();
    postgres.stop().await.unwrap();
}

// proves OPS-1
#[tokio::test]
async fn a_second_start_on_the_same_folder_is_refused_and_names_who_is_there() {
    let data = tempfile::tempdir().unwrap();
    let postgres = Embedded::start(data.path()).await.unwrap();
    let error = Embedded::start(data.path()).await.unwrap_err();
    assert!(matches!(error, Error::DataInUse { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(data.path().canonicalize().unwrap().to_str().unwrap()), "{text}");
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");

    let mut client = connect(postgres.connection()).await;
    assert_eq!(number(&mut client, "select 1::bigint").await, 1, "the first one is unharmed");
    client.close().await.unwrap();
    postgres.stop().await.unwrap();
}

// proves OPS-1
#[tokio::test]
async fn nobody_else_may_enter_the_folders_even_if_the_data_folder_was_there() {
    let outer = tempfile::tempdir().unwrap();
    let data = outer.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let postgres = Embedded::start(&data).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("postgres")), 0o700);
    assert_eq!(mode(&postgres.connection().folder), 0o700);
    assert_eq!(postgres.connection().folder, data.canonicalize().unwrap().join("socket"));
    postgres.stop().await.unwrap();
}

// proves OPS-1
#[tokio::test]
async fn a_data_folder_with_a_long_path_has_its_socket_elsewhere() {
    let outer = tempfile::tempdir().unwrap();
    let data = outer.path().join("a folder with spaces & a long name ".repeat(3));
    let postgres = Embedded::start(&data).await.unwrap();
    let folder = postgres.connection().folder.clone();
    assert!(!folder.starts_with(&data), "{}", folder.display());
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let mut client = connect(postgres.connection()).await;
    assert_eq!(number(&mut client, "select 1::bigint").await, 1);
    client.close().await.unwrap();
    postgres.stop().await.unwrap();
    assert!(!folder.exists());
}

// proves OPS-1
#[tokio::test]
async fn clients_that_vanish_or_talk_nonsense_do_not_end_it() {
    let data = tempfile::tempdir().unwrap();
    let postgres = Embedded::start(data.path()).await.unwrap();
    let mut client = connect(postgres.connection()).await;
    client.execute("create table kept (n bigint); insert into kept values (7)").await.unwrap();
    // Much of an answer is on its way when the client goes.
    let mut rows =
        sqlx::raw_sql("select repeat('x', 1000) from generate_series(1, 20000)").fetch(&mut client);
    rows.next().await.unwrap().unwrap();
    drop(rows);
    drop(client);

    let socket = postgres.connection().folder.join(".s.PGSQL.5432");
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], b"Q\0\0\0\x04"] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let _ = stream.write_all(nonsense);
        drop(stream);
    }

    let mut client = connect(postgres.connection()).await;
    assert_eq!(number(&mut client, "select n from kept").await, 7);
    client.close().await.unwrap();
    postgres.stop().await.unwrap();
}
