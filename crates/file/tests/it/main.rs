//! The file store through the users' handle, on real files.

mod damage;
mod foreign;
mod keys;
mod limits;
mod round_trip;
mod sidecar;
mod support;
mod writes;
