//! The `groundwork` program; see the library beside it.

fn main() -> std::process::ExitCode {
    groundwork_cli::main()
}
