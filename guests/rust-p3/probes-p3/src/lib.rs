//! `probes-p3`: exports with streams, futures and waits, for the tests of a host's async runtime.
//! `world.wit` tells what each does.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use wit_bindgen::{FutureReader, StreamReader, StreamResult, spawn_local};

wit_bindgen::generate!({
    path: ["../../../wit/wasi-clocks@0.3.0", "world.wit"],
    world: "wasitls:probes/guest",
    generate_all,
});
use wasi::clocks::monotonic_clock::wait_for;

struct Probes;
export!(Probes);

static NAPS: AtomicU32 = AtomicU32::new(0);
static CANCELLED: AtomicU32 = AtomicU32::new(0);

impl exports::wasitls::probes::probes::Guest for Probes {
    async fn echo(mut data: StreamReader<u8>) -> StreamReader<u8> {
        let (mut writer, echoed) = wit_stream::new();
        spawn_local(async move {
            loop {
                let (result, bytes) = data.read(Vec::with_capacity(4096)).await;
                let taken = writer.write_all(bytes).await.is_empty();
                if result == StreamResult::Dropped || !taken {
                    break;
                }
            }
        });
        echoed
    }

    async fn sum(mut data: StreamReader<u8>) -> (u64, u64) {
        let (mut count, mut sum) = (0, 0);
        loop {
            let (result, bytes) = data.read(Vec::with_capacity(4096)).await;
            count += bytes.len() as u64;
            sum += bytes.iter().map(|b| u64::from(*b)).sum::<u64>();
            if result == StreamResult::Dropped {
                return (count, sum);
            }
        }
    }

    async fn pattern(count: u64) -> StreamReader<u8> {
        let (mut writer, bytes) = wit_stream::new();
        spawn_local(async move {
            for start in (0..count).step_by(1000) {
                let part = (start..count.min(start + 1000)).map(|i| (i % 251) as u8).collect();
                if !writer.write_all(part).await.is_empty() {
                    break;
                }
            }
        });
        bytes
    }

    async fn succ(value: FutureReader<u32>) -> FutureReader<u32> {
        let (writer, next) = wit_future::new(|| 0);
        spawn_local(async move {
            let _ = writer.write(value.await.wrapping_add(1)).await;
        });
        next
    }

    async fn nap(ms: u32) -> u32 {
        wait_for(u64::from(ms) * 1_000_000).await;
        NAPS.fetch_add(1, Relaxed) + 1
    }

    async fn never() {
        struct Told;
        impl Drop for Told {
            fn drop(&mut self) {
                CANCELLED.fetch_add(1, Relaxed);
            }
        }
        let _told = Told;
        wait_for(u64::MAX).await;
    }

    fn cancelled() -> u32 {
        CANCELLED.load(Relaxed)
    }
}
