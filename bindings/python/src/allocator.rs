//! Where the memory of records comes from.

use std::ffi::c_long;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`, which the bindings of mimalloc have no name for.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Milliseconds until freed pages go back to the system. By default it is 10, so that of two searches
/// that follow each other closely the second waits for the same pages again.
const KEPT_FOR: c_long = 1_000;

/// `mi_option_destroy_on_exit`; 2 leaves mimalloc's destructor out.
const DESTROY_ON_EXIT: libmimalloc_sys::mi_option_t = 22;

/// Keeps freed pages for a second, unless the environment says how long, and the allocator for as
/// long as the process lives: threads of the library, and daemon threads in its calls, go on while
/// the process runs its destructors.
pub(crate) fn set_up() {
    // SAFETY: an option may be set at any time.
    unsafe { libmimalloc_sys::mi_option_set(DESTROY_ON_EXIT, 2) };
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: an option may be set at any time.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, KEPT_FOR) };
    }
}
