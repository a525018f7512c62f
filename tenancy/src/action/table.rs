//! Every action that Doorward asks its policies about.

use super::{Action, ConnectionOwner, Inviting, JobOwner, KeyOwner, Lock, Platform};
use crate::id::{
    AgentId, ApiKeyId, ConnectionId, DocumentId, InstanceId, MembershipId, OrgId, UserId, WorkspaceId,
};

macro_rules! lock {
    () => {
        Lock::None
    };
    (org) => {
        Lock::Org
    };
}

macro_rules! actions {
    ($($module:ident { $($(#[$doc:meta])* $name:ident = $text:literal on $target:ty $(, locks $lock:ident)?;)+ })+) => {
        $(
            #[doc = concat!("Actions `", stringify!($module), ".*`.")]
            pub mod $module {
                #[allow(unused_imports)] // not every module has an action on each kind of target
                use super::{
                    Action, AgentId, ApiKeyId, ConnectionId, ConnectionOwner, DocumentId, InstanceId, Inviting, JobOwner,
                    KeyOwner, Lock, MembershipId, OrgId, Platform, UserId, WorkspaceId,
                };
                $(
                    $(#[$doc])*
                    #[derive(Debug)]
                    pub struct $name;

                    impl Action for $name {
                        const NAME: &'static str = $text;
                        const LOCK: Lock = lock!($($lock)?);
                        type Target = $target;
                    }
                )+
            }
        )+

        /// Every action that Doorward asks its policies about. A folder that does not declare them all is refused.
        pub const ACTIONS: &[&str] = &[
            $($($text,)+)+
            "decision.ask",
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
        /// Remove records of what was counted long ago.
        TrimUsage = "platform.trim_usage" on Platform;
        /// Become the first administrator.
        SetUp = "platform.set_up" on Platform;
        /// Read the platform's chain of the audit log.
        ViewAudit = "platform.view_audit" on Platform;
        /// See how many of what there are.
        ViewStats = "platform.view_stats" on Platform;
        /// Find the purges that are due, and those that stand still.
        SweepPurges = "platform.sweep_purges" on Platform;
        /// Find uploads that never came.
        SweepUploads = "platform.sweep_uploads" on Platform;
        /// Remove exports whose time is over.
        TrimExports = "platform.trim_exports" on Platform;
        /// Seal credentials with a new key from now on, and those that there are.
        RotateEncryptionKey = "platform.rotate_encryption_key" on Platform;
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
        /// See which organizations one belongs to.
        ListOrgs = "user.list_orgs" on UserId;
        /// Work in another organization or workspace from now on.
        Switch = "user.switch" on UserId;
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
        /// See what would go with one's account.
        PreviewDelete = "user.preview_delete" on UserId;
        /// Delete one's account, with all that one owns.
        Delete = "user.delete" on UserId;
        /// Delete somebody else's account that is disabled.
        Erase = "user.erase" on UserId;
        /// Erase what is left of an account that is being deleted.
        Purge = "user.purge" on UserId;
        /// See the purges that one has asked for.
        ListPurges = "user.list_purges" on UserId;
        /// Call one of them off while it waits.
        CancelPurge = "user.cancel_purge" on UserId;
        /// Have one's data packed.
        Export = "user.export" on UserId;
        /// See one's exports, and fetch them.
        ListExports = "user.list_exports" on UserId;
        /// See what others share with one.
        ListShared = "user.list_shared" on UserId;
        /// See how much one may store, and does.
        ViewQuota = "user.view_quota" on UserId;
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
        /// List all organizations.
        List = "org.list" on Platform;
        /// Found one.
        Create = "org.create" on Platform;
        /// Found one and open its first owner's account.
        Register = "org.register" on Platform;
        /// See one.
        View = "org.view" on OrgId;
        /// Work in it.
        Enter = "org.enter" on OrgId;
        /// Change what it says of itself.
        Update = "org.update" on OrgId, locks org;
        /// Change where its bills go.
        UpdateBilling = "org.update_billing" on OrgId, locks org;
        /// Make another member its owner in one's own place.
        Transfer = "org.transfer" on OrgId, locks org;
        /// Leave it.
        Leave = "org.leave" on OrgId, locks org;
        /// See what would go with it.
        PreviewDelete = "org.preview_delete" on OrgId;
        /// Delete it, with all that is in it.
        Delete = "org.delete" on OrgId, locks org;
        /// Erase what is left of it.
        Purge = "org.purge" on OrgId;
        /// Change its plan.
        SetPlan = "org.set_plan" on OrgId, locks org;
        /// Change the state of its subscription.
        SetSubscription = "org.set_subscription" on OrgId, locks org;
        /// Stop it.
        Suspend = "org.suspend" on OrgId, locks org;
        /// Let it go on.
        Resume = "org.resume" on OrgId, locks org;
        /// See what it uses.
        ViewUsage = "org.view_usage" on OrgId;
        /// Count what it has used.
        RecordUsage = "org.record_usage" on OrgId;
        /// See its wallet.
        ViewWallet = "org.view_wallet" on OrgId;
        /// Put money into its wallet, or take some out.
        WriteWallet = "org.write_wallet" on OrgId;
        /// Use what costs it something.
        Spend = "org.spend" on OrgId;
        /// Mail whomever it invites, or its owners.
        Mail = "org.mail" on OrgId;
        /// Read the organization's chain of the audit log.
        ViewAudit = "org.view_audit" on OrgId;
    }
    member {
        /// List members.
        List = "member.list" on OrgId;
        /// Make somebody a member who has an account.
        Add = "member.add" on OrgId, locks org;
    }
    membership {
        /// See somebody's membership.
        View = "membership.view" on MembershipId;
        /// Give somebody another role.
        SetRole = "membership.set_role" on MembershipId, locks org;
        /// Take somebody's rights without taking the role.
        Suspend = "membership.suspend" on MembershipId, locks org;
        /// Give them back.
        Resume = "membership.resume" on MembershipId, locks org;
        /// Put somebody out.
        Remove = "membership.remove" on MembershipId, locks org;
    }
    invitation {
        /// List invitations.
        List = "invitation.list" on OrgId;
        /// Invite somebody.
        Create = "invitation.create" on OrgId, locks org;
        /// Send an invitation again.
        Resend = "invitation.resend" on OrgId, locks org;
        /// Take an invitation back.
        Revoke = "invitation.revoke" on OrgId, locks org;
        /// See what an invitation says, with its token.
        View = "invitation.view" on Platform;
        /// Open an account with an invitation.
        TakeUp = "invitation.take_up" on Platform;
        /// Accept an invitation.
        Accept = "invitation.accept" on Inviting, locks org;
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
        /// List an organization's workspaces, as far as one sees them.
        List = "workspace.list" on OrgId;
        /// Make a workspace in an organization.
        Create = "workspace.create" on OrgId, locks org;
        /// Change its name.
        Update = "workspace.update" on WorkspaceId, locks org;
        /// Open it to the organization, or close it.
        SetVisibility = "workspace.set_visibility" on WorkspaceId, locks org;
        /// Make it the one that people come to first.
        SetDefault = "workspace.set_default" on WorkspaceId, locks org;
        /// Delete it with what is in it.
        Delete = "workspace.delete" on WorkspaceId, locks org;
        /// See what would go with it.
        PreviewDelete = "workspace.preview_delete" on WorkspaceId;
        /// Erase what is left of it.
        Purge = "workspace.purge" on WorkspaceId;
        /// List its members.
        ListMembers = "workspace.list_members" on WorkspaceId;
        /// Let a member of the organization in.
        AddMember = "workspace.add_member" on WorkspaceId, locks org;
        /// Give a member another role.
        SetMemberRole = "workspace.set_member_role" on WorkspaceId, locks org;
        /// Put a member out.
        RemoveMember = "workspace.remove_member" on WorkspaceId, locks org;
        /// Leave it.
        Leave = "workspace.leave" on WorkspaceId, locks org;
    }
    agent {
        /// Make an agent: an organization's, or one for everybody.
        Create = "agent.create" on KeyOwner, locks org;
        /// See an agent.
        View = "agent.view" on AgentId;
        /// Run an agent.
        Run = "agent.run" on AgentId;
        /// Change an agent.
        Update = "agent.update" on AgentId, locks org;
        /// Take an agent out of use.
        Deactivate = "agent.deactivate" on AgentId, locks org;
        /// Take it into use again.
        Reactivate = "agent.reactivate" on AgentId, locks org;
        /// Share an agent with another organization, and end such shares.
        Share = "agent.share" on AgentId, locks org;
        /// See with whom an agent is shared.
        ListShares = "agent.list_shares" on AgentId;
    }
    instance {
        /// List instances.
        List = "instance.list" on OrgId;
        /// Make an instance.
        Create = "instance.create" on OrgId, locks org;
        /// See an instance.
        View = "instance.view" on InstanceId;
        /// Change an instance.
        Update = "instance.update" on InstanceId, locks org;
        /// Delete an instance.
        Delete = "instance.delete" on InstanceId, locks org;
        /// Say yes or no for the technical side.
        SetTechnical = "instance.set_technical" on InstanceId, locks org;
        /// Say yes or no for the economic side.
        SetEconomic = "instance.set_economic" on InstanceId, locks org;
    }
    document {
        /// List a workspace's documents.
        List = "document.list" on WorkspaceId;
        /// Store one.
        Create = "document.create" on WorkspaceId, locks org;
        /// Fetch one.
        Read = "document.read" on DocumentId;
        /// Delete one.
        Delete = "document.delete" on DocumentId, locks org;
    }
    connection {
        /// List connections.
        List = "connection.list" on ConnectionOwner;
        /// Make one.
        Create = "connection.create" on ConnectionOwner, locks org;
        /// See one, never its credentials.
        View = "connection.view" on ConnectionId;
        /// Store and fetch documents by it.
        Use = "connection.use" on ConnectionId;
        /// See whether it works.
        Test = "connection.test" on ConnectionId;
        /// Change its name and settings.
        Update = "connection.update" on ConnectionId, locks org;
        /// Give it other credentials.
        Rotate = "connection.rotate" on ConnectionId, locks org;
        /// Delete it.
        Delete = "connection.delete" on ConnectionId, locks org;
    }
    purge {
        /// List all purges, with their receipts.
        List = "purge.list" on Platform;
        /// See one, with its token.
        View = "purge.view" on Platform;
        /// Carry one on, step by step.
        Run = "purge.run" on Platform;
        /// Call one off, with its token.
        Cancel = "purge.cancel" on Platform;
    }
}
