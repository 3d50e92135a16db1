//! Where the memory of records comes from.

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_long;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// mimalloc, but for what is large: that comes from the system and goes back to it at once. The
/// columns of a DataFrame are made by one thread and freed by another, where mimalloc would keep
/// them; and a large piece grows in place.
struct Allocator;

/// From so many bytes on a piece is large.
const LARGE: usize = 2 * 1024 * 1024;

/// A page at least: no alignment that anything here asks for is wider.
const LARGE_ALIGNMENT: usize = 4_096;

fn is_large(size: usize, align: usize) -> bool {
    cfg!(target_os = "linux") && size >= LARGE && align <= LARGE_ALIGNMENT
}

// SAFETY: a piece is freed and moved as it was made, which its size and alignment tell.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            return large::map(layout.size());
        }
        // SAFETY: the caller's.
        unsafe { MiMalloc.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            return large::map(layout.size()); // the system's pages are zero
        }
        // SAFETY: the caller's.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if is_large(layout.size(), layout.align()) {
            // SAFETY: it was mapped with this size.
            return unsafe { large::unmap(piece, layout.size()) };
        }
        // SAFETY: the caller's.
        unsafe { MiMalloc.dealloc(piece, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let (was_large, is_large) = (is_large(layout.size(), layout.align()), is_large(size, layout.align()));
        if !was_large && !is_large {
            // SAFETY: the caller's.
            return unsafe { MiMalloc.realloc(piece, layout, size) };
        }
        if was_large && is_large {
            // SAFETY: it was mapped with this size.
            return unsafe { large::remap(piece, layout.size(), size) };
        }
        // SAFETY: a layout of this size was checked by the caller, who owns the piece until it is freed here.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(piece, moved, layout.size().min(size));
                self.dealloc(piece, layout);
            }
            moved
        }
    }
}

#[cfg(target_os = "linux")]
mod large {
    use libc::{MAP_ANONYMOUS, MAP_FAILED, MAP_PRIVATE, MREMAP_MAYMOVE, PROT_READ, PROT_WRITE};

    fn or_null(address: *mut libc::c_void) -> *mut u8 {
        if address == MAP_FAILED { std::ptr::null_mut() } else { address.cast() }
    }

    pub(super) fn map(size: usize) -> *mut u8 {
        // SAFETY: fresh memory, nobody else's.
        or_null(unsafe {
            libc::mmap(std::ptr::null_mut(), size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        })
    }

    /// # Safety
    /// `piece` was mapped with this size, and is used no more.
    pub(super) unsafe fn unmap(piece: *mut u8, size: usize) {
        // SAFETY: the caller's.
        unsafe { libc::munmap(piece.cast(), size) };
    }

    /// # Safety
    /// `piece` was mapped with this size, and is used no more where it is moved.
    pub(super) unsafe fn remap(piece: *mut u8, size: usize, wanted: usize) -> *mut u8 {
        // SAFETY: the caller's.
        or_null(unsafe { libc::mremap(piece.cast(), size, wanted, MREMAP_MAYMOVE) })
    }
}

#[cfg(not(target_os = "linux"))]
mod large {
    pub(super) fn map(_: usize) -> *mut u8 {
        std::ptr::null_mut() // nothing is large here
    }

    pub(super) unsafe fn unmap(_: *mut u8, _: usize) {}

    pub(super) unsafe fn remap(_: *mut u8, _: usize, _: usize) -> *mut u8 {
        std::ptr::null_mut()
    }
}

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
    if is_ours() {
        // SAFETY: an option may be set at any time.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, KEPT_FOR) };
    }
}

/// Whether the environment leaves it to us how long freed pages are kept.
fn is_ours() -> bool {
    static OURS: OnceLock<bool> = OnceLock::new();
    *OURS.get_or_init(|| std::env::var_os("MIMALLOC_PURGE_DELAY").is_none())
}

/// How many there are.
static SPARING: AtomicUsize = AtomicUsize::new(0);

/// While one is there, freed pages go back to the system at once: for what moves so much memory that
/// pages which are kept would decide how much it needs at most.
pub(crate) struct Sparing(());

impl Sparing {
    pub(crate) fn begin() -> Self {
        if SPARING.fetch_add(1, Ordering::SeqCst) == 0 && is_ours() {
            // SAFETY: an option may be set at any time.
            unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) };
        }
        Sparing(())
    }
}

impl Drop for Sparing {
    fn drop(&mut self) {
        if SPARING.fetch_sub(1, Ordering::SeqCst) == 1 && is_ours() {
            // SAFETY: an option may be set at any time.
            unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, KEPT_FOR) };
        }
    }
}
