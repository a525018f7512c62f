//! What guessing passwords and filling the store with accounts is held back by.

use tenancy::Error;

use crate::app::App;
use crate::client_address::ClientAddress;
use crate::problem::Problem;

use super::{Limit, Spent, Throttle};

/// A sign-in that may be tried. It counts as failed unless it is told to have succeeded: also one that was given up.
#[derive(Debug)]
#[must_use = "who signs in with the right password calls `succeeded`"]
pub(crate) struct SignInPass(Vec<Spent>);

impl SignInPass {
    /// Passes on how the try ended. It counts if the password or the code was wrong; whatever else went wrong was not the fault
    /// of who guesses.
    pub(crate) async fn judge<T>(self, outcome: tenancy::Result<T>) -> tenancy::Result<T> {
        let is_wrong = match &outcome {
            Err(Error::BadCredentials) => true,
            Err(Error::Invalid(fields)) => {
                fields.iter().any(|wrong| matches!(&*wrong.field, "current_password" | "password"))
            }
            _ => false,
        };
        if !is_wrong {
            self.succeeded().await;
        }
        outcome
    }

    /// The password was right: the try does not count. Those that failed before still do.
    pub(crate) async fn succeeded(self) {
        for spent in self.0 {
            spent.give_back().await;
        }
    }
}

/// Lets a sign-in be tried; to be asked before the password is looked at, and before it is known whether there is such an
/// account. `account` is the address in the one spelling by which the account is looked up.
///
/// # Errors
/// 429 when this client has failed too often, here or everywhere. What others have failed never refuses it: while they
/// attack the account, a client that is new to it has fewer tries, and at least one.
pub(crate) async fn sign_in(app: &App, client: ClientAddress, account: &str) -> Result<SignInPass, Problem> {
    app.throttle.sign_in(client, account).await
}

/// Counts a registration, a forgotten password or a mail that is asked for again.
///
/// # Errors
/// 429 when too many of them have come from there.
pub(crate) async fn registration(app: &App, client: ClientAddress) -> Result<(), Problem> {
    app.throttle.registration(client).await
}

impl Throttle {
    pub(super) async fn registration(&self, client: ClientAddress) -> Result<(), Problem> {
        let _counts_in_any_case = self.spend(Limit::RegisterPerIp, &client.throttle_key()).await?;
        Ok(())
    }

    pub(super) async fn sign_in(&self, client: ClientAddress, account: &str) -> Result<SignInPass, Problem> {
        let (from, account) = (client.throttle_key(), account.trim().to_lowercase());
        let mut pass = SignInPass(vec![self.spend(Limit::SignInPerIp, &from).await?]);
        let here = match self.spend(Limit::AccountUnderAttack, &account).await {
            Ok(spent) => {
                pass.0.push(spent);
                Limit::SignInPerAccount
            }
            Err(_) => Limit::SignInPerAccountUnderAttack,
        };
        match self.spend(here, &format!("{from} {account}")).await {
            Ok(spent) => {
                pass.0.push(spent);
                Ok(pass)
            }
            Err(retry) => {
                // Nothing is tried, so nothing has failed.
                pass.succeeded().await;
                Err(retry.into())
            }
        }
    }
}
