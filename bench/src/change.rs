//! One change and the next decision that has seen it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::connection::{Connection, Place};
use crate::load::Round;
use crate::request::{DOORWARD, Request, SINGLE};
use crate::world::{Document, Question, User, World};

/// How long a change may stay unseen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A change that takes a permission away, one that gives it back, and the question that tells.
pub(crate) struct Change {
    connection: Connection,
    away: Request,
    back: Request,
    question: String,
}

/// An editor of the first organization, and a document that the editor may edit.
const EDITOR: User = User { org: 0, number: 4 };
const DOCUMENT: Document = Document { org: 0, number: 1 };

impl Change {
    /// An attribute of a document, which a policy forbids to edit while it is set.
    ///
    /// # Errors
    /// Nobody listens there.
    pub(crate) fn of_attribute(place: &Place, world: World) -> anyhow::Result<Self> {
        let path = format!("/api/v1/resources/Docs%3A%3ADocument/{}", DOCUMENT.id());
        let set = |hold: bool| {
            let body = json!({ "attributes": { "legal_hold": hold } });
            Request::new("PATCH", &path, &body.to_string(), vec![], DOORWARD)
        };
        Self::new(place, world, set(true), set(false))
    }

    /// The role of a person in a workspace.
    ///
    /// # Errors
    /// Nobody listens there.
    pub(crate) fn of_role(place: &Place, world: World) -> anyhow::Result<Self> {
        let give = |role: &str| {
            let line = json!({ "workspace_member": {
                "workspace_id": DOCUMENT.workspace(), "user_id": EDITOR.id(), "role": role,
            } });
            Request::new("POST", "/api/v1/import", &line.to_string(), vec![], DOORWARD)
        };
        Self::new(place, world, give("viewer"), give("editor"))
    }

    fn new(place: &Place, world: World, away: Request, back: Request) -> anyhow::Result<Self> {
        let question = Question { user: EDITOR, action: "edit", document: DOCUMENT, mfa: true };
        anyhow::ensure!(world.allows(&question), "the change would change nothing");
        let question = question.body().to_string();
        Ok(Self { connection: Connection::open(place)?, away, back, question })
    }

    /// Changes there and back until the time is over; every change counts as one, with the time from sending it to
    /// the first answer that has seen it.
    ///
    /// # Errors
    /// A change was refused, or stays unseen.
    pub(crate) fn run(&mut self, time: Duration) -> anyhow::Result<Round> {
        let end = Instant::now() + time;
        let mut round = Round::default();
        while Instant::now() < end {
            for (change, allowed) in [(self.away.clone(), false), (self.back.clone(), true)] {
                round.latencies.push(self.once(&change, allowed)?);
                round.decisions += 1;
            }
        }
        Ok(round)
    }

    fn once(&mut self, change: &Request, allowed: bool) -> anyhow::Result<Duration> {
        let question = Request::new("POST", SINGLE, &self.question, vec![allowed], DOORWARD);
        let start = Instant::now();
        self.connection.send(&change.bytes)?;
        let status = self.connection.receive()?;
        change.check(status, &self.connection.body)?;
        loop {
            self.connection.send(&question.bytes)?;
            let status = self.connection.receive()?;
            match question.check(status, &self.connection.body) {
                Ok(()) => return Ok(start.elapsed()),
                Err(error) if start.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => {}
            }
        }
    }
}
