//! The rules: what is true of users, organizations, workspaces, agents, resources and shares, and what may change.
//!
//! Architecture invariants: this crate knows no HTTP; it is the only one that depends on `sqlx`. No function here
//! decides by a role: policies decide ([`Tx::authorize`]), and what changes or reads tenant data takes the proof.

mod action;
mod agent;
mod announcements;
mod cache;
mod caller;
mod change;
mod consistency;
mod db;
mod decision;
mod error;
mod facts;
mod feed;
mod id;
mod jobs;
mod lookup;
mod master_key;
mod membership;
mod node;
mod organization;
mod page;
mod permits;
mod revision;
mod share;
mod slice;
mod time;
mod token;
mod tx;
mod user;
mod view;
mod words;
mod workspace;
mod workspace_member;

pub mod api_key;
pub mod audit;
pub mod decision_log;
pub mod import;
pub mod mail;
pub mod queue;
pub mod resource;
pub mod stats;
pub mod trial;

/// Actions `decision.*`.
pub use action::decision as decision_action;
/// Actions `job.*`.
pub use action::job as job_action;
/// Actions `org.*`.
pub use action::org as org_action;
/// Actions `user.*`.
pub use action::user as user_action;
/// Actions `workspace.*`.
pub use action::workspace as workspace_action;
pub use action::{ACTIONS, Action, JobOwner, KeyOwner, Platform, Target, key, platform};
pub use audit::{Break, Change, ReadsAudit};
pub use cache::CacheLimits;
pub use caller::{Caller, Person};
pub use consistency::Consistency;
pub use db::Db;
pub use decision::{Answer, Answers, Ask};
pub use decision_log::DecisionLog;
pub use error::{Error, FieldError, Result};
pub use facts::{Fact, Facts};
pub use id::{
    AgentId, ApiKeyId, DecisionId, JobId, LinkId, OrgId, ResourceId, SessionId, ShareId, UserId, WorkspaceId,
};
pub use jobs::{Job, SendMail, SweepTrials, Tenant, TrimJobs};
pub use mail::{Locale, Mail, MailTemplate};
pub use master_key::MasterKey;
pub use page::{Page, PageInfo, Paged};
pub use revision::Revision;
pub use token::Token;
pub use tx::{Authorized, Request, Tx};
pub use user::AccountStatus;
