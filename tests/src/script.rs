//! Programs that a test makes.

use std::path::Path;

use crate::program;

/// Makes a program that is this script. A shell writes it: what this process has open for writing, any child
/// that another test begins at that moment has open, too, until it is another program; and nobody can run a
/// file that is being written ("Text file busy").
#[track_caller]
pub fn write_script(path: impl AsRef<Path>, script: impl AsRef<[u8]>) {
    let write = program("sh").args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]);
    let write = write.arg(path.as_ref()).stdin(script.as_ref());
    write.run().expect_code(0);
}
