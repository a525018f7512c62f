//! A Doorward that is killed, frozen and started again.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use crate::support::Home;

/// A process that a supervisor keeps alive.
pub(crate) struct Process {
    pub(crate) name: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
    is_frozen: bool,
    is_asked_to_stop: bool,
    /// How it ended once it had begun to work, if nobody had wanted that or it was not the right way.
    pub(crate) falls: Vec<String>,
}

impl Process {
    /// `doorward` with these arguments, not started yet. Its name names its files, too.
    pub(crate) fn new(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            name: name.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: environment.iter().map(owned).collect(),
            child: None,
            is_frozen: false,
            is_asked_to_stop: false,
            falls: vec![],
        }
    }

    /// Starts it, if it does not run.
    pub(crate) fn start(&mut self, home: &Home) {
        if self.child.is_some() {
            return;
        }
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        // A pipe that nobody reads would stop it some day.
        let log = File::options().append(true).create(true).open(home.path(&self.file("log"))).unwrap();
        let banner = File::create(home.path(&self.file("out"))).unwrap();
        let mut command = home.command(&arguments);
        command.envs(self.environment.iter().cloned()).stdin(Stdio::null()).stdout(banner).stderr(log);
        self.child = Some(command.spawn().unwrap());
        (self.is_frozen, self.is_asked_to_stop) = (false, false);
    }

    /// Starts it again if it has ended by itself.
    pub(crate) fn tend(&mut self, home: &Home) {
        let Some(ended) = self.child.as_mut().and_then(|child| child.try_wait().unwrap()) else { return };
        // Without its store it does not start, and says so; a supervisor tries again.
        let is_fine = self.is_asked_to_stop && ended.success();
        if self.is_ready(home) && !is_fine {
            self.falls.push(format!("{} ended: {ended}", self.name));
        }
        self.child = None;
        self.start(home);
    }

    /// Whether it has begun to work.
    pub(crate) fn is_ready(&self, home: &Home) -> bool {
        self.child.is_some() && fs::metadata(home.path(&self.file("out"))).is_ok_and(|out| out.len() > 0)
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Asks it to end what it does, as an operator would.
    pub(crate) fn stop(&mut self) {
        self.is_asked_to_stop = true;
        self.signal("-TERM");
    }

    /// Whether it is about to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_asked_to_stop && self.child.is_some()
    }

    /// Stops it in the middle of what it does.
    pub(crate) fn freeze(&mut self) {
        self.is_frozen = true;
        self.signal("-STOP");
    }

    /// Lets it go on after [`Self::freeze`].
    pub(crate) fn thaw(&mut self) {
        if std::mem::take(&mut self.is_frozen) {
            self.signal("-CONT");
        }
    }

    /// What it logged, all its lives together.
    pub(crate) fn log(&self, home: &Home) -> String {
        fs::read(home.path(&self.file("log")))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            // It may have ended meanwhile.
            let _ = Command::new("kill").args([name, &child.id().to_string()]).stderr(Stdio::null()).status();
        }
    }

    fn file(&self, ending: &str) -> String {
        format!("{}.{ending}", self.name)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
