//! The queue: which jobs are due, who runs them, and how they ended. Every step is one statement or one transaction, so
//! that a process may die between any two.

mod wake;

pub use wake::Wake;
