//! A short soak: `make soak` is the long one.

use tests::{binary, program};

#[test]
fn damage_at_random_places_is_found() {
    // Fresh ones, beside the program that looks for them there.
    for tool in ["pg-dump-rotate", "pg-restore-verify"] {
        binary(tool);
    }
    let few = |arguments: &[&str]| {
        let output = program(binary("soak")).args(arguments).run().expect_code(0);
        assert!(
            output
                .stdout
                .contains("every damage that shows was found, and no other was passed over"),
            "{output:?}"
        );
    };
    few(&["--count", "8", "--level", "archive-only"]);
    few(&[
        "--count",
        "2",
        "--restored",
        "1",
        "--level",
        "full",
        "--fault",
        "flip",
    ]);
}
