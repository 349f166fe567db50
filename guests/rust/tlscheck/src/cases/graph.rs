//! Ownership and dropping: P2-30 to P2-35.

use std::time::Duration;

use crate::check::{Case, Check, Kind::*, case, expect, ok};
use crate::options::Options;
use crate::peer::{Tls, open, seen};
use crate::streams::{pattern, read_exactly, read_to_end, send, write_all};

pub const CASES: &[Case] = &[
    case("P2-30", Alone, "connection, socket and streams go in any order", any_order),
    case("P2-32", Normal, "dropping the connection sends no close_notify", silent_drop),
    case("P2-33", Normal, "written data goes out after a drop", write_then_drop),
    case("P2-33b", Normal, "close_notify goes out after a drop", close_then_drop),
    case("P2-34", Normal, "writing works without the input-stream", input_dropped),
    case("P2-35", Normal, "the transport ends when all is dropped", all_dropped),
];

const SOON: Duration = Duration::from_secs(3);

fn any_order(o: &Options) -> Check {
    let Tls { input, output, connection, socket, .. } = open(o, "echo")?;
    drop(socket);
    drop(connection);
    send(&output, b"after")?;
    let echoed = read_exactly(&input, 5)?;
    expect(echoed == b"after", || format!("echoed {echoed:?}"))?;
    drop(output);
    drop(input);
    ok()
}

fn silent_drop(o: &Options) -> Check {
    let Tls { input, output, connection, socket, port } = open(o, "echo")?;
    drop((input, output, connection));
    let s = seen(o, port, Duration::from_millis(300), "notify")?;
    expect(!s.yes("notify")?, || format!("close_notify was sent: {s:?}"))?;
    drop(socket);
    let s = seen(o, port, SOON, "fin")?;
    expect(!s.yes("notify")?, || format!("close_notify was sent at the end: {s:?}"))?;
    ok()
}

fn write_then_drop(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    let port = tls.port;
    write_all(&tls.output, &pattern(20_000))?;
    drop(tls);
    let s = seen(o, port, SOON, "data=20000")?;
    expect(s.number("data")? == 20_000, || format!("of 20000 bytes: {s:?}"))?;
    ok()
}

fn close_then_drop(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    let port = tls.port;
    write_all(&tls.output, &pattern(20_000))?;
    tls.connection.close_output();
    drop(tls);
    let s = seen(o, port, SOON, "notify")?;
    expect(s.number("data")? == 20_000, || format!("of 20000 bytes: {s:?}"))?;
    expect(s.yes("notify")?, || format!("no close_notify: {s:?}"))?;
    ok()
}

fn input_dropped(o: &Options) -> Check {
    let Tls { input, output, connection, socket, port } = open(o, "count")?;
    drop(input);
    send(&output, &pattern(5000))?;
    let s = seen(o, port, SOON, "data=5000")?;
    expect(s.number("data")? == 5000, || format!("of 5000 bytes: {s:?}"))?;
    drop((output, connection, socket));
    ok()
}

fn all_dropped(o: &Options) -> Check {
    let tls = open(o, "send 10")?;
    let port = tls.port;
    read_to_end(&tls.input)?;
    drop(tls);
    let s = seen(o, port, SOON, "fin")?;
    expect(s.yes("fin")?, || format!("the transport is still open: {s:?}"))?;
    ok()
}
