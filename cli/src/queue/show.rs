//! The queue as people read it.

use serde_json::Value;

/// A table of kinds, and then of queues.
pub(super) fn stats(stats: &Value) {
    let mut rows = vec![];
    for (heading, members) in [("kind", "kinds"), ("queue", "queues")] {
        let columns = ["pending", "running", "dead", "lag", "done/min", "done/h", "failed/h", ""];
        let title = std::iter::once(heading).chain(columns);
        rows.push(title.map(str::to_owned).collect::<Vec<_>>());
        rows.extend(stats[members].as_array().into_iter().flatten().map(|one| row(one, heading)));
        rows.push(vec![]);
    }
    rows.pop();
    print(&rows);
}

fn row(one: &Value, heading: &str) -> Vec<String> {
    let count = |name: &str| one[name].as_i64().unwrap_or_default().to_string();
    let lag = one["lag_seconds"].as_f64().map_or_else(|| "-".to_owned(), |lag| format!("{lag:.1} s"));
    let note = match (&one["paused_at"], &one["registered"]) {
        (Value::String(since), _) => format!("paused since {since}"),
        (_, Value::Null) if heading == "kind" => "no worker knows it".to_owned(),
        _ => String::new(),
    };
    vec![
        text(one, heading).to_owned(),
        count("pending"),
        count("running"),
        count("dead"),
        lag,
        count("done_last_minute"),
        count("done_last_hour"),
        count("failures_last_hour"),
        note,
    ]
}

/// A line for each job.
pub(super) fn jobs(page: &Value) {
    for job in page["jobs"].as_array().into_iter().flatten() {
        let attempts = match job["max_attempts"].as_i64() {
            Some(most) => format!("{}/{most}", job["attempt"]),
            None => job["attempt"].to_string(),
        };
        let why = job["last_error"].as_str().map_or_else(String::new, |error| format!("  {error:?}"));
        let (id, kind, state) = (text(job, "id"), text(job, "kind"), text(job, "state"));
        println!("{id}  {kind}  {state}  {attempts}  {}{why}", text(job, "created_at"));
    }
    let (page, pages) = (&page["page"], page["total_pages"].as_i64().unwrap_or_default());
    if pages > 1 {
        println!("page {page} of {pages}");
    }
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or("?")
}

/// Columns as wide as they have to be; names on the left, figures on the right.
fn print(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ if column + 1 == columns => cell.clone(),
            _ => format!("{cell:>width$}"),
        });
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
