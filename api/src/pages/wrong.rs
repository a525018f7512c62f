//! What is wrong with a form, field by field, in the reader's language.

use secrecy::{ExposeSecret as _, SecretString};
use tenancy::{FieldError, Locale, Password};

/// The fields that are wrong.
#[derive(Default)]
pub(super) struct Wrong {
    fields: Vec<FieldError>,
    language: Option<Locale>,
}

/// What the fields of our forms can be told, in French. Whatever is not here is said in general.
const FRENCH: &[(&str, &str)] = &[
    ("8 to 256 characters", "De 8 à 256 caractères."),
    (
        "one of the passwords that are tried first; choose another",
        "Ce mot de passe est parmi les premiers que l’on essaie ; choisissez-en un autre.",
    ),
    (
        "contains a part of the e-mail address or the name of the product; choose another",
        "Ce mot de passe contient une partie de l’adresse e-mail ou le nom du produit ; choisissez-en un autre.",
    ),
    (
        "contains the name of an organization of yours; choose another",
        "Ce mot de passe contient le nom d’une de vos organisations ; choisissez-en un autre.",
    ),
    (
        "not an e-mail address that can be used here: name@example.com, in Latin letters before the @",
        "Cette adresse e-mail ne peut pas servir ici : nom@example.com, sans accents avant le @.",
    ),
    (
        "1 to 200 characters, none of them control characters",
        "De 1 à 200 caractères, sans caractères de contrôle.",
    ),
    (
        "the address of the first administrator stands in the configuration",
        "L’adresse du premier administrateur est dans la configuration.",
    ),
    ("another account has this address", "Un autre compte a cette adresse."),
    (BAD_CREDENTIALS, "Le mot de passe ou le code n’est pas le bon."),
    (CODE_WANTED, "Saisissez aussi un code de votre second facteur."),
    (TWO, "Les deux mots de passe ne sont pas les mêmes."),
];

/// What is said of a password that was typed in two ways.
const TWO: &str = "the two passwords are not the same";

/// What is said of a password or a code that is not the account's.
pub(super) const BAD_CREDENTIALS: &str = "the password or the code is wrong";

/// What is said to whoever has a second factor and gave the password alone.
pub(super) const CODE_WANTED: &str = "give a code of your second factor too";

/// What French says of what it has no word for.
const IN_GENERAL: &str = "Cette valeur est refusée.";

/// A field, and what is wrong with it.
pub(super) fn field(name: &str, said: impl ToString) -> FieldError {
    FieldError { field: name.to_owned(), message: said.to_string() }
}

/// The password, if it was typed the same way twice.
pub(super) fn typed_twice(once: &SecretString, again: &SecretString) -> Result<Password, FieldError> {
    if once.expose_secret() == again.expose_secret() {
        Ok(Password::new(once.expose_secret().to_owned()))
    } else {
        Err(field("repeat", TWO))
    }
}

impl Wrong {
    /// These fields.
    pub(super) fn new(fields: Vec<FieldError>, language: Locale) -> Self {
        Self { fields, language: Some(language) }
    }

    /// Whether something is wrong.
    pub(super) fn is_any(&self) -> bool {
        !self.fields.is_empty()
    }

    /// Whether a field is the first that is wrong, where typing goes on.
    pub(super) fn is_first(&self, field: &str) -> bool {
        self.fields.first().is_some_and(|wrong| wrong.field == field)
    }

    /// What is wrong with a field, as a sentence.
    pub(super) fn of(&self, field: &str) -> Option<String> {
        let said = self.fields.iter().find(|wrong| wrong.field == field)?;
        Some(match self.language {
            Some(Locale::French) => french(&said.message).unwrap_or(IN_GENERAL).to_owned(),
            _ => sentence(&said.message),
        })
    }
}

fn french(message: &str) -> Option<&'static str> {
    FRENCH.iter().find(|(english, _)| *english == message).map(|(_, french)| *french)
}

/// `8 to 256 characters` becomes `8 to 256 characters.`; the first letter a capital.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}
