//! `doorward config`

use runtime::Config;

/// Prints every setting.
pub(crate) fn print(config: &Config) {
    for (key, value) in config.shown() {
        let value = value.unwrap_or_else(|| "(not set)".to_owned());
        println!(
            "{} = {value}\n    {}\n    in doorward.toml: {}; default: {}\n",
            key.env, key.about, key.toml, key.fallback
        );
    }
}
