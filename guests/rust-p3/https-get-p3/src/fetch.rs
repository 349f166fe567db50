//! One request with its redirects, and one server's requests in their order.

use std::error::Error;
use std::io;

use http::Uri;
use wasi_tls_client_p3::within;

use crate::connection::{Connection, Head};
use crate::options::Options;

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 10;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A URL with its place on the command line.
pub type Numbered<'a> = (usize, &'a str);

pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Where a request goes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub tls: bool,
    pub host: String,
    pub port: u16,
    /// The path and the query.
    pub path: String,
}

impl Target {
    pub fn parse(url: &str) -> Result<Target> {
        let uri: Uri = url.parse().map_err(|e| format!("no URL: {e}"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("neither https nor http".into()),
        };
        let host = uri.host().filter(|h| !h.is_empty()).ok_or("no host in the URL")?;
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        Ok(Target {
            tls,
            host: host.into(),
            port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            path: if path.starts_with('?') { format!("/{path}") } else { path.into() },
        })
    }

    pub fn same_server(&self, other: &Target) -> bool {
        (self.tls, &self.host, self.port) == (other.tls, &other.host, other.port)
    }

    /// The value of the header Host.
    pub fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Where a Location leads from here.
    fn follow(&self, location: &str) -> Result<Target> {
        if location.contains("://") {
            return Target::parse(location);
        }
        let location = location.split('#').next().unwrap_or_default();
        let path = match location.strip_prefix('/') {
            Some(rest) if rest.starts_with('/') => {
                let scheme = if self.tls { "https" } else { "http" };
                return Target::parse(&format!("{scheme}:{location}"));
            }
            Some(_) => location.to_string(),
            None => {
                let directory = self.path.split('?').next().unwrap_or_default();
                let end = directory.rfind('/').map_or(0, |i| i + 1);
                format!("{}{location}", &directory[..end])
            }
        };
        Ok(Target { path, ..self.clone() })
    }
}

/// Fetches one server's URLs, up to the first that fails.
pub async fn fetch_all(options: &Options, urls: Vec<(usize, &str)>) -> Vec<(usize, Result<Reply>)> {
    let mut kept = None;
    let mut replies = Vec::new();
    for (index, url) in urls {
        let work = async { fetch(options, url, &mut kept).await.map_err(io::Error::other) };
        let reply = within(Some(options.timeout), "request", work).await.map_err(unwrapped);
        let failed = reply.is_err();
        replies.push((index, reply));
        if failed {
            return replies;
        }
    }
    if let Some(connection) = kept {
        let connection: Connection = connection;
        // The replies are complete; how the connection ends does not matter any more.
        let _ = within(Some(options.timeout), "close", connection.close()).await;
    }
    replies
}

/// The error inside, where `within` needed an `io::Error` around it.
fn unwrapped(e: io::Error) -> Box<dyn Error> {
    match e.kind() {
        io::ErrorKind::Other => e.into_inner().map_or("unknown".into(), |e| e as Box<dyn Error>),
        _ => e.into(),
    }
}

async fn fetch(
    options: &Options,
    url: &str,
    kept: &mut Option<Connection>,
) -> std::result::Result<Reply, Box<dyn Error + Send + Sync>> {
    let text = |e: Box<dyn Error>| -> Box<dyn Error + Send + Sync> { e.to_string().into() };
    let mut target = Target::parse(url).map_err(text)?;
    let (mut method, mut data) = (options.method.clone(), options.data.as_deref());
    for _ in 0..=MAX_REDIRECTS {
        let head = head(options, &target, &method, data);
        let (reply, body) = exchange(kept, &target, &method, &head).await?;
        let Some(location) = reply.redirect() else {
            return Ok(Reply { status: reply.status, body });
        };
        if !matches!(reply.status, 307 | 308) && method != "HEAD" {
            (method, data) = ("GET".into(), None);
        }
        target = target.follow(location).map_err(text)?;
    }
    Err(format!("more than {MAX_REDIRECTS} redirects").into())
}

/// Sends a request on the kept connection, or on a new one, and reads the reply.
async fn exchange(
    kept: &mut Option<Connection>,
    target: &Target,
    method: &str,
    head: &[u8],
) -> io::Result<(Head, Vec<u8>)> {
    // The server may have closed a kept connection; then what may be repeated starts anew.
    let again = !matches!(method, "POST" | "PATCH");
    if let Some(mut old) = kept.take().filter(|c| again && c.target.same_server(target))
        && let Ok((reply, body)) = old.exchange(method, head).await
    {
        *kept = reply.keep.then_some(old);
        return Ok((reply, body));
    }
    let mut fresh = Connection::open(target.clone()).await?;
    let (reply, body) = fresh.exchange(method, head).await?;
    if reply.keep {
        *kept = Some(fresh);
    } else if reply.until_end {
        // Only the proper end of the connection tells that the body is whole.
        fresh.close().await?;
    }
    Ok((reply, body))
}

/// The request as it is sent.
fn head(options: &Options, target: &Target, method: &str, data: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {} HTTP/1.1\r\n", target.path);
    let given = |name: &str| options.headers.iter().any(|(k, _)| k.eq_ignore_ascii_case(name));
    let mut usual = vec![
        ("Host", target.authority()),
        ("User-Agent", "https-get-p3".into()),
        ("Accept", "*/*".into()),
    ];
    match data {
        Some(data) => usual.push(("Content-Length", data.len().to_string())),
        None if matches!(method, "POST" | "PUT" | "PATCH") => {
            usual.push(("Content-Length", "0".into()));
        }
        None => {}
    }
    for (name, value) in usual.iter().filter(|(name, _)| !given(name)) {
        text += &format!("{name}: {value}\r\n");
    }
    for (name, value) in &options.headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(data.unwrap_or_default().as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let t = Target::parse("https://[::1]:8443/a?b=c#d").unwrap();
        let want = Target { tls: true, host: "[::1]".into(), port: 8443, path: "/a?b=c".into() };
        assert_eq!(t, want);
        assert_eq!(t.authority(), "[::1]:8443");
        let t = Target::parse("http://example.com").unwrap();
        assert_eq!((t.port, t.path.as_str(), t.authority().as_str()), (80, "/", "example.com"));
        for bad in ["", "ftp://a/", "https://", "a b"] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn locations() {
        let from = Target::parse("https://a:444/x/y?z").unwrap();
        for (location, want) in [
            ("/n", "https://a:444/n"),
            ("n#f", "https://a:444/x/n"),
            ("//b/n", "https://b/n"),
            ("http://c:1/", "http://c:1/"),
        ] {
            assert_eq!(from.follow(location).unwrap(), Target::parse(want).unwrap(), "{location}");
        }
    }
}
