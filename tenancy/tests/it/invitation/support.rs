//! People who invite each other.

use tenancy::invitation::{self, Invitation, Joined, NewAccount, NewInvitation, TakenUp};
use tenancy::{
    Address, Caller, Db, Device, InvitationId, InvitationToken, OrgId, OrgRole, Person, Result, UserId,
    org_action as org,
};

use crate::people::{PASSWORD, SECRET, identity, password, settings};
use crate::support::{World, request};

/// The usual facts, in an installation with a secret.
pub(super) async fn world() -> World {
    let world = World::new().await;
    let db = world.db.clone().with_identity(identity(SECRET, settings()));
    World { db, ..world }
}

pub(super) fn person(id: UserId) -> Caller {
    Caller::User(Person::without_session(id))
}

pub(super) fn new(email: &str, role: OrgRole) -> NewInvitation {
    let email: Address = email.parse().expect("an address");
    NewInvitation { email, role, workspace: None, days: 7, locale: None }
}

pub(super) async fn invite(db: &Db, by: UserId, org: OrgId, new: &NewInvitation) -> Result<Invitation> {
    let mut tx = db.begin(request()).await?;
    let made = invitation::create(&mut tx, &person(by), org, new).await?;
    tx.commit().await?;
    Ok(made)
}

/// An invitation as a member, by the organization's owner.
pub(super) async fn invited(world: &World, by: UserId, org: OrgId, email: &str) -> Invitation {
    invite(&world.db, by, org, &new(email, OrgRole::Member)).await.unwrap_or_else(|e| panic!("{email}: {e}"))
}

pub(super) async fn resend(db: &Db, by: UserId, org: OrgId, id: InvitationId) -> Result<Invitation> {
    let mut tx = db.begin(request()).await?;
    let sent = invitation::resend(&mut tx, &person(by), org, id).await?;
    tx.commit().await?;
    Ok(sent)
}

pub(super) async fn revoke(db: &Db, by: UserId, org: OrgId, id: InvitationId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    invitation::revoke(&mut tx, &person(by), org, id).await?;
    tx.commit().await?;
    Ok(())
}

/// The token in the mail that was asked for when the invitation was sent so often, if that is still sent.
pub(super) async fn mailed(
    world: &World,
    org_id: OrgId,
    id: InvitationId,
    sent: i32,
) -> Option<InvitationToken> {
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<org::Mail>(&Caller::Worker, org_id).await.expect("the worker may");
    let mail = invitation::to_be_mailed(&mut tx, &allowed, id, sent).await.expect("an answer");
    mail.map(|mail| mail.token)
}

/// The token in the mail of an invitation.
pub(super) async fn token(world: &World, of: &Invitation) -> InvitationToken {
    mailed(world, of.org_id, of.id, of.sent).await.expect("a mail")
}

pub(super) async fn accept(db: &Db, who: UserId, token: &InvitationToken) -> Result<Joined> {
    invitation::accept(db, request(), &person(who), token).await.map(|(joined, _)| joined)
}

pub(super) fn account(name: &str) -> NewAccount {
    NewAccount { name: name.into(), password: password(PASSWORD), locale: None }
}

pub(super) async fn take_up(db: &Db, token: &InvitationToken) -> Result<TakenUp> {
    invitation::take_up(db, request(), token, &account("Nora"), &Device::default()).await
}

/// The role of somebody in an organization; empty if they are no member.
pub(super) async fn role_of(world: &World, org: OrgId, user: UserId) -> String {
    let role = format!("select role from memberships where org_id = '{org}' and user_id = '{user}'");
    world.sql(&role).await.trim().to_owned()
}

/// What has become of an invitation.
pub(super) async fn state(world: &World, of: &Invitation) -> String {
    let state = format!(
        "select concat_ws(' ', case when accepted_at is not null then 'accepted' end,
                          case when revoked_at is not null then 'revoked' end,
                          case when ended_at is null then 'open' else 'ended' end)
         from invitations where id = '{}'",
        of.id
    );
    world.sql(&state).await.trim().to_owned()
}
