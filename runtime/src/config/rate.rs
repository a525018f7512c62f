use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use super::value;

/// So many in a time, written as `20/1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many, also at once.
    pub count: NonZeroU32,
    /// In which time.
    pub per: Duration,
}

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
        let (count, per) = text.split_once('/').ok_or(())?;
        let per = value::duration(per.trim()).filter(|per| *per <= LONGEST).ok_or(())?;
        Ok(Self { count: count.trim().parse().map_err(|_| ())?, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, humantime::format_duration(self.per))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves MAIL-1
    #[test]
    fn a_rate_is_a_count_and_a_duration() {
        let rate: Rate = "20/1h".parse().unwrap();
        assert_eq!((rate.count.get(), rate.per), (20, Duration::from_secs(3600)));
        assert_eq!(rate.to_string().parse(), Ok(rate));
        for text in ["", "20", "0/1h", "-1/1h", "20/", "20/0s", "20/2000y", "20/h", "1.5/1h"] {
            assert_eq!(text.parse::<Rate>(), Err(()), "{text}");
        }
    }
}
