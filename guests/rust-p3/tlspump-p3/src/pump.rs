//! Moving bytes from one stream to another.

use futures::channel::oneshot;
use wasi_tls_client_p3::spawn_local;
use wasi_tls_client_p3::sys::{StreamReader, StreamResult, StreamWriter};

use crate::exchange::Check;

/// A task that moves bytes until either side ends, which ends the other.
pub struct Pump(oneshot::Receiver<usize>);

impl Pump {
    pub fn start(from: StreamReader<u8>, to: StreamWriter<u8>, chunk: usize) -> Pump {
        let (told, count) = oneshot::channel();
        spawn_local(async move {
            let _ = told.send(run(from, to, chunk).await);
        });
        Pump(count)
    }

    /// Waits for the end: how much was moved.
    pub async fn moved(self) -> Check<usize> {
        self.0.await.map_err(|_| "a pump was lost".into())
    }
}

async fn run(mut from: StreamReader<u8>, mut to: StreamWriter<u8>, chunk: usize) -> usize {
    let (mut moved, mut buffer) = (0, Vec::with_capacity(chunk));
    loop {
        let (result, bytes) = from.read(buffer).await;
        let n = bytes.len();
        let left = to.write_all(bytes).await.len();
        moved += n - left;
        if left > 0 || result != StreamResult::Complete(n) {
            return moved;
        }
        buffer = Vec::with_capacity(chunk);
    }
}
