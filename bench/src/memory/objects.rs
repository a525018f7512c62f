//! Many objects of somebody who goes.

use super::house::House;
use super::{Much, Peak};
use crate::report::figure;

/// Erases an account with so many objects.
///
/// # Errors
/// The receipt does not count them.
pub(super) fn erase(much: Much) -> anyhow::Result<(String, Peak)> {
    let bucket = harness::S3::simulated("workspaces/", much.objects)?;
    let house = House::start(Some(&bucket.url("simulated")))?;
    let purge = house.leave()?;
    house.until(&format!("select state from purges where id = '{purge}'"), "done")?;
    let peak = Peak::of(&house)?;
    let counted =
        house.sql(&format!("select receipt->'counts'->>'versions' from purges where id = '{purge}'"))?;
    anyhow::ensure!(counted == much.objects.to_string(), "{counted} of {} objects are counted", much.objects);
    anyhow::ensure!(bucket.left() == 0, "{} objects are left", bucket.left());
    Ok((format!("{} objects", figure(much.objects as f64)), peak))
}
