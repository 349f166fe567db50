//! The command line.

const USAGE: &str = "usage: tlspump-p3 HOST:PORT SERVERNAME [--bytes N] [--chunk N]";

pub struct Options {
    pub host: String,
    pub port: u16,
    pub name: String,
    /// How much each exchange moves in each of its directions.
    pub bytes: usize,
    /// The most that a pump moves at a time.
    pub chunk: usize,
}

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
        let (mut plain, mut bytes, mut chunk) = (Vec::new(), 4 << 20, 32 << 10);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--bytes" => bytes = number(&word, words.next())?,
                "--chunk" => chunk = number(&word, words.next())?,
                w if w.starts_with("--") => return Err(format!("unknown option {w}; {USAGE}")),
                _ => plain.push(word),
            }
        }
        let [peer, name] = <[String; 2]>::try_from(plain).map_err(|_| USAGE)?;
        let parts = peer.rsplit_once(':').and_then(|(h, p)| Some((h.to_string(), p.parse().ok()?)));
        let (host, port) = parts.ok_or_else(|| format!("{peer} is not HOST:PORT; {USAGE}"))?;
        Ok(Options { host, port, name, bytes, chunk })
    }
}

fn number(option: &str, value: Option<String>) -> Result<usize, String> {
    let n = value.and_then(|v| v.parse().ok()).filter(|n| *n > 0);
    n.ok_or_else(|| format!("{option} needs a number above 0; {USAGE}"))
}
