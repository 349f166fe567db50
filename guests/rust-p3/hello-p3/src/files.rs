//! Files of the preopened directories, each whole.

use std::io;

use futures::join;
use wasi_tls_client_p3::sys;
use wasi_tls_client_p3::sys::StreamResult;
use wasi_tls_client_p3::sys::filesystem::preopens::get_directories;
use wasi_tls_client_p3::sys::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

pub async fn read(path: &str) -> io::Result<Vec<u8>> {
    let file = open(path, OpenFlags::empty(), DescriptorFlags::READ).await?;
    let (stream, end) = file.read_via_stream(0);
    let all = stream.collect().await;
    end.await.map_err(explain)?;
    Ok(all)
}

/// Writes a file anew and returns its size.
pub async fn write(path: &str, bytes: &[u8]) -> io::Result<u64> {
    let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE;
    let file = open(path, flags, DescriptorFlags::WRITE).await?;
    let (writer, stream) = sys::bytes();
    let end = file.write_via_stream(stream, 0);
    fill(writer, bytes, async { end.await.map_err(explain) }).await?;
    Ok(file.stat().await.map_err(explain)?.size)
}

pub async fn append(path: &str, bytes: &[u8]) -> io::Result<u64> {
    let file = open(path, OpenFlags::CREATE, DescriptorFlags::WRITE).await?;
    let (writer, stream) = sys::bytes();
    let end = file.append_via_stream(stream);
    fill(writer, bytes, async { end.await.map_err(explain) }).await?;
    Ok(file.stat().await.map_err(explain)?.size)
}

async fn fill(
    mut writer: sys::StreamWriter<u8>,
    bytes: &[u8],
    end: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let written = async move { writer.write_all(bytes.to_vec()).await.len() };
    let (left, end) = join!(written, end);
    end?;
    if left == 0 { Ok(()) } else { Err(io::Error::other(format!("{left} bytes not taken"))) }
}

/// The names in a directory, sorted.
pub async fn list(path: &str) -> io::Result<Vec<String>> {
    let directory = open(path, OpenFlags::DIRECTORY, DescriptorFlags::READ).await?;
    let (mut stream, end) = directory.read_directory();
    let mut names = Vec::new();
    loop {
        let (result, some) = stream.read(Vec::with_capacity(16)).await;
        names.extend(some.into_iter().map(|entry| entry.name));
        if result == StreamResult::Dropped {
            break;
        }
    }
    end.await.map_err(explain)?;
    names.sort();
    Ok(names)
}

pub async fn stat(path: &str) -> io::Result<String> {
    let (directory, rest) = base(path)?;
    let stat = directory.stat_at(PathFlags::SYMLINK_FOLLOW, rest).await.map_err(explain)?;
    let what = match stat.type_ {
        DescriptorType::Directory => "directory",
        DescriptorType::RegularFile => "file",
        _ => "other",
    };
    Ok(format!("stat {what} {}", stat.size))
}

pub async fn make_directory(path: &str) -> io::Result<()> {
    let (directory, rest) = base(path)?;
    directory.create_directory_at(rest).await.map_err(explain)
}

pub async fn remove(path: &str) -> io::Result<()> {
    let (directory, rest) = base(path)?;
    directory.unlink_file_at(rest).await.map_err(explain)
}

async fn open(path: &str, how: OpenFlags, flags: DescriptorFlags) -> io::Result<Descriptor> {
    let (directory, rest) = base(path)?;
    directory.open_at(PathFlags::SYMLINK_FOLLOW, rest, how, flags).await.map_err(explain)
}

/// The preopened directory that a path is in, and the path inside; the longest name wins.
fn base(path: &str) -> io::Result<(Descriptor, String)> {
    let inside = |name: &str| {
        let name = name.trim_end_matches('/');
        let rest = match name {
            "." => path,
            _ => path.strip_prefix(name).filter(|r| r.is_empty() || r.starts_with('/'))?,
        };
        let rest = rest.trim_start_matches('/');
        Some((name.len(), if rest.is_empty() { "." } else { rest }.to_string()))
    };
    let all = get_directories().into_iter();
    let found = all.filter_map(|(d, name)| inside(&name).map(|(n, rest)| (n, d, rest)));
    let (_, directory, rest) = found
        .max_by_key(|(n, ..)| *n)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "not in a preopened directory"))?;
    Ok((directory, rest))
}

fn explain(code: ErrorCode) -> io::Error {
    let kind = match code {
        ErrorCode::NoEntry => io::ErrorKind::NotFound,
        ErrorCode::Exist => io::ErrorKind::AlreadyExists,
        ErrorCode::Access | ErrorCode::NotPermitted => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, format!("{code:?}"))
}
