//! libpg_query, called for its packed tree alone: its Rust crate would unpack all of it, walk through it and list
//! what it names, which costs more than to parse.

// The one place of this crate where C is called: two functions, whose result is freed on drop.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int};

// The crate brings the library that has the functions.
use pg_query as _;

/// `PgQueryError`, of which only the beginning is read.
#[repr(C)]
struct CError {
    message: *const c_char,
}

/// `PgQueryProtobufParseResult`
#[repr(C)]
#[derive(Clone, Copy)]
struct CResult {
    length: usize,
    data: *const u8,
    stderr: *mut c_char,
    error: *mut CError,
}

unsafe extern "C" {
    fn pg_query_parse_protobuf_opts(input: *const c_char, options: c_int) -> CResult;
    fn pg_query_free_protobuf_parse_result(result: CResult);
}

/// A packed tree, in the library's memory.
pub struct Packed(CResult);

/// Why there is no tree.
#[derive(Debug)]
pub enum Refusal {
    /// What the grammar says.
    Grammar(String),
    /// There is a NUL in the text.
    Nul,
}

/// Parses a text.
pub fn pack(text: impl Into<Vec<u8>>) -> Result<Packed, Refusal> {
    let input = CString::new(text).map_err(|_| Refusal::Nul)?;
    // SAFETY: the input ends with NUL and lives as long as the call; the library copies what it keeps.
    let packed = Packed(unsafe { pg_query_parse_protobuf_opts(input.as_ptr(), 0) });
    if packed.0.error.is_null() {
        return Ok(packed);
    }
    // SAFETY: an error that is there has a message, which lives until the result is freed.
    let message = unsafe { CStr::from_ptr((*packed.0.error).message) };
    Err(Refusal::Grammar(message.to_string_lossy().into_owned()))
}

impl Packed {
    /// The tree in the wire format.
    pub fn bytes(&self) -> &[u8] {
        match self.0.data.is_null() {
            true => &[],
            // SAFETY: the library says how much it wrote, and nobody else has the result.
            false => unsafe { std::slice::from_raw_parts(self.0.data, self.0.length) },
        }
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        // SAFETY: it comes from the library and is freed once.
        unsafe { pg_query_free_protobuf_parse_result(self.0) }
    }
}
