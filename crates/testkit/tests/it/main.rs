//! Integration tests of the test tools.

mod differential;
