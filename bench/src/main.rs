//! The program of `make bench`. With the argument `bare`, it is one of the servers to compare with.

fn main() {
    usher_bench::main();
}
