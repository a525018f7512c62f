//! `doorward mail …`

mod test;

use std::io::Write as _;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Subcommand, ValueEnum};
use runtime::Config;
use tenancy::{Locale, MailTemplate};
use worker::mail::{Brand, Composer, Outgoing, SAMPLE_JOB, sample};

/// Look at the mails that Doorward writes, and try whether they arrive.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a mail with invented content. Its links lead below DOORWARD_PUBLIC_URL or to DOORWARD_APP_URL; their tokens open nothing.
    Preview {
        /// Which mail; `doorward mail list` tells what each is for.
        #[arg(value_parser = template(), hide_possible_values = true)]
        template: MailTemplate,
        /// In which language.
        #[arg(long, default_value = "en", value_parser = locale())]
        locale: Locale,
        /// Which form: the text with its subject, the HTML part, or the whole mail as a file.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// List all mails with what they are for.
    List,
    /// Send a mail with invented content, by a running Doorward.
    Test(test::Test),
}

/// A form of a mail.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// The text, below the subject.
    Text,
    /// The HTML part.
    Html,
    /// Everything, with headers.
    Eml,
}

fn template() -> impl TypedValueParser<Value = MailTemplate> {
    let names = MailTemplate::ALL.iter().map(|template| template.as_str());
    PossibleValuesParser::new(names).try_map(|name| MailTemplate::parse(&name).ok_or("no such mail"))
}

fn locale() -> impl TypedValueParser<Value = Locale> {
    let names = Locale::ALL.iter().map(|locale| locale.as_str());
    PossibleValuesParser::new(names).try_map(|name| Locale::parse(&name).ok_or("no such language"))
}

/// Runs a command; only a test mail needs a running Doorward.
pub(crate) async fn run(config: &Config, command: &Command) -> anyhow::Result<u8> {
    match command {
        Command::Preview { template, locale, format } => preview(config, *template, *locale, *format)?,
        Command::List => {
            for template in MailTemplate::ALL {
                println!("{:<21} {}", template.as_str(), about(*template));
            }
        }
        Command::Test(test) => test::run(config, test).await?,
    }
    Ok(0)
}

fn preview(config: &Config, template: MailTemplate, locale: Locale, format: Format) -> anyhow::Result<()> {
    let brand = Brand::new(&config.public_url)?.with_app(&config.app_url)?;
    let letter = sample(template, locale, &brand)?;
    match format {
        Format::Text => print!("Subject: {}\n\n{}", letter.subject, letter.text),
        Format::Html => print!("{}", letter.html),
        Format::Eml => {
            let composer = Composer::new(&config.mail_from, &config.public_url)?;
            let outgoing = Outgoing { id: SAMPLE_JOB, to: "camille@example.org", letter: &letter };
            std::io::stdout().write_all(&composer.eml(&outgoing)?)?;
        }
    }
    Ok(())
}

fn about(template: MailTemplate) -> &'static str {
    match template {
        MailTemplate::Verification => "confirm the address of a new account",
        MailTemplate::Welcome => "the address is confirmed, and what the trial means",
        MailTemplate::Invitation => "join an organization",
        MailTemplate::AlreadyRegistered => "somebody tried to open an account with an address that has one",
        MailTemplate::SetPassword => "choose the password of an account that an administrator made",
        MailTemplate::SecondFactorChanged => {
            "the second factor was changed, and what to do if it was somebody else"
        }
        MailTemplate::PasswordReset => "choose a new password",
        MailTemplate::PasswordChanged => "the password was changed, and what to do if it was somebody else",
        MailTemplate::ApprovalReminder => "the trial ends soon and nobody has approved the account",
        MailTemplate::Approved => "the account was approved",
        MailTemplate::Expired => "the trial has ended, and what still works",
        MailTemplate::Disabled => "an administrator closed the account, and why",
        MailTemplate::OrgNotice => "the platform changed something about an organization of yours",
        MailTemplate::DeletionRequested => "something will be erased, and how to keep it",
        MailTemplate::DeletionReceipt => "what was erased, and when",
        MailTemplate::ExportReady => "an export of the data can be fetched",
    }
}
