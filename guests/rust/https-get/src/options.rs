//! The command line, of https-get-p3 too.

use std::error::Error;
use std::time::Duration;

const USAGE: &str = concat!(
    "usage: ",
    env!("CARGO_PKG_NAME"),
    " URL [URL...] [--method M] [--data TEXT] [--header K:V]... [--timeout SECONDS]"
);

/// How long one request may take, unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

pub struct Options {
    pub urls: Vec<String>,
    pub method: String,
    pub data: Option<String>,
    pub headers: Vec<(String, String)>,
    pub timeout: Duration,
}

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
        let mut options = Options {
            urls: Vec::new(),
            method: String::new(),
            data: None,
            headers: Vec::new(),
            timeout: TIMEOUT,
        };
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some(name) => options.set(name, &mut words)?,
                None => options.urls.push(word),
            }
        }
        if options.urls.is_empty() {
            return Err(USAGE.into());
        }
        if options.method.is_empty() {
            options.method = if options.data.is_some() { "POST" } else { "GET" }.into();
        }
        Ok(options)
    }

    fn set(
        &mut self,
        name: &str,
        words: &mut impl Iterator<Item = String>,
    ) -> Result<(), Box<dyn Error>> {
        if name == "insecure" {
            return Err("--insecure: refused: the host checks certificates, and wasi:tls gives a \
                        guest no way to turn that off; add the server's CA to the host's roots"
                .into());
        }
        let mut value = || words.next().ok_or_else(|| format!("--{name} needs a value; {USAGE}"));
        match name {
            "method" => self.method = value()?,
            "data" => self.data = Some(value()?),
            "header" => {
                let text = value()?;
                let (k, v) = text.split_once(':').ok_or("--header: not of the form K:V")?;
                self.headers.push((k.trim().into(), v.trim().into()));
            }
            "timeout" => {
                let seconds: f64 = value()?.parse().map_err(|e| format!("--timeout: {e}"))?;
                self.timeout =
                    Duration::try_from_secs_f64(seconds).map_err(|e| format!("--timeout: {e}"))?;
            }
            _ => return Err(format!("unknown option --{name}; {USAGE}").into()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, String> {
        Options::parse(words.iter().map(|w| w.to_string())).map_err(|e| e.to_string())
    }

    #[test]
    fn all_options() {
        let words = ["https://a", "--method", "PUT", "--data", "x y", "https://b"];
        let more = ["--header", "X-A: 1:2 ", "--timeout", "0.5"];
        let o = parse(&[&words[..], &more].concat()).unwrap();
        assert_eq!(o.urls, ["https://a", "https://b"]);
        assert_eq!((o.method.as_str(), o.data.as_deref()), ("PUT", Some("x y")));
        assert_eq!(o.headers, [("X-A".to_string(), "1:2".to_string())]);
        assert_eq!(o.timeout, Duration::from_millis(500));
    }

    #[test]
    fn method_follows_data() {
        assert_eq!(parse(&["https://a"]).unwrap().method, "GET");
        assert_eq!(parse(&["https://a", "--data", ""]).unwrap().method, "POST");
    }

    #[test]
    fn refusals() {
        for (words, reason) in [
            (&["https://a", "--insecure"][..], "refused"),
            (&[], "usage"),
            (&["https://a", "--method"], "needs a value"),
            (&["https://a", "--header", "novalue"], "K:V"),
            (&["https://a", "--timeout", "soon"], "--timeout"),
            (&["https://a", "--timeout", "-1"], "--timeout"),
            (&["https://a", "--what"], "unknown option --what"),
        ] {
            let e = parse(words).err().unwrap_or_default();
            assert!(e.contains(reason), "{words:?}: {e:?}");
        }
    }
}
