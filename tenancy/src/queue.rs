//! The queue: which jobs are due, who runs them, and how they ended. Every step is one statement or one transaction, so
//! that a process may die between any two. All times are the store's, which every machine shares.
//!
//! What moves jobs along looks at no tenant and asks no policy: what a job does is decided where it does it. What people
//! see and change of the queue takes a proof: `list`, `control`, `bulk`, `pause` and `stats`, with `owner`, which knows
//! whose a job is.

mod bulk;
mod claim;
mod control;
mod ending;
mod figures;
mod handover;
mod job;
mod kind;
mod list;
mod owner;
mod pause;
mod rescue;
mod schedule;
mod stats;
mod trim;
mod wake;

pub use bulk::{AT_A_TIME, Bulk, remove, remove_any, retry_dead};
pub use claim::{Claim, Fence, claim, extend};
pub(crate) use control::call_off;
pub use control::{cancel, cancel_any, retry, retry_any};
pub use ending::{Ending, Fate, end};
pub use figures::{Figures, figures};
pub use handover::{hand_over, hand_over_again, take_back};
pub use job::{AdminFailure, AdminJob, AdminJobDetails, Failure, JobDetails, JobInfo, JobState};
pub use kind::{Kind, register};
pub use list::{AdminFilter, Filter, get, get_any, list, list_all};
pub use owner::{authorize, own};
pub use pause::{Pause, pause, resume};
pub use rescue::{Rescued, rescue};
pub use schedule::{Schedule, take_slot};
pub use stats::{Counts, KindStats, QueueStats, Registered, Stats, Timetable, stats, timetables};
pub use trim::{Trimmed, trim};
pub use wake::Wake;
