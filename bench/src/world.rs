//! The store's data: a world made by a formula, so that every answer about it can be told without asking.
//!
//! Each organization has a hundred entities: itself, ten users, four workspaces and eighty-five documents.

use serde_json::{Value, json};

pub(crate) const USERS: usize = 10;
pub(crate) const WORKSPACES: usize = 4;
pub(crate) const DOCUMENTS: usize = 85;
/// Entities of one organization.
pub(crate) const ENTITIES: usize = 1 + USERS + WORKSPACES + DOCUMENTS;

const ACTIONS: [&str; 4] = ["read", "edit", "delete", "share"];

/// A user, by organization and number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct User {
    pub(crate) org: usize,
    pub(crate) number: usize,
}

/// A document, by organization and number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Document {
    pub(crate) org: usize,
    pub(crate) number: usize,
}

/// May this user do this to that document?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) user: User,
    pub(crate) action: &'static str,
    pub(crate) document: Document,
    /// A second factor was confirmed.
    pub(crate) mfa: bool,
}

/// A world of so many organizations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    pub(crate) orgs: usize,
}

impl World {
    /// The question with this number. Numbers below 85 for each organization are about different documents, and
    /// neighbours are about different organizations.
    pub(crate) fn question(self, n: usize) -> Question {
        self.question_within(self, n)
    }

    /// The question with this number about the first organizations, which `part` counts.
    pub(crate) fn question_within(self, part: Self, n: usize) -> Question {
        let dice = scattered(n as u64);
        let document = Document { org: n % part.orgs, number: n / part.orgs % DOCUMENTS };
        // One in eight is asked for somebody of the neighbouring organization, whom few things are shared with.
        let away = usize::from(dice.is_multiple_of(8));
        let org = (document.org + away) % self.orgs;
        Question {
            user: User { org, number: (dice >> 8) as usize % USERS },
            action: ACTIONS[(dice >> 16) as usize % ACTIONS.len()],
            document,
            mfa: (dice >> 24).is_multiple_of(2),
        }
    }

    /// Whether the shipped policies allow it, told from the formula alone.
    pub(crate) fn allows(self, question: &Question) -> bool {
        let Question { user, action, document, mfa } = *question;
        let role = document.workspace_role(user);
        let share = document.share(self).filter(|(grantee, _)| *grantee == user).map(|(_, level)| level);
        if user.status() != "active"
            || document.classification() == "secret" && !mfa
            || document.legal_hold() && matches!(action, "edit" | "delete")
            || document.visibility() == "private" && role.is_none() && share.is_none()
        {
            return false;
        }
        let edits = matches!(role, Some("editor" | "admin"));
        let owns = document.owner() == Some(user) && edits;
        let governs = document.visibility() == "org" && user.org == document.org && user.number < 2;
        owns || governs
            || match action {
                "read" => role.is_some() || share.is_some(),
                "edit" => edits || share == Some("editor"),
                _ => role == Some("admin"),
            }
    }
}

impl User {
    pub(crate) fn id(self) -> String {
        id(1, self.org * USERS + self.number)
    }

    pub(crate) fn status(self) -> &'static str {
        if self.number == USERS - 1 { "disabled" } else { "active" }
    }

    /// The role in the user's own organization.
    pub(crate) fn org_role(self) -> &'static str {
        ["owner", "admin", "manager"].get(self.number).copied().unwrap_or("member")
    }
}

impl Document {
    pub(crate) fn id(self) -> String {
        id(4, self.org * DOCUMENTS + self.number)
    }

    pub(crate) fn workspace(self) -> String {
        id(3, self.org * WORKSPACES + self.number % WORKSPACES)
    }

    pub(crate) fn org(self) -> String {
        id(2, self.org)
    }

    pub(crate) fn visibility(self) -> &'static str {
        if (self.number % WORKSPACES).is_multiple_of(2) { "org" } else { "private" }
    }

    pub(crate) fn classification(self) -> &'static str {
        if self.number.is_multiple_of(9) { "secret" } else { "internal" }
    }

    pub(crate) fn legal_hold(self) -> bool {
        self.number % 10 == 3
    }

    pub(crate) fn owner(self) -> Option<User> {
        (self.number.is_multiple_of(3)).then(|| User { org: self.org, number: 3 + self.number % 6 })
    }

    /// Whom it is shared with, and at which level.
    pub(crate) fn share(self, world: World) -> Option<(User, &'static str)> {
        let org = (self.org + usize::from(self.number.is_multiple_of(2))) % world.orgs;
        let level = if self.number.is_multiple_of(10) { "editor" } else { "viewer" };
        (self.number.is_multiple_of(5)).then(|| (User { org, number: 3 + self.number % 7 }, level))
    }

    /// The user's role in its workspace.
    pub(crate) fn workspace_role(self, user: User) -> Option<&'static str> {
        if user.org != self.org || !(3..9).contains(&user.number) {
            return None;
        }
        ["admin", "editor", "viewer"].get((user.number + self.number % WORKSPACES) % 4).copied()
    }
}

impl Question {
    /// As the API takes it.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "principal": { "type": "User", "id": self.user.id() },
            "action": format!("Docs::{}", self.action),
            "resource": { "type": "Docs::Document", "id": self.document.id() },
        });
        if self.mfa {
            body["context"] = json!({ "mfa": true });
        }
        body
    }
}

/// The id of the nth thing of a kind; `fill.sql` makes the same ones.
fn id(kind: u8, n: usize) -> String {
    format!("019aa000-000{kind}-7000-8000-{n:012x}")
}

/// A number that looks random, and is always the same (splitmix64).
pub(crate) fn scattered(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_of_both_kinds_and_about_different_documents() {
        let world = World { orgs: 10 };
        let questions: Vec<Question> = (0..850).map(|n| world.question(n)).collect();
        let allowed = questions.iter().filter(|question| world.allows(question)).count();
        assert!((170..680).contains(&allowed), "{allowed} of 850 are allowed");
        let documents: std::collections::HashSet<_> = questions.iter().map(|q| q.document).collect();
        assert_eq!(documents.len(), 850);
    }
}
