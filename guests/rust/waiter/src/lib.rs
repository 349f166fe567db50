//! `waiter MS`: waits that many milliseconds in `wasi:io/poll` and ends.
//!
//! It is as small as a guest can be, one page of memory and no standard library, so that
//! thousands of them measure the host and not themselves. Its imports are written by hand.
#![no_std]

use core::cell::UnsafeCell;
use core::slice;

mod import {
    #[link(wasm_import_module = "wasi:cli/environment@0.2.12")]
    unsafe extern "C" {
        #[link_name = "get-arguments"]
        pub fn get_arguments(ret: *mut List);
    }
    #[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.12")]
    unsafe extern "C" {
        #[link_name = "subscribe-duration"]
        pub fn subscribe_duration(nanoseconds: u64) -> i32;
    }
    #[link(wasm_import_module = "wasi:io/poll@0.2.12")]
    unsafe extern "C" {
        #[link_name = "poll"]
        pub fn poll(pollables: *const i32, len: usize, ret: *mut List);
        #[link_name = "[resource-drop]pollable"]
        pub fn drop_pollable(pollable: i32);
    }

    /// A list or a string as the canonical ABI stores it.
    #[repr(C)]
    pub struct List {
        pub ptr: *const u8,
        pub len: usize,
    }
}
use import::List;

#[unsafe(export_name = "wasi:cli/run@0.2.12#run")]
extern "C" fn run() -> i32 {
    match argument().and_then(milliseconds) {
        Some(ms) => {
            wait(ms);
            0
        }
        None => 1,
    }
}

fn wait(ms: u64) {
    let mut ready = List { ptr: core::ptr::null(), len: 0 };
    // SAFETY: the imports have the types of the WIT; `ready` is written before poll returns.
    unsafe {
        let timer = import::subscribe_duration(ms.saturating_mul(1_000_000));
        import::poll(&timer, 1, &mut ready);
        import::drop_pollable(timer);
    }
}

/// The first argument after the program's name.
fn argument() -> Option<&'static [u8]> {
    let mut list = List { ptr: core::ptr::null(), len: 0 };
    // SAFETY: the host fills the list with strings that it placed by `cabi_realloc`, which
    // never hands out the same bytes twice.
    unsafe {
        import::get_arguments(&mut list);
        let strings = slice::from_raw_parts(list.ptr.cast::<List>(), list.len);
        strings.get(1).map(|s| slice::from_raw_parts(s.ptr, s.len))
    }
}

fn milliseconds(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |n, &digit| {
        let digit = digit.checked_sub(b'0').filter(|d| *d < 10)?;
        n.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Enough for the arguments; a guest given more traps.
const HEAP: usize = 4096;

#[repr(align(8))]
struct Heap(UnsafeCell<([u8; HEAP], usize)>);
// SAFETY: a component instance has one thread.
unsafe impl Sync for Heap {}
static BUMP: Heap = Heap(UnsafeCell::new(([0; HEAP], 0)));

/// Places what the host returns. Nothing is ever given back.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(_: *mut u8, _: usize, align: usize, len: usize) -> *mut u8 {
    // SAFETY: single-threaded, and no reference into the heap is held across calls.
    let (bytes, used) = unsafe { &mut *BUMP.0.get() };
    let start = used.next_multiple_of(align);
    match start.checked_add(len) {
        Some(end) if end <= HEAP => {
            *used = end;
            bytes[start..].as_mut_ptr()
        }
        _ => core::arch::wasm32::unreachable(),
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
