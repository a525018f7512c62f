//! The page: tables and goals as Markdown, in the place that a run keeps on it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// What a person wrote about the figures; each part of the page that a program writes stands between two marks.
const TEMPLATE: &str = include_str!("../performance.md");

/// A table.
pub(crate) struct Table {
    pub(crate) title: String,
    /// What one has to know to read it.
    pub(crate) note: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// What a ratio should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// A goal, and what was measured.
pub(crate) struct Goal {
    pub(crate) words: String,
    pub(crate) bound: Bound,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
}

impl Goal {
    /// A goal for a ratio.
    pub(crate) fn ratio(words: &str, bound: Bound, measured: f64) -> Self {
        Self { words: words.to_owned(), bound, measured, unit: "×" }
    }

    pub(crate) fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.measured <= most,
            Bound::AtLeast(least) => self.measured >= least,
        }
    }
}

/// A table of goals.
pub(crate) fn goals(goals: &[Goal]) -> Table {
    let row = |goal: &Goal| {
        let (sign, bound) = match goal.bound {
            Bound::AtMost(most) => ("≤", most),
            Bound::AtLeast(least) => ("≥", least),
        };
        let met = if goal.is_met() { "yes" } else { "**no**" };
        let unit = goal.unit;
        vec![
            goal.words.clone(),
            format!("{sign} {bound} {unit}"),
            format!("{} {unit}", figure(goal.measured)),
            met.to_owned(),
        ]
    };
    Table {
        title: "Goals".to_owned(),
        note: String::new(),
        head: ["", "goal", "measured", "met"].map(str::to_owned).to_vec(),
        rows: goals.iter().map(row).collect(),
    }
}

/// Three digits that count, without an exponent.
pub(crate) fn figure(value: f64) -> String {
    match value {
        value if !value.is_finite() => "–".to_owned(),
        value if value >= 100.0 => grouped(value),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// A whole number with a space between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// All of a run.
pub(crate) fn section(opening: &str, tables: &[Table]) -> String {
    let mut text = format!("{opening}\n");
    for table in tables {
        text += &format!("\n### {}\n\n", table.title);
        if !table.note.is_empty() {
            text += &format!("{}\n\n", table.note);
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        text += &line(&table.head);
        // Words to the left, figures to the right.
        let rule: Vec<&str> = (0..table.head.len()).map(|at| if at == 0 { "---" } else { "--:" }).collect();
        text += &format!("|{}|\n", rule.join("|"));
        text.extend(table.rows.iter().map(|row| line(row)));
    }
    text
}

/// Writes a run into its place on the page. What another run wrote stays.
///
/// # Errors
/// The page cannot be written, or the template has no such place.
pub(crate) fn write(page: &Path, place: &str, text: &str) -> anyhow::Result<()> {
    let mut whole = TEMPLATE.to_owned();
    let old = fs::read_to_string(page).unwrap_or_default();
    for known in ["own", "jobs", "memory", "peers"] {
        let kept = between(&old, known).map(|(start, end)| &old[start..end]);
        let wanted = if known == place { Some(text) } else { kept };
        if let Some(wanted) = wanted {
            let (start, end) =
                between(&whole, known).with_context(|| format!("the template has no place for {known}"))?;
            whole.replace_range(start..end, &format!("\n{}\n", wanted.trim_matches('\n')));
        }
    }
    fs::write(page, whole).with_context(|| page.display().to_string())
}

/// Where the text between the marks of a place begins and ends.
fn between(page: &str, place: &str) -> Option<(usize, usize)> {
    let (open, close) = (format!("<!-- {place} begins -->"), format!("<!-- {place} ends -->"));
    let start = page.find(&open)? + open.len();
    let end = start + page[start..].find(&close)?;
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_by_its_figure_alone() {
        let table = goals(&[
            Goal::ratio("close to an echo", Bound::AtMost(4.0), 3.5),
            Goal::ratio("far from others", Bound::AtLeast(20.0), 12.345),
        ]);
        assert_eq!(table.rows[0], ["close to an echo", "≤ 4 ×", "3.50 ×", "yes"]);
        assert_eq!(table.rows[1], ["far from others", "≥ 20 ×", "12.3 ×", "**no**"]);
        assert!(!Goal::ratio("unknown", Bound::AtMost(1.0), f64::NAN).is_met());
    }

    #[test]
    fn figures_have_three_digits_and_grouped_thousands() {
        let written = [0.123, 9.876, 54.32, 999.4, 1_234_567.0, f64::NAN].map(figure);
        assert_eq!(written, ["0.12", "9.88", "54.3", "999", "1 234 567", "–"]);
    }

    #[test]
    fn each_run_writes_its_own_place_and_leaves_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.md");
        write(&page, "own", "an earlier run").unwrap();
        write(&page, "jobs", "work").unwrap();
        write(&page, "peers", "others").unwrap();
        write(&page, "own", &section("Again.", &[goals(&[])])).unwrap();
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.starts_with(TEMPLATE.split("<!--").next().unwrap()));
        assert!(!text.contains("an earlier run"));
        assert!(text.contains("<!-- own begins -->\nAgain.\n\n### Goals\n\n|  | goal | measured | met |\n|---|--:|--:|--:|\n<!-- own ends -->"));
        assert!(text.contains("<!-- jobs begins -->\nwork\n<!-- jobs ends -->"));
        assert!(text.contains("<!-- peers begins -->\nothers\n<!-- peers ends -->"));
    }
}
