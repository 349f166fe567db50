//! The command line, of pg-query-p3 too.

const USAGE: &str =
    concat!("usage: ", env!("CARGO_PKG_NAME"), " HOST:PORT SERVERNAME USER DATABASE QUERY");

pub struct Options {
    pub host: String,
    pub port: u16,
    /// The name in the server's certificate.
    pub name: String,
    pub user: String,
    pub database: String,
    pub query: String,
    /// For servers that ask for one beside the certificate or instead of it.
    pub password: Option<String>,
}

impl Options {
    pub fn parse(
        words: impl Iterator<Item = String>,
        password: Option<String>,
    ) -> Result<Options, String> {
        let words: Vec<String> = words.collect();
        let words: [String; 5] = words.try_into().map_err(|_| USAGE)?;
        let [server, name, user, database, query] = words;
        let parts = server.rsplit_once(':').and_then(|(h, p)| Some((h, p.parse().ok()?)));
        let (host, port) = parts.ok_or_else(|| format!("{server} is not HOST:PORT; {USAGE}"))?;
        Ok(Options { host: host.into(), port, name, user, database, query, password })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Options, String> {
        Options::parse(words.split_whitespace().map(String::from), None)
    }

    #[test]
    fn five_words() {
        let o = parse("[::1]:5432 pg.test me db query").unwrap();
        assert_eq!((o.host.as_str(), o.port, o.name.as_str()), ("[::1]", 5432, "pg.test"));
        assert_eq!([o.user, o.database, o.query], ["me", "db", "query"]);
    }

    #[test]
    fn refusals() {
        for (words, reason) in [
            ("", "usage"),
            ("pg:5432 pg.test me db", "usage"),
            ("pg:5432 pg.test me db query more", "usage"),
            ("pg pg.test me db query", "HOST:PORT"),
        ] {
            let e = parse(words).err().unwrap_or_default();
            assert!(e.contains(reason), "{words}: {e:?}");
        }
    }
}
