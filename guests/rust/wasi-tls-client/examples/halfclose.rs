//! `halfclose HOST PORT`: sends standard input, ends its half, and prints what comes back: the
//! way of protocols in which the end of the request is the end of the stream.

use std::io;

use wasi_tls_client::TlsStream;

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let [_, host, port] = &words[..] else {
        return Err(io::Error::other("usage: halfclose HOST PORT"));
    };
    let mut tls = TlsStream::connect(host, port.parse().map_err(io::Error::other)?, None)?;
    io::copy(&mut io::stdin(), &mut tls)?;
    tls.close_output()?;
    io::copy(&mut tls, &mut io::stdout())?;
    Ok(())
}
