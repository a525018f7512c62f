//! Recovery codes. The store has keyed hashes of them only, so that they can be looked up by their hash: without the
//! installation's secret nobody can tell what hash a code has, and time tells nothing.

use data_encoding::BASE32_NOPAD;
use secrecy::SecretString;
use uuid::Uuid;

use crate::error::Result;
use crate::id::UserId;
use crate::master_key::Purpose;
use crate::tx::Tx;

/// How many a person gets.
const COUNT: usize = 10;

/// The randomness of one, in bytes: more than 112 bits, so that a fast hash is enough (ASVS 6.5.2).
const BYTES: usize = 15;

/// Its length in base32 (RFC 4648).
const LENGTH: usize = 24;

/// So many characters stand together.
const GROUP: usize = 4;

/// Recovery codes, each good once; shown once.
#[derive(Debug)]
pub struct RecoveryCodes(Vec<SecretString>);

impl RecoveryCodes {
    /// Each as it is shown: `ABCD-EFGH-IJKL-MNOP-QRST-UVWX`.
    pub fn iter(&self) -> impl Iterator<Item = &SecretString> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Whether it has the form of one, as it is compared.
pub(super) fn is_one(code: &str) -> bool {
    code.len() == LENGTH && BASE32_NOPAD.decode(code.as_bytes()).is_ok()
}

/// Makes new ones in place of all others.
pub(super) async fn issue(tx: &mut Tx, id: UserId) -> Result<RecoveryCodes> {
    forget(tx, id).await?;
    let codes: [String; COUNT] = std::array::from_fn(|_| BASE32_NOPAD.encode(&tx.random().bytes::<BYTES>()));
    let ids: Vec<Uuid> = codes.iter().map(|_| tx.new_id()).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(tx, id, code).to_vec()).collect();
    let now = tx.now();
    sqlx::query!(
        "insert into recovery_codes (id, user_id, hash, created_at)
         select new.id, $1, new.hash, $4 from unnest($2::uuid[], $3::bytea[]) as new (id, hash)",
        id.0,
        &ids,
        &hashes,
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(RecoveryCodes(codes.iter().map(|code| shown(code).into()).collect()))
}

/// Forgets all of somebody's.
pub(super) async fn forget(tx: &mut Tx, id: UserId) -> Result<()> {
    sqlx::query!("delete from recovery_codes where user_id = $1", id.0).execute(tx.connection()).await?;
    Ok(())
}

/// How many of somebody's are good.
pub(super) async fn left(tx: &mut Tx, id: UserId) -> Result<u32> {
    let left = sqlx::query_scalar!(
        r#"select count(*)::int as "left!" from recovery_codes where user_id = $1 and used_at is null"#,
        id.0,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(left.unsigned_abs())
}

/// Whether it is one of somebody's that was not used; it is from now on.
pub(super) async fn accept(tx: &mut Tx, id: UserId, code: &str) -> Result<bool> {
    let (hash, now) = (hash(tx, id, code), tx.now());
    let accepted = sqlx::query!(
        "update recovery_codes set used_at = $3
         where user_id = $1 and hash = $2 and used_at is null
           and exists (select from second_factors where user_id = $1 and confirmed_at is not null)",
        id.0,
        &hash[..],
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(accepted.rows_affected() == 1)
}

fn hash(tx: &Tx, id: UserId, code: &str) -> [u8; 32] {
    tx.master_key().mac(Purpose::RecoveryCode, &[id.0.as_bytes(), code.as_bytes()])
}

fn shown(code: &str) -> String {
    let starts = (0..code.len()).step_by(GROUP);
    let groups: Vec<&str> = starts.filter_map(|start| code.get(start..start + GROUP)).collect();
    groups.join("-")
}
