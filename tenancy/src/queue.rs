//! The queue: which jobs are due, who runs them, and how they ended. Every step is one statement or one transaction, so
//! that a process may die between any two. All times are the store's, which every machine shares.
//!
//! Nothing here looks at tenants or asks policies: it moves jobs along, whoever's they are. What a job does is decided
//! where it does it.

mod claim;
mod ending;
mod figures;
mod handover;
mod kind;
mod rescue;
mod schedule;
mod trim;
mod wake;

pub use claim::{Claim, Fence, claim, extend};
pub use ending::{Ending, Fate, end};
pub use figures::{Figures, figures};
pub use handover::{hand_over, hand_over_again, take_back};
pub use kind::{Kind, register};
pub use rescue::{Rescued, rescue};
pub use schedule::{Schedule, take_slot};
pub use trim::{Trimmed, trim};
pub use wake::Wake;
