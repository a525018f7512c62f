//! Connections to providers outside: what is alike for those of people and those of organizations.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tenancy::connection::{
    self, Access, Connection, ConnectionFilter, ConnectionUpdate, NewConnection, Provider, TestFailure,
    TestOutcome,
};
use tenancy::{Caller, ConnectionId, ConnectionOwner, Request, connection_action as action};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::etag::{IfMatch, IfNoneMatch, Versioned};
use crate::idempotency::{Create, Created};
use crate::list::{Fields, Listing, page};
use crate::problem::Problem;
use crate::provider;
use crate::revision::At;

page!(
    /// A page of connections.
    ConnectionList { connections: Connection }
);

/// A connection to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateConnection {
    /// What people call it: one of each name, whatever its case.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The provider. It stays as it is.
    provider: Provider,
    /// What the provider wants to know. `s3`: `bucket`, and perhaps `endpoint` (AWS if left out), `public_endpoint` (what
    /// browsers are told), `region`, `addressing` (`path` or `virtual-host`), `prefix`. `openai`, `anthropic`: perhaps
    /// `base_url`, `model`. `kubernetes`: `endpoint`, perhaps `namespace`.
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Shown to nobody, ever. `s3`: `access_key`, `secret_key`. `openai`, `anthropic`: `api_key`. `kubernetes`: `token`.
    #[schema(value_type = Object)]
    #[serde(deserialize_with = "without_a_word")]
    credentials: Map<String, Value>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateConnection {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// These settings; null takes one away. Another address is given with its credentials.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

/// Other credentials.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveCredentials {
    /// All of them.
    #[schema(value_type = Object)]
    #[serde(deserialize_with = "without_a_word")]
    credentials: Map<String, Value>,
    /// Settings that change with them, such as the address.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

/// Reads credentials; an error repeats nothing of them.
fn without_a_word<'de, D: Deserializer<'de>>(from: D) -> Result<Map<String, Value>, D::Error> {
    match Value::deserialize(from) {
        Ok(Value::Object(credentials)) => Ok(credentials),
        _ => Err(D::Error::custom("has to be an object")),
    }
}

/// Whether credentials are tried before they are kept.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CredentialsQuery {
    /// `false`: they are kept as they are. Else they are tried first, and kept only if they work.
    #[serde(default)]
    #[param(inline, default = "true")]
    pub(super) test: Trial,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trial {
    /// They have to work.
    #[default]
    True,
    /// Whether they work is not looked at.
    False,
}

/// Who asks, and whose connections are meant.
pub(super) struct Place {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) request: Request,
    pub(super) owner: ConnectionOwner,
}

impl Place {
    fn path(&self) -> String {
        match self.owner {
            ConnectionOwner::User(_) => "/api/v1/me/connections".to_owned(),
            ConnectionOwner::Org(org) => format!("/api/v1/orgs/{org}/connections"),
        }
    }

    pub(super) async fn list(self, list: Listing<ConnectionFilter>) -> Result<Response, Problem> {
        let mut tx = self.app.db.begin(self.request).await?;
        let allowed = tx.authorize::<action::List>(&self.caller, self.owner).await?;
        let connections = connection::list(&mut tx, &allowed, &list.filter, list.page).await?;
        Ok(list.json(ConnectionList::from(connections))?.into_response())
    }

    pub(super) async fn create(self, new: Create<CreateConnection>) -> Result<Response, Problem> {
        let path = self.path();
        new.run(&self.app, self.request, &self.caller, async |tx, body| {
            let allowed = tx.authorize::<action::Create>(&self.caller, self.owner).await?;
            let access = Access::checked(body.provider, body.settings, body.credentials)?;
            provider::check(&self.app.stores, &access)?;
            let new = NewConnection { name: body.name, access };
            let connection = connection::create(tx, &allowed, &new).await?;
            Ok(Created::at(format!("{path}/{}", connection.id), connection))
        })
        .await
    }

    pub(super) async fn get(
        self,
        id: ConnectionId,
        if_none_match: IfNoneMatch,
        fields: Fields,
    ) -> Result<Response, Problem> {
        let mut tx = self.app.db.begin(self.request).await?;
        let allowed = tx.authorize::<action::View>(&self.caller, id).await?;
        connection::check_home(&mut tx, &allowed, self.owner).await?;
        let connection = connection::get(&mut tx, &allowed).await?;
        Ok(if_none_match.answer(Versioned::new(connection.version, &fields.json(connection)?.0)?))
    }

    pub(super) async fn update(
        self,
        id: ConnectionId,
        if_match: IfMatch,
        body: UpdateConnection,
    ) -> Result<Response, Problem> {
        let update = ConnectionUpdate { name: body.name, settings: body.settings };
        let mut tx = self.app.db.begin(self.request).await?;
        let allowed = tx.authorize::<action::Update>(&self.caller, id).await?;
        connection::check_home(&mut tx, &allowed, self.owner).await?;
        if_match.check(connection::lock_version(&mut tx, &allowed).await?)?;
        let connection = connection::update(&mut tx, &allowed, &update).await?;
        // Also without new credentials: a public endpoint is an address too.
        if let Ok((access, _)) = connection::open(&mut tx, &allowed).await? {
            provider::check(&self.app.stores, &access)?;
        }
        let answer = Versioned::new(connection.version, &connection)?;
        Ok((At(tx.commit().await?), answer).into_response())
    }

    /// In three steps: no transaction is open while the provider is asked.
    pub(super) async fn test(self, id: ConnectionId) -> Result<axum::Json<TestOutcome>, Problem> {
        let mut tx = self.app.db.begin(self.request.clone()).await?;
        let allowed = tx.authorize::<action::Test>(&self.caller, id).await?;
        connection::check_home(&mut tx, &allowed, self.owner).await?;
        let opened = connection::open(&mut tx, &allowed).await?;
        drop(tx);
        let (outcome, of) = match opened {
            Ok((access, at)) => (provider::test(&self.app.stores, &access).await, Some(at)),
            Err(_) => (provider::refused(TestFailure::CredentialsUnreadable), None),
        };
        let mut tx = self.app.db.begin(self.request).await?;
        let allowed = tx.authorize::<action::Test>(&self.caller, id).await?;
        connection::record_test(&mut tx, &allowed, of, &outcome).await?;
        tx.commit().await?;
        Ok(axum::Json(outcome))
    }

    /// The same.
    pub(super) async fn rotate(
        self,
        id: ConnectionId,
        trial: Trial,
        if_match: IfMatch,
        body: GiveCredentials,
    ) -> Result<Response, Problem> {
        let mut tx = self.app.db.begin(self.request.clone()).await?;
        let allowed = tx.authorize::<action::Rotate>(&self.caller, id).await?;
        connection::check_home(&mut tx, &allowed, self.owner).await?;
        let version = connection::lock_version(&mut tx, &allowed).await?;
        if_match.check(version)?;
        let access = connection::draft(&mut tx, &allowed, body.credentials, body.settings.as_ref()).await?;
        drop(tx);
        provider::check(&self.app.stores, &access)?;
        let tested = match trial {
            Trial::True => Some(provider::test(&self.app.stores, &access).await),
            Trial::False => None,
        };
        if let Some(TestOutcome { ok: false, error: Some(error), detail }) = &tested {
            let detail = format!("{}: {}", error.as_str(), detail.as_deref().unwrap_or_default());
            return Err(Problem::new(StatusCode::CONFLICT, "test_failed", detail));
        }
        let mut tx = self.app.db.begin(self.request).await?;
        let allowed = tx.authorize::<action::Rotate>(&self.caller, id).await?;
        if connection::lock_version(&mut tx, &allowed).await? != version {
            return Err(tenancy::Error::conflict("contention", "it was changed meanwhile; try again").into());
        }
        let connection = connection::rotate(&mut tx, &allowed, &access, tested.as_ref()).await?;
        let answer = Versioned::new(connection.version, &connection)?;
        Ok((At(tx.commit().await?), answer).into_response())
    }

    pub(super) async fn delete(self, id: ConnectionId) -> Result<Response, Problem> {
        let mut tx = self.app.db.begin(self.request).await?;
        let allowed = tx.authorize::<action::Delete>(&self.caller, id).await?;
        connection::check_home(&mut tx, &allowed, self.owner).await?;
        connection::delete(&mut tx, &allowed).await?;
        Ok((At(tx.commit().await?), StatusCode::NO_CONTENT).into_response())
    }
}
