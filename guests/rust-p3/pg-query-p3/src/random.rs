//! Random numbers of the host for the crate getrandom, which knows no WASI 0.3 yet: build.sh
//! tells it with `getrandom_backend="custom"` to call this.

use wasi_tls_client_p3::sys::random::random::get_random_bytes;

/// # Safety
/// `dest` is for `len` bytes that may be written.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    dest: *mut u8,
    len: usize,
) -> Result<(), getrandom::Error> {
    let mut at = 0;
    while at < len {
        // The host may give less than it was asked for.
        let bytes = get_random_bytes((len - at) as u64);
        let n = bytes.len().min(len - at);
        if n == 0 {
            return Err(getrandom::Error::UNEXPECTED);
        }
        // Safety: n bytes from dest+at are within the caller's len.
        unsafe { dest.add(at).copy_from_nonoverlapping(bytes.as_ptr(), n) };
        at += n;
    }
    Ok(())
}
