use std::error::Error;
use std::time::Duration;

const USAGE: &str = "usage: https-get URL [URL...] [--method M] [--data TEXT] [--header K:V]... \
                     [--timeout SECONDS]";

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
