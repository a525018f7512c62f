//! One file of the policy folder.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Severity};

/// What a file is for, told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `*.cedarschema`
    Schema,
    /// `*.cedar`
    Policies,
    /// `plans.json`
    Plans,
}

/// A file's text, with the names it goes by.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Named from the folder's own name on: `policies/apps/docs.cedar`.
    pub(crate) name: String,
    /// The application it belongs to (`docs` for `apps/docs.cedar` and `apps/docs/*.cedar`); none for core files.
    pub(crate) app: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

impl Source {
    /// An error at a byte offset.
    pub(crate) fn error(&self, offset: usize, message: impl Into<String>) -> Diagnostic {
        self.finding(Severity::Error, offset, message.into(), None)
    }

    /// A finding at a byte offset.
    pub(crate) fn finding(
        &self,
        severity: Severity,
        offset: usize,
        message: String,
        help: Option<String>,
    ) -> Diagnostic {
        let (line, column) = self.position(offset);
        Diagnostic {
            severity,
            file: self.name.clone(),
            line,
            column,
            message,
            help,
            source_line: self.text.lines().nth(line - 1).map(str::to_owned),
        }
    }

    /// Line and column of a byte offset, both from 1. An offset past the end is the end.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// Whether an error is about this text. Cedar keeps the text, not the file's name.
    pub(crate) fn is_told_by(&self, error: &dyn miette::Diagnostic) -> bool {
        let code = error.source_code();
        let text = code.and_then(|code| code.read_span(&(0..0).into(), 0, usize::MAX).ok());
        text.is_some_and(|text| text.data() == self.text.as_bytes())
    }

    /// A finding made of one of Cedar's errors, at the place that it points to, else at `fallback`.
    pub(crate) fn told_by(
        &self,
        severity: Severity,
        error: &dyn miette::Diagnostic,
        fallback: usize,
    ) -> Diagnostic {
        let label = error.labels().and_then(|mut labels| labels.next());
        let offset = label.as_ref().map_or(fallback, |label| label.offset());
        let mut message = error.to_string();
        // Cedar's summary often says only that something is wrong; the label says what.
        if let Some(detail) = label.as_ref().and_then(|label| label.label()) {
            message = format!("{message}: {detail}");
        }
        self.finding(severity, offset, message, error.help().map(|help| help.to_string()))
    }

    /// The findings of an error that may hold several.
    pub(crate) fn all_told_by(&self, error: &dyn miette::Diagnostic) -> Vec<Diagnostic> {
        let mut found = vec![self.told_by(Severity::Error, error, 0)];
        found.extend(
            error.related().into_iter().flatten().map(|related| self.told_by(Severity::Error, related, 0)),
        );
        found
    }

    /// Where each of the texts stands, looked for in order, so that equal texts get places of their own. What a
    /// comment says is not the text.
    pub(crate) fn places<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Vec<Range<usize>> {
        let mut from = 0;
        texts
            .map(|text| {
                let start = self.text[from..]
                    .match_indices(text)
                    .map(|(at, _)| from + at)
                    .find(|at| !self.is_in_line_comment(*at))
                    .unwrap_or(from);
                from = (start + text.len()).min(self.text.len());
                start..from
            })
            .collect()
    }

    /// Whether nothing but a comment stands before the offset in its line.
    fn is_in_line_comment(&self, offset: usize) -> bool {
        let before = &self.text[..offset];
        before[before.rfind('\n').map_or(0, |at| at + 1)..].trim_start().starts_with("//")
    }
}
