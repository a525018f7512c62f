use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

/// The longest path of a socket file, in bytes: systems take little more than a hundred, and making the file needs
/// some of them.
const PATH: usize = 96;

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An IP address and a port, written `127.0.0.1:8080`.
    Tcp(SocketAddr),
    /// The file of a Unix socket, written `unix:/run/doorward.sock`.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(path) = text.strip_prefix("unix:") else {
            return text.parse().map(Self::Tcp).map_err(|_| ());
        };
        // `unix://host/path` is a URL of something else.
        let fits = path.len() <= PATH && !path.starts_with("//") && !path.contains('\0');
        let path = PathBuf::from(path);
        if fits && path.file_name().is_some() { Ok(Self::Unix(path)) } else { Err(()) }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
