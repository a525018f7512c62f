//! The rules: what is true of users, organizations, workspaces, agents, resources and shares, and what may change.
//!
//! Architecture invariants: this crate knows no HTTP; it is the only one that depends on `sqlx`. No function here
//! decides by a role: policies decide ([`Tx::authorize`]), and what changes or reads tenant data takes the proof.

mod access_token;
mod action;
mod address;
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
mod identity;
mod jobs;
mod limit;
mod lookup;
mod master_key;
mod money;
mod node;
mod once;
mod page;
mod password;
mod permits;
mod revision;
mod share;
mod slice;
mod spending;
mod text;
mod time;
mod token;
mod tx;
mod view;
mod words;

pub mod account;
pub mod administration;
pub mod agent;
pub mod api_key;
pub mod audit;
pub mod connection;
pub mod context;
pub mod decision_log;
pub mod document;
pub mod encryption_key;
pub mod idempotency;
pub mod import;
pub mod instance;
pub mod invitation;
pub mod link;
pub mod mail;
pub mod membership;
pub mod organization;
pub mod plan;
pub mod purge;
pub mod queue;
pub mod resource;
pub mod second_factor;
pub mod session;
pub mod signing_key;
pub mod stats;
pub mod trial;
pub mod usage;
pub mod user;
pub mod wallet;
pub mod workspace;
pub mod workspace_member;

pub use access_token::{AUDIENCE, AccessToken, Issuer};
/// Actions `agent.*`.
pub use action::agent as agent_action;
/// Actions `connection.*`.
pub use action::connection as connection_action;
/// Actions `decision.*`.
pub use action::decision as decision_action;
/// Actions `document.*`.
pub use action::document as document_action;
/// Actions `instance.*`.
pub use action::instance as instance_action;
/// Actions `invitation.*`.
pub use action::invitation as invitation_action;
/// Actions `job.*`.
pub use action::job as job_action;
/// Actions `member.*`.
pub use action::member as member_action;
/// Actions `membership.*`.
pub use action::membership as membership_action;
/// Actions `org.*`.
pub use action::org as org_action;
/// Actions `purge.*`.
pub use action::purge as purge_action;
/// Actions `user.*`.
pub use action::user as user_action;
/// Actions `workspace.*`.
pub use action::workspace as workspace_action;
pub use action::{
    ACTIONS, Action, ConnectionOwner, Home, Inviting, JobOwner, KeyOwner, Lock, Platform, Target, key,
    platform,
};
pub use address::{Address, NoAddress};
pub use agent::License;
pub use audit::{Break, Change, ReadsAudit};
pub use cache::CacheLimits;
pub use caller::{Caller, Current, Person};
pub use consistency::Consistency;
pub use db::Db;
pub use decision::{Answer, Answers, Ask};
pub use decision_log::DecisionLog;
pub use error::{Error, FieldError, Result};
pub use facts::{Fact, Facts};
pub use id::{
    AgentId, ApiKeyId, ConnectionId, DecisionId, DocumentId, ExportId, InstanceId, InvitationId, JobId,
    LinkId, MembershipId, OrgId, PurgeId, ResourceId, SessionId, ShareId, UseId, UserId, WalletEntryId,
    WorkspaceId,
};
pub use identity::{AccountSettings, Identity};
pub use invitation::{InvitationState, InvitationToken};
pub use jobs::{
    EraseDocument, ForgottenPassword, Job, RotateSigningKey, RunPurge, SendMail, SweepPurges, SweepTrials,
    SweepUploads, Tenant, TrimIdempotencyKeys, TrimJobs, TrimSessions, TrimUsage,
};
pub use link::{LinkPurpose, LinkToken};
pub use mail::{Locale, Mail, MailTemplate};
pub use master_key::MasterKey;
pub use membership::OrgRole;
pub use money::Money;
pub use once::Once;
pub use organization::SubscriptionStatus;
pub use page::{Page, PageInfo, Paged};
pub use password::{Password, PasswordHashing};
pub use purge::{Purge, PurgeState, PurgeStep, PurgeSubject, PurgeToken};
pub use revision::Revision;
pub use session::{Device, RefreshToken};
pub use share::ShareLevel;
pub use token::Token;
pub use tx::{Authorized, Request, Tx};
pub use user::{AccountStatus, PlatformRole};
pub use workspace::Visibility;
pub use workspace_member::WorkspaceRole;
