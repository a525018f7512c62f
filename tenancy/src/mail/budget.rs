use std::time::Duration;

use runtime::config::Rate;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use crate::db::Db;
use crate::error::Result;
use crate::id::OrgId;

/// How much mail may go out: the generic cell rate algorithm, with one moment in the store for each address and each
/// organization, so that all workers together keep to it.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// For one address.
    pub per_address: Rate,
    /// For one organization.
    pub per_org: Rate,
}

/// Whether a mail may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Allowance {
    /// It may.
    Granted,
    /// It has to wait so long.
    Exhausted(Duration),
}

impl Budget {
    /// Takes one mail out of the budgets of its address and its organization, or out of none.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn spend(&self, db: &Db, address: &str, org: Option<OrgId>) -> Result<Allowance> {
        let mut tx = db.pool().begin().await?;
        for (key, rate) in self.cells(address, org) {
            let wait = spend(&mut tx, &key, rate).await?;
            if let Allowance::Exhausted(_) = wait {
                return Ok(wait);
            }
        }
        tx.commit().await?;
        Ok(Allowance::Granted)
    }

    /// Puts back what [`Budget::spend`] took, for a mail that could not go.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn put_back(&self, db: &Db, address: &str, org: Option<OrgId>) -> Result<()> {
        for (key, rate) in self.cells(address, org) {
            sqlx::query!(
                "update mail_budgets set spent_until = spent_until - make_interval(secs => $2) where key = $1",
                key.as_slice(),
                step(rate),
            )
            .execute(db.pool())
            .await?;
        }
        Ok(())
    }

    /// Always the address first: who takes locks in one order does not get stuck.
    fn cells(&self, address: &str, org: Option<OrgId>) -> impl Iterator<Item = (Vec<u8>, Rate)> + use<> {
        let address = format!("address {}", address.to_lowercase());
        let org = org.map(|org| (format!("org {org}"), self.per_org));
        [(address, self.per_address)]
            .into_iter()
            .chain(org)
            .map(|(key, rate)| (Sha256::digest(key).to_vec(), rate))
    }
}

/// The seconds that one mail takes.
fn step(rate: Rate) -> f64 {
    rate.per.as_secs_f64() / f64::from(rate.count.get())
}

async fn spend(connection: &mut PgConnection, key: &[u8], rate: Rate) -> Result<Allowance> {
    let (step, per) = (step(rate), rate.per.as_secs_f64());
    // A little grace: as many as the count must go at once, whatever the division left over.
    let granted = sqlx::query_scalar!(
        "insert into mail_budgets as b (key, spent_until) values ($1, now() + make_interval(secs => $2))
         on conflict (key) do update set spent_until = greatest(b.spent_until, now()) + make_interval(secs => $2)
         where greatest(b.spent_until, now()) + make_interval(secs => $2)
               <= now() + make_interval(secs => $3) + interval '1 millisecond'
         returning true",
        key,
        step,
        per,
    )
    .fetch_optional(&mut *connection)
    .await?;
    if granted.is_some() {
        return Ok(Allowance::Granted);
    }
    let wait = sqlx::query_scalar!(
        r#"select extract(epoch from spent_until - now())::float8 + $2 - $3 as "wait!" from mail_budgets where key = $1"#,
        key,
        step,
        per,
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(Allowance::Exhausted(
        Duration::try_from_secs_f64(wait).unwrap_or_default().max(Duration::from_secs(1)),
    ))
}
