//! `holdfast`: the product on this machine.

fn main() -> std::process::ExitCode {
    local::commands::main()
}
