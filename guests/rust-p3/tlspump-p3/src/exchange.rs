//! What is said to the peer, and what it must answer.

use futures::future::{LocalBoxFuture, try_join};
use wasi_tls_client_p3::sys::{StreamReader, StreamResult, StreamWriter};

use crate::options::Options;
use crate::tunnel::Tunnel;

/// An error is the failed expectation in words.
pub type Check<T = String> = Result<T, String>;

/// Every exchange with its name.
pub fn all(o: &Options) -> Vec<(&'static str, LocalBoxFuture<'_, Check>)> {
    vec![
        ("echo", Box::pin(echo(o))),
        ("send", Box::pin(send(o))),
        ("sink", Box::pin(sink(o))),
        ("nested", Box::pin(nested(o))),
    ]
}

/// The same both ways at once.
async fn echo(o: &Options) -> Check {
    let Tunnel { writer, reader, below } = Tunnel::open(o).await?;
    there_and_back(writer, reader, o).await?;
    let moved = below.end().await?;
    at_least("ciphertext sent", moved.sent, o.bytes)?;
    at_least("ciphertext received", moved.received, o.bytes)?;
    Ok(format!("{} bytes both ways, as {} and {}", o.bytes, moved.sent, moved.received))
}

/// Only from the peer.
async fn send(o: &Options) -> Check {
    let Tunnel { mut writer, mut reader, below } = Tunnel::open(o).await?;
    write(&mut writer, format!("send {}\n", o.bytes).into_bytes()).await?;
    let all = read_to_end(&mut reader, o.bytes).await?;
    let pattern: Vec<u8> = (0..o.bytes).map(|i| (i % 251) as u8).collect();
    same(&all, &pattern)?;
    drop(writer);
    let moved = below.end().await?;
    at_least("ciphertext received", moved.received, o.bytes)?;
    Ok(format!("{} bytes, as {}", all.len(), moved.received))
}

/// Only to the peer, which tells a sum over it.
async fn sink(o: &Options) -> Check {
    let Tunnel { mut writer, mut reader, below } = Tunnel::open(o).await?;
    let all = noise(o.bytes);
    let want = format!("sunk {} {:08x}\n", o.bytes, crc32(&all));
    write(&mut writer, format!("sink {}\n", o.bytes).into_bytes()).await?;
    write(&mut writer, all).await?;
    same(&read_to_end(&mut reader, want.len()).await?, want.as_bytes())?;
    drop(writer);
    let moved = below.end().await?;
    at_least("ciphertext sent", moved.sent, o.bytes)?;
    Ok(format!("{} bytes, as {}", o.bytes, moved.sent))
}

/// TLS within TLS: the plaintext of one is the transport of the other.
async fn nested(o: &Options) -> Check {
    let mut outer = Tunnel::open(o).await?;
    write(&mut outer.writer, b"tls\n".to_vec()).await?;
    let Tunnel { writer, reader, below } = Tunnel::over(outer.reader, outer.writer, o).await?;
    there_and_back(writer, reader, o).await?;
    let inner = below.end().await?;
    let moved = outer.below.end().await?;
    at_least("ciphertext sent", moved.sent, inner.sent)?;
    at_least("ciphertext received", moved.received, inner.received)?;
    Ok(format!("{} bytes both ways, as {} and {}", o.bytes, moved.sent, moved.received))
}

async fn there_and_back(
    mut writer: StreamWriter<u8>,
    mut reader: StreamReader<u8>,
    o: &Options,
) -> Check<()> {
    let all = noise(o.bytes);
    let sending = async {
        write(&mut writer, b"echo\n".to_vec()).await?;
        write(&mut writer, all.clone()).await?;
        drop(writer);
        Ok(())
    };
    let ((), echoed) = try_join(sending, read_to_end(&mut reader, o.bytes)).await?;
    same(&echoed, &all)
}

async fn write(writer: &mut StreamWriter<u8>, bytes: Vec<u8>) -> Check<()> {
    match writer.write_all(bytes).await.len() {
        0 => Ok(()),
        left => Err(format!("write: {left} bytes were not taken")),
    }
}

/// Reads to the end, which must come after that many bytes or soon.
async fn read_to_end(reader: &mut StreamReader<u8>, most: usize) -> Check<Vec<u8>> {
    let mut all = Vec::with_capacity(most + 1);
    loop {
        let (result, bytes) = reader.read(all).await;
        all = bytes;
        match result {
            StreamResult::Dropped => return Ok(all),
            _ if all.len() > most => return Err(format!("more than {most} bytes")),
            _ => {}
        }
    }
}

fn same(got: &[u8], want: &[u8]) -> Check<()> {
    match got.iter().zip(want).position(|(a, b)| a != b) {
        Some(at) => Err(format!("byte {at} differs")),
        None if got.len() != want.len() => Err(format!("{} bytes, not {}", got.len(), want.len())),
        None => Ok(()),
    }
}

fn at_least(what: &str, got: usize, least: usize) -> Check<()> {
    match got > least {
        true => Ok(()),
        false => Err(format!("{what}: the guest moved {got} bytes only")),
    }
}

/// Bytes in which no piece resembles another: a xorshift.
fn noise(n: usize) -> Vec<u8> {
    let mut x = 0x9e37_79b9_u32;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        (x >> 24) as u8
    };
    (0..n).map(|_| next()).collect()
}

/// CRC-32 as in zlib.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, b| {
        (0..8).fold(crc ^ u32::from(*b), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
    })
}
