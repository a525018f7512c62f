//! `doorward import FILE`

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _};
use std::path::PathBuf;

use anyhow::Context as _;
use runtime::Config;

use crate::client::{Client, Reply, Target};
use crate::exit;

/// Lines of a batch: all of them are written, or none.
const BATCH: usize = 500;
/// A batch ends at this many bytes, too.
const BATCH_BYTES: usize = 4 << 20;

/// Bring in users, organizations, resources and all the rest.
///
/// One JSON object a line: {"user": {…}}, {"organization": {…}}, {"membership": {…}}, {"workspace": {…}},
/// {"workspace_member": {…}}, {"agent": {…}}, {"resource": {…}}, {"share": {…}}. What is there under the same id is
/// replaced, so a file can be imported again. Lines go in batches of 500: all of a batch, or none of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file; - for standard input.
    file: PathBuf,

    #[command(flatten)]
    target: Target,
}

/// Imports a file.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    let client = Client::new(config, &arguments.target)?;
    let name = arguments.file.display().to_string();
    let mut lines: Box<dyn BufRead> = if name == "-" {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(
            File::open(&arguments.file).with_context(|| format!("{name} cannot be read"))?,
        ))
    };
    let (mut first, mut written) = (1, 0);
    loop {
        let (batch, count) = take(lines.as_mut()).with_context(|| format!("{name} cannot be read"))?;
        if count == 0 {
            break;
        }
        let last = first + count - 1;
        let reply = client.post("/api/v1/import", batch).await?;
        if !reply.is_success {
            report(&name, first, &reply);
            let kept = if first > 1 {
                format!("lines 1 to {} are in", first - 1)
            } else {
                "nothing was imported".into()
            };
            eprintln!("doorward: lines {first} to {last} were not imported; {kept}");
            return Ok(exit::FAILED);
        }
        written += reply.body["written"].as_u64().unwrap_or(0);
        progress(last);
        first = last + 1;
    }
    if io::stderr().is_terminal() {
        eprintln!();
    }
    println!("{written} imported from {name}");
    Ok(0)
}

/// The next batch, and how many lines it has.
fn take(lines: &mut dyn BufRead) -> io::Result<(String, usize)> {
    let (mut batch, mut count) = (String::new(), 0);
    while count < BATCH && batch.len() < BATCH_BYTES && lines.read_line(&mut batch)? > 0 {
        count += 1;
    }
    Ok((batch, count))
}

fn progress(lines: usize) {
    if io::stderr().is_terminal() {
        eprint!("\r{lines} lines");
    } else {
        eprintln!("{lines} lines");
    }
}

/// What is wrong, with line numbers of the whole file.
fn report(name: &str, first: usize, reply: &Reply) {
    let fields = reply.body["fields"].as_array().cloned().unwrap_or_default();
    if fields.is_empty() {
        eprintln!("{name}: {}", reply.problem());
    }
    for field in fields {
        let (path, message) =
            (field["field"].as_str().unwrap_or_default(), field["message"].as_str().unwrap_or_default());
        let (line, rest) = path
            .trim_start_matches("line ")
            .split_once(": ")
            .unwrap_or((path.trim_start_matches("line "), ""));
        let line = line.parse::<usize>().map_or(first, |line| line + first - 1);
        let rest = if rest.is_empty() { String::new() } else { format!("{rest}: ") };
        eprintln!("{name}:{line}: {rest}{message}");
    }
}
