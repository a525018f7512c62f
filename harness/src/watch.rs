//! A server process that ends when its owner does, however the owner ends.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Runs the command in `"$@"`, behind the name of a signal, until standard input ends, then stops it with that signal and
/// removes the folder `$0`.
///
/// The owner holds the other end of standard input, and the kernel closes that even when the owner is killed. So
/// there is no unsafe code, no signal that only Linux has, and nothing left behind. The reader is the part in the
/// background, for `wait` to notice a server that ends too early. A server that a test has stopped gets SIGCONT, or it
/// would never hear of the other.
///
/// A first line kills the server, a second one starts it again, and so on. The processes of a killed server end one
/// after the other, and none of them may be there when the next one starts: they all hold the pipe `alive` open. The
/// reader ignores SIGTERM once it kills, since only its exit status tells that the end was wanted.
///
/// When the owner of a stopped server dies, the kernel sends SIGHUP to the whole group: the shell has to outlive that.
const SCRIPT: &str = r#"
trap '' HUP
signal=$1
shift
exec 3<&0 </dev/null
mkfifo "$0/alive"
while :; do
    cat "$0/alive" >/dev/null 3<&- &
    family=$!
    "$@" >"$0/alive" 3<&- &
    server=$!
    (
        if read -r _ <&3; then
            trap '' TERM
            kill -KILL "$server"
        else
            kill -"$signal" "$server"
            kill -CONT "$server"
            exit 1
        fi
    ) &
    reader=$!
    wait "$server"
    status=$?
    kill "$reader"
    wait "$reader" || break
    wait "$family"
    read -r _ <&3 || break
done
exec 3<&-
rm -rf -- "$0"
exit "$status"
"#;

/// The account to run as, where the owner's own will not do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Account {
    /// Makes a command run as this account.
    pub(crate) fn apply(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

/// The signal that stops a server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// SIGINT, for those that handle it: what a shell starts in the background ignores it otherwise.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Stop {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
        }
    }
}

/// The running server. Dropping it stops the server and waits until it has ended.
#[derive(Debug)]
pub(crate) struct Watched {
    shell: Child,
}

impl Watched {
    /// Starts `server`, a program with its arguments, in `folder`; what it says goes to `log`, and `stop` ends it.
    pub(crate) fn start(
        folder: &Path,
        account: Option<Account>,
        server: &[&str],
        stop: Stop,
        log: std::fs::File,
    ) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).arg(folder).arg(stop.name()).args(server);
        if let Some(account) = account {
            account.apply(&mut command);
        }
        // A group of its own: Ctrl-C in a terminal reaches the owner only, and the server ends after it. The output
        // is not inherited, or else test runners would wait for it to be closed.
        command.current_dir(folder).process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        Ok(Self { shell: command.spawn()? })
    }

    /// Kills the server, which [`Self::start_again`] can start again in its folder.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.tell()
    }

    /// Starts the server that was killed, as soon as all its processes have ended.
    pub(crate) fn start_again(&mut self) -> io::Result<()> {
        self.tell()
    }

    fn tell(&mut self) -> io::Result<()> {
        self.shell.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write_all(b"\n")
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // A server that cannot be waited for has ended already.
        let _ = self.shell.wait();
    }
}
