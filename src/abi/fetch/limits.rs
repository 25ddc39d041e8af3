//! Bounds of one call's fetch.
//!
//! `bytes` is cut by the caller's capture limit and is asked for at most `BUFFERS` times per stop; `object` and
//! `c_string` ask for at most `TOTAL` bytes per stop together. The budget is shared by everything that one stop follows.

/// PATH_MAX of linux/limits.h, bytes.
pub const PATH: usize = 4096;
/// A string that is no path, bytes.
pub const STRING: usize = 4096;
/// String pointers of an argv of which the strings are copied too.
pub const ARGV: usize = 256;
/// String pointers of an environment that are copied to be counted.
pub const ENVIRONMENT: usize = 4096;
/// Elements of an array: iovec, pollfd, epoll_event, …
pub const ELEMENTS: u64 = 1024;
/// One object, bytes: an array of structures, a control message.
pub const OBJECT: usize = 64 * 1024;
/// Buffers of one call (an iovec's pieces): IOV_MAX of linux/uio.h.
pub const BUFFERS: usize = 1024;
/// Objects and strings of one stop together, bytes.
pub const TOTAL: usize = 512 * 1024;
