//! How entries are written into a file.

use axum::BoxError;
use chrono::SecondsFormat;
use csv::{Terminator, WriterBuilder};
use serde::Deserialize;
use serde_json::Value;
use tenancy::audit::Recorded;
use utoipa::ToSchema;

use crate::routes::audit::AuditEntry;

const COLUMNS: [&str; 13] = [
    "seq",
    "at",
    "actor_type",
    "actor_id",
    "action",
    "target_type",
    "target_id",
    "request_id",
    "decision_id",
    "ip",
    "before",
    "after",
    "hash",
];

/// How entries are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// A JSON object on each line, as the API shows it.
    #[default]
    Ndjson,
    /// RFC 4180, with the names of the columns in the first line. A cell that a spreadsheet would take for a formula
    /// begins with an apostrophe.
    Csv,
}

impl Format {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// What comes before all entries.
    pub(super) fn head(self) -> String {
        match self {
            Self::Ndjson => String::new(),
            Self::Csv => format!("{}\r\n", COLUMNS.join(",")),
        }
    }

    pub(super) fn body(self, entries: Vec<Recorded>) -> Result<Vec<u8>, BoxError> {
        match self {
            Self::Ndjson => ndjson(entries),
            Self::Csv => csv(entries),
        }
    }
}

fn ndjson(entries: Vec<Recorded>) -> Result<Vec<u8>, BoxError> {
    let mut lines = vec![];
    for entry in entries {
        serde_json::to_writer(&mut lines, &AuditEntry::from(entry))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn csv(entries: Vec<Recorded>) -> Result<Vec<u8>, BoxError> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(vec![]);
    for entry in entries {
        let cells: [String; COLUMNS.len()] = [
            entry.seq.to_string(),
            entry.at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            entry.actor.kind,
            entry.actor.id,
            entry.action,
            entry.target.kind,
            entry.target.id,
            entry.request_id,
            entry.decision_id.to_string(),
            entry.ip.unwrap_or_default(),
            json(&entry.before),
            json(&entry.after),
            entry.hash,
        ];
        writer.write_record(cells.map(harmless))?;
    }
    Ok(writer.into_inner().map_err(|error| error.into_error())?)
}

/// As text; nothing for null.
fn json(value: &Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}

/// Spreadsheets calculate what begins so, and what they calculate may send the sheet elsewhere: callers choose the ids
/// of requests and of resources.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{cell}") } else { cell }
}
