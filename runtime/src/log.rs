//! How log lines are written, so that nothing in a value can pretend to be another line or steer a terminal.

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal as _, Write},
};

use tracing_subscriber::{
    Layer, Registry,
    field::MakeExt as _,
    fmt::{FormatFields, MakeWriter, format},
};

use crate::config::LogFormat;

/// The layer that writes log lines to `writer`.
pub(crate) fn layer<W>(format: LogFormat, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer();
    match format {
        LogFormat::Human => {
            // By itself the layer only looks at NO_COLOR.
            let layer = if io::stderr().is_terminal() { layer } else { layer.with_ansi(false) };
            layer.fmt_fields(fields()).with_writer(writer).boxed()
        }
        LogFormat::Json => layer.json().with_current_span(false).with_writer(JsonLines(writer)).boxed(),
    }
}

/// Fields as `name=value`, escaped. The formatter that comes with the library writes line breaks of a displayed value
/// as they are.
fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    format::debug_fn(|writer, field, value| {
        if field.name() != "message" {
            write!(writer, "{}=", field.name())?;
        }
        write!(Escaped(writer), "{value:?}")
    })
    .delimited(" ")
}

/// Writes what goes through it with everything escaped that is not plain text.
struct Escaped<'a, W>(&'a mut W);

impl<W: fmt::Write> fmt::Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Nearly all there is to write, and faster to see.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.0.write_str(text);
        }
        let mut plain = 0;
        for (at, char) in text.char_indices().filter(|(_, char)| is_control(*char)) {
            self.0.write_str(&text[plain..at])?;
            write!(self.0, "{}", char.escape_default())?;
            plain = at + char.len_utf8();
        }
        self.0.write_str(&text[plain..])
    }
}

/// Control characters, line and paragraph separators, and what turns the direction of writing.
fn is_control(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes lines of JSON with those control characters escaped that JSON would allow as they are.
struct JsonLines<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for JsonLines<W> {
    type Writer = JsonLine<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        JsonLine(self.0.make_writer())
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        JsonLine(self.0.make_writer_for(meta))
    }
}

struct JsonLine<W>(W);

impl<W: Write> Write for JsonLine<W> {
    /// Each call brings one whole line, as the formatting layer makes them.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mut safe = String::with_capacity(text.len());
        for char in text.chars() {
            // A line break can only be the one between two lines: inside of a text it is escaped already.
            if char != '\n' && is_control(char) {
                write!(safe, "\\u{:04x}", u32::from(char)).map_err(io::Error::other)?;
            } else {
                safe.push(char);
            }
        }
        self.0.write_all(safe.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    const NASTY: &str = "a\nERROR forged\r\x1b[2Jb\u{9b}c\u{202e}d\u{2028}e\tf\0";

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = Registry::default().with(layer(format, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let error = io::Error::other(NASTY);
            let span = tracing::info_span!("request", path = %NASTY);
            span.in_scope(|| {
                tracing::info!(shown = %NASTY, debugged = ?NASTY, error = &error as &dyn std::error::Error, "{NASTY}");
            });
            span.record("path", NASTY);
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    // proves OPS-3
    #[test]
    fn a_value_cannot_forge_a_line_or_steer_a_terminal() {
        for format in [LogFormat::Human, LogFormat::Json] {
            let text = logged(format);
            let line = text.strip_suffix('\n').unwrap();
            assert!(!line.contains(is_control), "{line:?}");
            assert_eq!(line.matches("forged").count(), 5, "{line}");
        }
    }

    // proves OPS-3
    #[test]
    fn json_lines_carry_the_values_unchanged() {
        let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json)).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["fields"]["message"], NASTY);
        assert_eq!(line["fields"]["shown"], NASTY);
        assert_eq!(line["spans"][0]["path"], NASTY);
    }
}
