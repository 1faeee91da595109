//! The server's parser as libpg_query has it, and the nodes that it leaves in its memory.
//!
//! They are read where they are: to pack them for other languages costs libpg_query four times what it takes to
//! parse.

// The one place of this crate where C is called and its memory read. All that is handed out borrows from the tree,
// which frees the memory on drop.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

// The crate brings the library that has the functions.
use pg_query as _;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("where the fields of nodes are is known of 64-bit machines only");

/// `T_List`: lists of nodes; those of numbers have other tags.
const LIST: u32 = 1;

/// `PgQueryError`, of which only the beginning is read.
#[repr(C)]
struct CError {
    message: *const c_char,
}

/// `PgQueryInternalParsetreeAndError`
#[repr(C)]
#[derive(Clone, Copy)]
struct CParsed {
    tree: Option<Place<'static>>,
    stderr: *mut c_char,
    error: *mut CError,
}

/// `PgQueryProtobufParseResult`, for what it is able to free.
#[repr(C)]
struct CResult {
    length: usize,
    data: *const u8,
    stderr: *mut c_char,
    error: *mut CError,
}

unsafe extern "C" {
    fn pg_query_enter_memory_context() -> *mut c_void;
    fn pg_query_raw_parse(input: *const c_char, options: c_int) -> CParsed;
    fn pg_query_exit_memory_context(context: *mut c_void);
    fn pg_query_free_protobuf_parse_result(result: CResult);
}

/// What was parsed, in the library's memory. It stays on its thread, as that memory does; one is dropped before
/// the next is made.
pub struct Tree {
    context: *mut c_void,
    parsed: CParsed,
}

/// Why there is no tree.
#[derive(Debug)]
pub enum Refusal {
    /// What the grammar says.
    Grammar(String),
    /// There is a NUL in the text.
    Nul,
}

impl Tree {
    /// Parses a text.
    pub fn of(text: impl Into<Vec<u8>>) -> Result<Self, Refusal> {
        let input = CString::new(text).map_err(|_| Refusal::Nul)?;
        // SAFETY: the input ends with NUL and lives as long as the calls; the library copies what it keeps, catches
        // its own errors, and what it makes is in the context until that is left, on drop.
        let tree = unsafe {
            let context = pg_query_enter_memory_context();
            let parsed = pg_query_raw_parse(input.as_ptr(), 0);
            Self { context, parsed }
        };
        if tree.parsed.error.is_null() {
            return Ok(tree);
        }
        // SAFETY: an error that is there has a message, which lives until the error is freed.
        let message = unsafe { CStr::from_ptr((*tree.parsed.error).message) };
        Err(Refusal::Grammar(message.to_string_lossy().into_owned()))
    }

    /// The list of statements; none where there is not one.
    pub(super) fn list(&self) -> Option<Place<'_>> {
        self.parsed.tree
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // SAFETY: nobody borrows from the tree any more; context, error and standard error come from the library on
        // this thread, for a tree is not `Send`, and are freed once.
        unsafe {
            pg_query_exit_memory_context(self.context);
            pg_query_free_protobuf_parse_result(CResult {
                length: 0,
                data: ptr::null(),
                stderr: self.parsed.stderr,
                error: self.parsed.error,
            });
        }
    }
}

/// Where a node is, or a struct within one. A null pointer is none.
///
/// The functions take a field's offset on trust: they are called by the table of nodes alone, with those of the
/// struct that the tag, or the field that led here, says is here. A test compares them with the library's headers.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Place<'a>(NonNull<u8>, PhantomData<&'a Tree>);

impl<'a> Place<'a> {
    /// What sort of node is here.
    pub(super) fn tag(self) -> u32 {
        self.read(0)
    }

    /// An integer, or a constant of an enum.
    pub(super) fn int(self, offset: usize) -> i32 {
        self.read(offset)
    }

    /// A `char` or a `bool`.
    pub(super) fn byte(self, offset: usize) -> u8 {
        self.read(offset)
    }

    /// A text, as far as it is UTF-8; empty for a null pointer.
    pub(super) fn text(self, offset: usize) -> &'a str {
        let Some(text) = self.pointer(offset) else {
            return "";
        };
        // SAFETY: a text of the parser ends with NUL and lives as long as the tree.
        let bytes = unsafe { CStr::from_ptr(text.0.as_ptr().cast()) }.to_bytes();
        std::str::from_utf8(bytes).unwrap_or_else(|error| {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        })
    }

    /// What a pointer leads to.
    pub(super) fn pointer(self, offset: usize) -> Option<Self> {
        self.read(offset)
    }

    /// What is in the struct itself.
    pub(super) fn within(self, offset: usize) -> Self {
        // SAFETY: the field is in the same struct.
        Self(unsafe { self.0.add(offset) }, PhantomData)
    }

    /// The elements of a `List` of nodes.
    pub(super) fn elements(self) -> &'a [Option<Self>] {
        const LENGTH: usize = 4;
        const ELEMENTS: usize = 16;
        let length = usize::try_from(self.int(LENGTH)).unwrap_or(0);
        match self.pointer(ELEMENTS) {
            Some(elements) if self.tag() == LIST => {
                // SAFETY: a list has as many elements as it says, each of them a pointer in a list of nodes, and
                // nobody writes to it.
                unsafe { std::slice::from_raw_parts(elements.0.as_ptr().cast(), length) }
            }
            _ => &[],
        }
    }

    fn read<T: Copy>(self, offset: usize) -> T {
        // SAFETY: there is such a field in the struct, as said above; the parser fills its structs with zeros and
        // aligns them.
        unsafe { self.0.add(offset).cast().read() }
    }
}
