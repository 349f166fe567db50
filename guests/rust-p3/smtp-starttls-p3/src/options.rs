//! The command line.

use std::time::Duration;

const USAGE: &str = "usage: smtp-starttls-p3 HOST:PORT [--name SERVERNAME] \
                     [--from ADDRESS --to ADDRESS --text TEXT] [--timeout SECONDS]";

/// How long all of it may take, unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

pub struct Options {
    pub host: String,
    pub port: u16,
    /// The name in the server's certificate; the host unless told otherwise.
    pub name: String,
    pub mail: Option<Mail>,
    pub timeout: Duration,
}

#[derive(Default)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub text: String,
}

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
        let (mut server, mut name, mut timeout) = (None, None, TIMEOUT);
        let (mut from, mut to, mut text) = (None, None, None);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value; {USAGE}"));
            match word.as_str() {
                "--name" => name = Some(value()?),
                "--from" => from = Some(address(value()?)?),
                "--to" => to = Some(address(value()?)?),
                "--text" => text = Some(value()?),
                "--timeout" => timeout = seconds(&value()?)?,
                w if w.starts_with("--") => return Err(format!("unknown option {w}; {USAGE}")),
                _ if server.is_none() => server = Some(word),
                _ => return Err(USAGE.into()),
            }
        }
        let server = server.ok_or(USAGE)?;
        let parts = server.rsplit_once(':').and_then(|(h, p)| Some((h, p.parse().ok()?)));
        let (host, port) = parts.ok_or_else(|| format!("{server} is not HOST:PORT; {USAGE}"))?;
        let mail = match (from, to, text) {
            (Some(from), Some(to), Some(text)) => Some(Mail { from, to, text }),
            (None, None, None) => None,
            _ => return Err(format!("--from, --to and --text go together; {USAGE}")),
        };
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let name = name.unwrap_or_else(|| bare.into());
        Ok(Options { host: host.into(), port, name, mail, timeout })
    }
}

/// An address that cannot break out of its command.
fn address(text: String) -> Result<String, String> {
    match text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '<' || c == '>') {
        true => Err(format!("{text:?} is no address")),
        false => Ok(text),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|e| format!("--timeout: {e}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|e| format!("--timeout: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Options, String> {
        Options::parse(words.split_whitespace().map(String::from))
    }

    #[test]
    fn all_options() {
        let o = parse("[::1]:25 --from a@b --to c@d --text hello --timeout 0.5").unwrap();
        assert_eq!((o.host.as_str(), o.port, o.name.as_str()), ("[::1]", 25, "::1"));
        assert_eq!(o.timeout, Duration::from_millis(500));
        let mail = o.mail.unwrap();
        assert_eq!([mail.from, mail.to, mail.text], ["a@b", "c@d", "hello"]);
        assert_eq!(parse("mail:25 --name other").unwrap().name, "other");
    }

    #[test]
    fn refusals() {
        for (words, reason) in [
            ("", "usage"),
            ("mail", "HOST:PORT"),
            ("mail:25 more", "usage"),
            ("mail:25 --from a@b", "go together"),
            ("mail:25 --from a@b> --to c@d --text x", "no address"),
            ("mail:25 --timeout -1", "--timeout"),
            ("mail:25 --what", "unknown option"),
        ] {
            let e = parse(words).err().unwrap_or_default();
            assert!(e.contains(reason), "{words}: {e:?}");
        }
    }
}
