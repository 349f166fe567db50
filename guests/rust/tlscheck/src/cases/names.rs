//! Server names: P2-80 to P2-86. The peer's certificate is for the server name, for
//! 127.0.0.1, ::1 and *.wild.example.

use std::time::Duration;

use crate::check::{Case, Check, Kind::*, case, expect, ok};
use crate::options::Options;
use crate::peer::{connect, handshake, seen};

pub const CASES: &[Case] = &[
    case("P2-80", Normal, "empty, blank and control characters", |o| {
        all(
            o,
            refused,
            &["", " ", " localhost", "foo bar", "a\0b", "localhost\0", "a\u{1}b", "a\n"],
        )
    }),
    case("P2-81", Normal, "a trailing dot goes, two do not", |o| {
        accepted(o, &format!("{}.", o.name), &o.name)?;
        all(o, refused, &[&format!("{}..", o.name), "."])
    }),
    case("P2-82", Normal, "no raw UTF-8; A-labels go out", |o| {
        all(o, refused, &["bücher.example", "例え.example"])?;
        all(o, unmatched, &["xn--bcher-kva.example"])
    }),
    case("P2-83", Normal, "no ports, URLs, users, wildcards or bad labels", |o| {
        let port = format!("{}:443", o.name);
        let url = format!("https://{}", o.name);
        let user = format!("user@{}", o.name);
        let names = [&port, &url, &user, "*.example", "-a.example", "a-.example", "a..b", ".a"];
        all(o, refused, &names)
    }),
    case("P2-84", Normal, "IP addresses in their plain form, without SNI", |o| {
        accepted(o, "127.0.0.1", "-")?;
        accepted(o, "::1", "-")?;
        let names =
            ["[::1]", "fe80::1%eth0", "127.1", "0x7f000001", "2130706433", "127.0.0.01", "[::1"];
        all(o, refused, &names)
    }),
    case("P2-85", Normal, "case does not matter; SNI is lower case", |o| {
        accepted(o, &o.name.to_uppercase(), &o.name.to_lowercase())
    }),
    case("P2-86", Normal, "labels of 63 and names of 253 at most; wildcards match", |o| {
        let (label, over) = ("a".repeat(63), "a".repeat(64));
        let longest = [&label[..], &label, &label, &label[..61]].join(".");
        let names = [format!("{over}.example"), format!("{longest}a"), "a.".repeat(32_768)];
        all(o, refused, &names.each_ref().map(String::as_str))?;
        all(o, unmatched, &[&format!("{label}.example"), &longest, "b.a.wild.example"])?;
        accepted(o, "a.wild.example", "a.wild.example")
    }),
];

fn all(o: &Options, check: fn(&Options, &str) -> Check<()>, names: &[&str]) -> Check {
    for name in names {
        check(o, name).map_err(|e| format!("{}: {e}", shown(name)))?;
    }
    ok()
}

/// Refused before the first byte.
fn refused(o: &Options, name: &str) -> Check<()> {
    let raw = failed(o, name)?;
    expect(raw == 0, || format!("{raw} bytes were sent"))
}

/// Sent to the peer, whose certificate is not for it.
fn unmatched(o: &Options, name: &str) -> Check<()> {
    let raw = failed(o, name)?;
    expect(raw > 0, || "refused though it is a proper name".into())
}

/// Makes a handshake that must fail; tells how many bytes the peer saw of it.
fn failed(o: &Options, name: &str) -> Check<u64> {
    let tcp = connect(&o.peer)?;
    let port = tcp.port;
    expect(handshake(tcp, name)?.is_err(), || "the handshake succeeded".into())?;
    seen(o, port, Duration::from_secs(3), "fin")?.number("raw")
}

fn accepted(o: &Options, name: &str, sni: &str) -> Check {
    let tcp = connect(&o.peer)?;
    let port = tcp.port;
    let tls = handshake(tcp, name)?.map_err(|e| format!("{}: {e}", shown(name)))?;
    let s = seen(o, port, Duration::from_secs(3), "done")?;
    let sent = s.value("sni")?;
    expect(sent == sni, || format!("{}: SNI is {sent}, wanted {sni}", shown(name)))?;
    drop(tls);
    ok()
}

/// The name, fit for a line.
fn shown(name: &str) -> String {
    let short: String = name.chars().take(40).collect();
    format!("{short:?}")
}
