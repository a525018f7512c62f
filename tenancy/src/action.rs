//! What callers do through Doorward itself. Each action is a type, its name the one in the policy folder, and
//! [`Authorized`](crate::Authorized) the proof that a policy allowed it.

use authz::{EntityUid, core_uid};

use crate::id::{ApiKeyId, OrgId, UserId, WorkspaceId};

/// An action on one kind of target.
pub trait Action {
    /// The name in the policy folder.
    const NAME: &'static str;
    /// What it is done to.
    type Target: Target;
}

/// Something that actions are done to.
pub trait Target: Clone + Send + Sync {
    /// The word for it in errors.
    const NOUN: &'static str;

    /// The resource of the policies.
    fn uid(&self) -> EntityUid;

    /// The action whose denial means that the caller may not even know of it; none for what everybody knows of.
    fn view(&self) -> Option<&'static str>;

    /// The organization whose audit chain records what is done; none for the platform's.
    fn org(&self) -> Option<OrgId> {
        None
    }
}

/// This installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform;

impl Target for Platform {
    const NOUN: &'static str = "platform";

    fn uid(&self) -> EntityUid {
        core_uid("Platform", "doorward")
    }

    fn view(&self) -> Option<&'static str> {
        None
    }
}

/// Whose an API key is, and whom decisions are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOwner {
    /// The platform's.
    Platform,
    /// An organization's.
    Org(OrgId),
}

impl KeyOwner {
    /// The organization, if it is one's.
    #[must_use]
    pub fn org_id(self) -> Option<OrgId> {
        match self {
            Self::Platform => None,
            Self::Org(id) => Some(id),
        }
    }
}

impl Target for KeyOwner {
    const NOUN: &'static str = "organization";

    fn uid(&self) -> EntityUid {
        match self {
            Self::Platform => Platform.uid(),
            Self::Org(id) => id.uid(),
        }
    }

    fn view(&self) -> Option<&'static str> {
        self.org_id().map(|_| "org.view")
    }

    fn org(&self) -> Option<OrgId> {
        self.org_id()
    }
}

/// Whose a job is: a workspace's, else an organization's, else a person's, else the platform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOwner {
    /// Nobody's in particular.
    Platform,
    /// An organization's.
    Org(OrgId),
    /// A workspace's.
    Workspace(WorkspaceId),
    /// A person's.
    User(UserId),
}

impl JobOwner {
    /// The word for such an owner in errors.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Platform => Platform::NOUN,
            Self::Org(_) => KeyOwner::NOUN,
            Self::Workspace(_) => WorkspaceId::NOUN,
            Self::User(_) => UserId::NOUN,
        }
    }
}

impl Target for JobOwner {
    const NOUN: &'static str = "job";

    fn uid(&self) -> EntityUid {
        match self {
            Self::Platform => Platform.uid(),
            Self::Org(id) => id.uid(),
            Self::Workspace(id) => id.uid(),
            Self::User(id) => id.uid(),
        }
    }

    fn view(&self) -> Option<&'static str> {
        match self {
            Self::Platform => None,
            Self::Org(_) => Some("org.view"),
            Self::Workspace(_) => Some("workspace.view"),
            Self::User(_) => Some("user.view"),
        }
    }

    fn org(&self) -> Option<OrgId> {
        match self {
            Self::Org(id) => Some(*id),
            Self::Platform | Self::Workspace(_) | Self::User(_) => None,
        }
    }
}

impl Target for ApiKeyId {
    const NOUN: &'static str = "API key";

    fn uid(&self) -> EntityUid {
        core_uid("ApiKey", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("key.view")
    }
}

impl Target for OrgId {
    const NOUN: &'static str = "organization";

    fn uid(&self) -> EntityUid {
        core_uid("Organization", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("org.view")
    }

    fn org(&self) -> Option<OrgId> {
        Some(*self)
    }
}

impl Target for UserId {
    const NOUN: &'static str = "user";

    fn uid(&self) -> EntityUid {
        core_uid("User", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("user.view")
    }
}

impl Target for WorkspaceId {
    const NOUN: &'static str = "workspace";

    fn uid(&self) -> EntityUid {
        core_uid("Workspace", &self.to_string())
    }

    fn view(&self) -> Option<&'static str> {
        Some("workspace.view")
    }
}

macro_rules! actions {
    ($($module:ident { $($(#[$doc:meta])* $name:ident = $text:literal on $target:ty;)+ })+) => {
        $(
            #[doc = concat!("Actions `", stringify!($module), ".*`.")]
            pub mod $module {
                #[allow(unused_imports)] // not every module has an action on each kind of target
                use super::{Action, ApiKeyId, JobOwner, KeyOwner, OrgId, Platform, UserId, WorkspaceId};
                $(
                    $(#[$doc])*
                    #[derive(Debug)]
                    pub struct $name;

                    impl Action for $name {
                        const NAME: &'static str = $text;
                        type Target = $target;
                    }
                )+
            }
        )+

        /// Every action that Doorward asks its policies about. A folder that does not declare them all is refused.
        pub const ACTIONS: &[&str] = &[
            $($($text,)+)+
            "decision.ask", "org.view",
        ];
    };
}

actions! {
    platform {
        /// See the state of the policy folder.
        ViewPolicies = "platform.view_policies" on Platform;
        /// Bring in users, organizations and all the rest.
        Import = "platform.import" on Platform;
        /// Find the trials that end or have ended.
        SweepTrials = "platform.sweep_trials" on Platform;
        /// See all jobs.
        ViewQueue = "platform.view_queue" on Platform;
        /// Cancel, retry and remove any job, and pause kinds.
        ManageQueue = "platform.manage_queue" on Platform;
        /// Remove sessions and links that ended long ago.
        TrimSessions = "platform.trim_sessions" on Platform;
        /// Remove answers that were kept for requests sent again.
        TrimIdempotencyKeys = "platform.trim_idempotency_keys" on Platform;
        /// Become the first administrator.
        SetUp = "platform.set_up" on Platform;
        /// Read the platform's chain of the audit log.
        ViewAudit = "platform.view_audit" on Platform;
        /// See how many of what there are.
        ViewStats = "platform.view_stats" on Platform;
        /// Sign access tokens with a new key from now on.
        RotateSigningKey = "platform.rotate_signing_key" on Platform;
        /// Send a mail with invented content to any address.
        SendTestMail = "platform.send_test_mail" on Platform;
    }
    user {
        /// Open an account.
        Register = "user.register" on Platform;
        /// Try to sign in.
        SignIn = "user.sign_in" on Platform;
        /// Ask for a link for a forgotten password.
        RequestPasswordReset = "user.request_password_reset" on Platform;
        /// List accounts.
        List = "user.list" on Platform;
        /// Make an account for somebody else.
        Create = "user.create" on Platform;
        /// See an account.
        View = "user.view" on UserId;
        /// See an account with what administrators did.
        Inspect = "user.inspect" on UserId;
        /// Change what one says of oneself.
        Update = "user.update" on UserId;
        /// Sign in, with the right password.
        OpenSession = "user.open_session" on UserId;
        /// Stay signed in.
        RefreshSession = "user.refresh_session" on UserId;
        /// Prove again who one is.
        Reauthenticate = "user.reauthenticate" on UserId;
        /// Sign out.
        SignOut = "user.sign_out" on UserId;
        /// See where one is signed in.
        ListSessions = "user.list_sessions" on UserId;
        /// Sign out somewhere else.
        RevokeSession = "user.revoke_session" on UserId;
        /// Prove that an address is one's own.
        VerifyEmail = "user.verify_email" on UserId;
        /// Ask for that mail again.
        ResendVerification = "user.resend_verification" on UserId;
        /// Choose a password by a link.
        SetPassword = "user.set_password" on UserId;
        /// Choose another password, with the current one.
        ChangePassword = "user.change_password" on UserId;
        /// Set up, replace and remove the second factor.
        ManageSecondFactor = "user.manage_second_factor" on UserId;
        /// Put one's account to rest.
        Deactivate = "user.deactivate" on UserId;
        /// Take it up again.
        Reactivate = "user.reactivate" on UserId;
        /// Let a user stay for good.
        Approve = "user.approve" on UserId;
        /// Close a user's account.
        Disable = "user.disable" on UserId;
        /// Open it again.
        Enable = "user.enable" on UserId;
        /// Send a user a link to choose a password.
        SendPasswordReset = "user.send_password_reset" on UserId;
        /// Sign a user out everywhere.
        RevokeSessions = "user.revoke_sessions" on UserId;
        /// Change how much a user may store.
        SetQuota = "user.set_quota" on UserId;
        /// Change which AI a user works with.
        SetAi = "user.set_ai" on UserId;
        /// Give or take a platform role.
        SetPlatformRole = "user.set_platform_role" on UserId;
        /// End a session whose refresh token was used twice.
        EndSession = "user.end_session" on UserId;
        /// Make a guest of a user whose trial is over.
        Expire = "user.expire" on UserId;
        /// Tell a user that the trial ends soon.
        Remind = "user.remind" on UserId;
        /// Send a user a mail.
        Mail = "user.mail" on UserId;
    }
    job {
        /// List jobs, and see each.
        List = "job.list" on JobOwner;
        /// Stop a job that waits or runs.
        Cancel = "job.cancel" on JobOwner;
        /// Run a dead job again.
        Retry = "job.retry" on JobOwner;
        /// Remove jobs that are finished.
        Remove = "job.remove" on JobOwner;
    }
    key {
        /// List keys.
        List = "key.list" on KeyOwner;
        /// Create a key.
        Create = "key.create" on KeyOwner;
        /// See a key, never its secret.
        View = "key.view" on ApiKeyId;
        /// Give a key a new secret.
        Rotate = "key.rotate" on ApiKeyId;
        /// End a key.
        Revoke = "key.revoke" on ApiKeyId;
    }
    org {
        /// Read the organization's chain of the audit log.
        ViewAudit = "org.view_audit" on OrgId;
    }
    decision {
        /// Read the decision log.
        List = "decision.list" on KeyOwner;
    }
    workspace {
        /// Read what applications registered.
        ReadResources = "workspace.read_resources" on WorkspaceId;
        /// Register, change and remove an application's objects.
        WriteResources = "workspace.write_resources" on WorkspaceId;
        /// See a workspace.
        View = "workspace.view" on WorkspaceId;
        /// See with whom a workspace is shared.
        ListShares = "workspace.list_shares" on WorkspaceId;
        /// Share a workspace.
        Share = "workspace.share" on WorkspaceId;
        /// End a share of a workspace.
        RevokeShare = "workspace.revoke_share" on WorkspaceId;
    }
}
