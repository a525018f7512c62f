//! `doorward audit export`

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use runtime::Config;

use super::filters::Filters;
use crate::client::{Client, Download, Target};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filters: Filters,
    /// ndjson: an object on each line. csv: for spreadsheets.
    #[arg(long, default_value = "ndjson", value_parser = ["ndjson", "csv"])]
    format: String,
    /// The file, which is there once all of it is; standard output, if left out.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

/// Asks a running Doorward and writes.
pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    let mut parameters = arguments.filters.parameters()?;
    parameters.push(("format", arguments.format.clone()));
    let path = format!("{}/export", arguments.filters.path());
    let client = Client::new(config, &arguments.target)?;
    let download = client.download(&path, &parameters).await?;
    match &arguments.output {
        None => copy(download, &mut io::stdout().lock()).await?,
        Some(output) => keep(download, output).await?,
    }
    Ok(0)
}

/// A file with this name is whole: until then it has another one. It is for nobody else to read.
async fn keep(download: Download, output: &Path) -> anyhow::Result<()> {
    let mut name = OsString::from(output);
    name.push(".part");
    let part = PathBuf::from(name);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
    let mut file = file.with_context(|| format!("{} cannot be written", part.display()))?;
    copy(download, &mut file).await.with_context(|| format!("{} is not whole", part.display()))?;
    file.sync_all().with_context(|| format!("{} cannot be written", part.display()))?;
    fs::rename(&part, output).with_context(|| format!("{} cannot be written", output.display()))
}

async fn copy(mut download: Download, to: &mut impl Write) -> anyhow::Result<()> {
    while let Some(bytes) = download.next().await.context("the export broke off")? {
        to.write_all(bytes.as_ref()).context("the export cannot be written")?;
    }
    to.flush().context("the export cannot be written")
}
