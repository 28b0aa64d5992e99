//! What counts depend on besides the code.

use std::process::Command;

/// Returns the compiler, the target, the C library and the version of valgrind.
///
/// The compiler is pinned, and callgrind counts what valgrind's own processor executes, whose
/// features depend little on the real one. The C library matters, for it copies memory and
/// allocates; in CI it is the one of the image in which the released binary is built.
pub(crate) fn describe() -> String {
    let rustc = output("rustc", &["-vV"]);
    let field = |name: &str| {
        let value = rustc.lines().find_map(|line| line.strip_prefix(name));
        value.expect("a field of rustc -vV").to_owned()
    };
    let libc = output("getconf", &["GNU_LIBC_VERSION"]);
    let valgrind = output("valgrind", &["--version"]);
    format!("rustc {}, {}, {libc}, {valgrind}", field("release: "), field("host: "))
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect(program);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
