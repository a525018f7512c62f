//! The services of the compose file as processes on this machine, with the environment that they have there.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::file::{Compose, Service, Variables, interpolated, secrets};
use crate::support::{Ended, Server, repository, until};

/// All of them on one machine: what the file says, and where its names lead to here.
struct Machine {
    compose: Compose,
    set: Variables,
    database: harness::Database,
    /// Where services are that others ask for by name and port, such as `redis:6379`.
    places: BTreeMap<&'static str, String>,
    folder: TempDir,
    mail: harness::Smtp,
    _redis: Redis,
}

/// The Redis of the file, started by its own command.
struct Redis(Child);

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Machine {
    fn start() -> Self {
        let (compose, folder) = (Compose::read(), tempfile::tempdir().unwrap());
        let (_, set) = secrets(folder.path());
        let database = harness::database("empty", |_| Ok(())).unwrap();
        let (redis, at) = redis(compose.service("redis"), &set, folder.path());
        let mail = harness::Smtp::start().unwrap();
        let places = BTreeMap::from([
            ("redis:6379", at),
            ("mail:1025", mail.address().to_string()),
            ("0.0.0.0:8080", free().replace("127.0.0.1", "0.0.0.0")),
            ("0.0.0.0:8081", free().replace("127.0.0.1", "0.0.0.0")),
        ]);
        Self { compose, set, database, places, folder, mail, _redis: redis }
    }

    /// The environment of a service of ours.
    fn environment(&self, name: &str) -> Variables {
        let service = self.compose.service(name);
        let mut all = service.environment(&self.set);
        for value in all.values_mut() {
            for (there, here) in &self.places {
                *value = value.replace(there, here);
            }
            if value.starts_with('/') {
                *value = self.path(name, service, value).to_str().unwrap().to_owned();
            }
        }
        // The harness has its server on a socket, and a name for each test.
        assert!(all["DATABASE_URL"].ends_with("@postgres:5432/doorward"));
        all.insert("DATABASE_URL".to_owned(), self.database.url.clone());
        all
    }

    /// Where a path of a container is: in what is mounted there, which has to be written down.
    fn path(&self, name: &str, service: &Service, path: &str) -> PathBuf {
        for volume in &service.volumes {
            let [source, target, mode] = volume.split(':').collect::<Vec<_>>()[..] else {
                panic!("{volume} says not how")
            };
            if path == target {
                assert_eq!(mode, "ro");
                return repository().join(source);
            }
        }
        let is_memory = service.tmpfs.iter().any(|mount| mount.split(':').next() == Some(path));
        assert!(is_memory, "{name} has nothing at {path}, and its root is read-only");
        self.folder.path().join(name)
    }

    /// A command of a service of ours, with its environment and nothing of that of the test.
    fn command(&self, name: &str, arguments: &[String]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(self.environment(name));
        command
    }

    /// Starts a service of ours.
    fn run(&self, name: &str) -> Server {
        Server::start(self.command(name, &self.compose.service(name).command))
    }

    /// Runs its health check.
    fn check(&self, name: &str) -> Ended {
        let [how, program, arguments @ ..] = self.compose.service(name).healthcheck.test.as_slice() else {
            panic!("{name} has none")
        };
        assert_eq!((how.as_str(), program.as_str()), ("CMD", "doorward"));
        self.ask(name, arguments)
    }

    /// Runs a command beside a service, as `docker compose exec` does.
    fn ask(&self, name: &str, arguments: &[String]) -> Ended {
        Ended::from(self.command(name, arguments).stdin(Stdio::null()).output().unwrap())
    }
}

/// An address where nobody is.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// What Redis answers to some commands.
fn told(address: &str, commands: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(format!("{commands}QUIT\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Starts it by the command of the file, on a port that is free here.
fn redis(service: &Service, set: &Variables, folder: &Path) -> (Redis, String) {
    let address = free();
    let port = address.rsplit_once(':').unwrap().1;
    let here = format!("redis-server - --bind 127.0.0.1 --port {port} --dir {}", folder.display());
    let [shell, option, script] = service.command.as_slice() else { panic!("a script for a shell") };
    let script = interpolated(script, set).unwrap();
    assert_eq!(script.matches("redis-server -").count(), 1, "{script}");
    let mut command = Command::new(shell);
    command.arg(option).arg(script.replace("redis-server -", &here));
    command.envs(service.environment(set)).stdout(Stdio::null());
    let redis = Redis(command.spawn().unwrap());
    let login = format!("AUTH {}\r\nPING\r\nCONFIG GET save\r\n", set["REDIS_PASSWORD"]);
    until("Redis answers to whoever has the password", || {
        told(&address, &login).is_some_and(|answer| answer.starts_with("+OK\r\n+PONG\r\n"))
    });
    let kept = told(&address, &login).unwrap();
    assert!(kept.contains("$4\r\nsave\r\n$0\r\n"), "it keeps nothing: {kept}");
    let others = told(&address, "PING\r\n").unwrap();
    assert!(others.starts_with("-NOAUTH"), "{others}");
    (redis, address)
}

/// A person whose e-mail is not verified yet.
const PENDING: &str = r#"{"user": {"id": "019aa000-0000-7000-8000-000000000001", "email": "pat@example.com", "name": "Pat", "status": "pending", "approval_due_at": "2040-01-01T00:00:00Z"}}"#;

#[test]
fn the_services_of_the_compose_file_work_together_as_processes() {
    // proves OPS-1, OPS-2, OPS-4
    let machine = Machine::start();
    assert_eq!(machine.check("api").expect(1).stdout.lines().count(), 1, "it does not run yet");
    let api = machine.run("api");
    assert!(api.banner.contains("Postgres of DATABASE_URL"), "{}", api.banner);
    machine.check("api").expect(0);

    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let listed = machine.ask("api", &words(&format!("key list --url {}", api.address))).expect(0);
    assert!(listed.stdout.contains("bootstrap"), "the key of .env is known: {}", listed.stdout);
    std::fs::write(machine.folder.path().join("pending.ndjson"), PENDING).unwrap();
    machine.ask("api", &words("import pending.ndjson")).expect(0);
    let rows = machine.database.run("select email, status from users").unwrap();
    assert_eq!(rows.trim(), "pat@example.com|pending");

    machine.check("worker").expect(1);
    let worker = machine.run("worker");
    assert!(worker.banner.contains("jobs through Redis"), "{}", worker.banner);
    until("the worker is ready", || machine.check("worker").code == Some(0));
    machine.ask("api", &words("mail test olga@example.com --template invitation")).expect(0);
    let mails = machine.mail.wait_for(1).unwrap();
    assert_eq!(mails[0].to, ["olga@example.com"]);
    let host = "@localhost>";
    assert!(mails[0].message_id().ends_with(host), "{}", mails[0].message_id());
    until("the job is done", || {
        machine.database.run("select state from jobs where kind = 'mail.send'").unwrap().trim() == "done"
    });

    assert_eq!(worker.terminate(), Some(0));
    assert_eq!(api.terminate(), Some(0));
    machine.check("api").expect(1);
    machine.check("worker").expect(1);
}
