use std::fmt;
use std::io::{self, ErrorKind};

use crate::sys::cli::types::ErrorCode as CliCode;
use crate::sys::sockets::ip_name_lookup::ErrorCode as LookupCode;
use crate::sys::sockets::types::ErrorCode;
use crate::sys::tls::types::Error as TlsError;

/// What failed, and the host's own words for it. It is the inner error of the
/// [`io::Error`]s of this crate: `error.get_ref()` and `downcast_ref` give it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The operation, such as `tls handshake` or `read`.
    pub operation: &'static str,
    /// The host's debug string, or the name of an error code. For people: hosts differ in it.
    pub detail: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.detail)
    }
}

impl std::error::Error for Failure {}

pub(crate) fn failure(
    kind: ErrorKind,
    operation: &'static str,
    detail: impl Into<String>,
) -> io::Error {
    io::Error::new(kind, Failure { operation, detail: detail.into() })
}

pub(crate) fn timed_out(operation: &'static str) -> io::Error {
    failure(ErrorKind::TimedOut, operation, "timed out")
}

pub(crate) fn from_tls(operation: &'static str, e: &TlsError) -> io::Error {
    failure(ErrorKind::Other, operation, e.to_debug_string())
}

pub(crate) fn from_cli(operation: &'static str, code: CliCode) -> io::Error {
    failure(ErrorKind::Other, operation, words(&format!("{code:?}")))
}

pub(crate) fn from_lookup(code: LookupCode) -> io::Error {
    let kind = match code {
        LookupCode::AccessDenied => ErrorKind::PermissionDenied,
        LookupCode::InvalidArgument => ErrorKind::InvalidInput,
        LookupCode::NameUnresolvable | LookupCode::PermanentResolverFailure => ErrorKind::NotFound,
        _ => ErrorKind::Other,
    };
    let detail = match code {
        LookupCode::Other(Some(text)) => text,
        code => words(&format!("{code:?}")),
    };
    failure(kind, "name lookup", detail)
}

pub(crate) fn from_socket(operation: &'static str, code: ErrorCode) -> io::Error {
    let kind = match code {
        ErrorCode::AccessDenied => ErrorKind::PermissionDenied,
        ErrorCode::NotSupported => ErrorKind::Unsupported,
        ErrorCode::InvalidArgument => ErrorKind::InvalidInput,
        ErrorCode::OutOfMemory => ErrorKind::OutOfMemory,
        ErrorCode::Timeout => ErrorKind::TimedOut,
        ErrorCode::AddressInUse => ErrorKind::AddrInUse,
        ErrorCode::AddressNotBindable => ErrorKind::AddrNotAvailable,
        ErrorCode::RemoteUnreachable => ErrorKind::HostUnreachable,
        ErrorCode::ConnectionRefused => ErrorKind::ConnectionRefused,
        ErrorCode::ConnectionBroken => ErrorKind::BrokenPipe,
        ErrorCode::ConnectionReset => ErrorKind::ConnectionReset,
        ErrorCode::ConnectionAborted => ErrorKind::ConnectionAborted,
        _ => ErrorKind::Other,
    };
    let detail = match code {
        ErrorCode::Other(Some(text)) => text,
        code => words(&format!("{code:?}")),
    };
    failure(kind, operation, detail)
}

/// The name of a case as WIT writes it: `ErrorCode::TimedOut` is `timed-out`.
fn words(debug: &str) -> String {
    let mut out = String::new();
    for c in debug.rsplit("::").next().unwrap_or(debug).chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wit() {
        let e = from_socket("connect", ErrorCode::ConnectionRefused);
        assert_eq!(
            (e.kind(), e.to_string().as_str()),
            (ErrorKind::ConnectionRefused, "connect: connection-refused")
        );
        let e = from_socket("connect", ErrorCode::Other(Some("no luck".into())));
        assert_eq!(e.to_string(), "connect: no luck");
        let e = from_lookup(LookupCode::NameUnresolvable);
        assert_eq!(
            (e.kind(), e.to_string().as_str()),
            (ErrorKind::NotFound, "name lookup: name-unresolvable")
        );
    }
}
