//! Rows of one table that belong to something, or name it.

/// A class of rows. The names of tables and the conditions are all constants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    /// The table.
    pub(super) table: &'static str,
    /// Which of its rows, by the id of what goes, as `$1`.
    pub(super) whose: &'static str,
    /// What is done to them.
    pub(super) manner: Manner,
}

/// What is done to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// They are deleted.
    Delete,
    /// They are deleted, from a table with partitions, by this key.
    DeleteFromParts(&'static str),
    /// They are counted, and go with the last row, by the foreign key: nothing else may delete them.
    Cascade,
    /// They are deleted and not counted: a trigger has made them of rows that went.
    Trace,
    /// They are somebody else's: they stay, and forget.
    Change(&'static str),
}

pub(super) const fn delete(table: &'static str, whose: &'static str) -> Class {
    Class { table, whose, manner: Manner::Delete }
}

pub(super) const fn trace(table: &'static str, whose: &'static str) -> Class {
    Class { table, whose, manner: Manner::Trace }
}

pub(super) const fn cascade(table: &'static str, whose: &'static str) -> Class {
    Class { table, whose, manner: Manner::Cascade }
}

pub(super) const fn change(table: &'static str, change: &'static str, whose: &'static str) -> Class {
    Class { table, whose, manner: Manner::Change(change) }
}

/// Entries of the decision log, which has a partition for each day.
pub(super) const fn decisions(whose: &'static str) -> Class {
    Class { table: "decisions", whose, manner: Manner::DeleteFromParts("at, id") }
}

/// What stands beside entries of the audit log, and is forgotten: the chain holds without it.
pub(super) const fn details(whose: &'static str) -> Class {
    change("audit_details", "salt = null, details = null", whose)
}
