//! `doorward mail test`

use runtime::Config;
use serde_json::json;
use tenancy::{Locale, MailTemplate};

use super::{locale, template};
use crate::client::{Client, Target};

/// Which mail, and to whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// The address.
    address: String,
    /// Which mail; `doorward mail list` tells what each is for.
    #[arg(long, default_value = "welcome", value_parser = template(), hide_possible_values = true)]
    template: MailTemplate,
    /// In which language.
    #[arg(long, default_value = "en", value_parser = locale())]
    locale: Locale,
    #[command(flatten)]
    target: Target,
}

/// Asks a running Doorward for it.
pub(crate) async fn run(config: &Config, test: &Test) -> anyhow::Result<()> {
    let body = json!({ "template": test.template, "locale": test.locale, "to": test.address }).to_string();
    let told = Client::new(config, &test.target)?.post("/api/v1/admin/mail/test", body).await?.done()?;
    let job = told["job_id"].as_str().unwrap_or("?");
    println!("job {job} sends it; `doorward queue show {job}` tells how it goes");
    Ok(())
}
