use std::fmt;
use std::io::{self, ErrorKind};

use crate::sys::io::streams::StreamError;
use crate::sys::sockets::network::ErrorCode;

/// What failed, and the host's own words for it. It is the inner error of the
/// [`io::Error`]s of this crate: `error.get_ref()` and `downcast_ref` give it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The operation, such as `tls handshake` or `read`.
    pub operation: &'static str,
    /// The host's debug string, or the name of the socket's error code. For people: hosts
    /// differ in it.
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

/// The error for a stream that failed, or that is closed where that is an error.
pub(crate) fn from_stream(operation: &'static str, e: StreamError) -> io::Error {
    match e {
        StreamError::Closed => failure(ErrorKind::BrokenPipe, operation, "closed"),
        StreamError::LastOperationFailed(e) => {
            failure(ErrorKind::Other, operation, e.to_debug_string())
        }
    }
}

pub(crate) fn from_code(operation: &'static str, code: ErrorCode) -> io::Error {
    failure(kind(code), operation, code.name())
}

fn kind(code: ErrorCode) -> ErrorKind {
    match code {
        ErrorCode::AccessDenied => ErrorKind::PermissionDenied,
        ErrorCode::NotSupported => ErrorKind::Unsupported,
        ErrorCode::InvalidArgument => ErrorKind::InvalidInput,
        ErrorCode::OutOfMemory => ErrorKind::OutOfMemory,
        ErrorCode::Timeout => ErrorKind::TimedOut,
        ErrorCode::AddressInUse => ErrorKind::AddrInUse,
        ErrorCode::AddressNotBindable => ErrorKind::AddrNotAvailable,
        ErrorCode::RemoteUnreachable => ErrorKind::HostUnreachable,
        ErrorCode::ConnectionRefused => ErrorKind::ConnectionRefused,
        ErrorCode::ConnectionReset => ErrorKind::ConnectionReset,
        ErrorCode::ConnectionAborted => ErrorKind::ConnectionAborted,
        ErrorCode::NameUnresolvable | ErrorCode::PermanentResolverFailure => ErrorKind::NotFound,
        _ => ErrorKind::Other,
    }
}
