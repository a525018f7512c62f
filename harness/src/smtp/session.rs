//! One connection, from the greeting to its end.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::faults::State;
use super::received::Received;
use super::tls::{Identity, Stream};
use super::{Options, Security, Shared};

/// What all sessions of a server share.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) options: Options,
    pub(super) tls: Option<Identity>,
    pub(super) shared: Arc<Shared>,
}

/// What goes on after a command.
enum Next {
    Reply(String),
    Close(String),
    /// Not even an answer.
    Drop,
    Encrypt,
    Data,
}

struct Session<'a> {
    host: &'a Host,
    stream: BufReader<Stream>,
    signed_in: bool,
    from: Option<String>,
    to: Vec<String>,
}

/// Serves a connection to its end.
pub(super) fn serve(host: &Host, stream: TcpStream) -> io::Result<()> {
    let stream = match (&host.tls, host.options.security) {
        (Some(identity), Security::Implicit) => Stream::encrypted(stream, identity)?,
        _ => Stream::Plain(stream),
    };
    let stream = BufReader::new(stream);
    let mut session = Session { host, stream, signed_in: false, from: None, to: Vec::new() };
    match host.shared.faults.greeting() {
        _ if !session.is_up()? => return Ok(()),
        Some(greeting) => return session.say(&greeting),
        None => session.say("220 localhost ESMTP")?,
    }
    let mut line = String::new();
    loop {
        line.clear();
        if session.stream.read_line(&mut line)? == 0 || !session.is_up()? {
            return Ok(());
        }
        match session.take(line.trim_end()) {
            Next::Reply(reply) => session.say(&reply)?,
            Next::Close(reply) => return session.say(&reply),
            Next::Drop => return Ok(()),
            Next::Encrypt => session = session.encrypt()?,
            Next::Data => match session.data()? {
                Next::Reply(reply) => session.say(&reply)?,
                _ => return Ok(()),
            },
        }
    }
}

impl Session<'_> {
    fn say(&mut self, reply: &str) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{reply}\r\n").as_bytes())?;
        stream.flush()
    }

    /// Whether to go on. A silent server stays until the other side has gone.
    fn is_up(&mut self) -> io::Result<bool> {
        match self.host.shared.faults.state() {
            State::Up => return Ok(true),
            State::Busy => self.say("421 4.3.2 localhost is busy")?,
            State::Down => {}
            State::Silent => {
                io::copy(&mut self.stream, &mut io::sink())?;
            }
        }
        Ok(false)
    }

    fn take(&mut self, line: &str) -> Next {
        if !self.stream.get_ref().is_encrypted() {
            self.host.shared.record().in_clear.push(line.to_owned());
        }
        let reply = |text: &str| Next::Reply(text.to_owned());
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => Next::Reply(self.features()),
            "HELO" | "NOOP" => reply("250 2.0.0 ok"),
            "RSET" => {
                self.forget();
                reply("250 2.0.0 ok")
            }
            "QUIT" => Next::Close("221 2.0.0 bye".to_owned()),
            "STARTTLS" if self.offers_starttls() => Next::Encrypt,
            "AUTH" => self.sign_in(rest),
            "MAIL" if self.host.options.login.is_some() && !self.signed_in => {
                reply("530 5.7.0 authentication required")
            }
            "MAIL" => match (self.host.shared.faults.sender(), address(rest)) {
                (Some(fault), _) => Next::Reply(fault),
                (None, Some(from)) => {
                    self.from = Some(from);
                    reply("250 2.1.0 ok")
                }
                (None, None) => reply("501 5.1.7 no address"),
            },
            "RCPT" if self.from.is_none() => reply("503 5.5.1 MAIL first"),
            "RCPT" => match address(rest) {
                Some(to) => match self.host.shared.faults.recipient(&to) {
                    Some(fault) => Next::Reply(fault),
                    None => {
                        self.to.push(to);
                        reply("250 2.1.5 ok")
                    }
                },
                None => reply("501 5.1.3 no address"),
            },
            "DATA" if self.to.is_empty() => reply("503 5.5.1 RCPT first"),
            "DATA" => Next::Data,
            _ => reply("502 5.5.2 not known"),
        }
    }

    fn offers_starttls(&self) -> bool {
        self.host.options.security == Security::StartTls && !self.stream.get_ref().is_encrypted()
    }

    fn features(&self) -> String {
        let mut features = vec!["localhost", "8BITMIME", "ENHANCEDSTATUSCODES"];
        if self.offers_starttls() {
            features.push("STARTTLS");
        }
        if self.host.options.login.is_some() {
            features.push("AUTH PLAIN");
        }
        let last = features.len() - 1;
        let line =
            |(at, feature): (usize, &&str)| format!("250{}{feature}", if at == last { ' ' } else { '-' });
        features.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }

    fn sign_in(&mut self, rest: &str) -> Next {
        let right = self.host.options.login.as_ref().map(|(user, password)| format!("\0{user}\0{password}"));
        let given = rest.strip_prefix("PLAIN ").and_then(|text| STANDARD.decode(text).ok());
        self.signed_in = given.is_some() && given == right.map(String::into_bytes);
        // Some servers say again what they were told, and errors must not.
        let refusal = || format!("535 5.7.8 not accepted: AUTH {rest}");
        Next::Reply(if self.signed_in { "235 2.7.0 welcome".to_owned() } else { refusal() })
    }

    /// What came before counts no longer (RFC 3207).
    fn encrypt(mut self) -> io::Result<Self> {
        self.say("220 2.0.0 go on")?;
        let Some(identity) = &self.host.tls else { return Err(io::ErrorKind::Unsupported.into()) };
        let Stream::Plain(stream) = self.stream.into_inner() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let stream = BufReader::new(Stream::encrypted(stream, identity)?);
        Ok(Self { host: self.host, stream, signed_in: false, from: None, to: Vec::new() })
    }

    fn data(&mut self) -> io::Result<Next> {
        self.say("354 go on")?;
        let mut data = Vec::new();
        loop {
            let start = data.len();
            if self.stream.read_until(b'\n', &mut data)? == 0 {
                return Ok(Next::Drop);
            }
            if data.get(start..) == Some(b".\r\n") {
                data.truncate(start);
                break;
            }
            if data.get(start) == Some(&b'.') {
                data.remove(start);
            }
        }
        if !self.is_up()? {
            return Ok(Next::Drop);
        }
        if let Some(fault) = self.host.shared.faults.content() {
            self.forget();
            return Ok(Next::Reply(fault));
        }
        let data = String::from_utf8_lossy(&data).into_owned();
        let mail =
            Received { from: self.from.take().unwrap_or_default(), to: std::mem::take(&mut self.to), data };
        self.host.shared.record().mails.push(mail);
        self.host.shared.changed.notify_all();
        if self.host.shared.faults.loses() {
            return Ok(Next::Drop);
        }
        Ok(Next::Reply("250 2.0.0 taken".to_owned()))
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

/// What stands in angle brackets.
fn address(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('<')?;
    Some(rest.split_once('>')?.0.to_owned())
}
